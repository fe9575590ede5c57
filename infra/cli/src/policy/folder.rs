//! The policy files of a folder, read and checked.

use std::path::{Path, PathBuf};

use ::policy::{CheckedFile, CompileDirError, check_file, policy_files};
use domain::policy::Policy;
use habeas_cli::clock;
use jiff::{civil::Date, tz::TimeZone};

use super::{Failure, suggestion};

/// The day on which review dates are judged.
pub(super) fn today() -> Date {
    clock::now().to_zoned(TimeZone::UTC).date()
}

/// Reads and checks policy files.
pub(super) fn checked(paths: &[PathBuf]) -> Result<Vec<CheckedFile>, Failure> {
    let today = today();
    Ok(paths.iter().map(|path| check_file(path, Some(today))).collect::<Result<_, _>>()?)
}

/// The checked files of a folder.
#[derive(Debug)]
pub(super) struct Folder {
    /// In the order of their names.
    pub(super) files: Vec<CheckedFile>,
}

/// A file that compiles.
#[derive(Debug, Clone, Copy)]
pub(super) struct Valid<'f> {
    pub(super) file: &'f CheckedFile,
    pub(super) policy: &'f Policy,
}

impl Folder {
    /// Reads every policy file of a folder.
    pub(super) fn read(dir: &Path) -> Result<Self, Failure> {
        let paths = policy_files(dir)?;
        if paths.is_empty() {
            return Err(CompileDirError::Empty(dir.to_owned()).into());
        }
        Ok(Self { files: checked(&paths)? })
    }

    /// The files that compile.
    pub(super) fn valid(&self) -> impl Iterator<Item = Valid<'_>> {
        self.files.iter().filter_map(|file| Some(Valid { file, policy: file.policy.as_ref()? }))
    }

    /// The files that are refused, for a message.
    pub(super) fn refused(&self) -> Option<String> {
        let refused = self.files.iter().filter(|file| file.is_refused());
        let names: Vec<String> = refused.map(|file| file.path.display().to_string()).collect();
        (!names.is_empty()).then(|| format!("{} is refused: see `habeas policy check`", names.join(", ")))
    }

    /// The policy of a controller.
    pub(super) fn of(&self, controller: &str) -> Result<Valid<'_>, Failure> {
        let names: Vec<&str> = self.valid().map(|valid| valid.policy.controller.as_str()).collect();
        self.valid().find(|valid| valid.policy.controller.as_str() == controller).ok_or_else(|| {
            let refused = self.refused().map(|refused| format!("; {refused}")).unwrap_or_default();
            let meant = suggestion(controller, names.iter().copied());
            let meant = if meant.is_empty() { format!("; there is {}", names.join(", ")) } else { meant };
            Failure::new(format!("no valid policy of {controller}{meant}{refused}"))
        })
    }
}
