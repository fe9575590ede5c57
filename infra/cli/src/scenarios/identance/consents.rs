//! What rests on consent: how it is given and withdrawn, and what it alone allows.

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use wire::consent::{ConsentStateForm, ReceiptForm};

use super::{
    NAME,
    steps::{ZONE, adult, event, file, give, keep, made_at, refusal, withdraw},
};
use crate::{
    client::Call,
    clock,
    scenarios::{
        End, Part,
        acts::{Expected, choose, disclose, disclosure, judge, may_use, problem, registered, trackers},
        kept_until, later, yes_or,
    },
    table::Ledger,
    trouble::{Played, Trouble},
    world::{World, record, subject},
};

/// What this file shows, part by part.
pub(super) const PARTS: &[Part] = &[
    Part { clauses: &["identance.0-b"], promise: "no consent arises from use", run: by_use },
    Part {
        clauses: &["identance.0-f"],
        promise: "consent is asked where the text says so, and nowhere else",
        run: situations,
    },
    Part {
        clauses: &["identance.0-g", "identance.0-h", "identance.0-i"],
        promise: "a consent is withdrawn at any time, for the future",
        run: withdrawal,
    },
    Part {
        clauses: &["identance.4-c"],
        promise: "every subscription is confirmed by mail, with a way out",
        run: subscription,
    },
    Part {
        clauses: &["identance.4-b", "identance.4-c", "identance.4-f"],
        promise: "the newsletter rests on consent",
        run: newsletter,
    },
    Part { clauses: &["identance.4-d"], promise: "four consents are four questions", run: four_consents },
    Part {
        clauses: &["identance.2-g"],
        promise: "age, gender and the like are opted in to first",
        run: characteristics,
    },
    Part {
        clauses: &["identance.0-k", "identance.0-l", "identance.0-m", "identance.0-n"],
        promise: "whose data another user sent in has all rights of their own",
        run: third_party,
    },
];

fn by_use(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("cookie", &world.name("visitor"));
    keep(world, &who, ("contact", "service-delivery"), &json!({ "name": "Ada" }))?;
    let silent = choose(world, NAME, &who, &[], adult())?;
    let by_going_on = choose(world, NAME, &who, &[("newsletter", "continued-use")], adult())?;
    ledger.check(
        "identance.0-b",
        "a form without a choice, or with going on for one, records nothing",
        (silent.status, by_going_on.status) == (422, 422),
        format!("no choice: {}; \"continued-use\": {}", silent.said(), by_going_on.said()),
    );
    let used = may_use(world, NAME, &who, "newsletter", json!({}))?;
    judge(
        ledger,
        "identance.0-b",
        "who uses the service has agreed to nothing",
        &used,
        Expected::Denied("consent-missing"),
    );
    let token = give(world, &who, &["newsletter"])?.token;
    let agreed = may_use(world, NAME, &who, "newsletter", json!({}))?;
    judge(ledger, "identance.0-b", "who says yes has", &agreed, Expected::Allowed("identance.4-b"));
    let loaded = trackers(world, NAME, Some(&token), &[])?;
    let set: Vec<_> = loaded.values().filter(|tracker| tracker.allowed).map(|tracker| tracker.id.as_str()).collect();
    ledger.check(
        "identance.0-b",
        "to that alone: nothing else may be set or read",
        set.is_empty() && !loaded.is_empty(),
        format!("{} of {} trackers may be set", set.len(), loaded.len()),
    );
    Ok(())
}

