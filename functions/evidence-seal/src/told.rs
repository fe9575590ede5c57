//! What a change in the table tells the evidence: one leaf, or none.

use app::chain::Happened;
use aws::table::keys::ItemKey;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::{
    evidence::{commitment, content_commitment},
    ids::{Category, ControllerId, Purpose},
    policy::Clause,
    record::System,
};
use edge::{
    Failure,
    stream::{Change, Image, Record},
};
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Map, Value};
use wire::{
    evidence::{
        content::{SALT, content_hash, has_leaf},
        notice::NOTICE_ALSO,
    },
    stored::{self, Kind},
};

/// What a change tells.
#[derive(Debug)]
pub(crate) struct Told {
    /// Whose.
    pub(crate) controller: ControllerId,
    /// The leaf, if it has one.
    pub(crate) happened: Option<Happened>,
    /// Whether a record came or went, and where.
    pub(crate) stored: Option<(System, i64)>,
}

/// When a new item of a kind says that it happened, and what its leaf is called.
const fn begun(kind: Kind) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        Kind::Consent => ("consent", "at"),
        Kind::Request => ("request", "at"),
        Kind::Entry => ("entry", "at"),
        Kind::Hold => ("hold", "opened_at"),
        Kind::Breach => ("breach", "declared_at"),
        Kind::BreachEntry => ("breach-entry", "at"),
        Kind::Alert => ("alert", "published_at"),
        Kind::Change => ("change", "published_at"),
        Kind::Disclosure => ("disclosure", "at"),
        Kind::Attestation => ("attestation", "at"),
        Kind::Signal => ("signal", "received_at"),
        _ => return None,
    })
}

/// Attributes that mean something when they come or change, which most do once: the kind of item, the attribute, which
/// holds a time, the leaf's name, and what else counts then.
const COMES: [(Kind, &str, &str, &[&str]); 8] = [
    (Kind::Hold, "bound_at", "hold-bound", &["bound_at"]),
    (Kind::Hold, "release_asked_at", "hold-release-asked", &["release_asked_at", "release_asked_by"]),
    (Kind::Hold, "released_at", "hold-released", &["released_at", "released_by"]),
    (Kind::Hold, "review_moved_at", "hold-review-moved", &["review_moved_to", "review_moved_at", "review_moved_by"]),
    (Kind::Hold, "release_withdrawn_at", "hold-release-withdrawn", &["release_withdrawn_at", "release_withdrawn_by"]),
    (Kind::Breach, "notified_at", "breach-notified", &["notified_at", "reference"]),
    (Kind::Signal, "linked_at", "signal-linked", &["linked_at", "breach"]),
    (Kind::Signal, "dismissed_at", "signal-dismissed", &["dismissed_at", "dismissed_by", "dismissed_reason"]),
];

/// The states of a person's notice that count, and their leaves' names.
const NOTICES: [(&str, &str); 4] = [
    ("sent", "notice-sent"),
    ("sent-by-channel", "notice-sent-by-channel"),
    ("not-reached", "notice-not-reached"),
    ("without-address", "notice-without-address"),
];

type Attributes = Map<String, Value>;

fn attributes(image: Option<&Image>) -> Result<Attributes, Failure> {
    let image = image.ok_or(Failure::new("a stream record has no image"))?;
    serde_json::from_str(image.as_json()).map_err(Failure::because("a stream image is no typed JSON"))
}

fn typed<'a>(item: &'a Attributes, name: &str, of: &str) -> Option<&'a str> {
    item.get(name)?.get(of)?.as_str()
}

fn text<'a>(item: &'a Attributes, name: &str) -> Option<&'a str> {
    typed(item, name, "S")
}

fn time(item: &Attributes, name: &str) -> Result<Timestamp, Failure> {
    let millis = typed(item, name, "N").and_then(|millis| millis.parse().ok());
    let at = millis.and_then(|millis| Timestamp::from_millisecond(millis).ok());
    at.ok_or(Failure::new("a stream image does not say when"))
}

/// The item's own salt. One from before there were salts gets one that nobody keeps: its leaf proves that something
/// happened, and not what.
fn salt(item: &Attributes) -> Result<[u8; 16], Failure> {
    if item.contains_key(SALT) {
        let salt = typed(item, SALT, "B").and_then(|salt| BASE64_STANDARD.decode(salt).ok());
        return salt
            .and_then(|salt| salt.try_into().ok())
            .ok_or(Failure::new("a stream image's salt is not sixteen bytes"));
    }
    let mut salt = [0; 16];
    SystemRandom::new().fill(&mut salt).map_err(|_| Failure::new("the system gave no randomness"))?;
    Ok(salt)
}

