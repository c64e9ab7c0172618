//! One file that a history is written to: whole, or not there.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use history::{FileWriter, History};

use crate::failure::Failure;
use crate::shield::Shield;

/// A file that was found to be writable.
pub(crate) struct Target {
    path: PathBuf,
    /// Beside it, with what is not whole yet.
    partial: PathBuf,
}

impl Target {
    /// Makes sure, before anything runs, that the file can be written.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let failure = |source| failure(path, source);
        let name = path.file_name().ok_or_else(|| failure(io::ErrorKind::InvalidFilename.into()))?;
        if path == Path::new("-") {
            return Err(Failure::Usage(
                "histories go to a file, and not to standard output: name one".to_owned(),
            ));
        }
        // Others, such as a folder or a terminal, are not to be replaced.
        if path.exists() && !path.is_file() {
            return Err(failure(io::Error::other("this is no regular file")));
        }
        let partial = path.with_file_name(format!(".{}.partial", name.to_string_lossy()));
        let _shield = Shield::raise();
        File::create(&partial).and_then(|_| fs::remove_file(&partial)).map_err(failure)?;
        Ok(Self { path: path.to_owned(), partial })
    }

    /// Writes the history, in place of what was there.
    pub(crate) fn write(&self, history: &History) -> Result<(), Failure> {
        let _shield = Shield::raise();
        let written = self.write_partial(history).and_then(|()| fs::rename(&self.partial, &self.path));
        written.map_err(|source| {
            // What it tells is why writing failed; that removing fails too adds nothing.
            let _ = fs::remove_file(&self.partial);
            failure(&self.path, source)
        })
    }

    fn write_partial(&self, history: &History) -> io::Result<()> {
        let out = BufWriter::with_capacity(1 << 16, File::create(&self.partial)?);
        let mut writer = FileWriter::new(out, &history.header)?;
        history.events.iter().try_for_each(|event| writer.write(event))?;
        let mut out = writer.finish()?;
        out.flush()?;
        // A full disk may show only when what was written is to be durable.
        out.get_ref().sync_all()
    }
}

fn failure(path: &Path, source: io::Error) -> Failure {
    Failure::Files { action: "write", path: path.to_owned(), source, instead: "another file" }
}
