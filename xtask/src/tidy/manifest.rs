//! What the rules need to know of a crate's `Cargo.toml`. Not a model of the whole format.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Violation;

/// A crate, as its manifest describes it.
pub(super) struct Manifest {
    pub(super) path: String,
    pub(super) name: String,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) inherits_lints: bool,
}

/// A crate that another one names in its manifest.
pub(super) struct Dependency {
    pub(super) name: String,
    pub(super) line: usize,
    /// For tests, examples and benchmarks only.
    pub(super) dev: bool,
}

impl Manifest {
    /// `None` for a manifest without a package, such as the workspace's own.
    pub(super) fn parse(path: &str, text: &str) -> Result<Option<Self>, Violation> {
        let root = DeTable::parse(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_at(text, span.start));
            Violation::new(path, line, format!("not TOML ({})", error.message()), "correct it")
        })?;
        let root = root.get_ref();
        let Some(package) = table(root, "package") else { return Ok(None) };
        let name =
            package.get("name").and_then(|name| name.get_ref().as_str()).unwrap_or_default().to_owned();
        let mut dependencies = Vec::new();
        collect(root, text, &mut dependencies);
        for target in table(root, "target").into_iter().flat_map(|targets| targets.values()) {
            if let DeValue::Table(target) = target.get_ref() {
                collect(target, text, &mut dependencies);
            }
        }
        let inherits_lints = table(root, "lints")
            .and_then(|lints| lints.get("workspace"))
            .is_some_and(|inherited| matches!(inherited.get_ref(), DeValue::Boolean(true)));
        Ok(Some(Self { path: path.to_owned(), name, dependencies, inherits_lints }))
    }
}

fn collect(from: &DeTable, text: &str, dependencies: &mut Vec<Dependency>) {
    for (section, dev) in [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)]
    {
        for (key, value) in table(from, section).into_iter().flatten() {
            // `package` is the real name of a dependency that was given another one.
            let renamed = value
                .get_ref()
                .get("package")
                .and_then(|package: &Spanned<DeValue>| package.get_ref().as_str());
            let name = renamed.unwrap_or(key.get_ref()).to_owned();
            dependencies.push(Dependency { name, line: line_at(text, key.span().start), dev });
        }
    }
}

fn table<'a, 'i>(within: &'a DeTable<'i>, key: &str) -> Option<&'a DeTable<'i>> {
    within.get(key).and_then(|value| value.get_ref().as_table())
}

fn line_at(text: &str, offset: usize) -> usize {
    1 + text[..offset].matches('\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_found_in_every_section_with_their_line_and_real_name() {
        let text = "\
[package]
name = 'suite'
[dependencies]
history.workspace = true
facts = { package = 'validator', path = '../validator' }
[dependencies.protocol]
workspace = true
[build-dependencies]
cc = '1'
[dev-dependencies]
insta.workspace = true
[target.'cfg(unix)'.dependencies]
nix = '1'
";
        let manifest = Manifest::parse("Cargo.toml", text).expect("it is TOML").expect("it has a package");
        assert_eq!(manifest.name, "suite");
        let mut found: Vec<_> =
            manifest.dependencies.iter().map(|one| (one.line, one.name.as_str(), one.dev)).collect();
        found.sort_unstable();
        let expected = [
            (4, "history", false),
            (5, "validator", false),
            (6, "protocol", false),
            (9, "cc", false),
            (11, "insta", true),
            (13, "nix", false),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_workspace_without_a_package_is_no_crate() {
        let parsed = Manifest::parse("Cargo.toml", "[workspace.dependencies]\nanyhow = '1'\n");
        assert!(parsed.is_ok_and(|manifest| manifest.is_none()));
    }

    #[test]
    fn what_is_not_toml_is_reported_with_its_line() {
        let violation = Manifest::parse("Cargo.toml", "[package]\nname =\n").err().expect("it is not TOML");
        assert_eq!(violation.line, 2);
    }
}
