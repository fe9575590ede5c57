//! Checkpoints over chains of evidence, and counts of records, in memory.

use std::collections::BTreeMap;

use app::{
    chain::{Link, Place},
    error::PortError,
    seal::{Checkpoint, Seals, SeenCheckpoint, SeenLink},
    stored_counts::StoredCounts,
};
use domain::{
    evidence::merkle::{self, Hash, NOTHING},
    ids::ControllerId,
    record::System,
};

use super::Memory;

/// What stands in memory.
#[derive(Debug, Default)]
pub(super) struct Sealed {
    checkpoints: BTreeMap<ControllerId, Vec<(Checkpoint, Hash)>>,
    stored: BTreeMap<(ControllerId, System), i64>,
}

/// A link as a checkpoint sees it. The hash of nothing but what memory holds stands for the hash of a header.
fn seen(links: &[Link]) -> Vec<SeenLink> {
    let mut previous = NOTHING;
    let see = |link: &Link| {
        let hash = merkle::sha256(format!("{previous:?} {link:?}").as_bytes());
        let seen = SeenLink { hash, previous, is_whole: true };
        previous = hash;
        seen
    };
    links.iter().map(see).collect()
}

impl Seals for Memory {
    async fn newest_link(&self, controller: &ControllerId, chain: u8) -> Result<Option<u64>, PortError> {
        let state = self.call()?;
        let links = state.chains.get(&(controller.clone(), chain));
        Ok(links.map(|links| links.len() as u64).filter(|newest| *newest > 0))
    }

    async fn links(
        &self,
        controller: &ControllerId,
        from: Place,
        count: u64,
    ) -> Result<Vec<Option<SeenLink>>, PortError> {
        let state = self.call()?;
        let links = seen(state.chains.get(&(controller.clone(), from.chain)).map_or(&[], Vec::as_slice));
        let at = |number: u64| links.get(usize::try_from(number.checked_sub(1)?).ok()?).cloned();
        Ok((from.number..from.number + count).map(at).collect())
    }

    async fn last_checkpoint(&self, controller: &ControllerId) -> Result<Option<SeenCheckpoint>, PortError> {
        let state = self.call()?;
        let last = state.sealed.checkpoints.get(controller).and_then(|checkpoints| checkpoints.last());
        Ok(last.map(|(checkpoint, hash)| SeenCheckpoint::Sealed { checkpoint: checkpoint.clone(), hash: *hash }))
    }

    async fn put_checkpoint(&self, controller: &ControllerId, checkpoint: &Checkpoint) -> Result<bool, PortError> {
        let mut state = self.call()?;
        let checkpoints = state.sealed.checkpoints.entry(controller.clone()).or_default();
        if checkpoints.iter().any(|(stands, _)| stands.number == checkpoint.number) {
            return Ok(false);
        }
        let hash = merkle::sha256(format!("{checkpoint:?}").as_bytes());
        checkpoints.push((checkpoint.clone(), hash));
        Ok(true)
    }
}

impl StoredCounts for Memory {
    async fn add_stored(&self, controller: &ControllerId, system: &System, by: i64) -> Result<(), PortError> {
        *self.call()?.sealed.stored.entry((controller.clone(), system.clone())).or_default() += by;
        Ok(())
    }

    async fn stored(&self, controller: &ControllerId) -> Result<BTreeMap<System, i64>, PortError> {
        let state = self.call()?;
        let of = state.sealed.stored.iter().filter(|((of, _), _)| of == controller);
        Ok(of.map(|((_, system), count)| (system.clone(), *count)).collect())
    }
}
