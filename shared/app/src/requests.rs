//! The log of requests: the port, and the reading of one request's status.

use std::collections::BTreeMap;

use domain::{
    dsar::{
        self, Act, ActKind, Actor, Entry, Head, Instructions, Proof, Received, RequestState, TransitionRefused,
        VerifiedBy,
    },
    ids::{ControllerId, Field, Fingerprint, Identifier, RequestId, SubjectRef},
    mail::MailFailure,
    policy::Policy,
    sensitive::Sensitive,
    token::{Claim, Scope, TokenRefused},
};
use jiff::{Timestamp, ToSpan};

use crate::{
    error::{Appended, PortError},
    keys::Keys,
    mail::{self, Handed, Mail, MailClaim, MailTag, Mailer},
};

/// Names one request in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// Whose log.
    pub controller: ControllerId,
    /// Who asks.
    pub subject: SubjectRef,
    /// Which request.
    pub request: RequestId,
}

/// What is personal about a request. Adapters keep it sealed under the subject's key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Confided {
    /// Where the requester is written to.
    pub contact: Option<Sensitive<String>>,
    /// Who asks, as they name themselves: the controller's systems look for them by it.
    pub identifier: Option<Identifier>,
    /// What shall become of their data after death.
    pub instructions: Option<Instructions>,
    /// What they want to say.
    pub message: Option<Sensitive<String>>,
    /// What a rectification corrects.
    pub corrections: BTreeMap<Field, Sensitive<String>>,
}

/// A request as stored. What is personal is `None`, or empty, once the person's key is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRequest {
    /// Where it stands.
    pub state: RequestState,
    /// What is personal about it.
    pub confided: Confided,
    /// What was written with an entry of its history, by the entry's number: a note, a question, an
    /// answer, the office's words to the person.
    pub texts: BTreeMap<u32, Sensitive<String>>,
}

impl StoredRequest {
    /// Where the requester can be written to: nowhere once a letter came back for good, or was called
    /// unwanted. The request goes on, and shows it.
    pub fn address(&self) -> Option<&Sensitive<String>> {
        self.confided.contact.as_ref().filter(|_| self.state.unreachable_by_mail().is_none())
    }

    /// From when on somebody is known to ask for their own: since they have shown who they are.
    pub fn known_at(&self) -> Timestamp {
        self.state.verified.map_or(self.state.received.at, |(at, _)| at)
    }

    /// What was written with the latest entry of a kind.
    pub fn text_of(&self, kind: ActKind) -> Option<&Sensitive<String>> {
        let position = self.state.history.iter().rposition(|entry| entry.act.kind() == kind)?;
        self.texts.get(&u32::try_from(position + 1).ok()?)
    }
}

/// One line of the office's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficeRow {
    /// Which request.
    pub request: RequestId,
    /// Whose, by reference.
    pub subject: SubjectRef,
    /// What the list shows of it.
    pub head: Head,
    /// How many entries its history has.
    pub version: u32,
    /// When it was received.
    pub received_at: Timestamp,
    /// From where a page after this line goes on.
    pub place: String,
}

/// A page of the office's list, by due time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OfficePage {
    /// The lines.
    pub rows: Vec<OfficeRow>,
    /// From where the next page goes on; `None`: this is the last.
    pub next: Option<String>,
}

