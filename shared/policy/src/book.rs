//! The policies of all controllers that a function serves.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use domain::{ids::ControllerId, policy::Policy};

use crate::compiled::{LoadError, load};

/// Every controller's policy, in the order of their names. Clones share what was read.
///
/// A policy is read when it is first asked for: most events are about one controller, and a start that reads all of
/// them pays for what it never uses.
#[derive(Debug, Clone, Default)]
pub struct PolicyBook {
    pages: Arc<BTreeMap<ControllerId, Page>>,
}

/// One controller's policy, or the file that holds it.
#[derive(Debug)]
struct Page {
    file: PathBuf,
    policy: OnceLock<Policy>,
}

impl Page {
    /// A file that is refused is refused each time.
    fn read(&self, controller: &ControllerId) -> Result<&Policy, BookError> {
        if let Some(policy) = self.policy.get() {
            return Ok(policy);
        }
        let bytes = fs::read(&self.file).map_err(|source| BookError::Unreadable { path: self.file.clone(), source })?;
        let policy = load(&bytes).map_err(|source| BookError::Refused { path: self.file.clone(), source })?;
        if policy.controller != *controller {
            return Err(BookError::Misnamed(self.file.clone()));
        }
        Ok(self.policy.get_or_init(|| policy))
    }
}

/// Why a folder of compiled policies, or one of them, was refused: a function without its promises must do nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BookError {
    /// The folder or a file in it cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is not a compiled policy that this build understands.
    #[error("{} is refused", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: LoadError,
    },
    /// The folder holds no policy.
    #[error("no policy in {}", .0.display())]
    Empty(PathBuf),
    /// A file does not bear the name of the controller that it speaks for.
    #[error("{} does not bear its controller's name", .0.display())]
    Misnamed(PathBuf),
}

impl PolicyBook {
    /// Binds policies; of two for one controller the later one counts.
    pub fn new(policies: impl IntoIterator<Item = Policy>) -> Self {
        let pages = policies.into_iter().map(|policy| {
            let controller = policy.controller.clone();
            (controller, Page { file: PathBuf::new(), policy: OnceLock::from(policy) })
        });
        Self { pages: Arc::new(pages.collect()) }
    }

    /// Opens a folder of compiled policies, `<controller>.json`: `/opt/policies/` of the deployed layer. What stands in
    /// a file is read when its controller is first asked for.
    ///
    /// # Errors
    /// Refuses the whole folder if it cannot be read, if one file cannot be opened or bears no controller's name, or if
    /// there is none.
    pub fn open(folder: &Path) -> Result<Self, BookError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |source| BookError::Unreadable { path, source }
        };
        let mut pages = BTreeMap::new();
        for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
            let file = entry.map_err(unreadable(folder))?.path();
            if file.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            File::open(&file).map_err(unreadable(&file))?;
            let name = file.file_stem().and_then(|stem| ControllerId::parse(stem.to_str()?).ok());
            let controller = name.ok_or_else(|| BookError::Misnamed(file.clone()))?;
            pages.insert(controller, Page { file, policy: OnceLock::new() });
        }
        if pages.is_empty() { Err(BookError::Empty(folder.to_owned())) } else { Ok(Self { pages: Arc::new(pages) }) }
    }

    /// A controller's policy; `None` if this deployment does not serve it.
    ///
    /// # Errors
    /// If its file cannot be read, or is no policy of it that this build understands.
    pub fn get(&self, controller: &ControllerId) -> Result<Option<&Policy>, BookError> {
        self.pages.get(controller).map(|page| page.read(controller)).transpose()
    }

    /// The controllers, in the order of their names. None of their policies is read for it.
    pub fn controllers(&self) -> impl Iterator<Item = &ControllerId> {
        self.pages.keys()
    }

    /// The policies, in the order of their controllers' names.
    ///
    /// # Errors
    /// If one of them cannot be had, as for [`Self::get`]: whoever asks for all must not pass one over.
    pub fn all(&self) -> Result<Vec<&Policy>, BookError> {
        self.pages.iter().map(|(controller, page)| page.read(controller)).collect()
    }
}
