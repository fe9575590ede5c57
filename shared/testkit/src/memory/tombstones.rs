//! Tombstones in memory: beside the records, and out of their reach.

use app::{
    error::PortError,
    tombstones::{TombstonePage, Tombstones},
};
use domain::{
    ids::{ControllerId, SubjectRef},
    tombstone::Tombstone,
};

use super::{Memory, person};

/// Tombstones of one page: few, so that tests meet pages.
const PAGE: usize = 2;

impl Tombstones for Memory {
    async fn bury_subject(&self, controller: &ControllerId, tombstone: &Tombstone) -> Result<(), PortError> {
        let mut state = self.call()?;
        let place = (person(controller, &tombstone.subject), tombstone.request.clone());
        let standing = state.tombstones.entry(place).or_insert_with(|| tombstone.clone());
        standing.erased_until = standing.erased_until.max(tombstone.erased_until);
        Ok(())
    }

    async fn tombstones(&self, controller: &ControllerId, subject: &SubjectRef) -> Result<Vec<Tombstone>, PortError> {
        let state = self.call()?;
        let person = person(controller, subject);
        let tombstones = state.tombstones.iter().filter(|((whose, _), _)| *whose == person);
        Ok(tombstones.map(|(_, tombstone)| tombstone.clone()).collect())
    }

    async fn all_tombstones(&self, from: Option<&str>) -> Result<TombstonePage, PortError> {
        let state = self.call()?;
        let place = |((controller, subject), request): &(super::Person, _)| format!("{controller} {subject} {request}");
        let mut all: Vec<_> = state
            .tombstones
            .iter()
            .map(|(key, tombstone)| (place(key), key.0.0.clone(), tombstone.clone()))
            .filter(|(place, ..)| from.is_none_or(|from| place.as_str() > from))
            .collect();
        all.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        let more = all.len() > PAGE;
        all.truncate(PAGE);
        let next = all.last().filter(|_| more).map(|(place, ..)| place.clone());
        let tombstones = all.into_iter().map(|(_, controller, tombstone)| (controller, tombstone)).collect();
        Ok(TombstonePage { tombstones, next })
    }
}