fn situations(world: &World, ledger: &mut Ledger) -> Played {
    let said = |purpose: &str, age: u8| -> Played<String> {
        let who = subject("cookie", &world.name(&format!("asked-{purpose}-{age}")));
        let answer = choose(world, NAME, &who, &[(purpose, "given")], json!({ "notice": "undated-1", "age": age }))?;
        if answer.status == 201 { Ok("recorded".to_owned()) } else { problem(&answer) }
    };
    let (characteristics, cookies) = (said("characteristics", 30)?, said("cookies.session", 30)?);
    let (newsletter, child) = (said("newsletter", 30)?, said("newsletter", 15)?);
    ledger.check(
        "identance.0-f",
        "characteristics, cookies, newsletters and children are asked for consent",
        [&characteristics, &cookies, &newsletter].iter().all(|said| *said == "recorded") && child == "guardian-needed",
        format!("{characteristics}, {cookies}, {newsletter}; at 15: {child}"),
    );
    let (other, unnamed) = (said("communication", 30)?, said("horoscopes", 30)?);
    ledger.check(
        "identance.0-f",
        "any other consent is refused, so that nobody relies on it",
        other != "recorded" && unnamed != "recorded",
        format!("for a purpose on other grounds: {other}; for one that the text does not name: {unnamed}"),
    );
    Ok(())
}

fn withdrawal(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("wavering");
    let who = subject("mail", &address);
    let given = give(world, &who, &["newsletter", "plugins"])?;
    let news = keep(world, &who, ("newsletter", "newsletter"), &json!({ "email": address }))?;
    let invoice = keep(world, &who, ("billing", "billing"), &json!({ "invoice_number": "1" }))?;
    let before = clock::now();
    let used = may_use(world, NAME, &who, "newsletter", json!({}))?;
    judge(ledger, "identance.0-g", "consent is the ground", &used, Expected::Allowed("identance.4-b"));

    let withdrawn = withdraw(world, &who, &["newsletter", "plugins"])?;
    let at = made_at(&withdrawn)?;
    let used = may_use(world, NAME, &who, "newsletter", json!({}))?;
    let promise = "once it is withdrawn, no other ground takes its place";
    judge(ledger, "identance.0-g", promise, &used, Expected::Denied("consent-missing"));
    judge(ledger, "identance.0-h", "it stops at once, without a reason", &used, Expected::Denied("consent-missing"));

    let to_facebook = |at: Timestamp| {
        let more = json!({ "country": "IE", "occurred_at": at.to_string() });
        disclose(world, NAME, &disclosure("facebook", &who, &["plugin-interaction"], "plugins", more))
    };
    let promise = "what happened before the withdrawal stays lawful";
    judge(ledger, "identance.0-i", promise, &to_facebook(before)?, Expected::Allowed("identance.10-a"));
    let promise = "and what happens after it is not";
    judge(ledger, "identance.0-i", promise, &to_facebook(clock::now())?, Expected::Denied("consent-missing"));
    let theirs = file(world, &address, &json!({ "type": "access", "subject": who }))?;
    let of = |choice: &str| -> Option<String> {
        let consents = theirs["consents"].as_array()?;
        let found = consents.iter().find(|consent| consent["choices"]["newsletter"] == choice)?;
        found["at"].as_str().map(str::to_owned)
    };
    let (first, then) = (of("given"), of("withdrawn"));
    ledger.check(
        "identance.0-i",
        "the consent stays on record as it was given, beside its withdrawal",
        first.as_ref() == Some(&given.event_time) && then.as_ref() == Some(&withdrawn.event_time),
        format!("given {}, withdrawn {}", first.unwrap_or_default(), then.unwrap_or_default()),
    );

    let promise = "what rested on the consent alone is deleted";
    End { controller: NAME, clause: "identance.0-h", promise, kept: &news, at }.play(world, ledger)?;
    let stays = world.stored(&invoice)?.is_some();
    ledger.check("identance.0-h", "and nothing else is", stays, yes_or(stays, "the invoice is there", "INVOICE GONE"));
    Ok(())
}

