//! Every port in memory. Keys and random bytes are the same in each run, so a test that fails once
//! fails always.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

mod backup;
mod breaches;
mod capture_mail;
mod challenges;
mod purge;
mod sealed;
mod signals;
mod systems;
mod tombstones;
mod walks;

pub use backup::Backup;
pub use systems::HandedOver;

use app::{
    alerts::Alert,
    announce::{FoundPage, SCOPE_SEGMENTS, Standing},
    attest,
    capture_consent::ConsentLedger,
    capture_mail::CaptureMail,
    chain::{Link, Place},
    deadlines::{Deadline, DeadlineKind, Deadlines, Urgency},
    destruction::{Condition, Deletion, Doomed, Manifest},
    erasure::{ErasurePlan, ErasurePlans},
    error::{Appended, NotTaken, PortError},
    export::{Exports, SubjectFile, csv_of},
    holds::{HOLDS_PAGE, HoldKey, HoldPage, HoldStore, WideHolds},
    keys::{ControllerKeys, DayKeys, Keys},
    mail::{Allowance, Mail, MailClaim, Mailer, SendPace, Turn},
    queues::{DeadLetters, Later, Outbox, Queue},
    records::{Content, RecordStore, TRIGGER_TIMES_MAX, Trigger},
    replan::Planning,
    request_clock::{REQUEST_SHARDS, RequestClock},
    requests::{Confided, Downloads, OfficePage, OfficeRow, RequestKey, RequestLog, StoredRequest},
    walk::Progress,
};
use domain::{
    announcement::Announcement,
    attestation::Attestation,
    consent::ConsentEvent,
    dsar::{AccountClaims, Challenge, Entry, Head, Received, RequestState},
    evidence::DeletionResult,
    hold::{Hold, ReleaseAsked},
    ids::{
        AttestationId, BatchId, BreachId, CaptureId, Category, ChangeId, ControllerId, EventName, Fingerprint, HoldId,
        Pepper, Purpose, RecordId, RequestId, SignalId, SubjectRef, TokenId,
    },
    limits::LimitKey,
    notice::NoticeChange,
    policy::Policy,
    record::{Record, System},
    sensitive::Sensitive,
    system::SystemsKey,
    token::TokenKey,
    tombstone::Tombstone,
    walk::Job,
};
use jiff::{Timestamp, civil::Date};

mod notices;

mod disclosures;
mod evidence;
mod logs;

type Person = (ControllerId, SubjectRef);

/// Whose hold, under which subject if it is one's own, by its identifier.
type HoldPlace = (ControllerId, Option<SubjectRef>, HoldId);

/// Something sealed: readable while the key stands that sealed it.
#[derive(Debug, Clone)]
struct Sealed<T> {
    key: u64,
    plain: T,
}

#[derive(Debug, Clone)]
struct RequestItems {
    received: Received,
    fingerprint: Fingerprint,
    confided: Sealed<Confided>,
    history: Vec<(Entry, Option<Sealed<Sensitive<String>>>)>,
    head: Head,
}

#[derive(Debug, Clone)]
struct RecordItem {
    record: Record,
    content: Sealed<Content>,
}

#[derive(Debug, Default)]
struct State {
    subject_keys: BTreeMap<Person, (u64, Timestamp)>,
    /// Which key of a day stands, by its number.
    day_keys: BTreeMap<(ControllerId, Category, Date), u64>,
    days: BTreeMap<(ControllerId, Category, Date), logs::DayItem>,
    keys_made: u64,
    random: u64,
    consents: BTreeMap<Person, BTreeMap<CaptureId, ConsentEvent>>,
    mail_addresses: BTreeMap<(Person, CaptureId, CaptureMail), Sealed<Sensitive<String>>>,
    requests: BTreeMap<(Person, RequestId), RequestItems>,
    challenges: BTreeMap<(Person, RequestId), Challenge>,
    codes_asked: Vec<(RequestKey, u32)>,
    tokens: BTreeMap<(ControllerId, TokenId), RequestId>,
    account_tokens: BTreeMap<(String, String), AccountClaims>,
    counts: BTreeMap<LimitKey, u32>,
    admitted: BTreeMap<LimitKey, BTreeSet<String>>,
    /// How many things a page of a breach's scope shows; none: few, so that tests meet pages.
    scope_page: Option<usize>,
    plans: BTreeMap<(Person, RequestId, usize), ErasurePlan>,
    claims: BTreeMap<String, Option<Timestamp>>,
    records: BTreeMap<(Person, RecordId), RecordItem>,
    triggers: BTreeMap<(Person, EventName, Option<Purpose>), Trigger>,
    holds: BTreeMap<HoldPlace, Hold>,
    tombstones: BTreeMap<(Person, RequestId), Tombstone>,
    hold_copies: BTreeMap<HoldPlace, Hold>,
    /// When the review of a hold was moved last.
    reviews_moved: BTreeMap<HoldPlace, Timestamp>,
    earlier_peppers: u8,
    breaches: BTreeMap<(ControllerId, BreachId), breaches::Stored>,
    notices: BTreeMap<(ControllerId, Announcement, SubjectRef), Standing>,
    changes: BTreeMap<(ControllerId, ChangeId), (NoticeChange, Fingerprint)>,
    attestations: BTreeMap<(ControllerId, AttestationId, Date), Attestation>,
    alerts: BTreeMap<(ControllerId, BreachId, u32), Alert>,
    chains: BTreeMap<(ControllerId, u8), Vec<Link>>,
    link_files: BTreeMap<(ControllerId, Place), Vec<u8>>,
    checkpoint_files: BTreeMap<(ControllerId, u64), Vec<u8>>,
    intents: BTreeMap<(ControllerId, BatchId), Manifest>,
    certificates: BTreeMap<(ControllerId, BatchId), Manifest>,
    exports: BTreeMap<String, SubjectFile>,
    exported_fields: Vec<(String, String)>,
    sent: Vec<Mail>,
    mail_service: Option<MailService>,
    queued: BTreeMap<Queue, Vec<String>>,
    buried: Vec<(String, String)>,
    objects: BTreeSet<String>,
    disclosures: BTreeMap<disclosures::Place, disclosures::DisclosureItem>,
    systems: systems::Systems,
    sealed: sealed::Sealed,
    walks: BTreeMap<(ControllerId, Job, u16), Progress>,
    purges: purge::Purges,
    plannings: BTreeMap<ControllerId, Planning>,
    signals: BTreeMap<(ControllerId, SignalId), signals::Stored>,
    calls_left: Option<usize>,
    calls: usize,
    meanwhile: Vec<Meanwhile>,
    acting: bool,
    /// Calls that nobody made in between: by these the others wait.
    steps: usize,
}

