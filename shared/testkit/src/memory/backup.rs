//! Backups of the table in memory. What lies elsewhere is in none: keys, tombstones, copies of holds, evidence, files.

use std::collections::BTreeMap;

use app::{erasure::ErasurePlan, error::PortError, records::Trigger, restore::HoldCopies};
use domain::{
    consent::ConsentEvent,
    hold::Hold,
    ids::{CaptureId, ControllerId, EventName, Purpose, RecordId, RequestId},
};
use jiff::Timestamp;

use super::{HoldPlace, Memory, Person, RecordItem, RequestItems, disclosures};

/// What the table held.
#[derive(Debug, Clone)]
pub struct Backup {
    consents: BTreeMap<Person, BTreeMap<CaptureId, ConsentEvent>>,
    requests: BTreeMap<(Person, RequestId), RequestItems>,
    plans: BTreeMap<(Person, RequestId, usize), ErasurePlan>,
    claims: BTreeMap<String, Option<Timestamp>>,
    records: BTreeMap<(Person, RecordId), RecordItem>,
    triggers: BTreeMap<(Person, EventName, Option<Purpose>), Trigger>,
    holds: BTreeMap<HoldPlace, Hold>,
    disclosures: BTreeMap<disclosures::Place, disclosures::DisclosureItem>,
}

impl Memory {
    /// Backs the table up.
    pub fn backup(&self) -> Backup {
        let state = self.lock();
        Backup {
            consents: state.consents.clone(),
            requests: state.requests.clone(),
            plans: state.plans.clone(),
            claims: state.claims.clone(),
            records: state.records.clone(),
            triggers: state.triggers.clone(),
            holds: state.holds.clone(),
            disclosures: state.disclosures.clone(),
        }
    }

    /// Puts a restored table in the place of what stands.
    pub fn restore(&self, backup: Backup) {
        let mut state = self.lock();
        state.consents = backup.consents;
        state.requests = backup.requests;
        state.plans = backup.plans;
        state.claims = backup.claims;
        state.records = backup.records;
        state.triggers = backup.triggers;
        state.holds = backup.holds;
        state.disclosures = backup.disclosures;
    }
}

impl HoldCopies for Memory {
    async fn hold_copies(&self, controller: &ControllerId) -> Result<Vec<Hold>, PortError> {
        let state = self.call()?;
        let copies = state.hold_copies.iter().filter(|((whose, ..), _)| whose == controller);
        Ok(copies.map(|(_, copy)| copy.clone()).collect())
    }
}
