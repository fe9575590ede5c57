//! A subject's file: everything about one person, for them to read and to take along (GDPR Art. 15,
//! 20; Cal. Civ. Code § 1798.110), and the answer to a question about the policy itself.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    consent::ConsentEvent,
    disclosure::Disclosure,
    dsar::{self, Exception, Instructions, Outcome, RequestState, RequestType},
    ids::{Category, ControllerId, Field, Purpose, Recipient, RequestId, SubjectRef, SystemId},
    policy::{Clause, Country, Policy},
    record::Record,
    sensitive::Sensitive,
};
use jiff::{Timestamp, ToSpan};

use crate::{
    capture_consent::ConsentLedger,
    disclose::DisclosureLog,
    erasure::excepted,
    error::PortError,
    records::{self, Content, RecordStore},
    requests::{RequestKey, RequestLog, StoredRequest},
    systems::{self, SystemData},
};

/// How long an export can be fetched.
pub const EXPORT_HOURS: i64 = 24 * 7;

/// What an export says of a field that its category withholds: that it is kept, and no more.
pub const WITHHELD: &str = "kept; not shown, to keep it safe";

/// A disclosure of the subject's data, as they read it (GDPR Art. 15(1)(c)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisclosureLine {
    /// Its number in the disclosure log, by which a recipient knows it.
    pub id: String,
    /// To whom.
    pub recipient: Recipient,
    /// What.
    pub categories: BTreeSet<Category>,
    /// What for.
    pub purpose: Purpose,
    /// Where it went.
    pub countries: BTreeSet<Country>,
    /// When.
    pub at: Timestamp,
    /// The clause that allows it.
    pub clause: Clause,
}

/// Instructions for after death that were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenInstructions {
    /// By which request.
    pub request: RequestId,
    /// When.
    pub at: Timestamp,
    /// What they say.
    pub instructions: Instructions,
    /// Whether no later request replaced or revoked them.
    pub in_force: bool,
}

/// Everything about one person that one request asks for, for them to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectFile {
    /// When it was drawn up.
    pub at: Timestamp,
    /// What was asked for: it decides what the file holds.
    pub asked_for: RequestType,
    /// Their consents.
    pub consents: Vec<ConsentEvent>,
    /// Their requests.
    pub requests: Vec<(RequestId, RequestState)>,
    /// Their records that have not expired, with what is in them.
    pub records: Vec<(Record, Option<Content>)>,
    /// What is held, by category and purpose: the names of the fields without any value.
    pub held: BTreeMap<(Category, Purpose), BTreeSet<Field>>,
    /// To whom their data was disclosed.
    pub disclosures: Vec<DisclosureLine>,
    /// Their instructions for after death.
    pub instructions: Vec<GivenInstructions>,
    /// What the controller's own systems handed over: the text of a JSON object each.
    pub systems: BTreeMap<SystemId, Sensitive<String>>,
}

impl SubjectFile {
    /// A file with nothing in it yet.
    pub const fn new(asked_for: RequestType, at: Timestamp) -> Self {
        Self {
            at,
            asked_for,
            consents: Vec::new(),
            requests: Vec::new(),
            records: Vec::new(),
            held: BTreeMap::new(),
            disclosures: Vec::new(),
            instructions: Vec::new(),
            systems: BTreeMap::new(),
        }
    }
}

/// The port to exports.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait Exports {
    /// Stores a file for its subject and answers the object's key. Storing it again replaces it.
    ///
    /// MUST store it as JSON under that key, which ends in `.json`, and as CSV under the key that
    /// [`csv_of`] makes of it.
    async fn store_export(&self, policy: &Policy, key: &RequestKey, file: &SubjectFile) -> Result<String, PortError>;

    /// Takes a file away, as JSON and as CSV. MUST succeed if there is none.
    async fn drop_export(&self, object: &str) -> Result<(), PortError>;
}

/// The key of an export's CSV beside its JSON.
pub fn csv_of(object: &str) -> String {
    format!("{}.csv", object.strip_suffix(".json").unwrap_or(object))
}

/// Every disclosure of a subject's data that the log holds: what an access shows and what recipients
/// are told of. The one place where requests read the disclosure log.
///
/// # Errors
/// [`PortError`].
pub async fn disclosures_of_subject<P: DisclosureLog>(
    ports: &P,
    controller: &ControllerId,
    subject: &SubjectRef,
) -> Result<Vec<DisclosureLine>, PortError> {
    let logged = ports.disclosures(controller, subject).await?;
    Ok(logged.into_iter().map(|logged| DisclosureLine::from(logged.disclosure)).collect())
}

