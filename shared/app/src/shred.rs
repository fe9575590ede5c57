//! Destroying keys, and the evidence of it: what a key sealed is unreadable wherever a copy of it lies.

use domain::{
    evidence::key_commitment,
    ids::{BatchId, ControllerId, SubjectRef},
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    chain::{Chain, Content, DestroyedKey, Link, Place},
    error::PortError,
    keys::Keys,
};

/// How long a destroyed key may go on in a call that had read it: no function keeps one longer than a call, and
/// no call takes longer (Lambda's own limit).
pub const KEY_LINGERS: SignedDuration = SignedDuration::from_mins(15);

/// What a destroyed key is named in its commitment.
fn subject_name(controller: &ControllerId, subject: &SubjectRef, made_until: Timestamp) -> [String; 4] {
    [controller.to_string(), "subject".to_owned(), subject.to_string(), made_until.as_millisecond().to_string()]
}

fn commitment(salt: &[u8; 16], name: &[String; 4]) -> [u8; 32] {
    key_commitment(salt, name.each_ref().map(String::as_str))
}

/// Destroys the subject's key if it was made at that time or before, then says so in the evidence: once the call
/// returns, no key of theirs from until then exists. It may be called again: whoever reads the chain counts a batch
/// once.
///
/// The salt ties the leaf to the person for whoever has it, and for nobody else.
///
/// # Errors
/// [`PortError`]; the next attempt goes on.
pub async fn destroy_subject_key<P: Keys + Chain>(
    ports: &P,
    controller: &ControllerId,
    subject: &SubjectRef,
    (made_until, at): (Timestamp, Timestamp),
    salt: &[u8; 16],
) -> Result<Place, PortError> {
    let name = subject_name(controller, subject, made_until);
    ports.destroy_subject_key(controller, subject, made_until).await?;
    write(
        ports,
        controller,
        &name,
        at,
        DestroyedKey {
            commitment: commitment(salt, &name),
            day: None,
            at,
            gone_at: at.checked_add(KEY_LINGERS).unwrap_or(Timestamp::MAX),
        },
    )
    .await
}

async fn write<P: Keys + Chain>(
    ports: &P,
    controller: &ControllerId,
    name: &[String; 4],
    at: Timestamp,
    key: DestroyedKey,
) -> Result<Place, PortError> {
    let keys = ports.controller(controller).await?;
    let parts: Vec<&str> = std::iter::once("key").chain(name.iter().map(String::as_str)).collect();
    let batch: BatchId = keys.pepper.derive(&parts);
    ports.append_link(controller, &Link { batch, at, content: Content::Keys(vec![key]) }).await
}