type Other = Box<dyn FnOnce(&Memory) + Send>;

/// What somebody else does right before a call.
struct Meanwhile {
    /// Before which call.
    call: usize,
    other: Other,
}

impl std::fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meanwhile").field("call", &self.call).finish_non_exhaustive()
    }
}

/// What the mail service does with a mail that it does not simply take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// It says why it does not take it.
    Refused(NotTaken),
    /// It never got it, and the sender hears nothing.
    Lost,
    /// It took it, and the sender hears nothing.
    Unsaid,
}

type Does = Box<dyn FnMut(&Mail) -> Option<Said> + Send>;

/// Asked about each mail; `None`: it takes it.
struct MailService(Does);

impl std::fmt::Debug for MailService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MailService")
    }
}

/// Every port of `app`, in memory, with what the tests want to see afterwards. A clone is another
/// hold on the same memory, as two functions share one table.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    state: Arc<Mutex<State>>,
}

fn person(controller: &ControllerId, subject: &SubjectRef) -> Person {
    (controller.clone(), subject.clone())
}

impl State {
    fn key(&mut self, person: &Person, at: Timestamp) -> u64 {
        if let Some((key, _)) = self.subject_keys.get(person) {
            return *key;
        }
        self.keys_made += 1;
        self.subject_keys.insert(person.clone(), (self.keys_made, at));
        self.keys_made
    }

    fn seal<T>(&mut self, person: &Person, at: Timestamp, plain: T) -> Sealed<T> {
        Sealed { key: self.key(person, at), plain }
    }

    fn open<T: Clone>(&self, person: &Person, sealed: &Sealed<T>) -> Option<T> {
        let (key, _) = self.subject_keys.get(person)?;
        (*key == sealed.key).then(|| sealed.plain.clone())
    }

    /// Seals under the key of a day, which is made if there is none.
    fn seal_for_day<T>(&mut self, controller: &ControllerId, category: &Category, day: Date, plain: T) -> Sealed<T> {
        let made = &mut self.keys_made;
        let key = self.day_keys.entry((controller.clone(), category.clone(), day)).or_insert_with(|| {
            *made += 1;
            *made
        });
        Sealed { key: *key, plain }
    }

    /// Opens what was sealed under the key of a day; `None` if that is gone.
    fn open_for_day<T: Clone>(
        &self,
        controller: &ControllerId,
        category: &Category,
        day: Date,
        sealed: &Sealed<T>,
    ) -> Option<T> {
        let key = self.day_keys.get(&(controller.clone(), category.clone(), day))?;
        (*key == sealed.key).then(|| sealed.plain.clone())
    }

    fn claim(&mut self, what: String) -> MailClaim {
        match self.claims.get(&what) {
            None => {
                self.claims.insert(what, None);
                MailClaim::Fresh
            }
            Some(None) => MailClaim::InDoubt,
            Some(Some(_)) => MailClaim::Sent,
        }
    }

    fn confirm(&mut self, what: &str, at: Timestamp) -> Result<(), PortError> {
        let claim = self.claims.get_mut(what).ok_or_else(|| PortError::corrupt("a claim", "it is not stored"))?;
        claim.get_or_insert(at);
        Ok(())
    }

