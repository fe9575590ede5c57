//! Chains of evidence and open batches, in memory.

use app::{
    certificate::EvidenceFiles,
    chain::{Chain, Link, Place},
    destruction::{Intents, Manifest},
    error::PortError,
};
use domain::{
    evidence::DeletionReason,
    ids::{BatchId, ControllerId},
};

use super::Memory;

/// The position in a chain of the link in that place.
fn position(place: Place) -> Option<usize> {
    usize::try_from(place.number).ok()?.checked_sub(1)
}

impl Memory {
    /// The links of all chains of a controller, each with its place.
    pub fn links(&self, controller: &ControllerId) -> Vec<(Place, Link)> {
        let state = self.lock();
        let chains = state.chains.iter().filter(|((whose, _), _)| whose == controller);
        let placed = chains.flat_map(|((_, chain), links)| {
            (1..).zip(links).map(|(number, link)| (Place { chain: *chain, number }, link.clone()))
        });
        placed.collect()
    }
}

/// The files are what a test put there: how links are written is the adapter's.
impl Memory {
    /// Puts the file of a link where [`EvidenceFiles`] finds it.
    pub fn put_link_file(&self, controller: &ControllerId, place: Place, file: Vec<u8>) {
        self.lock().link_files.insert((controller.clone(), place), file);
    }

    /// Puts the file of a checkpoint where [`EvidenceFiles`] finds it.
    pub fn put_checkpoint_file(&self, controller: &ControllerId, number: u64, file: Vec<u8>) {
        self.lock().checkpoint_files.insert((controller.clone(), number), file);
    }
}

impl EvidenceFiles for Memory {
    async fn link_file(&self, controller: &ControllerId, place: Place) -> Result<Option<Vec<u8>>, PortError> {
        Ok(self.call()?.link_files.get(&(controller.clone(), place)).cloned())
    }

    async fn header_lines(
        &self,
        controller: &ControllerId,
        from: Place,
        count: u64,
    ) -> Result<Vec<Vec<u8>>, PortError> {
        let state = self.call()?;
        let places = (from.number..from.number.saturating_add(count)).map(|number| Place { number, ..from });
        let files = places.map_while(|place| state.link_files.get(&(controller.clone(), place)));
        Ok(files.filter_map(|file| Some(file.split(|byte| *byte == b'\n').next()?.to_vec())).collect())
    }

    async fn checkpoint_file(&self, controller: &ControllerId, number: u64) -> Result<Option<Vec<u8>>, PortError> {
        Ok(self.call()?.checkpoint_files.get(&(controller.clone(), number)).cloned())
    }

    async fn last_checkpoint(&self, controller: &ControllerId) -> Result<Option<u64>, PortError> {
        let state = self.call()?;
        let numbers = state.checkpoint_files.keys().filter(|(whose, _)| whose == controller);
        Ok(numbers.map(|(_, number)| *number).max())
    }
}

impl Chain for Memory {
    async fn next(&self, controller: &ControllerId, chain: u8) -> Result<Place, PortError> {
        let state = self.call()?;
        let length = state.chains.get(&(controller.clone(), chain)).map_or(0, Vec::len);
        Ok(Place { chain, number: length as u64 + 1 })
    }

    async fn write(&self, controller: &ControllerId, place: Place, link: &Link) -> Result<bool, PortError> {
        let mut state = self.call()?;
        let links = state.chains.entry((controller.clone(), place.chain)).or_default();
        let is_next = position(place) == Some(links.len());
        if is_next {
            links.push(link.clone());
        }
        Ok(is_next)
    }

    async fn batch_at(&self, controller: &ControllerId, place: Place) -> Result<Option<BatchId>, PortError> {
        let state = self.call()?;
        let links = state.chains.get(&(controller.clone(), place.chain));
        Ok(links.zip(position(place)).and_then(|(links, at)| links.get(at)).map(|link| link.batch.clone()))
    }
}

impl Intents for Memory {
    async fn note_intent(&self, manifest: &Manifest) -> Result<(), PortError> {
        let mut state = self.call()?;
        state.intents.insert((manifest.controller.clone(), manifest.batch.clone()), manifest.clone());
        Ok(())
    }

    async fn begin_intent(&self, manifest: &Manifest) -> Result<Option<Manifest>, PortError> {
        let mut state = self.call()?;
        let place = (manifest.controller.clone(), manifest.batch.clone());
        let closed = state.certificates.get(&place).filter(|manifest| manifest.reason == DeletionReason::Erasure);
        let noted = closed.or(state.intents.get(&place)).cloned();
        if noted.is_none() {
            state.intents.insert(place, manifest.clone());
        }
        Ok(noted)
    }

    async fn open_intents(&self, controller: &ControllerId) -> Result<Vec<Manifest>, PortError> {
        let state = self.call()?;
        let intents = state.intents.iter().filter(|((whose, _), _)| whose == controller);
        Ok(intents.map(|(_, manifest)| manifest.clone()).collect())
    }

    async fn close_intent(&self, manifest: &Manifest) -> Result<(), PortError> {
        let mut state = self.call()?;
        let place = (manifest.controller.clone(), manifest.batch.clone());
        state.intents.remove(&place);
        if !manifest.results.is_empty() {
            state.certificates.entry(place).or_insert_with(|| manifest.clone());
        }
        Ok(())
    }
}
