//! Which crate may depend on which. A new arrow is a change of architecture: it starts here.

use super::Violation;
use super::manifest::Manifest;

/// What one crate of ours, or a family of crates (`scenarios-*`), may depend on.
struct Arrows {
    from: &'static str,
    to: &'static [&'static str],
    /// Allowed in `[dev-dependencies]` besides `to`.
    to_in_tests: &'static [&'static str],
}

const ARROWS: &[Arrows] = &[
    Arrows { from: "history", to: &[], to_in_tests: &[] },
    Arrows { from: "validator", to: &["history"], to_in_tests: &[] },
    Arrows { from: "protocol", to: &["history"], to_in_tests: &[] },
    Arrows { from: "harness-core", to: &["protocol", "validator", "history"], to_in_tests: &[] },
    Arrows { from: "scenarios-*", to: &["harness-core"], to_in_tests: &[] },
    Arrows { from: "suite", to: &["scenarios-*", "harness-core"], to_in_tests: &["protocol"] },
    Arrows { from: "adapter-tokio", to: &["history", "protocol"], to_in_tests: &["harness-core"] },
    Arrows { from: "soak", to: &["harness-core"], to_in_tests: &["mutants"] },
    Arrows { from: "mutants", to: &["protocol", "harness-core", "suite"], to_in_tests: &[] },
    Arrows {
        from: "backends",
        to: &["harness-core", "protocol", "history"],
        // A backend is tried with the scenarios that are about it.
        to_in_tests: &["scenarios-databases"],
    },
    Arrows { from: "async-coordinator", to: &["adapter-tokio"], to_in_tests: &["suite"] },
    Arrows { from: "pure-coordinator", to: &["history", "protocol"], to_in_tests: &["suite"] },
    Arrows {
        from: "cli",
        to: &[
            "history",
            "validator",
            "protocol",
            "harness-core",
            "scenarios-*",
            "suite",
            "soak",
            "mutants",
            "backends",
        ],
        to_in_tests: &[],
    },
    Arrows { from: "xtask", to: &[], to_in_tests: &[] },
];

/// Argument parsing, catch-all errors and progress bars: a library that has them decides for its caller.
const OF_PROGRAMS: &[&str] = &["anyhow", "clap", "indicatif"];
const PROGRAMS: &[&str] = &["cli", "xtask"];

const THE_LIST: &str = "`ARROWS` in xtask/src/tidy/arrows.rs";

pub(super) fn check(manifest: &Manifest) -> Vec<Violation> {
    let Some(arrows) = ARROWS.iter().find(|arrows| matches(arrows.from, &manifest.name)) else {
        let wrong = format!("the crate {:?} has no place in the architecture", manifest.name);
        let remedy = format!("say what it may depend on in {THE_LIST}, and what it is in ARCHITECTURE.md");
        return vec![Violation::new(&manifest.path, 1, wrong, remedy)];
    };
    let mut violations = Vec::new();
    for dependency in &manifest.dependencies {
        let name = dependency.name.as_str();
        let (place, lists) = if dependency.dev {
            ("in tests", [arrows.to, arrows.to_in_tests])
        } else {
            ("", [arrows.to, &[]])
        };
        let ours = ARROWS.iter().any(|arrows| matches(arrows.from, name));
        if ours && !lists.concat().iter().any(|pattern| matches(pattern, name)) {
            let wrong = format!("{} may not depend on {name} {place}", manifest.name);
            let remedy = format!("turn the dependency round, or change the architecture first: {THE_LIST}");
            violations.push(Violation::new(&manifest.path, dependency.line, wrong.trim_end(), remedy));
        }
        if OF_PROGRAMS.contains(&name) && !PROGRAMS.contains(&manifest.name.as_str()) {
            let wrong = format!("the library {} depends on {name}, which is for programs", manifest.name);
            let remedy = "return a value or an error, and let the crate cli present it";
            violations.push(Violation::new(&manifest.path, dependency.line, wrong, remedy));
        }
    }
    violations
}

/// A pattern is a name, or a prefix followed by `*`.
fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrongs(name: &str, dependencies: &str) -> Vec<String> {
        let text = format!("[package]\nname = '{name}'\n{dependencies}");
        let manifest = Manifest::parse("Cargo.toml", &text).expect("it is TOML").expect("it has a package");
        check(&manifest)
            .into_iter()
            .map(|violation| format!("{}: {}", violation.line, violation.wrong))
            .collect()
    }

    fn is_allowed(from: &str, to: &str) -> bool {
        wrongs(from, &format!("[dependencies]\n{to}.workspace = true\n")).is_empty()
    }

    #[test]
    fn the_validator_never_sees_the_protocol() {
        assert!(is_allowed("validator", "history"));
        assert_eq!(
            wrongs("validator", "[dependencies]\nhistory.workspace = true\nprotocol.workspace = true\n"),
            ["5: validator may not depend on protocol"]
        );
    }

    #[test]
    fn a_family_of_crates_is_one_entry() {
        assert!(is_allowed("suite", "scenarios-chaos"));
        assert!(is_allowed("scenarios-chaos", "harness-core"));
        assert!(!is_allowed("scenarios-chaos", "suite"));
        assert!(!is_allowed("scenarios-chaos", "scenarios-basic"));
    }

    #[test]
    fn the_program_may_see_all_but_commands_and_what_is_for_users_code_and_commands_see_none() {
        for arrows in ARROWS {
            let name = arrows.from.replace('*', "any");
            let apart = ["cli", "xtask", "adapter-tokio", "async-coordinator", "pure-coordinator"]
                .contains(&name.as_str());
            assert_eq!(is_allowed("cli", &name), !apart, "cli -> {name}");
            assert!(!is_allowed("xtask", &name), "xtask -> {name}");
        }
    }

    #[test]
    fn tests_add_no_arrow_unless_it_is_listed() {
        let in_tests =
            |name: &str| wrongs("protocol", &format!("[dev-dependencies]\n{name}.workspace = true\n"));
        assert_eq!(in_tests("history"), [""; 0]);
        assert_eq!(in_tests("harness-core"), ["4: protocol may not depend on harness-core in tests"]);
    }

    #[test]
    fn crates_of_others_are_free_except_those_for_programs() {
        assert!(is_allowed("history", "serde"));
        for name in OF_PROGRAMS {
            assert!(!is_allowed("harness-core", name), "{name}");
            assert!(is_allowed("cli", name), "{name}");
        }
    }

    #[test]
    fn a_crate_outside_the_list_is_told_where_to_enter() {
        assert_eq!(wrongs("histories", ""), [r#"1: the crate "histories" has no place in the architecture"#]);
        let manifest = Manifest::parse("Cargo.toml", "[package]\nname = 'histories'\n");
        let manifest = manifest.expect("it is TOML").expect("it has a package");
        assert!(check(&manifest)[0].remedy.contains("xtask/src/tidy/arrows.rs"));
    }

    #[test]
    fn the_list_has_no_cycle() {
        // Listed from the bottom up, each crate names only crates above it in the list.
        for (index, arrows) in ARROWS.iter().enumerate() {
            for to in arrows.to {
                let known = ARROWS.iter().position(|one| one.from == *to);
                assert!(known.is_some_and(|known| known < index), "{} -> {to}", arrows.from);
            }
        }
    }
}