/// What a subscriber is mailed, and the way out that stands in it.
fn subscription(world: &World, ledger: &mut Ledger) -> Played {
    const WAY_OUT: &str = "/unsubscribe?token=";
    let address = world.address("signed-up");
    let who = subject("mail", &address);
    let given = give(world, &who, &["newsletter"])?;
    world.press_mailed_button(&address, WAY_OUT)?;
    let path = format!("/{NAME}/v1/consents");
    let call = Call::new("GET", world.api(&path)).with("authorization", format!("Bearer {}", given.token));
    let state: ConsentStateForm = world.client.send(&call)?.expect(&[200])?.json()?;
    let now = state.purposes.get("newsletter").map_or("nothing", |state| state.state.as_str());
    let sent = may_use(world, NAME, &who, "newsletter", json!({}))?;
    let mails = world.mails_to(&address, WAY_OUT)?.len();
    ledger.check(
        "identance.4-c",
        "a subscription is confirmed by one mail, whose link ends it without a login",
        now == "withdrawn" && sent.reason.as_deref() == Some("consent-missing") && mails == 1,
        format!("{mails} mail; newsletter {now}; the next issue {sent}"),
    );
    Ok(())
}

fn newsletter(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("reader");
    let who = subject("mail", &address);
    let path = format!("/{NAME}/v1/consents");
    let unasked = may_use(world, NAME, &who, "newsletter", json!({}))?;
    judge(ledger, "identance.4-b", "nobody gets it before they agree", &unasked, Expected::Denied("consent-missing"));
    let served = may_use(world, NAME, &who, "service-delivery", json!({}))?;
    judge(ledger, "identance.4-b", "and is served without it", &served, Expected::Allowed("identance.0-p"));
    let given = world.post(
        &path,
        &json!({ "subject": who, "purposes": { "newsletter": "given" }, "notice": "undated-1", "age": 30 }),
    )?;
    let given: ReceiptForm = given.expect(&[201])?.json()?;
    let choice = given.purposes.get("newsletter").map_or("nothing", String::as_str);
    ledger.check(
        "identance.4-b",
        "a subscription is a consent, recorded with its notice",
        choice == "given" && given.privacy_notice == "undated-1",
        format!("newsletter {choice}, notice {}", given.privacy_notice),
    );
    let locator = format!("newsletter/{}", world.run);
    let subscription = record(world.start, &who, "newsletter", "newsletter", &locator, &json!({ "email": address }));
    let kept = world.keep(NAME, &subscription)?;

    let withdrawn = world.post(&path, &json!({ "subject": who, "purposes": { "newsletter": "withdrawn" } }))?;
    let withdrawn: ReceiptForm = withdrawn.expect(&[201])?.json()?;
    let call = Call::new("GET", world.api(&path)).with("authorization", format!("Bearer {}", given.token));
    let state: ConsentStateForm = world.client.send(&call)?.expect(&[200])?.json()?;
    let now = state.purposes.get("newsletter").map_or("nothing", |state| state.state.as_str());
    ledger.check(
        "identance.4-c",
        "it is withdrawn at any time, with less than it took to give it",
        now == "withdrawn",
        format!("without notice or age; newsletter {now} at once"),
    );
    let at: Timestamp = withdrawn.event_time.parse().map_err(Trouble::because("event_time"))?;
    let item = world.due(&kept, at)?;
    let commitment = item.commitment().ok_or_else(|| Trouble::new("the record has no salt"))?;
    world.sweep(at)?;
    let is_gone = world.stored(&kept)?.is_none();
    let evidence = if is_gone { Some(world.evidence(NAME, &commitment)?) } else { None };
    ledger.proved(
        "identance.4-c",
        "the address that rested on the consent goes with it",
        is_gone,
        yes_or(is_gone, "deleted by the next sweep", "STILL THERE"),
        evidence,
    );
    let old_list = event(world, &who, ("newsletter", "newsletter"), &json!({ "email": address }), clock::now());
    let imported = registered(world, NAME, &old_list)?;
    let ends_at_once = imported.as_ref().is_ok_and(|until| until.is_some_and(|until| until <= clock::now()));
    let again = may_use(world, NAME, &who, "newsletter", json!({}))?;
    ledger.check(
        "identance.4-c",
        "an old list that is imported again subscribes nobody again, and is kept no longer than it takes to say so",
        again.reason.as_deref() == Some("consent-missing") && ends_at_once,
        format!("imported until {imported:?}; {again}"),
    );
    tells_of_products(world, ledger)
}

