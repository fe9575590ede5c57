//! The certificate of an erasure, drawn from the evidence for the person that it is about.

use app::{
    certificate::{EvidenceFiles, certifies, erased_by},
    chain::Place,
    destruction::Doomed,
    error::PortError,
    pages::{self, CertificateItem, CertificatePage, PageOf},
    requests::{self, ITS_TOKENS, RequestKey},
};
use domain::{
    dsar::ItemResult,
    ids::{Category, ControllerId, Purpose},
};
use edge::{
    evidence::{Headers, corrupt},
    http::{Problem, Request, Response},
    site,
};
use wire::evidence::{
    LinkKind,
    certificate::{CERTIFICATE_VERSION, Certificate, Certified, CertifiedBatch, ErasedRecord, verify_certificate},
    read,
};

use crate::{Desk, Site, closed, opened, pages::shows_answer};

/// Hands out the certificate: a page for a browser, from which the file is downloaded, and the file for everybody else.
pub(crate) async fn show<P: Desk>(site: &Site<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &site.policies)?;
    let (id, token) = opened(request)?;
    let wants_file = match request.query("format")?.as_deref() {
        None => !request.wants_page(),
        Some("json") => true,
        Some(_) => return Err(Problem::invalid("/format", "use json", "Leave it out for a page.")),
    };
    let (key, claim) = match requests::open(policy, &site.ports, &id, &token, &ITS_TOKENS, request.at()).await {
        Ok(opened) => opened,
        Err(error) => return Err(closed(site, request, error).await),
    };
    let Some(state) = site.ports.request(&key).await?.map(|stored| stored.state) else {
        return Err(Problem::unauthorized());
    };
    // Whoever typed an address alone does not learn what was held under it.
    if !shows_answer(claim.scope, &state) {
        return Err(Problem::unauthorized());
    }
    let none = || {
        Problem::new(404, "no-certificate", "There is no certificate of this request")
            .with_hint("A request has one once it has erased something.")
    };
    let items = certifies(&state).ok_or_else(none)?;
    let certificate = draw(&site.ports, &key, items).await?;
    let file = serde_json::to_vec(&certificate).map_err(|_| corrupt())?;
    // What does not hold is handed to nobody: it is a fault of ours.
    let certified = verify_certificate(&file, None).map_err(|_| corrupt())?;
    if certified.records == 0 {
        return Err(none());
    }
    if wants_file {
        return Ok(Response::json(200, &certificate).with_file_name(&format!("certificate-{id}.json")));
    }
    let erased = items.iter().filter(|item| matches!(item.result, ItemResult::Erased { .. })).count();
    let page = CertificatePage {
        of: PageOf { policy, request: &id, language: state.received.language, token: &token },
        state: &state,
        items: &lines(&certified),
        is_signed: certified.items.iter().all(|item| item.checkpoint.is_some()),
        is_complete: certified.records >= erased,
    };
    Ok(Response::html(200, pages::certificate(&page)))
}

fn lines(certified: &Certified) -> Vec<CertificateItem> {
    let lines = certified.items.iter().filter_map(|item| {
        Some(CertificateItem {
            category: Category::parse(&item.category).ok()?,
            purpose: Purpose::parse(&item.purpose).ok()?,
            at: item.at.parse().ok()?,
            evidence: item.evidence.clone(),
        })
    });
    lines.collect()
}

/// Draws the certificate of what a request erased.
async fn draw<P: Desk>(ports: &P, key: &RequestKey, items: &[domain::dsar::Item]) -> Result<Certificate, PortError> {
    let mut batches = Vec::new();
    for (place, records) in erased_by(ports, key, items).await? {
        batches.extend(batch(ports, key, place, &records).await?);
    }
    Ok(Certificate {
        v: CERTIFICATE_VERSION,
        controller: key.controller.to_string(),
        request: key.request.to_string(),
        subject: key.subject.to_string(),
        batches,
    })
}

/// What stands under one intent; `None` if it has no result yet.
async fn batch<P: EvidenceFiles>(
    ports: &P,
    key: &RequestKey,
    intent: Place,
    records: &[Doomed],
) -> Result<Option<CertifiedBatch>, PortError> {
    let mut headers = Headers::from(intent);
    let Some(number) = result_of(&mut headers, ports, &key.controller).await? else { return Ok(None) };
    let result = Place { number, ..intent };
    let intent_file = ports.link_file(&key.controller, intent).await?.ok_or_else(corrupt)?;
    let result_file = ports.link_file(&key.controller, result).await?.ok_or_else(corrupt)?;
    let records: Vec<_> = records
        .iter()
        .map(|doomed| ErasedRecord { record: doomed.record.clone(), due_at: doomed.due_at, salt: doomed.salt })
        .collect();
    let drawn = CertifiedBatch::draw(&key.controller, &key.subject, (&intent_file, &result_file), &records);
    let drawn = drawn.map_err(|_| corrupt())?;
    match headers.to_checkpoint(ports, &key.controller, result.number).await? {
        Some((path, file)) => drawn.covered_by(path, &file).map(Some).map_err(|_| corrupt()),
        None => Ok(Some(drawn)),
    }
}

/// Looks for the result of the first header: its number.
async fn result_of<P: EvidenceFiles>(
    headers: &mut Headers,
    ports: &P,
    controller: &ControllerId,
) -> Result<Option<u64>, PortError> {
    let (mut looked_at, mut batch) = (0, None);
    while headers.more(ports, controller).await? {
        for line in headers.lines().get(looked_at..).unwrap_or_default() {
            let (header, _) = read::header(line.as_bytes()).map_err(|_| corrupt())?;
            let batch = batch.get_or_insert_with(|| header.batch.clone());
            if header.kind == LinkKind::Result && header.batch == *batch {
                return Ok(Some(header.number));
            }
        }
        looked_at = headers.lines().len();
    }
    Ok(None)
}
