//! The certificate of an erasure, drawn from the evidence for the person that it is about.

use app::{
    certificate::{EvidenceFiles, certifies, erased_by},
    chain::Place,
    destruction::Doomed,
    error::PortError,
    pages::{self, CertificateItem, CertificatePage, PageOf},
    requests::{self, RequestKey},
};
use domain::{
    dsar::ItemResult,
    ids::{Category, Purpose},
};
use edge::{
    http::{Problem, Request, Response},
    site,
};
use wire::evidence::{
    LinkKind,
    certificate::{
        CERTIFICATE_VERSION, Certificate, Certified, CertifiedBatch, ErasedRecord, PATH_HEADERS_MAX, verify_certificate,
    },
    read,
};

use crate::{Desk, ITS_OWN, Site, closed, opened, pages::shows_answer};

/// How many headers are read at once.
const HEADERS_AT_ONCE: u64 = 32;

const EVIDENCE: &str = "the evidence";

/// Hands out the certificate: a page for a browser, from which the file is downloaded, and the file for everybody else.
pub(crate) async fn show<P: Desk>(site: &Site<P>, request: &Request) -> Result<Response, Problem> {
    let policy = site::policy(request, &site.policies)?;
    let (id, token) = opened(request)?;
    let wants_file = match request.query("format")?.as_deref() {
        None => !request.wants_page(),
        Some("json") => true,
        Some(_) => return Err(Problem::invalid("/format", "use json", "Leave it out for a page.")),
    };
    let (key, claim) = match requests::open(policy, &site.ports, &id, &token, &ITS_OWN, request.at()).await {
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
        let disposition = format!("attachment; filename=\"certificate-{id}.json\"");
        return Ok(Response::json(200, &certificate).with_header("content-disposition", disposition));
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

fn corrupt() -> PortError {
    PortError::corrupt(EVIDENCE, "no certificate can be drawn from it")
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
    let mut path = Path { lines: Vec::new(), next: intent };
    let Some(number) = path.result(ports, key).await? else { return Ok(None) };
    let result = Place { number, ..intent };
    let intent_file = ports.link_file(&key.controller, intent).await?.ok_or_else(corrupt)?;
    let result_file = ports.link_file(&key.controller, result).await?.ok_or_else(corrupt)?;
    let records: Vec<_> = records
        .iter()
        .map(|doomed| ErasedRecord { record: doomed.record.clone(), due_at: doomed.due_at, salt: doomed.salt })
        .collect();
    let drawn = CertifiedBatch::draw(&key.controller, &key.subject, (&intent_file, &result_file), &records);
    let drawn = drawn.map_err(|_| corrupt())?;
    let Some((head, file)) = covering(ports, key, result).await? else { return Ok(Some(drawn)) };
    // A path that is longer than a certificate may be stays with the evidence, where the verifier follows it.
    let Some(length) = usize::try_from(head + 1 - intent.number).ok().filter(|length| *length <= PATH_HEADERS_MAX)
    else {
        return Ok(Some(drawn));
    };
    while path.lines.len() < length {
        if !path.more(ports, key).await? {
            return Err(corrupt());
        }
    }
    path.lines.truncate(length);
    drawn.covered_by(path.lines, &file).map(Some).map_err(|_| corrupt())
}

/// The headers from an intent on, read as far as they are needed.
struct Path {
    lines: Vec<String>,
    next: Place,
}

impl Path {
    /// Reads some more; `false`: the chain ends here.
    async fn more<P: EvidenceFiles>(&mut self, ports: &P, key: &RequestKey) -> Result<bool, PortError> {
        let lines = ports.header_lines(&key.controller, self.next, HEADERS_AT_ONCE).await?;
        self.next.number += lines.len() as u64;
        let is_more = !lines.is_empty();
        for line in lines {
            self.lines.push(String::from_utf8(line).map_err(|_| corrupt())?);
        }
        Ok(is_more)
    }

    /// Looks for the result of the first header: its number.
    async fn result<P: EvidenceFiles>(&mut self, ports: &P, key: &RequestKey) -> Result<Option<u64>, PortError> {
        let (mut looked_at, mut batch) = (0, None);
        while self.lines.len() < PATH_HEADERS_MAX && self.more(ports, key).await? {
            for line in &self.lines[looked_at..] {
                let (header, _) = read::header(line.as_bytes()).map_err(|_| corrupt())?;
                let batch = batch.get_or_insert_with(|| header.batch.clone());
                if header.kind == LinkKind::Result && header.batch == *batch {
                    return Ok(Some(header.number));
                }
            }
            looked_at = self.lines.len();
        }
        Ok(None)
    }
}

/// The first checkpoint that covers a link: the number of the head that it names, and its file.
async fn covering<P: EvidenceFiles>(
    ports: &P,
    key: &RequestKey,
    link: Place,
) -> Result<Option<(u64, Vec<u8>)>, PortError> {
    let Some(last) = ports.last_checkpoint(&key.controller).await? else { return Ok(None) };
    let (mut low, mut high, mut found) = (1, last, None);
    // Heads only grow from one checkpoint to the next.
    while low <= high {
        let middle = low + (high - low) / 2;
        let file = ports.checkpoint_file(&key.controller, middle).await?.ok_or_else(corrupt)?;
        let read = read::checkpoint(&file).map_err(|_| corrupt())?;
        let head = read.checkpoint.heads.iter().find(|head| head.chain == link.chain);
        match head.map(|head| head.number).filter(|number| *number >= link.number) {
            Some(number) => {
                found = Some((number, file));
                high = middle - 1;
            }
            None => low = middle + 1,
        }
    }
    Ok(found)
}