impl From<Disclosure> for DisclosureLine {
    fn from(logged: Disclosure) -> Self {
        Self {
            id: logged.id.to_string(),
            recipient: logged.recipient,
            categories: logged.categories,
            purpose: logged.purpose,
            countries: logged.countries,
            at: logged.occurred_at,
            clause: logged.clause,
        }
    }
}

/// The records of a subject that have not expired at that time: what has is gone for everybody, deleted already
/// or not.
///
/// # Errors
/// [`PortError`].
pub async fn live_records<P: RecordStore>(
    ports: &P,
    key: &RequestKey,
    at: Timestamp,
) -> Result<Vec<Record>, PortError> {
    let mut records = ports.records(&key.controller, &key.subject).await?;
    records.retain(|record| !record.is_expired(at));
    Ok(records)
}

/// Draws up and stores what a request asks for, but for what the office excepts.
///
/// # Errors
/// [`PortError`].
pub async fn export<P: RequestLog + ConsentLedger + RecordStore + DisclosureLog + Exports + SystemData>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    stored: &StoredRequest,
    except: &[Exception],
    at: Timestamp,
) -> Result<Outcome, PortError> {
    let asked_for = stored.state.answered_as();
    let mut file = SubjectFile::new(asked_for, at);
    // A question about the policy is answered from the policy: its file holds nothing about anybody.
    if asked_for != RequestType::Information {
        file.disclosures = disclosures_of_subject(ports, &key.controller, &key.subject).await?;
        // What ended while they waited for their copy was held for it.
        let as_of = stored.known_at();
        add_records(policy, ports, key, (except, as_of.min(at)), &mut file).await?;
        file.systems = systems::delivered(ports, key, &stored.state).await?;
    }
    if matches!(asked_for, RequestType::Access | RequestType::KnowPieces | RequestType::Portability) {
        file.consents = ports.consents(&key.controller, &key.subject).await?;
        file.requests = ports.requests(&key.controller, &key.subject).await?;
        file.instructions = instructions(ports, key, &file.requests, at).await?;
    }
    let object = ports.store_export(policy, key, &file).await?;
    let until = at.saturating_add(EXPORT_HOURS.hours()).unwrap_or(Timestamp::MAX);
    Ok(Outcome::Exported { object, until })
}

async fn add_records<P: RecordStore>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    (except, as_of): (&[Exception], Timestamp),
    file: &mut SubjectFile,
) -> Result<(), PortError> {
    for record in live_records(ports, key, as_of).await? {
        if excepted(except, &record).is_some() {
            continue;
        }
        if file.asked_for == RequestType::Portability && !records::is_portable(policy, &record) {
            continue;
        }
        let mut content = ports.content(&key.controller, &key.subject, &record.id).await?;
        let held = file.held.entry((record.category.clone(), record.purpose.clone())).or_default();
        held.extend(content.iter().flat_map(|content| content.fields.keys().cloned()));
        // Which categories are held is asked for without what is in them (11 CCR 7024(k)).
        if file.asked_for == RequestType::KnowCategories {
            continue;
        }
        if let (Some(content), Some(category)) = (&mut content, policy.categories.get(&record.category)) {
            for (field, value) in &mut content.fields {
                if category.withheld.contains(field) {
                    *value = Sensitive::new(WITHHELD.to_owned());
                }
            }
        }
        file.records.push((record, content));
    }
    Ok(())
}

/// The instructions for after death that the subject gave, the latest last.
async fn instructions<P: RequestLog>(
    ports: &P,
    key: &RequestKey,
    requests: &[(RequestId, RequestState)],
    at: Timestamp,
) -> Result<Vec<GivenInstructions>, PortError> {
    let in_force = dsar::instructions_in_force(requests, at);
    let mut given = Vec::new();
    let by_them =
        |state: &RequestState| state.received.request == RequestType::PostMortem && state.received.following.is_none();
    for (id, state) in requests.iter().filter(|(_, state)| by_them(state)) {
        let stored = ports.request(&RequestKey { request: id.clone(), ..key.clone() }).await?;
        if let Some(instructions) = stored.and_then(|stored| stored.confided.instructions) {
            let in_force = in_force == Some(id);
            given.push(GivenInstructions { request: id.clone(), at: state.received.at, instructions, in_force });
        }
    }
    given.sort_by_key(|given| given.at);
    Ok(given)
}
