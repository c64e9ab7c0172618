//! Where a cluster stands between two epochs, as a file that is there as a whole or not at all.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;

use harness_core::DurableState;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::SoakError;
use crate::mix::checksum;

/// Where a cluster stands between two epochs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checkpoint {
    pub(crate) cluster: u32,
    /// The next epoch.
    pub(crate) epoch: u64,
    /// The digest of all epochs before.
    pub(crate) chain: u64,
    /// What those have left.
    pub(crate) state: DurableState,
}

/// Text before which its checksum stands.
pub(crate) fn sealed(value: &impl Serialize) -> Vec<u8> {
    let text = serde_json::to_string(value).expect("maps have strings for keys");
    format!("{:016x} {text}\n", checksum(text.as_bytes())).into_bytes()
}

/// What was sealed, or why it is not that any more.
pub(crate) fn unsealed<T: DeserializeOwned>(line: &[u8]) -> Result<T, String> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let (sum, text) = line.split_at_checked(17).ok_or("it is too short")?;
    if sum != format!("{:016x} ", checksum(text)).as_bytes() {
        return Err("its checksum is wrong".to_owned());
    }
    serde_json::from_slice(text).map_err(|error| error.to_string())
}

/// Writes a file that is there as a whole or not at all, whenever the machine stops.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> Result<(), SoakError> {
    let partial = path.with_extension("partial");
    let write = || {
        write_durably(&partial, content)?;
        fs::rename(&partial, path)?;
        sync_folder(path.parent().unwrap_or(Path::new(".")))
    };
    write().map_err(|source| {
        // What it tells is why writing failed; that removing fails too adds nothing.
        let _ = fs::remove_file(&partial);
        SoakError::io("write", path)(source)
    })
}

/// Writes a file and makes its content durable: a full disk may show only then. Its name is not durable yet.
pub(crate) fn write_durably(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// Reads a sealed file, if there is one.
pub(crate) fn read_sealed<T: DeserializeOwned>(
    path: &Path,
    remedy: &'static str,
) -> Result<Option<T>, SoakError> {
    match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SoakError::io("read", path)(error)),
        Ok(content) => unsealed(&content).map(Some).map_err(|reason| SoakError::Damaged {
            path: path.to_owned(),
            reason,
            remedy,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_byte_shows_wherever_it_is() {
        let checkpoint = Checkpoint { cluster: 1, epoch: 7, ..Checkpoint::default() };
        let line = sealed(&checkpoint);
        assert_eq!(unsealed(&line), Ok(checkpoint));
        for place in 0..line.len() - 1 {
            let mut changed = line.clone();
            changed[place] ^= 1;
            assert!(unsealed::<Checkpoint>(&changed).is_err(), "byte {place}");
            assert!(unsealed::<Checkpoint>(&line[..place]).is_err(), "cut at {place}");
        }
    }
}
