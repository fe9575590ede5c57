//! Bulk records and their days, in memory.

use std::collections::BTreeMap;

use app::{
    error::PortError,
    logs::{DAYS_MAX, Entries, Kept, LogPage, LogStore},
};
use domain::{
    ids::{Category, ControllerId, HoldId, LogId},
    log::{DueDay, LogDay, LogPacket},
};
use jiff::{Timestamp, civil::Date};

use super::{Memory, Sealed, State};

type Place = (ControllerId, Category, Date);

/// A day, what is kept until then, and when it is proposed.
#[derive(Debug)]
pub(super) struct DayItem {
    day: LogDay,
    packets: BTreeMap<LogId, (LogPacket, Sealed<Entries>, HasTtl)>,
    due_at: Option<Timestamp>,
}

/// Whether TTL would remove a packet.
type HasTtl = bool;

fn place(controller: &ControllerId, day: &DueDay) -> Place {
    (controller.clone(), day.category.clone(), day.day)
}

impl State {
    fn day(&mut self, controller: &ControllerId, day: &DueDay) -> Option<&mut DayItem> {
        self.days.get_mut(&place(controller, day))
    }
}

impl Memory {
    /// Removes a day's packets as DynamoDB's TTL does; answers how many stay, since they have none.
    pub fn expire_logs(&self, controller: &ControllerId, day: &DueDay) -> usize {
        let mut state = self.lock();
        let Some(item) = state.day(controller, day) else { return 0 };
        item.packets.retain(|_, (_, _, has_ttl)| !*has_ttl);
        item.packets.len()
    }
}

impl LogStore for Memory {
    async fn keep_log(
        &self,
        controller: &ControllerId,
        day: &LogDay,
        packet: &LogPacket,
        entries: &Entries,
    ) -> Result<Kept, PortError> {
        let mut state = self.call()?;
        let due = &day.due;
        if let Some(standing) = state.day(controller, due) {
            if standing.packets.contains_key(&packet.id) {
                return Ok(Kept::Replayed);
            }
            if standing.day.closed_at.is_some() {
                return Ok(Kept::Closed);
            }
        }
        let sealed = state.seal_for_day(controller, &due.category, due.day, entries.clone());
        let item = state.days.entry(place(controller, due)).or_insert_with(|| DayItem {
            day: LogDay::new(due.clone(), day.salt),
            packets: BTreeMap::new(),
            due_at: Some(due.starts_at),
        });
        item.day.kept.insert((packet.purpose.clone(), packet.clause.clone()));
        item.day.packets += 1;
        item.day.entries += packet.entries;
        let has_ttl = !item.day.is_held();
        item.packets.insert(packet.id.clone(), (packet.clone(), sealed, has_ttl));
        Ok(Kept::Fresh)
    }

    async fn log_day(
        &self,
        controller: &ControllerId,
        category: &Category,
        day: Date,
    ) -> Result<Option<LogDay>, PortError> {
        let state = self.call()?;
        let item = state.days.get(&(controller.clone(), category.clone(), day));
        Ok(item.map(|item| item.day.clone()))
    }

    async fn log_days(&self, controller: &ControllerId) -> Result<Vec<LogDay>, PortError> {
        let state = self.call()?;
        let days = state.days.iter().filter(|((whose, ..), item)| whose == controller && item.due_at.is_some());
        let mut days: Vec<_> = days.map(|(_, item)| item.day.clone()).collect();
        days.sort_by(|a, b| (a.due.day, &a.due.category).cmp(&(b.due.day, &b.due.category)));
        Ok(days)
    }

    async fn logs(&self, controller: &ControllerId, day: &DueDay, from: Option<&str>) -> Result<LogPage, PortError> {
        let state = self.call()?;
        let Some(item) = state.days.get(&place(controller, day)) else {
            return Ok(LogPage { packets: Vec::new(), next: None });
        };
        let later = item.packets.iter().filter(|(id, _)| from.is_none_or(|from| id.as_str() > from));
        let open = |sealed| state.open_for_day(controller, &day.category, day.day, sealed);
        let mut packets: Vec<_> = later.map(|(_, (packet, sealed, _))| (packet.clone(), open(sealed))).collect();
        let has_more = packets.len() > 20;
        packets.truncate(20);
        let next = packets.last().filter(|_| has_more).map(|(packet, _)| packet.id.to_string());
        Ok(LogPage { packets, next })
    }

    async fn due_log_days(&self, until: Timestamp) -> Result<Vec<(ControllerId, Category, Date)>, PortError> {
        let state = self.call()?;
        let due = state.days.iter().filter_map(|(place, item)| Some((item.due_at?, place.clone())));
        let mut due: Vec<_> = due.filter(|(due_at, _)| *due_at <= until).collect();
        due.sort();
        due.truncate(DAYS_MAX);
        Ok(due.into_iter().map(|(_, place)| place).collect())
    }

    async fn close_day(
        &self,
        controller: &ControllerId,
        day: &DueDay,
        at: Timestamp,
    ) -> Result<Option<LogDay>, PortError> {
        let mut state = self.call()?;
        let Some(item) = state.day(controller, day).filter(|item| !item.day.is_held()) else { return Ok(None) };
        item.day.closed_at.get_or_insert(at);
        Ok(Some(item.day.clone()))
    }

    async fn note_destroyed(
        &self,
        controller: &ControllerId,
        day: &DueDay,
        at: Timestamp,
        again_at: Timestamp,
    ) -> Result<(), PortError> {
        let mut state = self.call()?;
        let closed = state.day(controller, day).filter(|item| item.day.closed_at.is_some());
        if let Some(item) = closed.filter(|item| item.day.settled_at.is_none()) {
            item.day.destroyed_at.get_or_insert(at);
            item.due_at = Some(again_at);
        }
        Ok(())
    }

    async fn remove_leftovers(&self, controller: &ControllerId, day: &DueDay) -> Result<usize, PortError> {
        let mut state = self.call()?;
        Ok(state.day(controller, day).map_or(0, |item| std::mem::take(&mut item.packets).len()))
    }

    async fn note_settled(&self, controller: &ControllerId, day: &DueDay, at: Timestamp) -> Result<(), PortError> {
        let mut state = self.call()?;
        if let Some(item) = state.day(controller, day).filter(|item| item.day.destroyed_at.is_some()) {
            item.day.settled_at.get_or_insert(at);
            item.due_at = None;
        }
        Ok(())
    }

    async fn hold_day(&self, controller: &ControllerId, day: &DueDay, hold: &HoldId) -> Result<bool, PortError> {
        let mut state = self.call()?;
        let Some(item) = state.day(controller, day).filter(|item| item.day.closed_at.is_none()) else {
            return Ok(false);
        };
        item.day.holds.insert(hold.clone());
        item.packets.values_mut().for_each(|(_, _, has_ttl)| *has_ttl = false);
        Ok(true)
    }

    async fn free_day(&self, controller: &ControllerId, day: &DueDay, hold: &HoldId) -> Result<(), PortError> {
        let mut state = self.call()?;
        let Some(item) = state.day(controller, day) else { return Ok(()) };
        if item.day.holds.remove(hold) && !item.day.is_held() {
            item.packets.values_mut().for_each(|(_, _, has_ttl)| *has_ttl = true);
        }
        Ok(())
    }
}
