//! What the staff see of a controller's purge, and say to it.

use app::purge::{self, Run, Say, SayError};
use domain::{ids::ControllerId, purge::Control};
use edge::{
    clock,
    http::{Problem, Request, Response},
    site,
};
use jiff::SignedDuration;
use wire::purge::{DueForm, PurgeAnswer, PurgeForm};

use crate::{Desk, Ports, due_form};

/// The scope of a token that may look at a purge, pause it, and allow what it was stopped by.
pub const SCOPE: &str = "purge:write";

/// How long what is due is counted for an answer: an API waits for half a minute.
const COUNTING_SECONDS: i64 = 15;

pub(crate) async fn answer<P: Ports>(desk: &Desk<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    let staff = request.staff(&policy.controller, SCOPE)?;
    match request.method() {
        "GET" => {
            let due = match request.query("due")?.as_deref() {
                None | Some("false") => None,
                Some("true") => Some(count(desk, &policy.controller, request).await?),
                Some(_) => return Err(Problem::invalid("/due", "use true or false", "Ask with due=true for a count.")),
            };
            let control = desk.ports.purge_control(&policy.controller).await?;
            show(desk, &policy.controller, &control, due).await
        }
        "POST" => {
            let (word, reason) = request.json::<PurgeForm>()?.parse()?;
            let say = Say { word, reason, by: staff.subject, at: request.at() };
            let control = purge::say(&desk.ports, &policy.controller, &say).await.map_err(refuse)?;
            show(desk, &policy.controller, &control, None).await
        }
        _ => Err(Problem::method_not_allowed()),
    }
}

fn refuse(error: SayError) -> Problem {
    match error {
        SayError::Port(error) => error.into(),
        SayError::Refused(refused) => {
            Problem::conflict(refused.to_string()).with_hint("Look at its state with GET and say what fits it.")
        }
    }
}

async fn count<P: Ports>(desk: &Desk<P>, controller: &ControllerId, request: &Request) -> Result<DueForm, Problem> {
    let until = clock::now() + SignedDuration::from_secs(COUNTING_SECONDS);
    let goes_on = || clock::now() < until;
    let run = Run { at: request.at(), limits: desk.limits, goes_on: &goes_on };
    Ok(due_form(&purge::dry_run(&desk.ports, &run, Some(controller)).await?))
}

async fn show<P: Ports>(
    desk: &Desk<P>,
    controller: &ControllerId,
    control: &Control,
    due: Option<DueForm>,
) -> Result<Response, Problem> {
    let acts = desk.ports.purge_acts(controller).await?;
    let answer = PurgeAnswer::new(controller.as_str(), control, &desk.limits, due, &acts);
    Ok(Response::json(200, &answer))
}
