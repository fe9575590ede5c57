//! The certificate of a notice: how one person was told of a breach, and the part of the evidence that shows it.
//!
//! As a certificate of an erasure it holds all that a check needs. What it opens is the commitment to the notice's item
//! in its last state: the item's key follows from controller, breach and person, its content stands here as it was hashed.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{
    announcement::NoticeState,
    evidence::{content_commitment, leaf_place, merkle},
    ids::{BreachId, ControllerId, SubjectRef},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    EventLeaf, LinkKind,
    proof::{Lines, Place, ProvenLeaf, Way, checkpoint_lines, salt_of, text},
    read::{self, Leaves, Wrong},
    trust::Trust,
    verify::Fault,
};
use crate::stored::Kind;

/// The version of the form.
pub const NOTICE_VERSION: u8 = 1;

/// The attributes of a notice that count in its leaf, beside those that never change.
pub const NOTICE_ALSO: [&str; 2] = ["state", "moved_at"];

/// The certificate of one person's notice of a breach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeCertificate {
    /// [`NOTICE_VERSION`].
    pub v: u8,
    /// Who told.
    pub controller: String,
    /// Of which breach.
    pub breach: String,
    /// Whom: the keyed hash that the notice stands under.
    pub subject: String,
    /// What the commitment is salted with: 16 bytes in base64.
    pub salt: String,
    /// What the item says, as it was hashed ([`super::content`]).
    pub content: String,
    /// The header of the link.
    pub link: String,
    /// The leaf's place in it, from 0.
    pub position: usize,
    /// The leaf's line.
    pub leaf: ProvenLeaf,
    /// The headers from the link's to the one that the checkpoint names, both with them; empty without a checkpoint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
    /// The first checkpoint that covers the link: its two lines. Without it nothing here is signed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<[String; 2]>,
}

/// A notice's item, as far as its leaf commits to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeItem {
    /// Who told.
    pub controller: ControllerId,
    /// Of which breach.
    pub breach: BreachId,
    /// Whom.
    pub subject: SubjectRef,
    /// Its salt.
    pub salt: [u8; 16],
    /// What it says, as it is hashed.
    pub content: String,
}

impl NoticeItem {
    /// The item's key: `docs/DATA_MODEL.md`.
    pub fn key(&self) -> (String, String) {
        let Self { controller, breach, subject, .. } = self;
        (format!("C#{controller}#B#{breach}"), format!("NOTICE#{subject}"))
    }

    /// What stands for it in the evidence, in hexadecimal.
    pub fn commitment(&self) -> String {
        let (partition, sort) = self.key();
        let content = merkle::sha256(self.content.as_bytes());
        merkle::hex(&content_commitment(&self.salt, &partition, &sort, &content))
    }
}

impl NoticeCertificate {
    /// Draws it from the file of a link; `None` if the notice's leaf does not stand there.
    ///
    /// # Errors
    /// [`Wrong`] if the file is no link; the evidence is broken then.
    pub fn draw(item: &NoticeItem, link_file: &[u8]) -> Result<Option<Self>, Wrong> {
        let Leaves::Events(leaves) = read::link(link_file)?.leaves else { return Ok(None) };
        let own = item.commitment();
        let Some(position) = leaves.iter().position(|leaf| leaf.commitment == own) else { return Ok(None) };
        let lines = Lines::of(link_file)?;
        Ok(lines.prove(position).map(|leaf| Self {
            v: NOTICE_VERSION,
            controller: item.controller.to_string(),
            breach: item.breach.to_string(),
            subject: item.subject.to_string(),
            salt: STANDARD.encode(item.salt),
            content: item.content.clone(),
            link: text(lines.header),
            position,
            leaf,
            path: Vec::new(),
            checkpoint: None,
        }))
    }

    /// Adds the checkpoint that covers it, with the headers that lead there.
    ///
    /// # Errors
    /// [`Wrong`] if the file is no checkpoint.
    #[must_use = "the certificate is handed back"]
    pub fn covered_by(mut self, path: Vec<String>, checkpoint_file: &[u8]) -> Result<Self, Wrong> {
        self.checkpoint = Some(checkpoint_lines(checkpoint_file)?);
        self.path = path;
        Ok(self)
    }
}