    fn delete(&mut self, controller: &ControllerId, doomed: &Doomed, condition: Condition) -> DeletionResult {
        let key = (person(controller, &doomed.subject), doomed.record.clone());
        let of = |item: &&RecordItem| item.record.salt == doomed.salt;
        let Some(item) = self.records.get(&key).filter(of) else { return DeletionResult::Absent };
        if item.record.is_held() {
            return DeletionResult::Held;
        }
        if let Condition::DueAt(at) = condition
            && item.record.due_at.is_none_or(|due_at| due_at > at)
        {
            return DeletionResult::NotDue;
        }
        if doomed.system == System::S3 {
            // Disclosed to the store of objects, whose own name it is.
            let Some(content) = self.open(&key.0, &item.content) else { return DeletionResult::Failed };
            self.objects.remove(content.locator.disclose());
        }
        self.records.remove(&key);
        DeletionResult::Deleted
    }
}

impl Memory {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// From here on that many calls succeed; the next one fails as unavailable and does nothing, and
    /// so does each one after it until [`Memory::recover`]: a crash at that step.
    pub fn fail_after(&self, calls: usize) {
        self.lock().calls_left = Some(calls);
    }

    /// Pages of a breach's scope show so many things from here on.
    pub fn show_by_page(&self, things: usize) {
        self.lock().scope_page = Some(things);
    }

    /// Ends the failing.
    pub fn recover(&self) {
        self.lock().calls_left = None;
    }

    /// Lets somebody else act when that many more calls were made, in the middle of whatever goes on
    /// then: another function on the same table. It acts whole; several act in the order given.
    pub fn meanwhile(&self, calls: usize, other: impl FnOnce(&Self) + Send + 'static) {
        let mut state = self.lock();
        let call = state.steps + calls;
        state.meanwhile.push(Meanwhile { call, other: Box::new(other) });
    }

    /// Whether somebody is still waiting to act. It lets nobody act any more.
    pub fn nobody_else(&self) -> bool {
        let left = std::mem::take(&mut self.lock().meanwhile);
        left.is_empty()
    }

    /// How many calls were made so far.
    pub fn calls(&self) -> usize {
        self.lock().calls
    }

    /// The mails that were handed over, in order.
    pub fn sent(&self) -> Vec<Mail> {
        self.lock().sent.clone()
    }

    /// From here on the mail service does with each mail as it is told.
    pub fn mail_service(&self, does: impl FnMut(&Mail) -> Option<Said> + Send + 'static) {
        self.lock().mail_service = Some(MailService(Box::new(does)));
    }

    /// How the notices of an announcement stand, whoever fails.
    pub fn all_standings(&self, of: &Announcement) -> BTreeMap<SubjectRef, Standing> {
        let state = self.lock();
        let notices = state.notices.iter().filter(|((_, what, _), _)| what == of);
        notices.map(|((.., subject), standing)| (subject.clone(), *standing)).collect()
    }

    /// The messages in a queue, in order.
    pub fn queued(&self, queue: Queue) -> Vec<String> {
        self.lock().queued.get(&queue).cloned().unwrap_or_default()
    }

    /// The messages that were put aside, each with its reason.
    pub fn buried(&self) -> Vec<(String, String)> {
        self.lock().buried.clone()
    }

    /// The certificates that were written, by batch.
    pub fn certificates(&self) -> Vec<Manifest> {
        self.lock().certificates.values().cloned().collect()
    }

    /// The exports that stand, by object, with what is in each.
    pub fn exports(&self) -> BTreeMap<String, SubjectFile> {
        self.lock().exports.clone()
    }

    /// The fields that exports showed, in order.
    pub fn exported_fields(&self) -> Vec<(String, String)> {
        self.lock().exported_fields.clone()
    }

    /// Changes every controller's pepper: references that were made before are made no more.
    pub fn change_pepper(&self) {
        self.lock().earlier_peppers += 1;
    }

    /// Puts an object where a record of [`System::S3`] says that it is.
    pub fn put_object(&self, locator: &str) {
        self.lock().objects.insert(locator.to_owned());
    }

    /// Whether an object stands.
    pub fn has_object(&self, locator: &str) -> bool {
        self.lock().objects.contains(locator)
    }

    /// Removes a record as DynamoDB's TTL does: without condition and without evidence. Answers what
    /// the stream would show.
    pub fn expire(&self, controller: &ControllerId, subject: &SubjectRef, record: &RecordId) -> Option<Record> {
        let key = (person(controller, subject), record.clone());
        self.lock().records.remove(&key).map(|item| item.record)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who acts now, if anybody: one after the other, and nobody in the middle of another's act.
    fn next_other(&self) -> Option<Other> {
        let mut state = self.lock();
        if state.acting {
            return None;
        }
        let steps = state.steps;
        let due = state.meanwhile.iter().position(|meanwhile| meanwhile.call <= steps)?;
        state.acting = true;
        Some(state.meanwhile.remove(due).other)
    }

    fn call(&self) -> Result<MutexGuard<'_, State>, PortError> {
        while let Some(other) = self.next_other() {
            other(self);
            self.lock().acting = false;
        }
        let mut state = self.lock();
        state.calls += 1;
        state.steps += usize::from(!state.acting);
        match &mut state.calls_left {
            Some(0) => return Err(PortError::unavailable("memory", "this call was told to fail")),
            Some(calls) => *calls -= 1,
            None => {}
        }
        Ok(state)
    }
}