/// The port to the log.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait RequestLog {
    /// Writes the receipt of a request unless one stands there.
    ///
    /// MUST be one conditional write, with whose it is beside it; MUST store what is confided sealed
    /// under the subject's key; MUST make the request findable by its next date and in the office's list.
    async fn receive(
        &self,
        key: &RequestKey,
        received: &Received,
        confided: &Confided,
        fingerprint: &Fingerprint,
        head: &Head,
    ) -> Result<Appended<(Received, Fingerprint)>, PortError>;

    /// Appends an entry as that number of the history, with what was written with it, and sets the head;
    /// `false`: the history has gone on meanwhile, and nothing was written.
    ///
    /// MUST write both or neither; MUST take the request out of the open deadlines when the head has no
    /// next date.
    async fn append(
        &self,
        key: &RequestKey,
        number: u32,
        entry: &Entry,
        text: Option<&Sensitive<String>>,
        head: &Head,
    ) -> Result<bool, PortError>;

    /// Appends an entry as [`RequestLog::append`] does, while another request of the same person has so many
    /// entries; `false`: one of the two has gone on, and nothing was written.
    ///
    /// MUST check both versions and write in one step: neither may be closed in between.
    async fn append_beside(
        &self,
        key: &RequestKey,
        number: u32,
        entry: &Entry,
        head: &Head,
        other: (&RequestId, u32),
    ) -> Result<bool, PortError>;

    /// Moves the next date of an open request that has so many entries; `false`: it has gone on meanwhile.
    async fn set_next(&self, key: &RequestKey, version: u32, next_at: Timestamp) -> Result<bool, PortError>;

    /// Reads a request. MUST see every write that has returned.
    async fn request(&self, key: &RequestKey) -> Result<Option<StoredRequest>, PortError>;

    /// Every request of a subject, with its id.
    async fn requests(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
    ) -> Result<Vec<(RequestId, RequestState)>, PortError>;

    /// Whose a request is, by its number.
    async fn locate(&self, controller: &ControllerId, request: &RequestId) -> Result<Option<SubjectRef>, PortError>;

    /// A page of a controller's open or closed requests, earliest due first, from a cursor on.
    async fn office_list(
        &self,
        controller: &ControllerId,
        is_open: bool,
        from: Option<&str>,
        limit: usize,
    ) -> Result<OfficePage, PortError>;

    /// Claims one mail about a request, or another thing that is to be done once by its name. MUST be fresh for exactly one of several at once.
    async fn claim_mail(&self, key: &RequestKey, what: &str, at: Timestamp) -> Result<MailClaim, PortError>;

    /// Notes that a claimed mail was handed over.
    async fn confirm_mail(&self, key: &RequestKey, what: &str, at: Timestamp) -> Result<(), PortError>;
}

/// Sends a mail about a request to the office unless it was sent: claimed, sent, confirmed. Answers whether it went out
/// now. An address of the office's that is refused is an error, for somebody to mend.
pub(crate) async fn tell_office<P: RequestLog + Mailer>(
    ports: &P,
    key: &RequestKey,
    claim: &str,
    letter: &Mail,
    at: Timestamp,
) -> Result<bool, PortError> {
    if ports.claim_mail(key, claim, at).await? == MailClaim::Sent {
        return Ok(false);
    }
    ports.send(letter).await?;
    ports.confirm_mail(key, claim, at).await?;
    Ok(true)
}

/// Sends a mail about a request to somebody else unless it was sent: claimed, then as [`send_claimed`] does.
pub(crate) async fn tell_other<P: RequestLog + Mailer>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    claim: &str,
    letter: &Mail,
    at: Timestamp,
) -> Result<Handed, PortError> {
    match ports.claim_mail(key, claim, at).await? {
        MailClaim::Sent => Ok(Handed::Over),
        MailClaim::Fresh | MailClaim::InDoubt => send_claimed(policy, ports, key, claim, letter, at).await,
    }
}

/// Sends a claimed mail to somebody else, and confirms it. An address that is refused is as one from which the mail
/// came back: the office sees it in the request's history, and what comes after the mail waits for nothing.
pub(crate) async fn send_claimed<P: RequestLog + Mailer>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    claim: &str,
    letter: &Mail,
    at: Timestamp,
) -> Result<Handed, PortError> {
    let handed = mail::hand_over(ports, letter).await?;
    if handed == Handed::Refused {
        // Before it is confirmed: nobody looks again at what is.
        match note_failed_mail(policy, ports, key, &MailTag::letter_of(claim), MailFailure::BouncePermanent, at).await {
            Ok(_) => {}
            Err(RecordError::Port(error)) => return Err(error),
            Err(_) => return Err(PortError::Conflict { what: "a request" }),
        }
    }
    ports.confirm_mail(key, claim, at).await?;
    Ok(handed)
}

