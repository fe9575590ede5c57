//! Walks: the same thing done to every stored record of a controller.

use std::fmt;

use crate::ids::{BreachId, HoldId, InvalidId};

const BIND: &str = "bind-";
const FREE: &str = "free-";
const REPLAN: &str = "replan";
const COUNT: &str = "count-";

/// What is done to each record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Job {
    /// It is planned by the policy that is in force now.
    Replan,
    /// It is bound by a hold that covers it.
    BindHold(HoldId),
    /// It is freed from a hold that was released.
    FreeHold(HoldId),
    /// It is counted if a breach reached it, by the facts as of that entry of the breach's history.
    Count(BreachId, u32),
}

impl Job {
    /// Reads the name.
    ///
    /// # Errors
    /// [`InvalidId::Reference`] if it is the name of no job.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        match (text.strip_prefix(BIND), text.strip_prefix(FREE)) {
            (Some(hold), _) => Ok(Self::BindHold(HoldId::parse(hold)?)),
            (_, Some(hold)) => Ok(Self::FreeHold(HoldId::parse(hold)?)),
            _ if text.starts_with(COUNT) => {
                let counted = text.strip_prefix(COUNT).and_then(|counted| counted.rsplit_once('.'));
                let (breach, facts) = counted.ok_or(InvalidId::Reference)?;
                Ok(Self::Count(BreachId::parse(breach)?, facts.parse().map_err(|_| InvalidId::Reference)?))
            }
            _ if text == REPLAN => Ok(Self::Replan),
            _ => Err(InvalidId::Reference),
        }
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replan => f.write_str(REPLAN),
            Self::BindHold(hold) => write!(f, "{BIND}{hold}"),
            Self::FreeHold(hold) => write!(f, "{FREE}{hold}"),
            Self::Count(breach, facts) => write!(f, "{COUNT}{breach}.{facts}"),
        }
    }
}

/// A stretch of a walk: what one message does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    /// In which segment of the table.
    pub segment: u16,
    /// How many messages of this segment went before.
    pub hop: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jobs_name_reads_back_and_no_other_name_reads() {
        let id = "A".repeat(22);
        let (hold, breach) = (HoldId::parse(&id).unwrap(), BreachId::parse(&id).unwrap());
        for (job, name) in [
            (Job::Replan, "replan".to_owned()),
            (Job::BindHold(hold.clone()), format!("bind-{id}")),
            (Job::FreeHold(hold), format!("free-{id}")),
            (Job::Count(breach, 3), format!("count-{id}.3")),
        ] {
            assert_eq!((job.to_string(), Job::parse(&name)), (name, Ok(job)));
        }
        for bad in ["", "replans", "bind-", "count-3", &format!("count-{id}.x"), &format!("keep-{id}")] {
            assert!(Job::parse(bad).is_err(), "{bad}");
        }
    }
}
