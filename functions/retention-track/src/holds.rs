//! The routes of holds: staff place them, see which stand, look at them again, and release them by two.

use app::{
    hold_rules,
    holds::{self, HoldError, HoldKey, PlaceHold},
};
use domain::hold::HoldRefused;
use edge::{
    http::{Problem, Request, Response},
    site,
};
use jiff::Timestamp;
use wire::hold::{self, HoldAnswer, HoldForm, HoldsAnswer, ReviewForm};

use crate::{Desk, HOLDS_READ_SCOPE, HOLDS_SCOPE, Ports, tell};

pub(crate) async fn place<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    let staff = request.staff(&policy.controller, HOLDS_SCOPE)?;
    let hold = request.json::<HoldForm>()?.parse()?;
    let form = PlaceHold {
        scope: hold.scope,
        reason: hold.reason,
        ground: hold.ground,
        review_at: hold.review_at,
        opened_by: staff.subject,
        key: site::idempotency_key(request, None)?,
        at: request.at(),
    };
    let hold = holds::place(policy, &desk.ports, form).await.map_err(hold_refused)?;
    // It keeps what it covers from now on; its mark comes to the records one after the other.
    Ok(Response::json(if hold.is_binding() { 202 } else { 201 }, &HoldAnswer::new(&hold)))
}

pub(crate) async fn read<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    request.staff(&policy.controller, HOLDS_READ_SCOPE)?;
    if request.parameter("hold").is_some() {
        let hold = desk.ports.hold(&policy.controller, &named(request)?).await?.ok_or_else(Problem::not_found)?;
        return Ok(Response::json(200, &HoldAnswer::new(&hold)));
    }
    let cursor = request.query("cursor")?;
    let page = desk.ports.open_holds(&policy.controller, cursor.as_deref()).await?;
    let holds = page.holds.iter().map(HoldAnswer::new).collect();
    Ok(Response::json(200, &HoldsAnswer { v: 1, holds, cursor: page.next }))
}

fn named(request: &Request) -> Result<HoldKey, Problem> {
    let (subject, id) = request.parameter("hold").and_then(hold::parse_name).ok_or_else(Problem::not_found)?;
    Ok(HoldKey { subject, id })
}

pub(crate) async fn release<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    let staff = request.staff(&policy.controller, HOLDS_SCOPE)?;
    let at: Timestamp = request.at();
    let hold = holds::release_by_staff(policy, &desk.ports, &named(request)?, &staff.subject, at)
        .await
        .map_err(hold_refused)?;
    if !hold.is_open() {
        // Whoever sends the same again, since this failed, tells it again.
        tell(desk, policy, hold_rules::told_of(policy, &desk.ports, &hold).await?, None, at).await?;
    }
    // 202: a second person must say so, too.
    Ok(Response::json(if hold.is_open() { 202 } else { 200 }, &HoldAnswer::new(&hold)))
}

/// Moves the day of its review.
pub(crate) async fn review<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    let staff = request.staff(&policy.controller, HOLDS_SCOPE)?;
    let (key, review_at) = (named(request)?, request.json::<ReviewForm>()?.parse()?);
    let moved = holds::move_review(policy, &desk.ports, &key, review_at, (&staff.subject, request.at())).await;
    Ok(Response::json(200, &HoldAnswer::new(&moved.map_err(hold_refused)?)))
}

/// Takes back that it should be released.
pub(crate) async fn withdraw<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    let staff = request.staff(&policy.controller, HOLDS_SCOPE)?;
    let key = named(request)?;
    let kept = holds::withdraw_release(policy, &desk.ports, &key, (&staff.subject, request.at())).await;
    Ok(Response::json(200, &HoldAnswer::new(&kept.map_err(hold_refused)?)))
}

fn hold_refused(error: HoldError) -> Problem {
    match error {
        HoldError::Port(error) => error.into(),
        HoldError::Unknown => Problem::not_found(),
        HoldError::Released => Problem::new(409, "hold-released", "The hold was released")
            .with_detail(error.to_string())
            .with_hint("Place another one, if something must still be kept."),
        HoldError::UnknownCategory(_) => {
            Problem::invalid("/scope/category", error.to_string(), "Name a category of the policy.")
        }
        HoldError::UnknownBreach(_) => {
            Problem::invalid("/scope/incident", error.to_string(), "Name a breach that was declared, by its number.")
        }
        HoldError::SameEyes(_) => Problem::new(409, "hold-four-eyes", "A hold is released by two people")
            .with_detail(error.to_string())
            .with_hint("You have asked for the release. Let somebody else send the same."),
        HoldError::Refused(refused) => {
            let detail = refused.to_string();
            let review = "Name a day on which somebody looks at the hold again.";
            match refused {
                HoldRefused::ReviewInPast => Problem::invalid("/review_at", detail, review),
                HoldRefused::ReviewTooLate(latest) => {
                    Problem::invalid("/review_at", detail, review).with("latest", latest.to_string())
                }
                HoldRefused::GroundNotListed(grounds) => {
                    let grounds: Vec<String> = grounds.iter().map(ToString::to_string).collect();
                    Problem::new(422, "hold-ground", "The policy allows such a hold on certain grounds alone")
                        .with_detail(detail)
                        .with_hint("Send one of them as ground.")
                        .with_pointer("/ground")
                        .with("grounds", grounds)
                }
            }
        }
    }
}