/// Reads what a change tells; `None` if it is about nothing that the evidence takes.
///
/// # Errors
/// A [`Failure`] if it is about something that the evidence takes, and does not read.
pub(crate) fn told(record: &Record) -> Result<Option<Told>, Failure> {
    let Some(kind) = record.kind().and_then(|kind| Kind::parse(&kind)).filter(|kind| has_leaf(*kind)) else {
        return Ok(None);
    };
    let key = ItemKey::parse(&record.pk, &record.sk).map_err(Failure::because("a stream record has an unknown key"))?;
    let mut stored = None;
    let happened = if kind == Kind::Record {
        let (happened, count) = of_record(record, &key)?;
        stored = count;
        happened
    } else {
        of_event(record, kind)?
    };
    Ok((happened.is_some() || stored.is_some()).then(|| Told {
        controller: key.controller().clone(),
        happened,
        stored,
    }))
}

fn of_event(record: &Record, kind: Kind) -> Result<Option<Happened>, Failure> {
    let (event, at, also): (_, _, &[&str]) = match record.change {
        Change::Remove => return Ok(None),
        Change::Insert => {
            let Some((event, at)) = begun(kind) else { return Ok(None) };
            (event, at, &[])
        }
        Change::Modify => match came(record, kind)? {
            Some(came) => came,
            None => return Ok(None),
        },
    };
    let item = attributes(record.new.as_ref())?;
    let hash =
        content_hash(kind, &item, also).map_err(Failure::because("a stream image does not have its stored form"))?;
    let commitment = content_commitment(&salt(&item)?, &record.pk, &record.sk, &hash);
    Ok(Some(Happened { event, at: time(&item, at)?, commitment, record: None }))
}

/// What came to an item that stood there: the leaf's name, the attribute that says when, and what counts.
type Came = (&'static str, &'static str, &'static [&'static str]);

fn came(record: &Record, kind: Kind) -> Result<Option<Came>, Failure> {
    let (before, after) = (attributes(record.old.as_ref())?, attributes(record.new.as_ref())?);
    if kind == Kind::Notice {
        let is_new = text(&before, "state") != text(&after, "state");
        let state = NOTICES.iter().find(|(state, _)| is_new && text(&after, "state") == Some(state));
        return Ok(state.map(|(_, event)| (*event, "moved_at", &NOTICE_ALSO[..])));
    }
    let come = |name: &str| after.contains_key(name) && after.get(name) != before.get(name);
    let found = COMES.iter().find(|(of, name, ..)| *of == kind && come(name));
    Ok(found.map(|(_, name, event, also)| (*event, *name, *also)))
}

/// The leaf of a record's change, if it has one, and whether it came or went, and where.
type OfRecord = (Option<Happened>, Option<(System, i64)>);

/// A record: its commitment is the one of its deletion, so that registered and removed can be held against each other.
fn of_record(record: &Record, key: &ItemKey) -> Result<OfRecord, Failure> {
    let ItemKey::Record(controller, subject, id) = key else {
        return Err(Failure::new("a record stands under another key"));
    };
    let read = |image: Option<&Image>| image.ok_or(Failure::new("a stream record has no image"))?.read();
    let form: stored::record::Record = match record.change {
        Change::Remove => read(record.old.as_ref())?,
        _ => read(record.new.as_ref())?,
    };
    let system = System::parse(&form.system).ok_or(Failure::new("a stream image names no known system"))?;
    let written_at = || record.written_at.ok_or(Failure::new("a stream record does not say when it was written"));
    let instant = |millis| {
        Timestamp::from_millisecond(millis).map_err(Failure::because("a stored time lies outside the calendar"))
    };
    let (event, at, stored) = match record.change {
        Change::Insert => ("record", instant(form.created_at)?, Some((system, 1))),
        Change::Modify => {
            let before: stored::record::Record = read(record.old.as_ref())?;
            if before.ends_at == form.ends_at && before.clause == form.clause {
                return Ok((None, None));
            }
            ("moved", written_at()?, None)
        }
        // What we delete ourselves has its intent and its result.
        Change::Remove if !record.by_ttl => return Ok((None, Some((system, -1)))),
        Change::Remove => ("removed", written_at()?, Some((system, -1))),
    };
    let due_at = form.ends_at.map(instant).transpose()?;
    let salt = form.salt.0.as_slice().try_into().map_err(Failure::because("a record's salt is not sixteen bytes"))?;
    let commitment = commitment(&salt, controller, subject, id, due_at);
    let category = Category::parse(&form.category).map_err(Failure::because("a record's category does not read"))?;
    let purpose = Purpose::parse(&form.purpose).map_err(Failure::because("a record's purpose does not read"))?;
    let of = Some((category, purpose, Clause::new(form.clause), due_at));
    Ok((Some(Happened { event, at, commitment, record: of }), stored))
}
