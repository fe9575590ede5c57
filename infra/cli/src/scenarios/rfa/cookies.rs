//! Cookies of the products' websites.

use serde_json::json;
use wire::consent::ConsentStateForm;

use super::{NAME, NOTICE};
use crate::{
    client::Call,
    clock,
    scenarios::{
        acts::{chosen, trackers},
        later,
    },
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, subject},
};

const PERFORMANCE: &str = "cookies.performance";

const FUNCTIONALITY: &str = "cookies.functionality";

pub(super) fn gate(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("cookie", &world.name("browser"));
    let none = trackers(world, NAME, None, &[])?;
    let ids: Vec<&str> = none.keys().map(String::as_str).collect();
    let necessary = none.get("strictly-necessary");
    ledger.check(
        "rfa.10-a",
        "the site sets what it names: to know visitors, to be secure, to fit",
        ids == ["functionality", "performance", "strictly-necessary"]
            && necessary.is_some_and(|tracker| tracker.allowed),
        format!("declared: {}", ids.join(", ")),
    );
    let before = |id: &str| none.get(id).map_or("not listed", |tracker| tracker.because.as_str());
    let refused = [(PERFORMANCE, "refused"), (FUNCTIONALITY, "refused")];
    let receipt = chosen(world, NAME, &who, &refused, json!({ "notice": NOTICE }))?;
    let after = trackers(world, NAME, Some(&receipt.token), &[])?;
    let allowed: Vec<&str> =
        after.values().filter(|tracker| tracker.allowed).map(|tracker| tracker.id.as_str()).collect();
    ledger.check(
        "rfa.10-b",
        "the necessary needs no consent, and is all that is left to who refuses the rest",
        before("strictly-necessary") == "exempt" && allowed == ["strictly-necessary"],
        format!("{} before; after a refusal: {}", before("strictly-necessary"), allowed.join(", ")),
    );
    for (clause, id, purpose, other, lifetime) in [
        ("rfa.10-c", "performance", PERFORMANCE, "functionality", "P13M"),
        ("rfa.10-d", "functionality", FUNCTIONALITY, "performance", "P6M"),
    ] {
        let browser = subject("cookie", &world.name(id));
        let receipt = chosen(world, NAME, &browser, &[(purpose, "given")], json!({ "notice": NOTICE }))?;
        let list = trackers(world, NAME, Some(&receipt.token), &[])?;
        let of = |id: &str| list.get(id).map_or("not listed", |tracker| tracker.because.as_str());
        ledger.check(
            clause,
            "it waits for its own consent",
            (before(id), of(id), of(other)) == ("no-consent", "consent", "no-consent"),
            format!("before: {}; after: {}, the other kind {}", before(id), of(id), of(other)),
        );
        let tracker = list.get(id).ok_or_else(|| Trouble::new("it is not listed"))?;
        let span = lifetime.parse().map_err(Trouble::because("a lifetime"))?;
        let end = later(clock::now(), span, "Europe/London")?;
        let until = tracker.until.as_deref().map(str::parse).transpose().map_err(Trouble::because("until"))?;
        let is_bounded = until.is_some_and(|until: jiff::Timestamp| until <= end && until > clock::now());
        ledger.check(
            clause,
            "and ends by itself",
            is_bounded && tracker.lifetime.as_deref() == Some(lifetime),
            format!("lifetime {}", tracker.lifetime.as_deref().unwrap_or("WITHOUT END")),
        );
    }

    let browser = subject("cookie", &world.name("regretful"));
    let receipt = chosen(world, NAME, &browser, &[(PERFORMANCE, "given")], json!({ "notice": NOTICE }))?;
    chosen(world, NAME, &browser, &[(PERFORMANCE, "withdrawn")], json!({}))?;
    let list = trackers(world, NAME, Some(&receipt.token), &[])?;
    let because = list.get("performance").map_or("not listed", |tracker| tracker.because.as_str());
    let bearer = format!("Bearer {}", receipt.token);
    let call = Call::new("GET", world.api(&format!("/{NAME}/v1/consents"))).with("authorization", bearer);
    let state: ConsentStateForm = world.client.send(&call)?.expect(&[200])?.json()?;
    let state = state.purposes.get(PERFORMANCE).map_or("nothing", |state| state.state.as_str());
    ledger.check(
        "rfa.10-e",
        "a consent is taken back here, and not in the browser alone",
        (because, state) == ("no-consent", "withdrawn"),
        format!("on record: {state}; the tracker: {because}"),
    );
    Ok(())
}
