//! Corrections of what is stored (GDPR Art. 16), once the office has approved them.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    dsar::Exception,
    ids::{Field, PointHash},
    policy::Policy,
    sensitive::Sensitive,
};
use jiff::Timestamp;

use crate::{
    erasure::excepted,
    error::PortError,
    export,
    keys::Keys,
    records::RecordStore,
    requests::RequestKey,
    tombstones::{self, Tombstones},
};

/// Writes the corrected values, which were given with the request, into every record of the person that holds such a
/// field, but for what the office excepts; answers the fields that were corrected. Doing it again changes nothing.
///
/// What an erasure that came after the request reaches is on its way out: nothing is written into it any more.
///
/// # Errors
/// [`PortError`]; what was corrected until then stays so.
pub async fn correct<P: RecordStore + Tombstones + Keys>(
    policy: &Policy,
    ports: &P,
    (key, received_at): (&RequestKey, Timestamp),
    corrections: &BTreeMap<Field, Sensitive<String>>,
    except: &[Exception],
    at: Timestamp,
) -> Result<Vec<Field>, PortError> {
    let mut corrected = BTreeSet::new();
    if corrections.is_empty() {
        return Ok(Vec::new());
    }
    let keys = ports.controller(&key.controller).await?;
    let mut erasures = ports.tombstones(&key.controller, &key.subject).await?;
    erasures.retain(|tombstone| received_at <= tombstone.erased_until);
    for mut record in export::live_records(ports, key, at).await? {
        let rule = policy.retention_of(&record.category, &record.purpose);
        let is_erased = !record.is_held() && tombstones::erases(policy, rule, &record, &erasures);
        if is_erased || excepted(except, &record).is_some() {
            continue;
        }
        let Some(mut content) = ports.content(&key.controller, &key.subject, &record.id).await? else { continue };
        let held: Vec<Field> =
            corrections.keys().filter(|field| content.fields.contains_key(*field)).cloned().collect();
        if held.is_empty() {
            continue;
        }
        for field in held {
            let Some(value) = corrections.get(&field) else { continue };
            if let Some(old) = content.fields.insert(field.clone(), value.clone()) {
                // Disclosed to the keyed hash only: what verifies the person goes with the value.
                let old: PointHash = keys.pepper.point(&field, old.disclose());
                record.points.retain(|point| *point != old);
                record.points.push(keys.pepper.point(&field, value.disclose()));
            }
            corrected.insert(field);
        }
        ports.correct_record(&key.controller, &record, &content).await?;
    }
    Ok(corrected.into_iter().collect())
}
