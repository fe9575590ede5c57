//! A person's own certificate of an erasure: what was erased, and where the evidence of it lies.

use std::collections::BTreeMap;

use domain::{
    dsar::{ActingAs, Item, ItemResult, Outcome, RequestState},
    evidence::parse_leaf_place,
    ids::ControllerId,
};

use crate::{chain::Place, destruction::Doomed, erasure::ErasurePlans, error::PortError, requests::RequestKey};

/// For how long the mailed link opens a certificate: what was erased is signed within a day, and people read mails late.
pub const CERTIFICATE_HOURS: i64 = 24 * 90;

/// The port to evidence as it lies in files.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait EvidenceFiles {
    /// The file of a link; `None` if there is none.
    async fn link_file(&self, controller: &ControllerId, place: Place) -> Result<Option<Vec<u8>>, PortError>;

    /// The first lines of at most `count` links from a place on, in order, as far as the chain goes.
    async fn header_lines(&self, controller: &ControllerId, from: Place, count: u64)
    -> Result<Vec<Vec<u8>>, PortError>;

    /// The file of a checkpoint; `None` if there is none.
    async fn checkpoint_file(&self, controller: &ControllerId, number: u64) -> Result<Option<Vec<u8>>, PortError>;

    /// The number of the last checkpoint; `None` before the first.
    async fn last_checkpoint(&self, controller: &ControllerId) -> Result<Option<u64>, PortError>;
}

/// What a certificate of a request is about: the items of its outcome, if it erased any. A guardian gets none: whether
/// they are one is not verified, and they learn that it was done, not what there was.
pub fn certifies(state: &RequestState) -> Option<&[Item]> {
    let by_guardian = state.received.acting.as_ref().is_some_and(|acting| acting.role == ActingAs::Guardian);
    match &state.decided {
        Some((_, Outcome::Erased(items))) if !by_guardian && items.iter().any(is_erased) => Some(items),
        _ => None,
    }
}

/// Whether an item is gone.
pub(crate) const fn is_erased(item: &Item) -> bool {
    matches!(item.result, ItemResult::Erased { .. })
}

/// What a request erased, by where the intent of it stands. The plans have the salts that open the evidence.
///
/// # Errors
/// [`PortError`].
pub async fn erased_by<P: ErasurePlans>(
    ports: &P,
    key: &RequestKey,
    items: &[Item],
) -> Result<BTreeMap<Place, Vec<Doomed>>, PortError> {
    let mut places = BTreeMap::new();
    for item in items {
        // Evidence of before there were chains names no place in one.
        if let ItemResult::Erased { evidence } = &item.result
            && let Some((chain, number, _)) = parse_leaf_place(evidence)
        {
            places.insert(&item.record, Place { chain, number });
        }
    }
    let mut erased: BTreeMap<Place, Vec<Doomed>> = BTreeMap::new();
    if places.is_empty() {
        return Ok(erased);
    }
    for part in 0.. {
        let Some(plan) = ports.erasure_plan(key, part).await? else { break };
        for doomed in plan.doomed {
            if let Some(place) = places.get(&doomed.record) {
                erased.entry(*place).or_default().push(doomed);
            }
        }
    }
    Ok(erased)
}