/// Notes in a request's history that a mail about it failed, each way to fail once: a complaint about what had bounced
/// for the moment says something new, and a permanent bounce must not be lost behind a passing one. Answers whether it
/// was new; of what was erased since, nothing is.
///
/// # Errors
/// [`RecordError`], and never that it is unknown.
pub(crate) async fn note_failed_mail<P: RequestLog>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    letter: &str,
    failure: MailFailure,
    at: Timestamp,
) -> Result<bool, RecordError> {
    let mut is_new = false;
    let noted = record(policy, ports, key, |stored| {
        is_new = !stored.state.failed_mails().any(|(_, mail, known)| mail == letter && known == failure);
        let act = Act::MailFailed { mail: letter.to_owned(), why: failure.as_str().to_owned() };
        is_new.then(|| NewEntry::new(at, Actor::Product, act))
    });
    match noted.await {
        Ok(_) => Ok(is_new),
        Err(RecordError::Unknown) => Ok(false),
        Err(error) => Err(error),
    }
}

/// By how much a next date may lie before the entry that it comes from: what came due meanwhile and was not looked at
/// yet, because the watch runs by the hour and can fail, must not be skipped. What was looked at is claimed.
const LOOK_BACK_HOURS: i64 = 24;

/// What the list shows of a request, and its next date.
pub fn head_of(policy: &Policy, state: &RequestState) -> Head {
    let due = dsar::due_of(policy, state);
    let latest = state
        .history
        .iter()
        .map(|entry| entry.at)
        .max()
        .map_or(state.received.at, |at| at.saturating_sub(LOOK_BACK_HOURS.hours()).unwrap_or(at));
    state.head(due.at, dsar::next_date(policy, state, &due, latest))
}

/// How often an append is tried again when somebody was faster.
const APPEND_TRIES: usize = 5;

/// What is to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// The entry.
    pub entry: Entry,
    /// What is written with it.
    pub text: Option<Sensitive<String>>,
}

impl NewEntry {
    /// An entry without a text.
    pub const fn new(at: Timestamp, by: Actor, act: Act) -> Self {
        Self { entry: Entry { at, by, act }, text: None }
    }
}

/// Why nothing was appended.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// There is no such request.
    #[error("there is no such request")]
    Unknown,
    /// It cannot happen now.
    #[error(transparent)]
    Refused(#[from] TransitionRefused),
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Appends what `next` makes of a request as it stands, and answers the request with it; `next` is asked
/// again when somebody was faster, and `None` from it appends nothing.
///
/// # Errors
/// [`RecordError`]; nothing is written then.
pub async fn record<P: RequestLog>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    mut next: impl FnMut(&StoredRequest) -> Option<NewEntry>,
) -> Result<StoredRequest, RecordError> {
    for _ in 0..APPEND_TRIES {
        let mut stored = ports.request(key).await?.ok_or(RecordError::Unknown)?;
        let Some(NewEntry { entry, text }) = next(&stored) else { return Ok(stored) };
        let state = stored.state.after(entry.clone())?;
        let number = state.version();
        if ports.append(key, number, &entry, text.as_ref(), &head_of(policy, &state)).await? {
            stored.state = state;
            stored.texts.extend(text.map(|text| (number, text)));
            return Ok(stored);
        }
    }
    Err(RecordError::Port(PortError::Conflict { what: "a request" }))
}

/// The port that hands out exports.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait Downloads {
    /// A link to an export that works for five minutes, whoever holds it.
    async fn presign_export(&self, object: &str) -> Result<String, PortError>;
}

/// Why a request is not shown or verified.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The token opens nothing here.
    #[error("the token opens nothing here")]
    Token(TokenRefused),
    /// There is no such request.
    #[error("there is no such request")]
    Unknown,
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// The tokens that open a request itself: the first answer's, the one mailed for its proof, and its export's.
pub const ITS_TOKENS: [Scope; 3] = [Scope::Request, Scope::Verification, Scope::Export];

/// Reads the claim of a token for this very request.
///
/// # Errors
/// [`RequestError::Token`] unless the token is of one of these scopes and of this request.
pub async fn open<P: Keys>(
    policy: &Policy,
    ports: &P,
    request: &RequestId,
    token: &str,
    scopes: &[Scope],
    now: Timestamp,
) -> Result<(RequestKey, Claim), RequestError> {
    let keys = ports.controller(&policy.controller).await?;
    let claim = keys.tokens.verify(&policy.controller, token, now).map_err(RequestError::Token)?;
    if !scopes.contains(&claim.scope) || claim.id != request.as_str() {
        return Err(RequestError::Token(TokenRefused::Invalid));
    }
    let key =
        RequestKey { controller: policy.controller.clone(), subject: claim.subject.clone(), request: request.clone() };
    Ok((key, claim))
}

