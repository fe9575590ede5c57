//! Changes of the notice: published once, read by everybody, told one by one where the policy
//! promises mail.

use domain::{
    announcement::{Announcement, NoticeState},
    ids::{ChangeId, ControllerId, Fingerprint, SubjectRef},
    notice::{self, NoticeChange, Publication, PublicationRefused},
    policy::Policy,
};
use jiff::Timestamp;

use crate::{
    announce::{self, Announcements, Contact, FoundPage},
    error::{Appended, PortError},
    keys::Keys,
    letters,
    mail::{Mailer, SendPace},
    telling::{self, Sender, Told},
};

/// The port to the versions that a controller has published.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait NoticeChanges {
    /// Every version that was published, newest first. MUST see every publication that has returned.
    async fn changes(&self, controller: &ControllerId) -> Result<Vec<NoticeChange>, PortError>;
}

/// The port to publishing, and to the people whom a change concerns.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait ChangeStore {
    /// Writes a change unless one stands under its identifier.
    async fn publish_change(
        &self,
        controller: &ControllerId,
        change: &NoticeChange,
        fingerprint: &Fingerprint,
    ) -> Result<Appended<(NoticeChange, Fingerprint)>, PortError>;

    /// Reads a change, with the fingerprint of its publication.
    async fn change(
        &self,
        controller: &ControllerId,
        change: &ChangeId,
    ) -> Result<Option<(NoticeChange, Fingerprint)>, PortError>;

    /// One page of one segment of the people whose data is kept: those of whom a consent is stored,
    /// or a record whose time is not up at that time. One past its end is gone for everything but
    /// its deletion.
    async fn audience(
        &self,
        controller: &ControllerId,
        at: Timestamp,
        segment: u16,
        from: Option<&str>,
    ) -> Result<FoundPage, PortError>;
}

/// A publication, parsed.
#[derive(Debug)]
pub struct PublishNotice {
    /// What is to be published.
    pub publication: Publication,
    /// Who publishes it, as the token names them.
    pub published_by: String,
    /// When it arrived: since then it can be read.
    pub at: Timestamp,
}

/// What was published.
#[derive(Debug, PartialEq, Eq)]
pub struct Published {
    /// The change.
    pub change: NoticeChange,
    /// Whether this answers a retry.
    pub replayed: bool,
}

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The policy refuses it.
    #[error(transparent)]
    Refused(#[from] PublicationRefused),
    /// The version stands already, with another content: what people have read does not change.
    #[error("this version was published with another content; a published version never changes")]
    VersionTaken,
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Publishes a version of the notice. The version is what makes a retry harmless: it is published
/// once.
///
/// # Errors
/// [`PublishError`]; nothing is written then.
pub async fn publish<P: ChangeStore + Keys>(
    policy: &Policy,
    ports: &P,
    form: PublishNotice,
) -> Result<Published, PublishError> {
    let controller = &policy.controller;
    let keys = ports.controller(controller).await?;
    let wanted = &form.publication;
    let id = keys.pepper.derive::<ChangeId>(&[&wanted.notice.version]);
    let made_of = keys.pepper.derive::<Fingerprint>(&[
        &wanted.notice.language,
        &wanted.notice.text_sha256,
        &wanted.url,
        &wanted.effective_at.map(|at| at.to_string()).unwrap_or_default(),
        wanted.significance.as_str(),
        &wanted.summary,
        &list(&wanted.new_purposes),
        &list(&wanted.new_recipients),
        &wanted.ask_again.as_ref().map_or_else(|| "unsaid".to_owned(), |purposes| format!("said:{}", list(purposes))),
    ]);
    // A retry is answered before it is checked: its effective date may have passed meanwhile.
    if let Some(standing) = ports.change(controller, &id).await? {
        return replayed(standing, &made_of);
    }
    let terms = notice::check(policy, wanted, form.at)?;
    let wanted = form.publication;
    let change = NoticeChange {
        id,
        notice: wanted.notice,
        url: wanted.url,
        published_at: form.at,
        effective_at: terms.effective_at,
        significance: terms.significance,
        summary: wanted.summary,
        new_purposes: wanted.new_purposes,
        new_recipients: wanted.new_recipients,
        ask_again: wanted.ask_again.unwrap_or_default(),
        by_mail: terms.by_mail,
        clause: terms.clause,
        policy: policy.hash.clone(),
        published_by: form.published_by,
    };
    match ports.publish_change(controller, &change, &made_of).await? {
        Appended::Fresh => Ok(Published { change, replayed: false }),
        Appended::Existing(standing) => replayed(standing, &made_of),
    }
}

fn replayed(standing: (NoticeChange, Fingerprint), made_of: &Fingerprint) -> Result<Published, PublishError> {
    match standing {
        (change, first) if first == *made_of => Ok(Published { change, replayed: true }),
        _ => Err(PublishError::VersionTaken),
    }
}

fn list<T: ToString>(names: &std::collections::BTreeSet<T>) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

async fn stored<P: ChangeStore>(
    controller: &ControllerId,
    ports: &P,
    change: &ChangeId,
) -> Result<NoticeChange, PortError> {
    let stored = ports.change(controller, change).await?;
    stored.map(|(change, _)| change).ok_or_else(|| PortError::corrupt("notice change", "it is not stored"))
}

/// Finds the people of one segment whom a change concerns and plans their notices, as far as one
/// message reads; answers where the rest begins.
///
/// # Errors
/// [`PortError`]. Scoping a page again plans nobody twice.
pub async fn scope<P: ChangeStore + Announcements>(
    policy: &Policy,
    ports: &P,
    change: &ChangeId,
    segment: u16,
    from: Option<String>,
    at: Timestamp,
) -> Result<Option<String>, PortError> {
    let controller = &policy.controller;
    if !stored(controller, ports, change).await?.by_mail {
        return Ok(None);
    }
    let page = async |from: Option<&str>| ports.audience(controller, at, segment, from).await;
    announce::scope(ports, controller, &Announcement::Change(change.clone()), from, at, page).await
}

/// Tells the people of one message. Who has no address is told by the page, where the change has stood since it was
/// published.
///
/// # Errors
/// [`PortError`] if the change cannot be read; what happens at single people is in [`Told`].
pub async fn tell<P: ChangeStore + Announcements + Mailer + SendPace>(
    policy: &Policy,
    ports: &P,
    change: &ChangeId,
    subjects: &[SubjectRef],
    sender: &Sender<'_>,
) -> Result<Told, PortError> {
    let controller = &policy.controller;
    let change = stored(controller, ports, change).await?;
    let of = Announcement::Change(change.id.clone());
    let letter = |subject: &SubjectRef, address, _| letters::notice_change(policy, &change, subject, address);
    // The page of notices tells whoever has no address.
    let otherwise = async |_: &SubjectRef, _: &Contact| Ok(NoticeState::WithoutAddress);
    Ok(telling::tell_each(ports, (controller, &of), subjects, sender, letter, otherwise).await)
}
