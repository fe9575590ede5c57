//! The end of a person's key: the last step of an erasure, taken by whichever of their requests is closed last.

use domain::{
    consent,
    dsar::{self, Outcome, RequestState},
    hold::Hold,
    ids::RequestId,
    policy::{LawfulBasis, Policy},
};
use jiff::Timestamp;

use super::{Office, Unsent, decided, words};
use crate::{certificate::is_erased, error::PortError, mail::MailClaim, requests::RequestKey, shred};

/// The claim on the end of a key, beside the letters of the erasure that it belongs to.
const CLAIM: &str = "KEY";

/// Destroys the person's key where an erasure left nothing of theirs: what remains in copies and backups becomes
/// unreadable. Each request that is closed leads here, since one that is open needs the key: where to write to, and
/// what was written, lies under it. Everybody who is still to be told of a closed one is told before.
///
/// # Errors
/// [`PortError`]; the next attempt goes on.
pub(super) async fn end_key<P: Office>(
    policy: &Policy,
    ports: &P,
    key: &RequestKey,
    (at, public_url): (Timestamp, &str),
    unsent: &mut Unsent,
) -> Result<(), PortError> {
    let requests = ports.requests(&key.controller, &key.subject).await?;
    let Some((erased_at, by)) = latest_erasure(&requests) else { return Ok(()) };
    if is_kept(policy, ports, key).await? {
        return Ok(());
    }
    if *by == key.request {
        drop_exports(ports, &requests, erased_at).await?;
    }
    if requests.iter().any(|(_, state)| dsar::needs_key(state, erased_at)) {
        return Ok(());
    }
    let of = |request: &RequestId| RequestKey { request: request.clone(), ..key.clone() };
    let erasure = of(by);
    if ports.claim_mail(&erasure, CLAIM, at).await? == MailClaim::Sent {
        return Ok(());
    }
    for (request, _) in requests.iter().filter(|(request, state)| *request != key.request && !state.stage().is_open()) {
        // It may have been closed a moment ago, or its letters may have failed.
        let other = of(request);
        if let Some(stored) = ports.request(&other).await? {
            words::tell(policy, ports, &other, &stored, (at, public_url), unsent).await?;
        }
    }
    // The salt of what was erased first: whoever has it can show that this key was theirs too.
    let plan = ports.erasure_plan(&erasure, 0).await?;
    let salt = match plan.iter().flat_map(|plan| &plan.doomed).next() {
        Some(doomed) => doomed.salt,
        None => ports.random()?,
    };
    shred::destroy_subject_key(ports, &key.controller, &key.subject, (erased_at, at), &salt).await?;
    ports.confirm_mail(&erasure, CLAIM, at).await
}

/// Takes away what was handed out before the erasure. An export is under no key: its link opens it with no code of ours in
/// between.
async fn drop_exports<P: Office>(
    ports: &P,
    requests: &[(RequestId, RequestState)],
    erased_at: Timestamp,
) -> Result<(), PortError> {
    for (_, state) in requests {
        if let Some((decided_at, Outcome::Exported { object, .. })) = &state.decided
            && *decided_at <= erased_at
        {
            ports.drop_export(object).await?;
        }
    }
    Ok(())
}

/// The erasure that was decided last, if it left nothing of what it was about.
fn latest_erasure(requests: &[(RequestId, RequestState)]) -> Option<(Timestamp, &RequestId)> {
    let erasures = requests.iter().filter_map(|(request, state)| match decided(state) {
        Some((at, Outcome::Erased(items))) => Some((*at, request, items)),
        _ => None,
    });
    let latest = erasures.max_by_key(|(at, request, _)| (*at, *request));
    latest.filter(|(.., items)| items.iter().all(is_erased)).map(|(at, request, _)| (at, request))
}

/// Whether anything of theirs is kept, by this product or by what they agreed to. While a hold keeps whatever there is
/// about them (what was disclosed, what they wrote), their key must live as well.
async fn is_kept<P: Office>(policy: &Policy, ports: &P, key: &RequestKey) -> Result<bool, PortError> {
    let (controller, subject) = (&key.controller, &key.subject);
    if !ports.records(controller, subject).await?.is_empty() {
        return Ok(true);
    }
    if ports.holds(controller, subject).await?.iter().any(Hold::is_open) {
        return Ok(true);
    }
    let rests_on_consent =
        |purpose| policy.purposes.get(purpose).is_some_and(|rule| rule.basis == LawfulBasis::Consent);
    Ok(consent::revocable(&ports.consents(controller, subject).await?).iter().any(rests_on_consent))
}