impl Keys for Memory {
    async fn controller(&self, controller: &ControllerId) -> Result<Arc<ControllerKeys>, PortError> {
        drop(self.call()?);
        let mut secret = [0x5a; 32];
        for (slot, byte) in secret.iter_mut().zip(controller.as_str().bytes()) {
            *slot = byte;
        }
        let pepper = |version: u8| {
            let mut secret = secret;
            // The first one is as it always was.
            secret[31] ^= version - 1;
            Pepper::new(version, &secret)
        };
        let version = self.lock().earlier_peppers + 1;
        let earlier = (1..version).map(pepper).collect();
        let pepper = pepper(version);
        secret.reverse();
        let tokens = TokenKey::new(&secret);
        secret.rotate_left(1);
        Ok(Arc::new(ControllerKeys { pepper, earlier, tokens, systems: SystemsKey::new(&secret) }))
    }

    async fn destroy_subject_key(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        made_until: Timestamp,
    ) -> Result<(), PortError> {
        let mut state = self.call()?;
        let person = person(controller, subject);
        if state.subject_keys.get(&person).is_some_and(|(_, made_at)| *made_at <= made_until) {
            state.subject_keys.remove(&person);
        }
        Ok(())
    }

    fn random(&self) -> Result<[u8; 16], PortError> {
        let mut state = self.lock();
        state.random += 1;
        Ok(u128::from(state.random).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes())
    }
}

impl DayKeys for Memory {
    async fn destroy_day_key(
        &self,
        controller: &ControllerId,
        category: &Category,
        day: Date,
    ) -> Result<(), PortError> {
        self.call()?.day_keys.remove(&(controller.clone(), category.clone(), day));
        Ok(())
    }
}

impl Mailer for Memory {
    async fn send(&self, mail: &Mail) -> Result<(), PortError> {
        let mut state = self.call()?;
        let said = state.mail_service.as_mut().and_then(|service| (service.0)(mail));
        if said != Some(Said::Lost) && !matches!(said, Some(Said::Refused(_))) {
            state.sent.push(mail.clone());
        }
        let what = "the mail service";
        match said {
            None => Ok(()),
            Some(Said::Refused(why)) => Err(PortError::NotTaken { what, why, code: None }),
            Some(Said::Lost | Said::Unsaid) => Err(PortError::unavailable(what, "nobody knows whether it went out")),
        }
    }
}

impl SendPace for Memory {
    async fn turn(&self) -> Result<Turn, PortError> {
        drop(self.call()?);
        Ok(Turn::Now)
    }

    async fn allowance(&self) -> Result<Option<Allowance>, PortError> {
        drop(self.call()?);
        Ok(None)
    }
}

impl Later for Memory {
    async fn send_later(&self, _: Queue, _: String, _: i64) -> Result<(), PortError> {
        self.call().map(drop)
    }
}

impl Outbox for Memory {
    async fn send(&self, queue: Queue, bodies: Vec<String>) -> Result<(), PortError> {
        self.call()?.queued.entry(queue).or_default().extend(bodies);
        Ok(())
    }
}

impl DeadLetters for Memory {
    async fn bury(&self, body: &str, reason: &str) -> Result<(), PortError> {
        self.call()?.buried.push((body.to_owned(), reason.to_owned()));
        Ok(())
    }
}

impl ConsentLedger for Memory {
    async fn append_consent(
        &self,
        controller: &ControllerId,
        event: &ConsentEvent,
    ) -> Result<Appended<ConsentEvent>, PortError> {
        let mut state = self.call()?;
        let consents = state.consents.entry(person(controller, &event.subject)).or_default();
        if let Some(first) = consents.get(&event.id) {
            return Ok(Appended::Existing(first.clone()));
        }
        consents.insert(event.id.clone(), event.clone());
        Ok(Appended::Fresh)
    }

    async fn consents(&self, controller: &ControllerId, subject: &SubjectRef) -> Result<Vec<ConsentEvent>, PortError> {
        let state = self.call()?;
        let consents = state.consents.get(&person(controller, subject));
        Ok(consents.map(|consents| consents.values().cloned().collect()).unwrap_or_default())
    }
}

fn request_state(items: &RequestItems) -> RequestState {
    RequestState::fold(items.received.clone(), items.history.iter().map(|(entry, _)| entry.clone()))
}

fn request_key(key: &RequestKey) -> (Person, RequestId) {
    (person(&key.controller, &key.subject), key.request.clone())
}

fn mail_claim(key: &RequestKey, what: &str) -> String {
    format!("mail {} {} {} {what}", key.controller, key.subject, key.request)
}

