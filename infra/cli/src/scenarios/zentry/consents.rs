//! Nothing is agreed to by using a service: trackers, mails and partners wait for a choice, which is
//! taken back as easily.

use std::collections::BTreeMap;

use serde_json::json;
use wire::{consent::ReceiptForm, tracker::TrackerForm};

use super::{NAME, agree, customer, gate, made, now, person, sent, use_now, uses, verdicts};
use crate::{
    client::Call,
    scenarios::{
        Part,
        acts::{Expected, choose, chosen, disclose, trackers},
        yes_or,
    },
    table::Ledger,
    trouble::Played,
    world::{World, subject},
};

/// The trackers that a page is told of, by name.
type Declared = BTreeMap<String, TrackerForm>;

pub(super) const PARTS: &[Part] = &[
    Part { clauses: &["zentry.0-a"], promise: "a consent is to a version of the notice", run: version },
    Part { clauses: &["zentry.0-e"], promise: "whoever uses the services has agreed to nothing", run: use_alone },
    Part { clauses: &["zentry.1-g", "zentry.1-j"], promise: "what follows people waits for a choice", run: cookies },
    Part { clauses: &["zentry.1-h"], promise: "a cookie’s identifier is personal data", run: identifier },
    Part { clauses: &["zentry.2-d"], promise: "news needs a consent when it is sent", run: news },
    Part { clauses: &["zentry.7-n"], promise: "consents are withdrawn at any time", run: withdrawal },
    Part { clauses: &["zentry.9-r"], promise: "nobody else’s marketing without a consent", run: partners },
    Part { clauses: &["zentry.9-s"], promise: "Global Privacy Control counts, Do Not Track does not", run: signals },
];

fn version(world: &World, ledger: &mut Ledger) -> Played {
    let notices: serde_json::Value =
        world.client.send(&Call::new("GET", world.api(&format!("/{NAME}/v1/notices"))))?.expect(&[200])?.json()?;
    let current = notices["current"]["version"].as_str().unwrap_or("none");
    let who = person(world, "reader");
    let receipt = agree(world, &who, &["marketing"])?;
    let form = json!({ "notice": "2023-01-01", "age": 40 });
    let other = choose(world, NAME, &person(world, "ahead"), &[("marketing", "given")], form)?;
    ledger.check(
        "zentry.0-a",
        "the notice in force is that of 11 December 2022, and consents are given to it alone",
        current == "2022-12-11" && receipt.privacy_notice == current && (400..500).contains(&other.status),
        format!("in force {current}, recorded {}; another version {}", receipt.privacy_notice, other.said()),
    );
    Ok(())
}

fn use_alone(world: &World, ledger: &mut Ledger) -> Played {
    let (who, _) = customer(world, "user")?;
    let seen = json!({ "use_datetime": now(), "service_use": "logged in" });
    world.keep(NAME, &made(world, &who, "usage", "usage-analytics", &seen))?;
    let missing = || Expected::Denied("consent-missing");
    let by_use = [
        ("marketing", json!({}), missing()),
        ("cookies.analytics", json!({}), missing()),
        ("third-party-disclosure", json!({}), missing()),
        ("service.provide", json!({}), Expected::Allowed("zentry.2-a")),
    ];
    uses(world, ledger, ("zentry.0-e", "somebody whose use is on record has agreed to nothing"), &who, &by_use)
}

