//! The certificate of how one person was told, drawn from the evidence for whoever has to show it.

use app::{certificate::EvidenceFiles, chain::Place, error::PortError, told::ToldNotice};
use domain::{
    evidence::CHAINS,
    ids::{BreachId, ControllerId},
};
use edge::{
    evidence::{Headers, corrupt, first_checkpoint, head_of},
    http::{Problem, Request, Response},
    site,
};
use jiff::{SignedDuration, Timestamp};
use wire::{
    breach::ProofForm,
    evidence::{
        LinkKind,
        notice::{NoticeCertificate, NoticeItem, verify_notice},
        read,
    },
};

use crate::{Desk, Ports, SCOPE};

/// A checkpoint may be dated before the last links that it covers: it is made for an hour's tick, which may come late.
const DATED_BEFORE: SignedDuration = SignedDuration::from_hours(24);

/// A leaf is written within the time for which the stream keeps a change, and that of bringing in what failed.
const WRITTEN_WITHIN: SignedDuration = SignedDuration::from_hours(72);

/// Most links whose leaves are looked at.
const LINKS_MAX: usize = 256;

/// Hands out the certificate. The identifier stands in the body, so that no log of paths has it.
pub(crate) async fn show<P: Ports>(desk: &Desk<P>, request: &Request, id: &str) -> Result<Response, Problem> {
    let policy = site::policy(request, &desk.policies)?;
    request.staff(&policy.controller, SCOPE)?;
    let breach = BreachId::parse(id).map_err(|_| Problem::not_found())?;
    let identifier = request.json::<ProofForm>()?.subject.identifier()?;
    let (controller, ports) = (&policy.controller, &desk.ports);
    let subject = ports.controller(controller).await?.pepper.subject(&identifier);
    let notice = ports.told_notice(controller, &breach, &subject).await?;
    // Whoever was not told and whoever nobody knows are answered alike: this is no way to ask who is a customer.
    let Some(ToldNotice { since, salt, content, .. }) = notice.filter(|notice| notice.state.is_told()) else {
        return Err(Problem::not_found());
    };
    let missing = || Problem::conflict("The evidence has no leaf of it yet. It is written within minutes.");
    let salt = salt.ok_or_else(missing)?;
    let item = NoticeItem { controller: controller.clone(), breach, subject, salt, content };
    let certificate = draw(ports, &item, since).await?.ok_or_else(missing)?;
    // What does not hold is handed to nobody: it is a fault of ours.
    let file = serde_json::to_vec(&certificate).map_err(|_| corrupt())?;
    verify_notice(&file, None).map_err(|_| corrupt())?;
    Ok(Response::json(200, &certificate).with_file_name(&format!("notice-{id}.json")))
}

/// Draws the certificate of a notice that came to its end then; `None`: its leaf is not to be found.
async fn draw<P: EvidenceFiles>(
    ports: &P,
    item: &NoticeItem,
    since: Timestamp,
) -> Result<Option<NoticeCertificate>, PortError> {
    for place in candidates(ports, &item.controller, since).await? {
        let file = ports.link_file(&item.controller, place).await?.ok_or_else(corrupt)?;
        let Some(drawn) = NoticeCertificate::draw(item, &file).map_err(|_| corrupt())? else { continue };
        let covering = Headers::from(place).to_checkpoint(ports, &item.controller, place.number).await?;
        return match covering {
            Some((path, file)) => drawn.covered_by(path, &file).map(Some).map_err(|_| corrupt()),
            None => Ok(Some(drawn)),
        };
    }
    Ok(None)
}

/// The links in which the leaf of something that happened then may stand, the likeliest first. Nothing says in which
/// chain it was written: a link tells of nothing later than its own time, and checkpoints say where a day begins.
async fn candidates<P: EvidenceFiles>(
    ports: &P,
    controller: &ControllerId,
    since: Timestamp,
) -> Result<Vec<Place>, PortError> {
    let from = since.checked_sub(DATED_BEFORE).unwrap_or(Timestamp::MIN);
    let until = since.checked_add(WRITTEN_WITHIN).unwrap_or(Timestamp::MAX);
    let is_later = |at: &str| at.parse::<Timestamp>().is_ok_and(|at| at > from);
    let later = first_checkpoint(ports, controller, |checkpoint| is_later(&checkpoint.at)).await?;
    // The one before it covers nothing of what is looked for.
    let before = match later.map(|(checkpoint, _)| checkpoint.number) {
        Some(number) => number.checked_sub(1),
        None => ports.last_checkpoint(controller).await?,
    };
    let before = match before.filter(|number| *number > 0) {
        Some(number) => ports.checkpoint_file(controller, number).await?,
        None => None,
    };
    let before = before.map(|file| read::checkpoint(&file).map_err(|_| corrupt())).transpose()?;
    let mut found = Vec::new();
    for chain in 0..CHAINS {
        let head = before.as_ref().and_then(|before| head_of(&before.checkpoint, chain)).unwrap_or(0);
        let mut headers = Headers::from(Place { chain, number: head + 1 });
        let mut read = 0;
        while headers.more(ports, controller).await? {
            let mut is_past = true;
            for line in headers.lines().get(read..).unwrap_or_default() {
                let (header, at) = read::header(line.as_bytes()).map_err(|_| corrupt())?;
                is_past &= at > until;
                if header.kind == LinkKind::Events && at >= since {
                    found.push((at, Place { chain, number: header.number }));
                }
            }
            read = headers.lines().len();
            if is_past {
                break;
            }
        }
    }
    found.sort_unstable();
    Ok(found.into_iter().take(LINKS_MAX).map(|(_, place)| place).collect())
}
