//! Telling those who got data of what became of it (GDPR Art. 19; Cal. Civ. Code § 1798.105(c)).

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    dsar::{ItemResult, Outcome, Received, RequestType},
    ids::{Category, Recipient},
    policy::Policy,
    sensitive::Sensitive,
};
use jiff::Timestamp;

use crate::{
    error::PortError,
    export::DisclosureLine,
    letters,
    mail::{Handed, Mailer},
    requests::{self, RequestKey, RequestLog},
};

/// What recipients are told that they have to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follow {
    /// The data was erased.
    Erase,
    /// The data may be stored and no more.
    Restrict,
    /// The data was corrected.
    Correct,
}

/// Writes to each recipient who got what was erased or restricted, once. Where the policy has no address
/// for one, or names them no more, the controller's own office gets the letter to pass it on: nobody is left
/// untold in silence. The letter names disclosures by their numbers, never the person.
///
/// Answers to how many of them no mail can go: the request's history names each.
///
/// # Errors
/// [`PortError`], the first one: whoever cannot be written to keeps it from nobody else, and who was written to is not
/// written to again.
pub async fn tell<P: RequestLog + Mailer>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    (received, outcome): (&Received, &Outcome),
    disclosures: &[DisclosureLine],
    at: Timestamp,
) -> Result<usize, PortError> {
    let Some(follow) = follows(policy, received, outcome) else { return Ok(0) };
    let spared = spared(outcome);
    let mut by_recipient: BTreeMap<&Recipient, Vec<&DisclosureLine>> = BTreeMap::new();
    for line in disclosures.iter().filter(|line| !line.categories.is_subset(&spared)) {
        by_recipient.entry(&line.recipient).or_default().push(line);
    }
    let (mut refused, mut failed) = (0, None);
    for (recipient, lines) in by_recipient {
        // One that the policy names no more got the data all the same.
        let rule = policy.recipients.get(recipient);
        let own = rule.and_then(|rule| rule.mail.as_ref());
        let mail = Sensitive::new(own.unwrap_or(&policy.contact_mail).clone());
        let letter = letters::follow(policy, key, follow, (recipient, rule), (&lines, &spared), mail);
        let claim = format!("FOLLOW-{recipient}");
        let sent = match own {
            Some(_) => requests::tell_other(policy, ports, key, &claim, &letter, at).await,
            None => requests::tell_office(ports, key, &claim, &letter, at).await.map(|_| Handed::Over),
        };
        match sent {
            Ok(handed) => refused += usize::from(handed == Handed::Refused),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(refused), Err)
}

/// Whether a decision is one that recipients must hear of.
pub fn follows(policy: &Policy, received: &Received, outcome: &Outcome) -> Option<Follow> {
    // A restriction is in force once the office has it, unless the office is to see it, or who asks, first.
    let is_seen_first = received.is_by_successor() || policy.office.reviews(received.request);
    match (received.request, outcome) {
        (RequestType::Erasure, Outcome::Erased(_)) => Some(Follow::Erase),
        (RequestType::Restriction, Outcome::WithOffice) if !is_seen_first => Some(Follow::Restrict),
        (RequestType::Restriction, Outcome::Granted) => Some(Follow::Restrict),
        (RequestType::Rectification, Outcome::Corrected(_)) => Some(Follow::Correct),
        _ => None,
    }
}

/// The categories of which something was kept and nothing erased: nobody is told to erase those.
fn spared(outcome: &Outcome) -> BTreeSet<Category> {
    let Outcome::Erased(items) = outcome else { return BTreeSet::new() };
    let (erased, kept): (Vec<_>, Vec<_>) =
        items.iter().partition(|item| matches!(item.result, ItemResult::Erased { .. }));
    let erased: BTreeSet<_> = erased.into_iter().map(|item| &item.category).collect();
    kept.into_iter().map(|item| item.category.clone()).filter(|category| !erased.contains(category)).collect()
}
