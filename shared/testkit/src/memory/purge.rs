//! What is due, and where the purge of each controller stands.

use std::collections::BTreeMap;

use app::{
    destruction::{BATCH_RECORDS_MAX, Doomed},
    error::PortError,
    purge::{ACTS_SHOWN_MAX, DuePage, DueRecords, LOOK_RECORDS_MAX, PURGE_SHARDS, PurgeControls},
};
use domain::{
    ids::ControllerId,
    purge::{Act, Control},
};
use jiff::Timestamp;

use super::{Memory, State};

#[derive(Debug, Default)]
pub(super) struct Purges {
    controls: BTreeMap<ControllerId, Control>,
    acts: BTreeMap<ControllerId, Vec<Act>>,
}

impl State {
    fn due(&self, shard: u8, until: Timestamp, from: Option<&str>, records_max: usize) -> DuePage {
        let mut due: Vec<(String, ControllerId, Doomed)> = self
            .records
            .iter()
            .filter(|(_, item)| !item.record.is_held() && item.record.subject.shard(PURGE_SHARDS) == shard)
            .filter_map(|(((controller, subject), record), item)| {
                let due_at = item.record.due_at.filter(|due_at| *due_at <= until)?;
                let place = format!("{:020} {controller} {subject} {record}", due_at.as_millisecond());
                Some((place, controller.clone(), Doomed::from(&item.record)))
            })
            .filter(|(place, ..)| from.is_none_or(|from| place.as_str() > from))
            .collect();
        due.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        let more = due.len() > records_max;
        due.truncate(records_max);
        let next = due.last().filter(|_| more).map(|(place, ..)| place.clone());
        let due = due.into_iter().map(|(_, controller, doomed)| (controller, doomed)).collect();
        DuePage { due, unreadable: 0, next }
    }
}

impl DueRecords for Memory {
    async fn due_records(&self, shard: u8, until: Timestamp, from: Option<&str>) -> Result<DuePage, PortError> {
        Ok(self.call()?.due(shard, until, from, BATCH_RECORDS_MAX))
    }

    async fn first_due(&self, until: Timestamp) -> Result<Vec<DuePage>, PortError> {
        let state = self.call()?;
        Ok((0..PURGE_SHARDS).map(|shard| state.due(shard, until, None, LOOK_RECORDS_MAX)).collect())
    }
}

impl PurgeControls for Memory {
    async fn purge_control(&self, controller: &ControllerId) -> Result<Control, PortError> {
        Ok(self.call()?.purges.controls.get(controller).cloned().unwrap_or_default())
    }

    async fn put_purge_control(&self, controller: &ControllerId, control: &Control) -> Result<bool, PortError> {
        let mut state = self.call()?;
        let standing = state.purges.controls.entry(controller.clone()).or_default();
        let is_next = standing.revision + 1 == control.revision;
        if is_next {
            *standing = control.clone();
        }
        Ok(is_next)
    }

    async fn note_purge_act(&self, controller: &ControllerId, act: &Act) -> Result<(), PortError> {
        self.call()?.purges.acts.entry(controller.clone()).or_default().push(act.clone());
        Ok(())
    }

    async fn purge_acts(&self, controller: &ControllerId) -> Result<Vec<Act>, PortError> {
        let mut acts = self.call()?.purges.acts.get(controller).cloned().unwrap_or_default();
        acts.sort_by_key(|act| act.at);
        acts.reverse();
        acts.truncate(ACTS_SHOWN_MAX);
        Ok(acts)
    }
}