/// A request as it is stored, for who holds its token, and what the token shows of them.
///
/// # Errors
/// [`RequestError`].
pub async fn look<P: RequestLog + Keys>(
    policy: &Policy,
    ports: &P,
    request: &RequestId,
    token: &str,
    now: Timestamp,
) -> Result<(Claim, StoredRequest), RequestError> {
    let (key, claim) = open(policy, ports, request, token, &ITS_TOKENS, now).await?;
    Ok((claim, ports.request(&key).await?.ok_or(RequestError::Unknown)?))
}

/// Takes a request back, for who made it or reads the mailbox that it is about.
///
/// Whoever typed somebody's address holds the token of what they asked themselves and of nothing else, so that they
/// take back no more than that; what the person has asked stays. What was done until now stays done, and is told. An
/// objection that is taken back binds from then on no more (`standing`): the person is told that, too.
///
/// # Errors
/// [`RequestError`]. One that is closed stays as it ended: taking back twice is no error.
pub async fn withdraw<P: RequestLog + Keys>(
    policy: &Policy,
    ports: &P,
    request: &RequestId,
    token: &str,
    now: Timestamp,
) -> Result<StoredRequest, RequestError> {
    let (key, _) = open(policy, ports, request, token, &[Scope::Request, Scope::Verification], now).await?;
    let withdrawn = record(policy, ports, &key, |stored| {
        stored.state.stage().is_open().then(|| NewEntry::new(now, Actor::Requester, Act::Withdrawn))
    });
    as_it_stands(ports, &key, withdrawn.await).await
}

/// A request after something was recorded of it; one that was closed meanwhile stands as it stands.
async fn as_it_stands<P: RequestLog>(
    ports: &P,
    key: &RequestKey,
    recorded: Result<StoredRequest, RecordError>,
) -> Result<StoredRequest, RequestError> {
    match recorded {
        Ok(stored) => Ok(stored),
        Err(RecordError::Refused(_)) => ports.request(key).await?.ok_or(RequestError::Unknown),
        Err(RecordError::Unknown) => Err(RequestError::Unknown),
        Err(RecordError::Port(error)) => Err(error.into()),
    }
}

/// Takes the proof that the requester reads the mailbox the request is about: the link that was sent there,
/// and nowhere else.
///
/// # Errors
/// [`RequestError`]. Verifying twice, or what is verified otherwise, is no error and changes nothing.
pub async fn verify<P: RequestLog + Keys>(
    policy: &Policy,
    ports: &P,
    request: &RequestId,
    token: &str,
    now: Timestamp,
) -> Result<RequestState, RequestError> {
    let (key, _) = open(policy, ports, request, token, &[Scope::Verification], now).await?;
    let shown = Proof::Link(&key.subject);
    record_proof(policy, ports, &key, now, |received| dsar::proves(received, &key.subject, shown).ok()).await
}

/// Whether a request still waits for its proof.
pub(crate) fn is_awaited(state: &RequestState) -> bool {
    state.stage().is_open() && !state.is_verified()
}

/// Whether a proof shows no more than one that was given before the office came to doubt it: a mailbox that is
/// read once more. A login shows that somebody has just logged in.
const fn proves_the_same(before: VerifiedBy, now: VerifiedBy) -> bool {
    const fn is_mailbox(by: VerifiedBy) -> bool {
        matches!(by, VerifiedBy::Mail | VerifiedBy::Code)
    }
    is_mailbox(before) && is_mailbox(now)
}

/// Records how a request was verified, if it waits for that and this proves it.
pub(crate) async fn record_proof<P: RequestLog>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    now: Timestamp,
    by: impl Fn(&Received) -> Option<VerifiedBy>,
) -> Result<RequestState, RequestError> {
    let verified = record(policy, ports, key, |stored| {
        let by = by(&stored.state.received).filter(|_| is_awaited(&stored.state))?;
        if stored.state.verified.is_some_and(|(_, before)| proves_the_same(before, by)) {
            return None;
        }
        Some(NewEntry::new(now, Actor::Requester, Act::Verified(by)))
    });
    Ok(as_it_stands(ports, key, verified.await).await?.state)
}