/// The newsletter tells of new products and serves nothing else (4-f).
fn tells_of_products(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("subscriber");
    let who = subject("mail", &address);
    give(world, &who, &["newsletter"])?;
    let elsewhere = [("newsletter", "recruitment.assess"), ("newsletter", "identity-verification")];
    let mut refusals = Vec::new();
    for what in elsewhere {
        refusals.extend(refusal(world, &who, what, &json!({ "email": address }), world.start)?);
    }
    ledger.check(
        "identance.4-f",
        "the address is kept to tell of products, and for nothing else",
        refusals.len() == elsewhere.len(),
        refusals.first().cloned().unwrap_or_else(|| "KEPT FOR SOMETHING ELSE".to_owned()),
    );
    let news = may_use(world, NAME, &who, "newsletter", json!({}))?;
    judge(ledger, "identance.4-f", "who subscribed is told", &news, Expected::Allowed("identance.4-b"));
    world.ask(NAME, &json!({ "type": "objection-marketing", "subject": who }))?;
    let news = may_use(world, NAME, &who, "newsletter", json!({}))?;
    let promise = "news of products is marketing: who objects to that is told no more";
    judge(ledger, "identance.4-f", promise, &news, Expected::Denied("objection-marketing"));
    Ok(())
}

fn four_consents(world: &World, ledger: &mut Ledger) -> Played {
    const CLAUSE: &str = "identance.4-d";
    let who = subject("mail", &world.address("choosy"));
    let used = |purpose: &str| may_use(world, NAME, &who, purpose, json!({}));
    give(world, &who, &["newsletter"])?;
    for purpose in ["newsletter.own-promotions", "newsletter.partner-promotions"] {
        let promise = format!("the newsletter's consent is none to {purpose}");
        judge(ledger, CLAUSE, &promise, &used(purpose)?, Expected::Denied("consent-missing"));
    }
    give(world, &who, &["newsletter.own-promotions"])?;
    judge(ledger, CLAUSE, "each counts by itself", &used("newsletter.own-promotions")?, Expected::Allowed(CLAUSE));
    let partners = used("newsletter.partner-promotions")?;
    judge(ledger, CLAUSE, "and for itself alone", &partners, Expected::Denied("consent-missing"));
    give(world, &who, &["newsletter.partner-promotions", "newsletter.offer-customisation"])?;
    withdraw(world, &who, &["newsletter.own-promotions"])?;
    let partners = used("newsletter.partner-promotions")?;
    judge(ledger, CLAUSE, "one is withdrawn without the others", &partners, Expected::Allowed(CLAUSE));
    let fitted = used("newsletter.offer-customisation")?;
    let promise = "offers are fitted to nobody, whatever was agreed to";
    judge(ledger, CLAUSE, promise, &fitted, Expected::Denied("use-ruled-out"));
    Ok(())
}

fn characteristics(world: &World, ledger: &mut Ledger) -> Played {
    const CLAUSE: &str = "identance.2-g";
    const WHAT: (&str, &str) = ("characteristics", "characteristics");
    let who = subject("mail", &world.address("surveyed"));
    let fields = json!({ "age": "34", "gender": "female" });
    let early = clock::now();
    give(world, &who, &["newsletter"])?;
    let without = refusal(world, &who, WHAT, &fields, early)?;
    ledger.check(
        CLAUSE,
        "without an opt-in of its own nothing is written",
        without.as_deref().is_some_and(|why| why.contains(CLAUSE)),
        without.unwrap_or_else(|| "WRITTEN".to_owned()),
    );
    give(world, &who, &["characteristics"])?;
    let backdated = refusal(world, &who, WHAT, &fields, early)?;
    ledger.check(
        CLAUSE,
        "an opt-in after the collection comes too late",
        backdated.as_deref().is_some_and(|why| why.contains(CLAUSE)),
        backdated.unwrap_or_else(|| "WRITTEN".to_owned()),
    );
    let collected = clock::now();
    let kept = world.keep(NAME, &event(world, &who, WHAT, &fields, collected))?;
    let year = later(collected, 1.year(), ZONE)?;
    ledger.check(CLAUSE, "with it, for a year at most", kept.until == Some(year), kept_until(&kept));
    let at = made_at(&withdraw(world, &who, &["characteristics"])?)?;
    let promise = "a withdrawal deletes the values";
    End { controller: NAME, clause: CLAUSE, promise, kept: &kept, at }.play(world, ledger)?;
    let again = refusal(world, &who, WHAT, &fields, clock::now())?;
    ledger.check(
        CLAUSE,
        "and nothing is written from then on",
        again.as_deref().is_some_and(|why| why.contains(CLAUSE)),
        again.unwrap_or_else(|| "WRITTEN".to_owned()),
    );
    Ok(())
}

