//! The policies of all controllers that a function serves.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use domain::{
    ids::{Category, ControllerId, Purpose},
    lifecycle,
    policy::{Policy, Replica},
};

use crate::compiled::{LoadError, load};

/// Every controller's policy, in the order of their names.
#[derive(Debug, Clone, Default)]
pub struct PolicyBook {
    policies: BTreeMap<ControllerId, Policy>,
}

/// Why a folder of compiled policies was refused: a function without its promises must not start.
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
    /// Two files speak for one controller.
    #[error("a second policy of {0}")]
    Duplicate(ControllerId),
}

impl PolicyBook {
    /// Binds policies; of two for one controller the later one counts.
    pub fn new(policies: impl IntoIterator<Item = Policy>) -> Self {
        Self { policies: policies.into_iter().map(|policy| (policy.controller.clone(), policy)).collect() }
    }

    /// Reads every `*.json` of a folder: `/opt/policies/` of the deployed layer.
    ///
    /// # Errors
    /// Refuses the whole folder if one file is unreadable or no policy, if two speak for one
    /// controller, or if there is none.
    pub fn load_dir(folder: &Path) -> Result<Self, BookError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |source| BookError::Unreadable { path, source }
        };
        let mut policies = BTreeMap::new();
        for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
            let path = entry.map_err(unreadable(folder))?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let bytes = fs::read(&path).map_err(unreadable(&path))?;
            let policy = load(&bytes).map_err(|source| BookError::Refused { path: path.clone(), source })?;
            let controller = policy.controller.clone();
            if policies.insert(controller.clone(), policy).is_some() {
                return Err(BookError::Duplicate(controller));
            }
        }
        if policies.is_empty() { Err(BookError::Empty(folder.to_owned())) } else { Ok(Self { policies }) }
    }

    /// A controller's policy; `None` if this deployment does not serve it.
    pub fn get(&self, controller: &ControllerId) -> Option<&Policy> {
        self.policies.get(controller)
    }

    /// The controllers, in the order of their names.
    pub fn controllers(&self) -> impl Iterator<Item = &ControllerId> {
        self.policies.keys()
    }

    /// The copies of each controller's files, of all who have any.
    pub fn replicas(&self) -> BTreeMap<ControllerId, Vec<Replica>> {
        let copied = self.policies.iter().filter(|(_, policy)| !policy.replicas.is_empty());
        copied.map(|(id, policy)| (id.clone(), policy.replicas.values().cloned().collect())).collect()
    }

    /// Of which files of each controller S3 may delete some by itself: category and purpose.
    pub fn lifecycle(&self) -> BTreeMap<ControllerId, BTreeSet<(Category, Purpose)>> {
        let free = self.policies.iter().map(|(id, policy)| (id.clone(), lifecycle::kinds(policy)));
        free.filter(|(_, kinds)| !kinds.is_empty()).collect()
    }

    /// The policies, in the order of their controllers' names.
    pub fn iter(&self) -> impl Iterator<Item = &Policy> {
        self.policies.values()
    }
}