impl RequestLog for Memory {
    async fn receive(
        &self,
        key: &RequestKey,
        received: &Received,
        confided: &Confided,
        fingerprint: &Fingerprint,
        head: &Head,
    ) -> Result<Appended<(Received, Fingerprint)>, PortError> {
        let mut state = self.call()?;
        if let Some(first) = state.requests.get(&request_key(key)) {
            return Ok(Appended::Existing((first.received.clone(), first.fingerprint.clone())));
        }
        let person = person(&key.controller, &key.subject);
        let items = RequestItems {
            received: received.clone(),
            fingerprint: fingerprint.clone(),
            confided: state.seal(&person, received.at, confided.clone()),
            history: Vec::new(),
            head: head.clone(),
        };
        state.requests.insert(request_key(key), items);
        Ok(Appended::Fresh)
    }

    async fn append(
        &self,
        key: &RequestKey,
        number: u32,
        entry: &Entry,
        text: Option<&Sensitive<String>>,
        head: &Head,
    ) -> Result<bool, PortError> {
        let mut state = self.call()?;
        let person = person(&key.controller, &key.subject);
        let text = text.map(|text| state.seal(&person, entry.at, text.clone()));
        let missing = || PortError::corrupt("a request", "it is not stored");
        let items = state.requests.get_mut(&request_key(key)).ok_or_else(missing)?;
        if items.history.len() + 1 != number as usize {
            return Ok(false);
        }
        items.history.push((entry.clone(), text));
        items.head = head.clone();
        Ok(true)
    }

    async fn append_beside(
        &self,
        key: &RequestKey,
        number: u32,
        entry: &Entry,
        head: &Head,
        (other, version): (&RequestId, u32),
    ) -> Result<bool, PortError> {
        let other = RequestKey { request: other.clone(), ..key.clone() };
        let stands = |items: &RequestItems| items.history.len() == version as usize;
        if !self.call()?.requests.get(&request_key(&other)).is_some_and(stands) {
            return Ok(false);
        }
        self.append(key, number, entry, None, head).await
    }

    async fn set_next(&self, key: &RequestKey, version: u32, next_at: Timestamp) -> Result<bool, PortError> {
        let mut state = self.call()?;
        let missing = || PortError::corrupt("a request", "it is not stored");
        let items = state.requests.get_mut(&request_key(key)).ok_or_else(missing)?;
        if items.history.len() != version as usize || items.head.next_at.is_none() {
            return Ok(false);
        }
        items.head.next_at = Some(next_at);
        Ok(true)
    }

    async fn request(&self, key: &RequestKey) -> Result<Option<StoredRequest>, PortError> {
        let state = self.call()?;
        let person = person(&key.controller, &key.subject);
        Ok(state.requests.get(&request_key(key)).map(|items| StoredRequest {
            state: request_state(items),
            confided: state.open(&person, &items.confided).unwrap_or_default(),
            texts: (1..)
                .zip(&items.history)
                .filter_map(|(number, (_, text))| Some((number, state.open(&person, text.as_ref()?)?)))
                .collect(),
        }))
    }

    async fn locate(&self, controller: &ControllerId, request: &RequestId) -> Result<Option<SubjectRef>, PortError> {
        let state = self.call()?;
        let found = state.requests.keys().find(|((whose, _), id)| whose == controller && id == request);
        Ok(found.map(|((_, subject), _)| subject.clone()))
    }

    async fn office_list(
        &self,
        controller: &ControllerId,
        is_open: bool,
        from: Option<&str>,
        limit: usize,
    ) -> Result<OfficePage, PortError> {
        let state = self.call()?;
        let of_controller = state
            .requests
            .iter()
            .filter(|(((whose, _), _), items)| whose == controller && items.head.stage.is_open() == is_open);
        let mut rows: Vec<OfficeRow> = of_controller
            .map(|(((_, subject), request), items)| OfficeRow {
                request: request.clone(),
                subject: subject.clone(),
                head: items.head.clone(),
                version: u32::try_from(items.history.len()).unwrap_or(u32::MAX),
                received_at: items.received.at,
                place: format!("{}#{request}", items.head.due_at),
            })
            .filter(|row| from.is_none_or(|from| row.place.as_str() > from))
            .collect();
        rows.sort_by(|a, b| a.place.cmp(&b.place));
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| has_more).map(|row| row.place.clone());
        Ok(OfficePage { rows, next })
    }

    async fn requests(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
    ) -> Result<Vec<(RequestId, RequestState)>, PortError> {
        let state = self.call()?;
        let person = person(controller, subject);
        let requests = state.requests.iter().filter(|((whose, _), _)| *whose == person);
        Ok(requests.map(|((_, request), items)| (request.clone(), request_state(items))).collect())
    }

    async fn claim_mail(&self, key: &RequestKey, what: &str, _at: Timestamp) -> Result<MailClaim, PortError> {
        Ok(self.call()?.claim(mail_claim(key, what)))
    }

    async fn confirm_mail(&self, key: &RequestKey, what: &str, at: Timestamp) -> Result<(), PortError> {
        self.call()?.confirm(&mail_claim(key, what), at)
    }
}