fn third_party(world: &World, ledger: &mut Ledger) -> Played {
    let address = world.address("friend");
    let (friend, user) = (subject("mail", &address), subject("mail", &world.address("uploader")));
    let fields = json!({ "name": "Bob Example", "email": address, "uploader_id": world.name("uploader") });
    let sent_in = keep(world, &friend, ("third-party", "service-delivery"), &fields)?;
    let own = keep(world, &user, ("contact", "service-delivery"), &json!({ "name": "Ada" }))?;

    give(world, &user, &["newsletter"])?;
    let of_user = may_use(world, NAME, &user, "newsletter", json!({}))?;
    let of_friend = may_use(world, NAME, &friend, "newsletter", json!({}))?;
    ledger.check(
        "identance.0-n",
        "a user's consent is no consent of those whose data they sent in",
        of_user.reason.is_none() && of_friend.reason.as_deref() == Some("consent-missing"),
        format!("for the user {of_user}; for the other person {of_friend}"),
    );

    let theirs = file(world, &address, &json!({ "type": "access", "subject": friend }))?;
    let about: Vec<&Value> = theirs["records"].as_array().into_iter().flatten().collect();
    let shown = about.iter().find(|record| record["category"] == "third-party");
    let sources = theirs["categories"].as_array().into_iter().flatten();
    let is_said = sources
        .filter(|category| category["category"] == "third-party")
        .any(|category| category["sources"] == json!(["other-user"]));
    ledger.check(
        "identance.0-k",
        "the person reads what another user sent in about them, and that it came from one",
        is_said && shown.is_some_and(|record| record["fields"]["name"] == "Bob Example"),
        format!("{} record of theirs, from another user: {}", about.len(), yes_or(is_said, "said", "NOT SAID")),
    );
    let withheld = shown.is_some_and(|record| record["withheld"] == json!(["uploader_id"]));
    ledger.check(
        "identance.0-l",
        "who sent it is kept with it, to be asked for proof, and is not given away",
        withheld && shown.is_some_and(|record| record["fields"].get("uploader_id").is_none()),
        yes_or(withheld, "the uploader is kept and not shown", "THE UPLOADER IS NOT KEPT, OR SHOWN"),
    );
    let email = json!({ "email": world.address("unproved") });
    let unproved = subject("mail", &world.address("unproved"));
    let refused = refusal(world, &unproved, ("third-party", "service-delivery"), &email, world.start)?;
    ledger.check(
        "identance.0-l",
        "asking for proof is open to Identance, and no condition",
        refused.is_none(),
        refused.unwrap_or_else(|| "kept without it".to_owned()),
    );

    let end = world.after(jiff::SignedDuration::from_hours(1));
    let ended = |who: &Value| crate::world::trigger(end, who, "service.ended");
    world.register(NAME, &[ended(&friend), ended(&user), ended(&unproved)])?;
    let same = world.due(&own, end)?.ends_at() == world.due(&sent_in, end)?.ends_at();
    ledger.check("identance.0-m", "it is kept no longer than a user's own data", same, format!("both end at {end}"));
    let promise = "and deleted like it";
    End { controller: NAME, clause: "identance.0-m", promise, kept: &sent_in, at: end }.play(world, ledger)
}
