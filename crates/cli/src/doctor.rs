//! `2pc-test doctor`: looks at databases and says in plain words what would break two-phase commit there.

use crate::exit::Exit;
use crate::failure::Failure;

#[cfg(feature = "databases")]
pub(crate) fn doctor(urls: &[String]) -> Result<Exit, Failure> {
    use std::fmt::Write as _;

    use backends::{Url, examine};

    use crate::engine::parsed;
    use crate::screen::Screen;
    use crate::text::count;

    let urls: Vec<Url> = parsed(urls)?;
    let mut screen = Screen::new();
    let mut exit = Exit::Valid;
    for url in urls {
        let mut text = String::new();
        match examine(&url) {
            Ok(diagnosis) => {
                let count = count(diagnosis.findings.len() as u64, "finding", "findings");
                let _ = writeln!(text, "{url}: {}, {count}", diagnosis.version);
                for finding in diagnosis.findings {
                    exit = exit.max(Exit::Violated);
                    let _ = writeln!(text, "  {}\n    fix: {}", finding.problem, finding.remedy);
                }
            }
            Err(error) => {
                exit = exit.max(Exit::NotRun);
                let _ = writeln!(text, "{error}");
            }
        }
        screen.print(text)?;
    }
    Ok(exit)
}

#[cfg(not(feature = "databases"))]
pub(crate) fn doctor(_urls: &[String]) -> Result<Exit, Failure> {
    Err(Failure::Usage(crate::engine::NO_DATABASES.to_owned()))
}
