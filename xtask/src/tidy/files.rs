//! Which files are judged: the Rust sources and manifests below a folder. Tracked or not makes no
//! difference, so that a new file is judged before its first commit.

use std::fs;
use std::io;
use std::path::Path;

/// Paths relative to `root`, with `/` between their parts, sorted.
pub(super) fn below(root: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    visit(root, "", &mut found)?;
    found.sort();
    Ok(found)
}

fn visit(folder: &Path, prefix: &str, found: &mut Vec<String>) -> io::Result<()> {
    // Cargo and other caches mark their folders with this file; none of it is ours.
    if folder.join("CACHEDIR.TAG").exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            if !name.starts_with('.') && path != "target" {
                visit(&entry.path(), &format!("{path}/"), found)?;
            }
        } else if name == "Cargo.toml" || name.ends_with(".rs") {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_and_manifests_are_found_at_any_depth_and_build_output_is_not() {
        let root = crate::workspace_root();
        let found = below(&root).expect("the workspace is readable");
        for path in ["Cargo.toml", "xtask/Cargo.toml", "xtask/src/main.rs", "xtask/src/tidy/files.rs"] {
            assert!(found.iter().any(|one| one == path), "{path} is missing");
        }
        assert!(found.iter().all(|one| !one.starts_with("target/") && !one.ends_with(".lock")));
        assert!(found.is_sorted());
    }

    #[test]
    fn a_folder_marked_as_a_cache_is_left_out() {
        let root = std::env::temp_dir().join(format!("xtask-files-{}", std::process::id()));
        for (path, text) in
            [("src/a.rs", ""), ("cache/CACHEDIR.TAG", ""), ("cache/b.rs", ""), (".git/c.rs", "")]
        {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("each path has a folder")).expect("a folder is created");
            fs::write(path, text).expect("a file is written");
        }
        let found = below(&root);
        fs::remove_dir_all(&root).expect("the folder is removed");
        assert_eq!(found.expect("the folder is readable"), ["src/a.rs"]);
    }
}
