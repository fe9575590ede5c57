//! Erasures: planned in parts, deleted under evidence, told item by item.

use domain::{
    dsar::{Exception, Item, ItemResult},
    evidence::{DeletionReason, DeletionResult},
    hold::Hold,
    ids::Purpose,
    policy::{Clause, ErasureExemption, Policy, RetentionRule},
    record::Record,
    tombstone::Tombstone,
};
use jiff::Timestamp;

use crate::{
    destruction::{self, Condition, Deletion, Doomed, EvidenceStore},
    error::{Appended, PortError},
    keys::Keys,
    records::RecordStore,
    requests::RequestKey,
    tombstones::Tombstones,
};

/// One part of an erasure as it was planned, so that a retry after a crash tells the person of what
/// the first attempt erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasurePlan {
    /// What is to be deleted, at most [`ERASURE_PART_RECORDS`].
    pub doomed: Vec<Doomed>,
}

/// How many records one part of an erasure holds: its plan is one item of the table.
pub const ERASURE_PART_RECORDS: usize = 200;

/// The port to erasure plans.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait ErasurePlans {
    /// Writes a part's plan unless one stands. MUST be durable before it returns.
    async fn plan_erasure(
        &self,
        key: &RequestKey,
        part: usize,
        plan: &ErasurePlan,
    ) -> Result<Appended<ErasurePlan>, PortError>;

    /// Reads a part's plan.
    async fn erasure_plan(&self, key: &RequestKey, part: usize) -> Result<Option<ErasurePlan>, PortError>;
}

crate::ports! {
    /// Everything that an erasure needs.
    pub trait Eraser = ErasurePlans + RecordStore + Tombstones + EvidenceStore + Deletion + Keys;
}

/// Erases what is kept for the purposes that were named, or everything if none was (`identance.1-c`), but
/// for what the office excepts.
///
/// # Errors
/// [`PortError`]; what was planned until then is erased by the next attempt.
pub(crate) async fn erase<P: Eraser>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    (purposes, except): (&[Purpose], &[Exception]),
    at: Timestamp,
) -> Result<Vec<Item>, PortError> {
    // Before anything is deleted or even looked for: what comes in while this runs meets it, and a restore of tomorrow
    // finds it, whatever becomes of this attempt.
    let tombstone = Tombstone {
        subject: key.subject.clone(),
        request: key.request.clone(),
        purposes: purposes.iter().cloned().collect(),
        except: except.to_vec(),
        at,
        erased_until: at,
    };
    ports.bury_subject(&key.controller, &tombstone).await?;
    let mut items = Vec::new();
    let mut kept_back = 0;
    for part in 0.. {
        let plan = match ports.erasure_plan(key, part).await? {
            Some(plan) => plan,
            None => {
                let (kept, mut doomed) = sort_out(policy, ports, key, (purposes, except), at).await?;
                if doomed.is_empty() {
                    items.extend(kept);
                    break;
                }
                doomed.truncate(ERASURE_PART_RECORDS);
                let plan = ErasurePlan { doomed };
                match ports.plan_erasure(key, part, &plan).await? {
                    Appended::Fresh => plan,
                    Appended::Existing(first) => first,
                }
            }
        };
        let erased = erase_part(ports, key, at, plan).await?;
        kept_back = if erased.is_empty() { kept_back + 1 } else { 0 };
        if kept_back > 1 {
            // No hold covers these, and one that is being put on records like them keeps them for the moment: while
            // it does, nobody looks at when each was made. Soon it has marked its own.
            return Err(PortError::unavailable("deletion", "a hold is being put on records of this category"));
        }
        items.extend(erased);
    }
    items.sort_by(|a, b| (&a.category, &a.record).cmp(&(&b.category, &b.record)));
    // What a hold kept from one part may be in another as well, and went once.
    items.dedup_by(|a, b| (&a.category, &a.record) == (&b.category, &b.record));
    Ok(items)
}

/// Which records stay, and why, and which go.
async fn sort_out<P: Eraser>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    (purposes, except): (&[Purpose], &[Exception]),
    at: Timestamp,
) -> Result<(Vec<Item>, Vec<Doomed>), PortError> {
    let (mut kept, mut doomed) = (Vec::new(), Vec::new());
    // A wide hold keeps what it covers from its placing on, before its mark is on every record.
    let mut wide = ports.wide_holds(&key.controller).await?;
    wide.retain(Hold::is_open);
    for record in ports.records(&key.controller, &key.subject).await? {
        if !purposes.is_empty() && !purposes.contains(&record.purpose) {
            continue;
        }
        let rule = policy.retention_of(&record.category, &record.purpose);
        let exemption = exemption(policy, rule, &record).filter(|_| !record.is_expired(at));
        let result = if record.is_held() || wide.iter().any(|hold| hold.scope.covers(&record)) {
            ItemResult::Held
        } else if let Some(excepted) = excepted(except, &record) {
            ItemResult::Kept {
                reason: excepted.ground.as_str().to_owned(),
                article: excepted.ground.article().to_owned(),
                clause: Clause::new(BY_OFFICE),
            }
        } else if let Some(exemption) = exemption {
            ItemResult::Kept { reason: exemption.reason, article: exemption.article, clause: exemption.clause }
        } else {
            doomed.push(Doomed::from(&record));
            continue;
        };
        kept.push(Item { category: record.category, purpose: record.purpose, record: record.id, result });
    }
    Ok((kept, doomed))
}

/// In place of a clause, where the office and not the policy keeps an item.
const BY_OFFICE: &str = "office";

/// What the office decided to keep of this kind.
pub(crate) fn excepted<'a>(except: &'a [Exception], record: &Record) -> Option<&'a Exception> {
    except.iter().find(|exception| exception.keeps(&record.category, &record.purpose))
}

/// Why an erasure does not reach a record now. Where a rule switches, its exemption is that of the second
/// period: nobody keeps the address of a visitor who never wrote for the sake of a chat (`stationdb.4-i`,
/// `stationdb.4-k`).
pub(crate) fn exemption(policy: &Policy, rule: Option<&RetentionRule>, record: &Record) -> Option<ErasureExemption> {
    let rule = rule?;
    let switched = || record.clock.switched_at(rule, &policy.time_zone).ok().flatten().is_some();
    rule.exemption.clone().filter(|_| rule.switch.is_none() || switched())
}

async fn erase_part<P: Eraser>(
    ports: &P,
    key: &RequestKey,
    at: Timestamp,
    plan: ErasurePlan,
) -> Result<Vec<Item>, PortError> {
    let manifest =
        destruction::destroy(ports, &key.controller, DeletionReason::Erasure, at, plan.doomed, Condition::Asked)
            .await?;
    let mut items = Vec::new();
    for (position, (record, result)) in manifest.records.iter().zip(&manifest.results).enumerate() {
        let result = match result {
            // Absent: an earlier attempt of this very plan deleted it, under the same evidence.
            DeletionResult::Deleted | DeletionResult::Absent => {
                ItemResult::Erased { evidence: manifest.evidence_id(position) }
            }
            // A hold came in between; the next part finds it standing and reports it.
            DeletionResult::Held => continue,
            DeletionResult::NotDue | DeletionResult::Failed => {
                return Err(PortError::unavailable("deletion", "a record could not be deleted"));
            }
        };
        items.push(Item {
            category: record.category.clone(),
            purpose: record.purpose.clone(),
            record: record.record.clone(),
            result,
        });
    }
    Ok(items)
}