fn cookies(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("cookie", &world.name("visitor"));
    let stranger = trackers(world, NAME, None, &[])?;
    let receipt = agree(world, &who, &["cookies.analytics"])?;
    let agreed = trackers(world, NAME, Some(&receipt.token), &[])?;
    chosen(world, NAME, &who, &[("cookies.analytics", "withdrawn")], json!({}))?;
    let withdrawn = trackers(world, NAME, Some(&receipt.token), &[])?;
    let says =
        |of: &Declared, id: &str| of.get(id).map_or_else(|| "undeclared".to_owned(), |tracker| tracker.because.clone());
    let all = [&stranger, &agreed, &withdrawn];
    ledger.check(
        "zentry.1-g",
        "the cookie for security is set for everybody; the one for analytics waits for consent",
        all.iter().all(|seen| seen.get("security").is_some_and(|tracker| tracker.allowed))
            && stranger.get("analytics").is_some_and(|tracker| !tracker.allowed)
            && agreed.get("analytics").is_some_and(|tracker| tracker.allowed && tracker.until.is_some()),
        format!(
            "security {}; analytics {} without a choice, {} with one",
            says(&stranger, "security"),
            says(&stranger, "analytics"),
            says(&agreed, "analytics")
        ),
    );
    ledger.check(
        "zentry.1-g",
        "nothing else may be loaded",
        all.iter().all(|seen| seen.keys().eq(["analytics", "security"])),
        format!("{} trackers are declared", agreed.len()),
    );
    ledger.check(
        "zentry.1-j",
        "a choice is taken back here, and not in the browser’s settings alone",
        agreed.get("analytics").is_some_and(|tracker| tracker.allowed)
            && withdrawn.get("analytics").is_some_and(|tracker| !tracker.allowed),
        format!("analytics first {}, then {}", says(&agreed, "analytics"), says(&withdrawn, "analytics")),
    );
    Ok(())
}

fn identifier(world: &World, ledger: &mut Ledger) -> Played {
    let cookie = world.name("identifier");
    let who = subject("cookie", &cookie);
    let fields = json!({ "cookie_id": cookie, "browser": "Firefox 140", "referrer_url": "https://www.example.org/" });
    let kept = world.keep(NAME, &made(world, &who, "web-analytics", "cookies.analytics", &fields))?;
    let form = json!({
        "type": "erasure", "subject": who,
        // What names them is no detail about them: two others show that it is theirs.
        "points": { "referrer_url": "https://www.example.org/", "browser": "Firefox 140" },
    });
    let status = world.decided(&world.ask(NAME, &form)?)?;
    let is_gone = world.stored(&kept)?.is_none();
    let result = status.items.iter().find(|item| item.category == "web-analytics").map_or("none", |item| &item.result);
    ledger.check(
        "zentry.1-h",
        "what hangs on a cookie is somebody’s: they have it erased like anything else",
        is_gone && result == "erased",
        format!("web-analytics {result}, {}", yes_or(is_gone, "gone", "STILL THERE")),
    );
    Ok(())
}

fn news(world: &World, ledger: &mut Ledger) -> Played {
    let who = person(world, "subscriber");
    let before = use_now(world, &who, "marketing")?;
    agree(world, &who, &["marketing"])?;
    let queued = use_now(world, &who, "marketing")?;
    chosen(world, NAME, &who, &[("marketing", "withdrawn")], json!({}))?;
    let at_sending = use_now(world, &who, "marketing")?;
    verdicts(
        ledger,
        ("zentry.2-d", "news is sent with a consent that still stands when it goes out"),
        &[
            ("before", before, Expected::Denied("consent-missing")),
            ("when it is queued", queued, Expected::Allowed("zentry.2-d")),
            ("withdrawn before it goes out", at_sending, Expected::Denied("consent-missing")),
        ],
    );
    Ok(())
}

fn withdrawal(world: &World, ledger: &mut Ledger) -> Played {
    let who = person(world, "changed-mind");
    let purposes = ["cookies.analytics", "marketing", "third-party-disclosure"];
    agree(world, &who, &purposes)?;
    let send = |at: &str| {
        let of = ("consented-third-party", "contact", "third-party-disclosure");
        disclose(world, NAME, &sent(&who, of, &[], json!({ "occurred_at": at })))
    };
    let between = now();
    let before = send(&between)?;
    let asked = world.ask(NAME, &json!({ "type": "withdraw-consent", "subject": who }))?;
    let at_once = use_now(world, &who, "marketing")?;
    let status = world.decided(&asked)?;
    ledger.check(
        "zentry.7-n",
        "one request without a proof withdraws every consent, before anybody has looked at it",
        asked.verification == "none"
            && at_once.reason.as_deref() == Some("consent-missing")
            && purposes.iter().all(|purpose| status.withdrawn.iter().any(|withdrawn| withdrawn == purpose)),
        format!("withdrawn: {}", status.withdrawn.join(", ")),
    );
    verdicts(
        ledger,
        ("zentry.7-n", "what was done until then stays lawful, and nothing after it is"),
        &[
            ("sent before", before, Expected::Allowed("zentry.3-a")),
            ("logged now as of then", send(&between)?, Expected::Allowed("zentry.3-a")),
            ("sent now", send(&now())?, Expected::Denied("consent-missing")),
        ],
    );
    Ok(())
}