impl ErasurePlans for Memory {
    async fn plan_erasure(
        &self,
        key: &RequestKey,
        part: usize,
        plan: &ErasurePlan,
    ) -> Result<Appended<ErasurePlan>, PortError> {
        let mut state = self.call()?;
        let (person, request) = request_key(key);
        let place = (person, request, part);
        if let Some(first) = state.plans.get(&place) {
            return Ok(Appended::Existing(first.clone()));
        }
        state.plans.insert(place, plan.clone());
        Ok(Appended::Fresh)
    }

    async fn erasure_plan(&self, key: &RequestKey, part: usize) -> Result<Option<ErasurePlan>, PortError> {
        let (person, request) = request_key(key);
        Ok(self.call()?.plans.get(&(person, request, part)).cloned())
    }
}

impl RecordStore for Memory {
    async fn insert_records(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        records: &[(Record, Content)],
    ) -> Result<Vec<Appended<Record>>, PortError> {
        let mut state = self.call()?;
        let person = person(controller, subject);
        let mut answers = Vec::new();
        for (record, content) in records {
            let place = (person.clone(), record.id.clone());
            answers.push(match state.records.get(&place) {
                Some(first) => Appended::Existing(first.record.clone()),
                None => {
                    let key = state.key(&person, record.clock.created_at);
                    let content = Sealed { key, plain: content.clone() };
                    state.records.insert(place, RecordItem { record: record.clone(), content });
                    Appended::Fresh
                }
            });
        }
        Ok(answers)
    }

    async fn records(&self, controller: &ControllerId, subject: &SubjectRef) -> Result<Vec<Record>, PortError> {
        let state = self.call()?;
        let person = person(controller, subject);
        let records = state.records.iter().filter(|((whose, _), _)| *whose == person);
        Ok(records.map(|(_, item)| item.record.clone()).collect())
    }

    async fn content(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        record: &RecordId,
    ) -> Result<Option<Content>, PortError> {
        let state = self.call()?;
        let person = person(controller, subject);
        let item = state.records.get(&(person.clone(), record.clone()));
        Ok(item.and_then(|item| state.open(&person, &item.content)))
    }

    async fn update_record(&self, controller: &ControllerId, record: &Record) -> Result<(), PortError> {
        let mut state = self.call()?;
        let place = (person(controller, &record.subject), record.id.clone());
        let conflict = || PortError::Conflict { what: "record" };
        let item = state.records.get_mut(&place).ok_or_else(conflict)?;
        if item.record.revision != record.revision {
            return Err(conflict());
        }
        item.record.clock = record.clock.clone();
        item.record.due_at = record.due_at;
        item.record.clause = record.clause.clone();
        item.record.policy = record.policy.clone();
        item.record.holds = record.holds.clone();
        item.record.revision += 1;
        Ok(())
    }

    async fn correct_record(
        &self,
        controller: &ControllerId,
        record: &Record,
        content: &Content,
    ) -> Result<(), PortError> {
        let mut state = self.call()?;
        let person = person(controller, &record.subject);
        let content = Sealed { key: state.key(&person, record.clock.created_at), plain: content.clone() };
        let conflict = || PortError::Conflict { what: "record" };
        let item = state.records.get_mut(&(person, record.id.clone())).ok_or_else(conflict)?;
        if item.record.revision != record.revision {
            return Err(conflict());
        }
        item.record.points = record.points.clone();
        item.content = content;
        item.record.revision += 1;
        Ok(())
    }

    async fn note_trigger(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        event: &EventName,
        purpose: Option<&Purpose>,
        at: Timestamp,
    ) -> Result<(), PortError> {
        let mut state = self.call()?;
        let place = (person(controller, subject), event.clone(), purpose.cloned());
        let trigger = state.triggers.entry(place).or_insert_with(|| Trigger {
            event: event.clone(),
            purpose: purpose.cloned(),
            first_at: at,
            last_at: at,
            times: BTreeSet::new(),
        });
        if trigger.times.len() < TRIGGER_TIMES_MAX {
            trigger.times.insert(at);
        }
        trigger.first_at = trigger.first_at.min(at);
        trigger.last_at = trigger.last_at.max(at);
        Ok(())
    }

    async fn triggers(&self, controller: &ControllerId, subject: &SubjectRef) -> Result<Vec<Trigger>, PortError> {
        let state = self.call()?;
        let person = person(controller, subject);
        let triggers = state.triggers.iter().filter(|((whose, ..), _)| *whose == person);
        Ok(triggers.map(|(_, trigger)| trigger.clone()).collect())
    }

    async fn holds(&self, controller: &ControllerId, subject: &SubjectRef) -> Result<Vec<Hold>, PortError> {
        let state = self.call()?;
        let holds =
            state.holds.iter().filter(|((whose, of, _), _)| whose == controller && of.as_ref() == Some(subject));
        Ok(holds.map(|(_, hold)| hold.clone()).collect())
    }
}

impl WideHolds for Memory {
    async fn wide_holds(&self, controller: &ControllerId) -> Result<Vec<Hold>, PortError> {
        let state = self.call()?;
        let holds = state.holds.iter().filter(|((whose, of, _), _)| whose == controller && of.is_none());
        Ok(holds.map(|(_, hold)| hold.clone()).collect())
    }
}

