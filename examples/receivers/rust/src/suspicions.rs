//! Whose account is suspended. A real system keeps this with its accounts.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::store::Subject;

/// A notice as Habeas sends it (docs/SYSTEMS.md).
#[derive(Deserialize)]
pub(crate) struct Notice {
    /// Its name: the same one, the same hold.
    pub(crate) notice: String,
    /// What it tells.
    #[serde(rename = "type")]
    pub(crate) what: String,
    /// On whom the hold is; a release does not say.
    pub(crate) subject: Option<Subject>,
}

/// Notice to person; `None` once it was released.
#[derive(Default)]
pub(crate) struct Suspicions(BTreeMap<String, Option<String>>);

impl Suspicions {
    /// A notice may come twice, and its placing after its release: released is released. `false` for what is not known
    /// here: who answers 2xx to that says that it was acted on.
    pub(crate) fn hear(&mut self, notice: &Notice) -> bool {
        match (notice.what.as_str(), &notice.subject) {
            ("hold-placed", Some(subject)) => {
                let person = format!("{}:{}", subject.kind, subject.value);
                self.0.entry(notice.notice.clone()).or_insert(Some(person));
            }
            ("hold-released", _) => {
                self.0.insert(notice.notice.clone(), None);
            }
            _ => return false,
        }
        true
    }

    /// An account is given back when the last notice about it was released.
    pub(crate) fn suspended(&self) -> BTreeSet<&str> {
        self.0.values().flatten().map(String::as_str).collect()
    }
}
