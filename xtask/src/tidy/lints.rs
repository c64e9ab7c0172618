//! Each crate takes its lints from the workspace, where they are listed once.

use super::Violation;
use super::manifest::Manifest;

pub(super) fn check(manifest: &Manifest) -> Option<Violation> {
    (!manifest.inherits_lints).then(|| {
        let wrong = format!("the crate {} does not take its lints from the workspace", manifest.name);
        Violation::new(&manifest.path, 1, wrong, "add `[lints]` with `workspace = true`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_tidy(lints: &str) -> bool {
        let text = format!("{lints}\n[package]\nname = 'history'\n");
        let manifest = Manifest::parse("Cargo.toml", &text).expect("it is TOML").expect("it has a package");
        check(&manifest).is_none()
    }

    #[test]
    fn a_crate_inherits_the_lints_of_the_workspace() {
        assert!(is_tidy("lints.workspace = true"));
        assert!(is_tidy("[lints]\nworkspace = true"));
        assert!(!is_tidy(""));
        assert!(!is_tidy("lints.workspace = false"));
        assert!(!is_tidy("lints.clippy.todo = 'warn'"));
    }
}