/// What the certificate of a notice shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertifiedNotice {
    /// Who told.
    pub controller: String,
    /// Of which breach.
    pub breach: String,
    /// Whom, as a keyed hash.
    pub subject: String,
    /// Whether a checkpoint that a key of a trust file signed covers it; else it is consistent in itself.
    pub is_trusted: bool,
    /// How they were told: `sent`, `sent-by-channel`, `not-reached`, `without-address`.
    pub state: String,
    /// When it came to that.
    pub at: String,
    /// Where the leaf stands.
    pub evidence: String,
    /// What stands for it in the evidence.
    pub commitment: String,
    /// The checkpoint that covers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<u64>,
}

/// Whether this is the certificate of a notice, and none of an erasure.
pub fn is_of_notice(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Value>(bytes).is_ok_and(|value| value.get("breach").is_some())
}

/// Verifies the certificate of a notice. Places are named by where they stand in it, as `/leaf`.
///
/// # Errors
/// [`Fault`] names the first place at which something else was expected.
pub fn verify_notice(bytes: &[u8], trust: Option<&Trust>) -> Result<CertifiedNotice, Fault> {
    let place = Place(String::new());
    let it: NoticeCertificate = place.at(read::line(bytes, 0, "the certificate of a notice"))?;
    place.member("v").expect(it.v == NOTICE_VERSION, format_args!("version {NOTICE_VERSION}"))?;
    let controller = place.controller(&it.controller, trust)?;
    let breach = BreachId::parse(&it.breach).map_err(|_| place.member("breach").wrong("a breach's number"))?;
    let subject = SubjectRef::parse(&it.subject);
    let subject = subject.map_err(|_| place.member("subject").wrong("a subject's keyed hash"))?;
    let salt = salt_of(&it.salt, &place)?;
    let link_place = place.member("link");
    let (header, _) = link_place.at(read::header(it.link.as_bytes()))?;
    link_place.expect(header.controller == it.controller, "a link of the same controller")?;
    link_place.expect(header.kind == LinkKind::Events, "a link of what happened")?;
    let link = ("the link", it.link.as_str());
    let way = Way { path: &it.path, checkpoint: it.checkpoint.as_ref(), first: link, last: link };
    let checkpoint = way.verify(&place, &header, trust)?;
    let leaf_at = place.member("leaf");
    let leaf: EventLeaf = it.leaf.read(&leaf_at, it.position, &header)?;
    let own = NoticeItem { controller, breach, subject, salt, content: it.content.clone() }.commitment();
    let is_own = leaf.commitment == own;
    leaf_at.expect(is_own, format_args!("{own}, which salt, breach, person and content come to"))?;
    let said = said(&it.content).ok_or_else(|| place.member("content").wrong("a notice that its person was told"))?;
    leaf_at.expect(leaf.event == format!("notice-{}", said.0.as_str()), "the state that the content names")?;
    let is_then = leaf.at.parse::<Timestamp>().is_ok_and(|at| at == said.1);
    leaf_at.expect(is_then, "the time that the content names")?;
    Ok(CertifiedNotice {
        controller: it.controller,
        breach: it.breach,
        subject: it.subject,
        is_trusted: trust.is_some() && checkpoint.is_some(),
        state: said.0.as_str().to_owned(),
        at: leaf.at,
        evidence: leaf_place(header.chain, header.number, it.position),
        commitment: own,
        checkpoint,
    })
}

/// What a notice's content says: its state, and since when.
fn said(content: &str) -> Option<(NoticeState, Timestamp)> {
    let content: Value = serde_json::from_str(content).ok()?;
    let kind = Kind::parse(content.get("kind")?.get("S")?.as_str()?)?;
    let state = NoticeState::parse(content.get("state")?.get("S")?.as_str()?)?;
    let millis = content.get("moved_at")?.get("N")?.as_str()?.parse().ok()?;
    let at = Timestamp::from_millisecond(millis).ok()?;
    (kind == Kind::Notice && state.is_told()).then_some((state, at))
}
