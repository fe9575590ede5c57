//! A stretch of a walk through a controller's records.

use domain::walk::{Job, Turn};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Unreadable;
use crate::form::{at, time};

/// Part of a [`super::RecordsMessage`]: a walk to begin, or to go on with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WalkForm {
    /// What is done to each record: `replan`, `bind-{hold}`, `free-{hold}`.
    pub job: String,
    /// When the walk began, which names it.
    pub at: String,
    /// The stretch; absent: the walk begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<TurnForm>,
}

/// Which stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TurnForm {
    /// In which segment of the table.
    pub segment: u16,
    /// How many messages of this segment went before.
    pub hop: u32,
}

impl From<Turn> for TurnForm {
    fn from(turn: Turn) -> Self {
        Self { segment: turn.segment, hop: turn.hop }
    }
}

impl From<TurnForm> for Turn {
    fn from(form: TurnForm) -> Self {
        Self { segment: form.segment, hop: form.hop }
    }
}

impl WalkForm {
    /// A walk that begins, or a stretch of it.
    pub fn new(job: &Job, at: Timestamp, turn: Option<Turn>) -> Self {
        let turn = turn.map(TurnForm::from);
        Self { job: job.to_string(), at: at.to_string(), turn }
    }

    /// Reads what it says.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn parse(&self) -> Result<(Job, Timestamp, Option<Turn>), Unreadable> {
        let job = Job::parse(&self.job).map_err(at("/walk/job"))?;
        let turn = self.turn.map(Turn::from);
        Ok((job, time(&self.at, "/walk/at")?, turn))
    }
}
