//! Where private servers live: a folder of this run, which is locked as long as the run's process lives, below one for
//! all runs of this user. The lock of a process that was killed is free, and the next run removes its folder.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

const LOCK: &str = "lock";

/// A folder that is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct RunFolder {
    path: PathBuf,
    _lock: File,
}

/// The folder of all runs of this user, and of the templates.
pub(crate) fn base() -> io::Result<PathBuf> {
    let path = std::env::temp_dir().join(format!("2pc-test-{}", nix::unistd::getuid()));
    open_folder(&path)?;
    Ok(path)
}

/// Servers that run as another user have to get through, and nobody else has to read.
fn open_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o711).create(path)
}

impl RunFolder {
    /// Makes a folder, after having removed those of runs that were killed.
    pub(crate) fn open() -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let base = base()?;
        remove_abandoned(&base)?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = base.join(format!("run-{}-{number}", std::process::id()));
        // Locked before it has the name by which others would find it without an owner.
        let unnamed = base.join(format!("new-{}-{number}", std::process::id()));
        open_folder(&unnamed)?;
        let lock = File::create(unnamed.join(LOCK))?;
        lock.lock()?;
        fs::rename(&unnamed, &path)?;
        Ok(Self { path, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next run.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn remove_abandoned(base: &Path) -> io::Result<()> {
    for entry in fs::read_dir(base)? {
        let path = entry?.path();
        let is_run = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("run-"));
        let Some(lock) = is_run.then(|| File::open(path.join(LOCK))) else { continue };
        let abandoned = match lock {
            Ok(lock) => match lock.try_lock() {
                Ok(()) => true,
                Err(TryLockError::WouldBlock) => false,
                Err(TryLockError::Error(error)) => return Err(error),
            },
            // Removed by its owner, or by another run, just now.
            Err(_) => !path.join(LOCK).exists() && path.exists(),
        };
        if abandoned {
            tracing::debug!(folder = %path.display(), "removing what a run that was killed left behind");
            let _ = fs::remove_dir_all(&path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_its_owner_and_one_without_an_owner_goes_with_the_next_run() -> io::Result<()> {
        let abandoned = base()?.join("run-0-0");
        open_folder(&abandoned)?;
        File::create(abandoned.join(LOCK))?;
        let alive = RunFolder::open()?;
        let path = alive.path().to_owned();
        assert!(path.is_dir() && !abandoned.exists());
        let other = RunFolder::open()?;
        assert!(path.is_dir(), "the folder of a run that is alive stays");
        drop((alive, other));
        assert!(!path.exists());
        Ok(())
    }
}
