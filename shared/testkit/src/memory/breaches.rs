//! Breaches in memory.

use app::{
    alerts::{self, Alert},
    announce::FoundPage,
    breach::{BreachStore, RegisterPage, RegisterRow},
    error::{Appended, PortError},
};
use domain::{
    breach::{Breach, Entry, Facts, Head, Incident},
    ids::{BreachId, ControllerId, Fingerprint},
};
use jiff::Timestamp;

use super::{Memory, found};

/// A breach as it is kept.
#[derive(Debug)]
pub(super) struct Stored {
    incident: Incident,
    fingerprint: Fingerprint,
    head: Head,
}

fn place_of(stored: &Stored) -> String {
    let Breach { id, declared_at, .. } = &stored.incident.breach;
    format!("{:015}#{id}", declared_at.as_millisecond())
}

impl BreachStore for Memory {
    async fn declare_breach(
        &self,
        controller: &ControllerId,
        breach: &Breach,
        fingerprint: &Fingerprint,
        head: &Head,
    ) -> Result<Appended<(Breach, Fingerprint)>, PortError> {
        let mut state = self.call()?;
        let place = (controller.clone(), breach.id.clone());
        if let Some(first) = state.breaches.get(&place) {
            return Ok(Appended::Existing((first.incident.breach.clone(), first.fingerprint.clone())));
        }
        let incident = Incident::new(breach.clone());
        state.breaches.insert(place, Stored { incident, fingerprint: fingerprint.clone(), head: head.clone() });
        Ok(Appended::Fresh)
    }

    async fn append_breach(
        &self,
        controller: &ControllerId,
        breach: &BreachId,
        number: u32,
        entry: &Entry,
        head: &Head,
    ) -> Result<bool, PortError> {
        let mut state = self.call()?;
        let Some(stored) = state.breaches.get_mut(&(controller.clone(), breach.clone())) else { return Ok(false) };
        if stored.incident.version() + 1 != number {
            return Ok(false);
        }
        stored.incident.history.push(entry.clone());
        stored.head = head.clone();
        Ok(true)
    }

    async fn set_breach_next(
        &self,
        controller: &ControllerId,
        breach: &BreachId,
        version: u32,
        next_at: Timestamp,
    ) -> Result<bool, PortError> {
        let mut state = self.call()?;
        let Some(stored) = state.breaches.get_mut(&(controller.clone(), breach.clone())) else { return Ok(false) };
        let stands = stored.incident.version() == version && stored.head.next_at.is_some();
        if stands {
            stored.head.next_at = Some(next_at);
        }
        Ok(stands)
    }

    async fn breach(&self, controller: &ControllerId, breach: &BreachId) -> Result<Option<Incident>, PortError> {
        let state = self.call()?;
        Ok(state.breaches.get(&(controller.clone(), breach.clone())).map(|stored| stored.incident.clone()))
    }

    async fn due_breaches(
        &self,
        shard: u8,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<(ControllerId, BreachId)>, PortError> {
        let state = self.call()?;
        let mut due: Vec<_> = state
            .breaches
            .iter()
            .filter(|_| shard == 0)
            .filter_map(|(place, stored)| Some((stored.head.next_at?, place.clone())))
            .filter(|(next_at, _)| *next_at <= until)
            .collect();
        due.sort();
        due.truncate(limit);
        Ok(due.into_iter().map(|(_, place)| place).collect())
    }

    async fn breach_register(
        &self,
        controller: &ControllerId,
        is_open: bool,
        from: Option<&str>,
        limit: usize,
    ) -> Result<RegisterPage, PortError> {
        let state = self.call()?;
        let mut rows: Vec<_> = state
            .breaches
            .iter()
            .filter(|((whose, _), stored)| whose == controller && stored.head.is_open == is_open)
            .map(|((_, breach), stored)| RegisterRow {
                breach: breach.clone(),
                declared_at: stored.incident.breach.declared_at,
                next_at: stored.head.next_at,
                place: place_of(stored),
            })
            .filter(|row| from.is_none_or(|from| row.place.as_str() > from))
            .collect();
        rows.sort_by(|a, b| a.place.cmp(&b.place));
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| has_more).map(|row| row.place.clone());
        Ok(RegisterPage { rows, next })
    }

    async fn affected(
        &self,
        controller: &ControllerId,
        facts: &Facts,
        segment: u16,
        from: Option<&str>,
    ) -> Result<FoundPage, PortError> {
        let state = self.call()?;
        let scope = &facts.scope;
        let records = state.records.iter().map(|(((whose, subject), id), item)| {
            let record = &item.record;
            let is_affected = whose == controller
                && (scope.categories.is_empty() || scope.categories.contains(&record.category))
                && (scope.purposes.is_empty() || scope.purposes.contains(&record.purpose))
                && (scope.systems.is_empty() || scope.systems.contains(&record.system))
                && record.clock.created_at <= facts.exposed_to;
            (format!("{whose} {subject} {id}"), subject, is_affected)
        });
        Ok(found(records, segment, from))
    }

    async fn publish_alert(&self, controller: &ControllerId, alert: &Alert) -> Result<(), PortError> {
        let place = (controller.clone(), alert.breach.clone(), alert.version);
        self.call()?.alerts.entry(place).or_insert_with(|| alert.clone());
        Ok(())
    }

    async fn alerts(&self, controller: &ControllerId) -> Result<Vec<Alert>, PortError> {
        let state = self.call()?;
        let versions = state.alerts.iter().filter(|((whose, ..), _)| whose == controller);
        Ok(alerts::newest(versions.map(|(_, alert)| alert.clone()).collect()))
    }
}
