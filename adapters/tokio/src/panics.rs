//! What code under test panics with. Tokio keeps a panic to the task that panicked, and a harness has to know of it.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// The first panic of the code that runs on this thread; `None` while none of it does.
    static FIRST: RefCell<Option<Option<String>>> = const { RefCell::new(None) };
}

/// Runs code under test, and returns what it returns, or what it first panicked with, in whichever task.
pub(crate) fn watched<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let otherwise = take_hook();
        set_hook(Box::new(move |panic| {
            let ours =
                FIRST.with_borrow_mut(|first| first.as_mut().map(|first| note(first, panic)).is_some());
            if !ours {
                otherwise(panic);
            }
        }));
    });
    let outside = FIRST.replace(Some(None));
    let returned = catch_unwind(AssertUnwindSafe(run));
    let first = FIRST.replace(outside).flatten();
    match (returned, first) {
        (Ok(value), None) => Ok(value),
        (_, first) => Err(first.unwrap_or_else(|| "without a message".to_owned())),
    }
}

fn note(first: &mut Option<String>, panic: &PanicHookInfo<'_>) {
    if first.is_some() {
        return;
    }
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text");
    let place = panic.location().map(|place| format!("at {place}: ")).unwrap_or_default();
    *first = Some(format!("{place}{text}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_panic_is_told_with_its_place_and_others_go_where_they_went() {
        assert_eq!(watched(|| 7), Ok(7));
        let told = watched(|| {
            let _ = catch_unwind(|| panic!("first"));
            panic!("{}", "second")
        });
        let told = told.expect_err("it panicked");
        assert!(told.starts_with("at adapters/tokio/src/panics.rs:") && told.ends_with(": first"), "{told}");
        assert!(catch_unwind(|| panic!("of the test's own, and printed")).is_err());
        assert_eq!(FIRST.with_borrow(Clone::clone), None);
    }
}