fn hold_place(controller: &ControllerId, key: &HoldKey) -> HoldPlace {
    (controller.clone(), key.subject.clone(), key.id.clone())
}

impl HoldStore for Memory {
    async fn place_hold(&self, controller: &ControllerId, hold: &Hold) -> Result<Appended<Hold>, PortError> {
        let mut state = self.call()?;
        let place = hold_place(controller, &HoldKey::from(hold));
        state.hold_copies.entry(place.clone()).or_insert_with(|| hold.clone());
        if let Some(first) = state.holds.get(&place) {
            return Ok(Appended::Existing(first.clone()));
        }
        state.holds.insert(place, hold.clone());
        Ok(Appended::Fresh)
    }

    async fn hold(&self, controller: &ControllerId, key: &HoldKey) -> Result<Option<Hold>, PortError> {
        Ok(self.call()?.holds.get(&hold_place(controller, key)).cloned())
    }

    async fn note_bound(
        &self,
        controller: &ControllerId,
        id: &HoldId,
        at: Timestamp,
    ) -> Result<Option<Hold>, PortError> {
        let mut state = self.call()?;
        Ok(state.holds.get_mut(&hold_place(controller, &HoldKey::wide(id))).map(|hold| {
            hold.bound_at.get_or_insert(at);
            hold.clone()
        }))
    }

    async fn ask_release(
        &self,
        controller: &ControllerId,
        key: &HoldKey,
        by: &str,
        at: Timestamp,
    ) -> Result<Option<Hold>, PortError> {
        let mut state = self.call()?;
        Ok(state.holds.get_mut(&hold_place(controller, key)).map(|hold| {
            hold.release_asked.get_or_insert_with(|| ReleaseAsked { by: by.to_owned(), at });
            hold.clone()
        }))
    }

    async fn withdraw_release(
        &self,
        controller: &ControllerId,
        key: &HoldKey,
        _by: &str,
        _at: Timestamp,
    ) -> Result<Option<Hold>, PortError> {
        let mut state = self.call()?;
        Ok(state.holds.get_mut(&hold_place(controller, key)).map(|hold| {
            hold.release_asked = hold.release_asked.take().filter(|_| hold.released_at.is_some());
            hold.clone()
        }))
    }

    async fn move_review(
        &self,
        controller: &ControllerId,
        key: &HoldKey,
        review_at: Timestamp,
        _by: &str,
        at: Timestamp,
    ) -> Result<Option<Hold>, PortError> {
        let mut state = self.call()?;
        let place = hold_place(controller, key);
        if !state.holds.get(&place).is_some_and(Hold::is_open) {
            return Ok(state.holds.get(&place).cloned());
        }
        let last = *state.reviews_moved.get(&place).unwrap_or(&Timestamp::MIN);
        if last > at {
            return Ok(state.holds.get(&place).cloned());
        }
        state.reviews_moved.insert(place.clone(), at);
        let moved = state.holds.get_mut(&place).map(|hold| {
            hold.review_at = review_at;
            hold.clone()
        });
        if let Some(copy) = state.hold_copies.get_mut(&place) {
            copy.review_at = review_at;
        }
        Ok(moved)
    }

    async fn release_hold(
        &self,
        controller: &ControllerId,
        key: &HoldKey,
        _by: &str,
        at: Timestamp,
    ) -> Result<Option<Hold>, PortError> {
        let mut state = self.call()?;
        let place = hold_place(controller, key);
        let released = state.holds.get_mut(&place).map(|hold| {
            hold.released_at.get_or_insert(at);
            hold.clone()
        });
        if let (Some(released), Some(copy)) = (&released, state.hold_copies.get_mut(&place)) {
            copy.released_at = released.released_at;
        }
        Ok(released)
    }

    async fn open_holds(&self, controller: &ControllerId, from: Option<&str>) -> Result<HoldPage, PortError> {
        let state = self.call()?;
        let open = state.holds.iter().filter(|((whose, ..), hold)| whose == controller && hold.is_open());
        let mut holds: Vec<Hold> = open.map(|(_, hold)| hold.clone()).collect();
        holds.sort_by(|a, b| a.id.cmp(&b.id));
        holds.retain(|hold| from.is_none_or(|from| hold.id.as_str() > from));
        let more = holds.len() > HOLDS_PAGE;
        holds.truncate(HOLDS_PAGE);
        let next = holds.last().filter(|_| more).map(|hold| hold.id.to_string());
        Ok(HoldPage { holds, next })
    }
}

impl Deletion for Memory {
    async fn delete_records(
        &self,
        controller: &ControllerId,
        records: &[Doomed],
        condition: Condition,
    ) -> Result<Vec<DeletionResult>, PortError> {
        let mut state = self.call()?;
        Ok(records.iter().map(|doomed| state.delete(controller, doomed, condition)).collect())
    }

    async fn stand(&self, controller: &ControllerId, records: &[Doomed]) -> Result<Vec<bool>, PortError> {
        let state = self.call()?;
        let stands = |doomed: &Doomed| {
            let found = state.records.get(&(person(controller, &doomed.subject), doomed.record.clone()));
            found.is_some_and(|item| item.record.salt == doomed.salt)
        };
        Ok(records.iter().map(stands).collect())
    }
}