fn partners(world: &World, ledger: &mut Ledger) -> Played {
    let purpose = "third-party-direct-marketing";
    let of = |recipient| (recipient, "website-personal", purpose);
    let (silent, reached) = (person(world, "silent"), person(world, "reached"));
    agree(world, &silent, &["marketing"])?;
    agree(world, &reached, &[purpose])?;
    let promise = "others get data for their own marketing by an affirmative consent to that alone";
    gate(
        world,
        ledger,
        ("zentry.9-r", promise),
        &[
            (
                "consent to Zentry’s news alone",
                sent(&silent, of("marketing-partner"), &[], json!({})),
                Expected::Denied("consent-missing"),
            ),
            ("consent to it", sent(&reached, of("marketing-partner"), &[], json!({})), Expected::Allowed("zentry.9-r")),
        ],
    )?;
    chosen(world, NAME, &reached, &[(purpose, "withdrawn")], json!({}))?;
    let disguised = json!({ "uses": ["third-party-marketing"] });
    let provider = ("service-provider", "contact", "service.provide");
    let reference = [("processing-agreement", "dpa-1")];
    gate(
        world,
        ledger,
        ("zentry.9-r", "not after a withdrawal, and not by another name"),
        &[
            ("withdrawn", sent(&reached, of("marketing-partner"), &[], json!({})), Expected::Denied("consent-missing")),
            (
                "as a provider’s work",
                sent(&reached, provider, &reference, disguised),
                Expected::Denied("use-ruled-out"),
            ),
        ],
    )
}

fn signals(world: &World, ledger: &mut Ledger) -> Played {
    let purpose = "third-party-direct-marketing";
    let who = subject("cookie", &world.name("browser"));
    let form = json!({ "subject": who, "purposes": { purpose: "given", "cookies.analytics": "given" }, "notice": "2022-12-11", "age": 40 });
    let path = format!("/{NAME}/v1/consents");
    let without: ReceiptForm = world.post(&path, &form)?.expect(&[200, 201])?.json()?;
    let dnt = Call::new("POST", world.api(&path)).with("dnt", "1").json(&form);
    let untracked: ReceiptForm = world.client.send(&dnt)?.expect(&[200, 201])?.json()?;
    let of = ("marketing-partner", "website-personal", purpose);
    let before = disclose(world, NAME, &sent(&who, of, &[], json!({})))?;
    let plain = trackers(world, NAME, Some(&without.token), &[])?;
    let asked = trackers(world, NAME, Some(&without.token), &[("dnt", "1")])?;
    let allowed = |seen: &Declared| -> Vec<(String, bool, String)> {
        seen.values().map(|tracker| (tracker.id.clone(), tracker.allowed, tracker.because.clone())).collect()
    };
    ledger.check(
        "zentry.9-s",
        "Do Not Track records nothing and changes nothing",
        allowed(&asked) == allowed(&plain)
            && plain.get("analytics").is_some_and(|tracker| tracker.allowed)
            && before.reason.is_none()
            && untracked.sec_gpc == without.sec_gpc,
        format!("the same trackers with it and without it; sharing {before}"),
    );
    let gpc = Call::new("POST", world.api(&path)).with("sec-gpc", "1").json(&form);
    let receipt: ReceiptForm = world.client.send(&gpc)?.expect(&[200, 201])?.json()?;
    let after = disclose(world, NAME, &sent(&who, of, &[], json!({})))?;
    ledger.check(
        "zentry.9-s",
        "Global Privacy Control is on the record, and ends sharing whatever was agreed to",
        receipt.sec_gpc == "1"
            && without.sec_gpc == "0-absent"
            && after.reason.as_deref() == Some("global-privacy-control"),
        format!("with the header {}, without it {}; sharing {after}", receipt.sec_gpc, without.sec_gpc),
    );
    Ok(())
}
