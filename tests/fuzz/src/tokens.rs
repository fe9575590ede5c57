//! Tokens that people hold, and signatures of controllers' systems: whatever opens something is what was given out.

use domain::{
    ids::{ControllerId, SubjectRef, SystemId},
    system::{SystemSecret, SystemsKey, signature, verify},
    token::{Claim, Scope, TokenKey},
};
use jiff::{SignedDuration, Timestamp, ToSpan};

const SCOPES: [Scope; 7] = [
    Scope::Capture,
    Scope::Subject,
    Scope::Request,
    Scope::Verification,
    Scope::Export,
    Scope::Guardian,
    Scope::Unsubscribe,
];

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn key() -> TokenKey {
    TokenKey::new(&[7; 32])
}

fn controller(name: &str) -> ControllerId {
    ControllerId::parse(name).unwrap()
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let claim = |scope, id: &str, hours: i64| Claim {
        scope,
        subject: SubjectRef::parse("1.AAAAAAAAAAAAAAAAAAAAAA").unwrap(),
        id: id.to_owned(),
        expires_at: now() + hours.hours(),
    };
    let ids = ["", "KKKKKKKKKKKKKKKKKKKKKA"];
    let claims =
        SCOPES.iter().flat_map(|scope| ids.iter().flat_map(|id| [-1, 1].map(|hours| claim(*scope, id, hours))));
    claims.map(|claim| key().sign(&controller("identance"), &claim).into_bytes()).collect()
}

pub(crate) fn judge(bytes: &[u8]) {
    let Ok(token) = std::str::from_utf8(bytes) else { return };
    let (own, other) = (controller("identance"), controller("rfa"));
    if let Ok(claim) = key().verify(&own, token, now()) {
        assert!(claim.expires_at > now(), "it is over");
        assert_eq!(key().sign(&own, &claim), token, "it was not given out");
    }
    assert!(key().verify(&other, token, now()).is_err(), "it opens another controller's");
    assert!(TokenKey::new(&[8; 32]).verify(&own, token, now()).is_err(), "it opens under another key");
}

fn secrets() -> Vec<SystemSecret> {
    let system = SystemId::parse("crm").unwrap();
    [1, 2].map(|version| SystemsKey::new(&[9; 32]).secret(&controller("identance"), &system, version)).to_vec()
}

/// The header, a line feed, the body.
pub(crate) fn signature_seeds() -> Vec<Vec<u8>> {
    let bodies = ["", "{\"v\":1}", "zqx7"];
    let signed = bodies.iter().flat_map(|body| {
        [0, 1, 2].map(|few| format!("{}\n{body}", signature(&secrets()[..few], now(), body.as_bytes())))
    });
    signed.map(String::into_bytes).collect()
}

pub(crate) fn judge_signature(bytes: &[u8]) {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return };
    let Ok(header) = std::str::from_utf8(&bytes[..end]) else { return };
    let body = &bytes[end + 1..];
    let window = SignedDuration::from_mins(5);
    match verify(header, body, &secrets(), now(), window) {
        Ok(at) => {
            assert!(now().duration_since(at).abs() <= window, "it is too old");
            let own = secrets().into_iter().any(|secret| {
                let whole = signature(&[secret], at, body);
                whole.split_once(",v1=").is_some_and(|(_, tag)| header.contains(tag))
            });
            assert!(own, "nobody who holds the secret signed it");
        }
        Err(refused) => crate::says_nothing_of_it(&refused.to_string()),
    }
    assert!(verify(header, body, &[], now(), window).is_err(), "no secret opens nothing");
}