fn warning_claim(deadline: &Deadline, urgency: Urgency) -> String {
    format!("warning {} {} {} {}", deadline.controller, deadline.kind.as_str(), deadline.id, urgency.as_str())
}

impl RequestClock for Memory {
    async fn due_requests(
        &self,
        shard: u8,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<(RequestKey, Timestamp)>, PortError> {
        let state = self.call()?;
        let dated = state.requests.iter().filter_map(|(place, items)| Some((place, items.head.next_at?)));
        let of_shard = dated.filter(|(((_, subject), _), _)| subject.shard(REQUEST_SHARDS) == shard);
        let mut due: Vec<_> = of_shard
            .filter(|(_, next_at)| *next_at <= until)
            .map(|(((controller, subject), request), next_at)| {
                let (controller, subject) = (controller.clone(), subject.clone());
                (RequestKey { controller, subject, request: request.clone() }, next_at)
            })
            .collect();
        due.sort_by_key(|(_, next_at)| *next_at);
        due.truncate(limit);
        Ok(due)
    }

    async fn state(&self, key: &RequestKey) -> Result<Option<RequestState>, PortError> {
        Ok(self.call()?.requests.get(&request_key(key)).map(request_state))
    }
}

impl Deadlines for Memory {
    async fn deadlines(&self, shard: u8, before: Timestamp, limit: usize) -> Result<Vec<Deadline>, PortError> {
        let state = self.call()?;
        let attested = state.attested().into_iter().filter(|_| shard == 1);
        let renewals = attested.map(|((controller, id), valid_until)| Deadline {
            controller,
            kind: DeadlineKind::Attestation,
            id: attest::deadline_id(&id, valid_until),
            due_at: valid_until,
        });
        let held = state.holds.iter().filter(|(_, hold)| shard == 1 && hold.is_open());
        let reviews = held.map(|((controller, ..), hold)| Deadline {
            controller: controller.clone(),
            kind: DeadlineKind::Hold,
            id: hold.name(),
            due_at: hold.review_at,
        });
        let open = renewals.chain(reviews);
        let mut deadlines: Vec<_> = open.filter(|deadline| deadline.due_at < before).collect();
        deadlines.sort_by_key(|deadline| deadline.due_at);
        deadlines.truncate(limit);
        Ok(deadlines)
    }

    async fn claim_warning(
        &self,
        deadline: &Deadline,
        urgency: Urgency,
        _at: Timestamp,
    ) -> Result<MailClaim, PortError> {
        Ok(self.call()?.claim(warning_claim(deadline, urgency)))
    }

    async fn confirm_warning(&self, deadline: &Deadline, urgency: Urgency, at: Timestamp) -> Result<(), PortError> {
        self.call()?.confirm(&warning_claim(deadline, urgency), at)
    }
}

/// Records that one page of a scope looks at: few, so that tests meet pages.
const SCOPE_PAGE: usize = 3;

/// One page of one segment: of what is looked at, in order of place, the subjects that count.
fn found<'a>(
    looked_at: impl Iterator<Item = (String, &'a SubjectRef, bool)>,
    segment: u16,
    from: Option<&str>,
) -> FoundPage {
    let segments = u8::try_from(SCOPE_SEGMENTS).unwrap_or(u8::MAX);
    let mut ahead: Vec<_> = looked_at
        .filter(|(place, subject, _)| {
            u16::from(subject.shard(segments)) == segment && from.is_none_or(|from| place.as_str() > from)
        })
        .collect();
    ahead.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    ahead.truncate(SCOPE_PAGE);
    let next = ahead.get(SCOPE_PAGE - 1).map(|(place, ..)| place.clone());
    let counting = ahead.into_iter().filter(|(.., counts)| *counts);
    FoundPage { subjects: counting.map(|(_, subject, _)| subject.clone()).collect(), next }
}

impl Exports for Memory {
    async fn store_export(&self, _policy: &Policy, key: &RequestKey, file: &SubjectFile) -> Result<String, PortError> {
        let object = format!("exports/v1/{}/{}.json", key.controller, key.request);
        let mut state = self.call()?;
        state.exports.insert(object.clone(), file.clone());
        state.exports.insert(csv_of(&object), file.clone());
        let contents = file.records.iter().filter_map(|(_, content)| content.as_ref());
        // Disclosed to the test that looks at what left.
        let fields = contents.flat_map(|content| &content.fields);
        state.exported_fields.extend(fields.map(|(field, value)| (field.to_string(), value.disclose().clone())));
        Ok(object)
    }

    async fn drop_export(&self, object: &str) -> Result<(), PortError> {
        let mut state = self.call()?;
        state.exports.remove(&csv_of(object));
        state.exports.remove(object);
        Ok(())
    }
}

impl Downloads for Memory {
    async fn presign_export(&self, object: &str) -> Result<String, PortError> {
        drop(self.call()?);
        Ok(format!("https://exports.example/{object}?for=5m"))
    }
}
