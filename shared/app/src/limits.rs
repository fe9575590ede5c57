//! Limits against abuse: the port that counts, and what follows when a limit is reached.

use domain::{
    ids::{ControllerId, Identifier},
    limits::{self, Limit, LimitKey},
};
use jiff::Timestamp;

use crate::{error::PortError, keys::Keys};

/// The port that counts.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait Counters {
    /// Counts one more and answers how many there are now.
    ///
    /// MUST be one atomic write: of many at once, each gets a number of its own. MUST be gone some time
    /// after the window, since a keyed hash of a caller is personal data.
    async fn count(&self, key: &LimitKey) -> Result<u32, PortError>;

    /// Lets something in by its name: whether it is among the first [`domain::limits::LimitRule::most`] of the window.
    ///
    /// What was let in stays so however often it is asked: a write whose answer was lost does not use up the limit.
    /// MUST be one atomic write, gone as with [`Counters::count`]. The name holds nothing personal.
    async fn admit(&self, key: &LimitKey, name: &str) -> Result<bool, PortError>;
}

/// A limit that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the limit {} is reached", .limit.as_str())]
pub struct Limited {
    /// Which.
    pub limit: Limit,
    /// When it is worth trying again.
    pub retry_after_seconds: u32,
}

/// What is counted for one caller.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// Where they come from ([`limits::source`]); `None`: from the machine itself, which nobody counts.
    pub source: Option<&'a str>,
    /// When.
    pub at: Timestamp,
}

/// Counts one more against a limit by its source, and by what is asked about where the limit says so.
/// `None`: it is within the limit.
///
/// # Errors
/// [`PortError`].
pub async fn count<P: Counters + Keys>(
    ports: &P,
    controller: &ControllerId,
    limit: Limit,
    caller: Caller<'_>,
    identifier: Option<&Identifier>,
) -> Result<Option<Limited>, PortError> {
    let Some(source) = caller.source else { return Ok(None) };
    let keys = ports.controller(controller).await?;
    let key = LimitKey::new(controller, limit, limits::hash_of(&keys.pepper, source, identifier), caller.at);
    reached(ports, &key, caller.at).await
}

/// Counts one more request from a source, and from there about this identifier. It is the same for
/// everybody, and so are its reads and writes.
///
/// # Errors
/// [`PortError`].
pub async fn count_intake<P: Counters + Keys>(
    ports: &P,
    controller: &ControllerId,
    identifier: &Identifier,
    caller: Caller<'_>,
) -> Result<Option<Limited>, PortError> {
    if let Some(limited) = count(ports, controller, Limit::IntakeBySource, caller, None).await? {
        return Ok(Some(limited));
    }
    count(ports, controller, Limit::IntakeByIdentifier, caller, Some(identifier)).await
}

/// Counts a mail, by its name, to an address that anybody can set off by typing it.
///
/// # Errors
/// [`PortError`].
pub async fn count_mail<P: Counters + Keys>(
    ports: &P,
    controller: &ControllerId,
    address: &Identifier,
    (name, at): (&str, Timestamp),
) -> Result<Option<Limited>, PortError> {
    let keys = ports.controller(controller).await?;
    let of = limits::hash_of(&keys.pepper, "", Some(address));
    let key = LimitKey::new(controller, Limit::MailsToAddress, of, at);
    Ok((!ports.admit(&key, name).await?).then(|| limited(&key, at)))
}

async fn reached<P: Counters>(ports: &P, key: &LimitKey, at: Timestamp) -> Result<Option<Limited>, PortError> {
    let counted = ports.count(key).await?;
    Ok((counted > key.limit.rule().most).then(|| limited(key, at)))
}

fn limited(key: &LimitKey, at: Timestamp) -> Limited {
    Limited { limit: key.limit, retry_after_seconds: key.retry_after_seconds(at) }
}
