//! Somebody of a controller's privacy office, as scenarios and tests speak for them: over the staff's
//! routes alone, with a name that stands in the history.

use serde_json::Value;
use wire::office::{CaseForm, LineForm, ListForm};

use crate::{
    client::{Answer, Call, escaped},
    trouble::{Played, Trouble},
    world::{World, wait_for},
};

/// The scopes of a clerk who may do everything that the office does.
pub const ALL_SCOPES: &str = "requests:read requests:write requests:decide requests:approve";

/// Most pages that a list is followed over.
const PAGES_MAX: u32 = 200;

/// A clerk at work for one controller.
#[derive(Debug, Clone)]
pub struct Clerk<'w> {
    world: &'w World,
    controller: String,
    name: String,
    scopes: String,
}

/// A request as a clerk has seen it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// All that the office may know of it.
    pub case: CaseForm,
    /// Its version, as `If-Match` must name it.
    pub tag: String,
}

impl<'w> Clerk<'w> {
    /// A clerk of that name, who may do everything.
    pub fn new(world: &'w World, controller: &str, name: &str) -> Self {
        Self { world, controller: controller.to_owned(), name: name.to_owned(), scopes: ALL_SCOPES.to_owned() }
    }

    /// The same clerk with these scopes alone, apart by blanks.
    #[must_use]
    pub fn with_scopes(self, scopes: &str) -> Self {
        Self { scopes: scopes.to_owned(), ..self }
    }

    /// The name that stands in the history.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Calls a route of the staff's: `requests`, `requests/{request}`, `grounds`.
    fn call<'a>(&self, method: &'a str, path: &str) -> Played<Call<'a>> {
        let url = self.world.api(&format!("/{}/v1/staff/{path}", self.controller));
        let token = self.world.token_of(&self.name, &self.scopes, &self.controller)?;
        Ok(Call::new(method, url).with("authorization", format!("Bearer {token}")))
    }

    /// One page of the list; the query as it stands behind the `?`: `mine=true&limit=5`.
    ///
    /// # Errors
    /// Unless there is a list.
    pub fn list(&self, query: &str) -> Played<ListForm> {
        self.world.client.send(&self.call("GET", &format!("requests?{query}"))?)?.expect(&[200])?.json()
    }

    /// Every line of the list, page by page.
    ///
    /// # Errors
    /// Unless there is a list, and it has an end.
    pub fn list_all(&self, query: &str) -> Played<Vec<LineForm>> {
        let mut lines = Vec::new();
        let mut wanted = query.to_owned();
        for _ in 0..PAGES_MAX {
            let page = self.list(&wanted)?;
            lines.extend(page.requests);
            let Some(cursor) = page.cursor else { return Ok(lines) };
            wanted = format!("{query}&cursor={}", escaped(&cursor));
        }
        Err(Trouble::new("the list finds no end"))
    }

    /// Looks at a request, whatever the answer is.
    ///
    /// # Errors
    /// When nothing answers.
    pub fn look_at(&self, request: &str) -> Played<Answer> {
        self.world.client.send(&self.call("GET", &format!("requests/{request}"))?)
    }

    /// Looks at a request.
    ///
    /// # Errors
    /// Unless it is there.
    pub fn look(&self, request: &str) -> Played<Seen> {
        seen(&self.look_at(request)?.expect(&[200])?)
    }

    /// Waits until a request stands there.
    ///
    /// # Errors
    /// If it does not in time.
    pub fn at_stage(&self, request: &str, stage: &str) -> Played<Seen> {
        wait_for(&format!("the request to be {stage}"), || {
            let seen = self.look(request)?;
            Ok((seen.case.stage == stage).then_some(seen))
        })
    }

    /// Does something to a request as it was seen, whatever the answer is: 412 if somebody was faster.
    ///
    /// # Errors
    /// When nothing answers.
    pub fn act(&self, seen: &Seen, action: &Value) -> Played<Answer> {
        self.act_on(&seen.case.request_id, &seen.tag, action)
    }

    /// The same with a version of one's own choice.
    ///
    /// # Errors
    /// When nothing answers.
    pub fn act_on(&self, request: &str, tag: &str, action: &Value) -> Played<Answer> {
        let call = self.call("POST", &format!("requests/{request}/actions"))?.with("if-match", tag).json(action);
        self.world.client.send(&call)
    }

    /// Looks at a request and tries something, again whenever the system was faster; answers what came of it.
    ///
    /// # Errors
    /// When nothing answers, or somebody is always faster.
    pub fn tries(&self, request: &str, action: &Value) -> Played<Answer> {
        wait_for("the request to stand still", || {
            let answer = self.act(&self.look(request)?, action)?;
            Ok((answer.status != 412).then_some(answer))
        })
    }

    /// Does something to a request, which must be possible.
    ///
    /// # Errors
    /// If it is refused.
    pub fn does(&self, request: &str, action: &Value) -> Played<Seen> {
        seen(&self.tries(request, action)?.expect(&[200])?)
    }

    /// Enters a request that came by post, by telephone or by word of mouth. The key makes a retry harmless.
    ///
    /// # Errors
    /// If it is refused.
    pub fn enter(&self, key: &str, form: &Value) -> Played<Seen> {
        let call = self.call("POST", "requests")?.with("idempotency-key", key).json(form);
        seen(&self.world.client.send(&call)?.expect(&[200, 201])?)
    }
}

fn seen(answer: &Answer) -> Played<Seen> {
    let tag = answer.header("etag").ok_or_else(|| Trouble::new(format!("{} has no ETag", answer.what)))?;
    Ok(Seen { tag: tag.to_owned(), case: answer.json()? })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_seen_has_the_version_that_if_match_must_name() {
        let body = json!({
            "v": 1, "request_id": "r", "type": "access", "stage": "with-office", "version": 3,
            "received_at": "2026-03-01T10:00:00Z", "regimes": [], "language": "en", "is_verified": true,
            "declared": false, "history": [],
            "due": { "date": "2026-04-01", "before": "2026-04-01T22:00:00Z", "law": "GDPR Art. 12(3)", "stands": false, "steps": [] },
        });
        let answer = |headers: Vec<(String, String)>| Answer {
            what: "GET /x".to_owned(),
            status: 200,
            headers,
            body: body.to_string().into_bytes(),
        };
        let tagged = seen(&answer(vec![("ETag".to_owned(), "\"3\"".to_owned())])).unwrap();
        assert_eq!((tagged.tag.as_str(), tagged.case.version), ("\"3\"", 3));
        assert!(seen(&answer(vec![])).is_err(), "nobody acts on what has no version");
    }
}
