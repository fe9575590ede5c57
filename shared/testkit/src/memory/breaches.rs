//! Breaches in memory.

use std::collections::BTreeSet;

use app::{
    alerts::{self, Alert},
    breach::{BreachStore, RegisterPage, RegisterRow},
    breach_scope::TracePage,
    error::{Appended, PortError},
    telling::Seen,
    walk::WALK_SEGMENTS,
};
use domain::{
    breach::{Breach, Entry, Facts, Head, Incident, Trace},
    ids::{BreachId, ControllerId, Fingerprint, SubjectRef},
};
use jiff::Timestamp;

use super::{Memory, SCOPE_PAGE};

/// A breach as it is kept.
#[derive(Debug)]
pub(super) struct Stored {
    incident: Incident,
    fingerprint: Fingerprint,
    head: Head,
    planned: BTreeSet<(Timestamp, u16)>,
    looked: Option<(Timestamp, Seen)>,
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
        state.breaches.insert(place, {
            let (fingerprint, head) = (fingerprint.clone(), head.clone());
            Stored { incident, fingerprint, head, planned: BTreeSet::new(), looked: None }
        });
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

    async fn traces(
        &self,
        controller: &ControllerId,
        _facts: &Facts,
        segment: u16,
        from: Option<&str>,
    ) -> Result<TracePage, PortError> {
        let state = self.call()?;
        let segments = u8::try_from(WALK_SEGMENTS).unwrap_or(u8::MAX);
        let page = state.scope_page.unwrap_or(SCOPE_PAGE);
        // Each of them has something to show, so no page shows more of them than it shows things, and the one before.
        let first = from.and_then(|from| from.split(' ').next());
        let keys = state.records.keys().map(|(person, _)| person).chain(state.consents.keys());
        let keys = keys.map(|(whose, subject)| (whose, Some(subject)));
        let told = state.disclosures.keys().map(|(whose, subject, _)| (whose, subject.as_ref()));
        let here =
            keys.chain(told).filter_map(|(whose, subject)| subject.filter(|_| whose == controller)).filter(|subject| {
                first.is_none_or(|first| subject.as_str() >= first) && u16::from(subject.shard(segments)) == segment
            });
        let people: BTreeSet<_> = here.collect::<BTreeSet<_>>().into_iter().take(page + 1).collect();
        let is_here = |whose: &ControllerId, subject: &SubjectRef| whose == controller && people.contains(subject);
        let records = state.records.iter().filter(|(((whose, subject), _), _)| is_here(whose, subject));
        let records = records.map(|(((_, subject), id), item)| {
            let record = &item.record;
            let trace = Trace::Record {
                category: record.category.clone(),
                purpose: record.purpose.clone(),
                system: record.system.clone(),
                created_at: record.clock.created_at,
            };
            (format!("{subject} record {id}"), subject, trace)
        });
        let consents = state.consents.iter().filter(|((whose, subject), _)| is_here(whose, subject));
        let consents = consents.flat_map(|((_, subject), events)| {
            events.iter().map(move |(id, event)| {
                let trace = Trace::Consent { purposes: event.choices.keys().cloned().collect(), at: event.at };
                (format!("{subject} consent {id}"), subject, trace)
            })
        });
        let disclosures = state.disclosures.iter().filter_map(|((whose, subject, id), item)| {
            let subject = subject.as_ref().filter(|subject| is_here(whose, subject))?;
            Some((format!("{subject} disclosure {id}"), subject, item.trace()))
        });
        let all = records.chain(consents).chain(disclosures);
        let mut ahead: Vec<_> = all.filter(|(place, ..)| from.is_none_or(|from| place.as_str() > from)).collect();
        ahead.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        ahead.truncate(page);
        let next = ahead.get(page - 1).map(|(place, ..)| place.clone());
        Ok(TracePage { traces: ahead.into_iter().map(|(_, subject, trace)| (subject.clone(), trace)).collect(), next })
    }

    async fn note_planned(
        &self,
        controller: &ControllerId,
        breach: &BreachId,
        decided_at: Timestamp,
        segment: u16,
    ) -> Result<(), PortError> {
        let mut state = self.call()?;
        if let Some(stored) = state.breaches.get_mut(&(controller.clone(), breach.clone())) {
            stored.planned.insert((decided_at, segment));
        }
        Ok(())
    }

    async fn planned_segments(
        &self,
        controller: &ControllerId,
        breach: &BreachId,
        decided_at: Timestamp,
    ) -> Result<BTreeSet<u16>, PortError> {
        let state = self.call()?;
        let stored = state.breaches.get(&(controller.clone(), breach.clone()));
        let planned = stored.into_iter().flat_map(|stored| &stored.planned);
        Ok(planned.filter(|(at, _)| *at == decided_at).map(|(_, segment)| *segment).collect())
    }

    async fn note_looked(
        &self,
        controller: &ControllerId,
        breach: &BreachId,
        seen: &Seen,
        at: Timestamp,
    ) -> Result<(), PortError> {
        let mut state = self.call()?;
        if let Some(stored) = state.breaches.get_mut(&(controller.clone(), breach.clone())) {
            stored.looked = Some((at, seen.clone()));
        }
        Ok(())
    }

    async fn looked(
        &self,
        controller: &ControllerId,
        breach: &BreachId,
    ) -> Result<Option<(Timestamp, Seen)>, PortError> {
        let state = self.call()?;
        Ok(state.breaches.get(&(controller.clone(), breach.clone())).and_then(|stored| stored.looked.clone()))
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
