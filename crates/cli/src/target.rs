//! One file that something is written to: whole, or not there.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use history::{FileWriter, History};

use crate::failure::Failure;
use crate::shield::Shield;

/// A file that was found to be writable.
pub(crate) struct Target {
    /// As it was named.
    path: PathBuf,
    /// What that leads to.
    file: PathBuf,
    /// Beside the file, with what is not whole yet.
    partial: PathBuf,
}

impl Target {
    /// Makes sure, before anything runs, that the file can be written. A link stays, and its target is the file.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let failure = |source| failure(path, source);
        if path == Path::new("-") {
            return Err(Failure::Usage(
                "what is kept goes to a file, and not to standard output: name one".to_owned(),
            ));
        }
        match fs::metadata(path) {
            // Others, such as a folder, a pipe or a terminal, are not to be replaced.
            Ok(there) if !there.is_file() => {
                return Err(failure(io::Error::other("this is no regular file")));
            }
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failure(error)),
            _ => {}
        }
        let file = followed(path).map_err(failure)?;
        let name = file.file_name().ok_or_else(|| failure(ErrorKind::InvalidFilename.into()))?;
        let partial = file.with_file_name(format!(".{}.partial", name.to_string_lossy()));
        let _shield = Shield::raise();
        File::create(&partial).and_then(|_| fs::remove_file(&partial)).map_err(failure)?;
        Ok(Self { path: path.to_owned(), file, partial })
    }

    /// Whether both lead to the same file.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.file == other.file
    }

    /// Writes the history, in place of what was there.
    pub(crate) fn write_history(&self, history: &History) -> Result<(), Failure> {
        self.write(|out| {
            let mut writer = FileWriter::new(out, &history.header)?;
            history.events.iter().try_for_each(|event| writer.write(event))?;
            writer.finish().map(drop)
        })
    }

    /// Writes what this writes, in place of what was there.
    pub(crate) fn write(
        &self,
        content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let _shield = Shield::raise();
        let written = self.write_partial(content).and_then(|()| fs::rename(&self.partial, &self.file));
        written.map_err(|source| {
            // What it tells is why writing failed; that removing fails too adds nothing.
            let _ = fs::remove_file(&self.partial);
            failure(&self.path, source)
        })
    }

    fn write_partial(&self, content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 16, File::create(&self.partial)?);
        content(&mut out)?;
        out.flush()?;
        // A full disk may show only when what was written is to be durable.
        out.get_ref().sync_all()
    }
}

/// Where links lead to in the end, also if nothing is there yet.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut file = path.to_owned();
    while let Ok(next) = fs::read_link(&file) {
        file = folder(&file).join(next);
    }
    let name = file.file_name().ok_or(ErrorKind::InvalidFilename)?;
    Ok(folder(&file).canonicalize()?.join(name))
}

fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn failure(path: &Path, source: io::Error) -> Failure {
    Failure::Files { action: "write", path: path.to_owned(), source, instead: "another file" }
}
