//! Which trackers may be set on the device that asks, for a page or a tag manager to ask before it
//! loads anything.

use std::collections::BTreeMap;

use domain::{
    policy::Policy,
    tracker::{self, Decision, Seen},
};
use jiff::Timestamp;

use crate::{
    capture_consent::ConsentLedger,
    keys::Keys,
    notice_change::NoticeChanges,
    read_consents::{self, ReadError},
};

/// Decides on every tracker of the policy: by the choices that a token opens, or, without one, as
/// for somebody who has chosen nothing. Who is not known and who has chosen nothing read the same.
///
/// # Errors
/// [`ReadError`]: a token that opens nothing is refused, not taken for none.
pub async fn decide<'a, P: ConsentLedger + NoticeChanges + Keys>(
    policy: &'a Policy,
    ports: &P,
    token: Option<&str>,
    seen: Seen,
    now: Timestamp,
) -> Result<Vec<Decision<'a>>, ReadError> {
    let state = match token {
        // A consent that is asked for again counts for nothing until it is given again.
        Some(token) => read_consents::read(policy, ports, token, now)
            .await?
            .into_iter()
            .filter(|(_, current)| current.asked_again.is_none())
            .map(|(purpose, current)| (purpose, current.choice))
            .collect(),
        None => BTreeMap::new(),
    };
    Ok(tracker::decide(policy, &state, seen, now))
}
