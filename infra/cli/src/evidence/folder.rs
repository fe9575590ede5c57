//! A folder of evidence on a disk.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use wire::evidence::verify::Files;

use crate::trouble::{Played, Trouble};

/// Largest file that is read, in bytes. A link of a thousand leaves has a few hundred thousand.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// A folder of one controller's evidence.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// Opens a folder.
    ///
    /// # Errors
    /// If there is no evidence in it.
    pub fn open(path: &Path) -> Played<Self> {
        if ["chain", "checkpoints"].iter().any(|folder| path.join(folder).is_dir()) {
            Ok(Self(path.to_owned()))
        } else {
            Err(Trouble::new(format!("{}: there is neither a folder `chain` nor `checkpoints` in it", path.display())))
        }
    }
}

impl Files for Folder {
    type Error = Trouble;

    fn names(&self, folder: &str) -> Played<Vec<String>> {
        let path = self.0.join(folder);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Trouble::because(path.display())(error)),
        };
        let name = |entry: io::Result<fs::DirEntry>| {
            entry
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .map_err(Trouble::because(path.display()))
        };
        entries.map(name).collect()
    }

    fn read(&self, file: &str) -> Played<Vec<u8>> {
        let path = self.0.join(file);
        let size = fs::metadata(&path).map_err(Trouble::because(path.display()))?.len();
        if size > FILE_BYTES_MAX {
            return Err(Trouble::new(format!("{}: {size} bytes are more than evidence has", path.display())));
        }
        fs::read(&path).map_err(Trouble::because(path.display()))
    }
}
