//! The account and what comes with it: invoices, credentials, payments, devices.

use jiff::{SignedDuration, ToSpan};
use serde_json::json;

use super::{HOTJAR, NAME, ZONE, banner, denied_by, keep, made, made_at, person, refused};
use crate::{
    clock,
    cloud::Item,
    scenarios::{
        End,
        acts::{Expected, disclose, disclosure, judge, may_use, registered},
        breaches, later, yes_or,
    },
    table::Ledger,
    trouble::Played,
    world::{World, subject, trigger, wait_for},
};

pub(super) fn purposes(world: &World, ledger: &mut Ledger) -> Played {
    let (_, who) = person(world, "purposes");
    let specified = may_use(world, NAME, &who, "account.provide", json!({}))?;
    judge(ledger, "stationdb.1-b", "a specified purpose is served", &specified, Expected::Allowed("stationdb.2-b"));
    let required = may_use(world, NAME, &who, "invoicing", json!({}))?;
    judge(ledger, "stationdb.1-b", "and what the law requires", &required, Expected::Allowed("stationdb.2-c"));
    let unasked = may_use(world, NAME, &who, HOTJAR, json!({}))?;
    banner(world, &who, &[(HOTJAR, "given")])?;
    let agreed = may_use(world, NAME, &who, HOTJAR, json!({}))?;
    ledger.check(
        "stationdb.1-b",
        "another needs the person's consent",
        unasked.reason.as_deref() == Some("consent-missing") && agreed.reason.is_none(),
        format!("{unasked}; after the consent {agreed}"),
    );
    let unnamed = may_use(world, NAME, &who, "advertising", json!({}))?;
    judge(
        ledger,
        "stationdb.1-b",
        "a purpose nobody named is denied",
        &unnamed,
        Expected::Denied("undeclared-purpose"),
    );
    let other = made(world, &who, "account", "product.development", "purposes", json!({ "first_name": "Ada" }));
    let words = "no account for product.development";
    refused(world, ledger, "stationdb.1-b", "what was given for the account serves nothing else", &other, words)
}

pub(super) fn closed(world: &World, ledger: &mut Ledger) -> Played {
    let (address, listed) = person(world, "listed");
    let fields = json!({
        "first_name": "Ada", "last_name": "Example", "email": address, "postal_address": "1 rue de l'Exemple, Paris",
        "phone": "+33123456789", "avatar": "avatars/ada.png",
    });
    let taken = registered(world, NAME, &made(world, &listed, "account", "account.provide", "listed", fields))?;
    ledger.check(
        "stationdb.2-b",
        "names, addresses, phone and avatar make an account, which has no end while it is open",
        taken == Ok(None),
        taken.map_or_else(|problem| problem, |until| format!("taken in, kept until {until:?}")),
    );
    let more = made(world, &listed, "account", "account.provide", "more", json!({ "birth_date": "1990-01-01" }));
    refused(world, ledger, "stationdb.2-b", "\"and other similar data\" opens no list", &more, "birth_date")?;

    let bucket = world.stack.output("RecordsBucket")?;
    let key = format!("avatars/{}.json", world.run);
    for content in ["{\"avatar\":1}", "{\"avatar\":2}"] {
        world.cloud.put_object(bucket, &key, content)?;
    }
    let who = subject("account", &world.name("owner"));
    let mut account = made(world, &who, "account", "account.provide", "owner", json!({}));
    account["locator"] = json!(key);
    account["system"] = json!("s3");
    let kept = keep(world, &account)?;
    let before = world.cloud.version_count(bucket, &key)?;
    let closed = world.after(SignedDuration::from_hours(1));
    world.register(NAME, &[trigger(closed, &who, "account.closed")])?;
    let promise = "what an account needs is deleted when it is closed";
    End { controller: NAME, clause: "stationdb.1-c", promise, kept: &kept, at: closed }.play(world, ledger)?;
    let after = world.cloud.version_count(bucket, &key)?;
    ledger.check(
        "stationdb.2-b",
        "its avatar's file with every version of it",
        before == 2 && after == 0,
        format!("{before} versions before, {after} after"),
    );
    world.register(NAME, &[trigger(closed, &listed, "account.closed")])?;
    Ok(())
}

pub(super) fn invoices(world: &World, ledger: &mut Ledger) -> Played {
    let (_, who) = person(world, "invoiced");
    let fields = json!({ "billing_address": "1 rue de l'Exemple, Paris", "company_information": "Example SAS" });
    let kept = keep(world, &made(world, &who, "billing", "invoicing", "invoice", fields.clone()))?;
    let ten_years = later(world.start, 10.years(), ZONE)?;
    let closed = world.after(SignedDuration::from_hours(1));
    world.register(NAME, &[trigger(closed, &who, "account.closed")])?;
    world.sweep(closed)?;
    let item = world.stored(&kept)?;
    let until = item.as_ref().and_then(Item::ends_at);
    ledger.check(
        "stationdb.2-c",
        "an invoice is kept ten years, as accounts must be, and outlives the account",
        kept.until == Some(ten_years) && until == Some(ten_years),
        format!("account closed at {closed}; invoice {}, until {until:?}", yes_or(item.is_some(), "kept", "GONE")),
    );
    let other = made(world, &who, "billing", "product.development", "other", fields);
    refused(world, ledger, "stationdb.2-c", "for invoices and nothing else", &other, "no billing for")?;
    let more = made(world, &who, "billing", "invoicing", "more", json!({ "phone": "+33123456789" }));
    refused(world, ledger, "stationdb.2-c", "with the company's data and nothing else", &more, "phone")
}

pub(super) fn credentials(world: &World, ledger: &mut Ledger) -> Played {
    let fields = || json!({ "credentials": format!("postgres://ada:{}@db.example", world.run) });
    let who = subject("account", &world.name("connected"));
    let kept = keep(world, &made(world, &who, "db-credentials", "db.connect", "removed", fields()))?;
    let removed = world.after(SignedDuration::from_mins(90));
    world.register(NAME, &[trigger(removed, &who, "connection.removed")])?;
    let promise = "credentials go when their connection is removed";
    End { controller: NAME, clause: "stationdb.2-d", promise, kept: &kept, at: removed }.play(world, ledger)?;
    let leaver = subject("account", &world.name("leaver"));
    let left = keep(world, &made(world, &leaver, "db-credentials", "db.connect", "left", fields()))?;
    world.register(NAME, &[trigger(removed, &leaver, "account.closed")])?;
    let promise = "or when the account is closed";
    End { controller: NAME, clause: "stationdb.2-d", promise, kept: &left, at: removed }.play(world, ledger)?;
    let other = made(world, &who, "db-credentials", "debugging", "other", fields());
    refused(world, ledger, "stationdb.2-d", "they serve the connection alone", &other, "no db-credentials for")?;
    let form = disclosure(
        "crisp",
        &who,
        &["db-credentials"],
        "chat.messaging",
        json!({ "country": "FR", "references": { "processing-agreement": "dpa-2" } }),
    );
    let given = disclose(world, NAME, &form)?;
    let promise = "and go to no chat";
    denied_by(ledger, "stationdb.2-d", promise, &given, ("category-not-allowed", "stationdb.4-s"));
    breach(world, ledger)
}

/// Who reaches credentials can reach a database: their owners must know.
fn breach(world: &World, ledger: &mut Ledger) -> Played {
    let (address, owner) = person(world, "exposed");
    let (other_address, other) = person(world, "unexposed");
    let made_then = world.after(SignedDuration::from_mins(-10));
    let credentials = json!({ "credentials": "postgres://ada@db.example" });
    keep(world, &made_at(world, made_then, &owner, ("db-credentials", "db.connect"), "exposed", credentials))?;
    let device = json!({ "browser": "Firefox" });
    keep(world, &made_at(world, made_then, &other, ("device", "debugging"), "unexposed", device))?;
    let what = format!("Somebody may have read the credentials of connections (drill {}).", world.run);
    let window = (world.after(SignedDuration::from_hours(-1)), clock::now());
    let advice = "Change the credentials of your database.";
    let form = breaches::breach(world.start, window, &["db-credentials"], (&what, advice));
    let declared = breaches::declare(world, NAME, &form)?;
    breaches::act(world, NAME, &declared, &breaches::tell_each())?;
    let told = wait_for("the letter", || Ok(world.mails_to(&address, &world.run)?.into_iter().next())).is_ok();
    let not_told = world.mails_to(&other_address, &world.run)?.is_empty();
    let by = breaches::authority_by(&declared, "eu-gdpr")?;
    ledger.check(
        "stationdb.2-d",
        "whose credentials are exposed is told, and the authority by 72 hours",
        told && not_told && by == world.after(SignedDuration::from_hours(72)),
        format!(
            "the owner {}, somebody without credentials {}; the authority before {}",
            yes_or(told, "told", "NOT TOLD"),
            yes_or(not_told, "not told", "TOLD"),
            by
        ),
    );
    let closed = world.after(SignedDuration::from_mins(1));
    world.register(NAME, &[trigger(closed, &owner, "account.closed")])?;
    breaches::law_alone(world, ledger, NAME, "stationdb.2-d", ("db-credentials", "eu-gdpr"))
}

pub(super) fn payment(world: &World, ledger: &mut Ledger) -> Played {
    let who = subject("account", &world.name("payer"));
    let card = json!({ "card_number": "4242424242424242" });
    let kept = keep(world, &made(world, &who, "payment", "payment", "card", card))?;
    let day = later(world.start, 1.day(), ZONE)?;
    ledger.check(
        "stationdb.1-c",
        "a card that is never authorised is kept a day at the longest",
        kept.until == Some(day),
        format!("kept until {:?}", kept.until),
    );
    let with_code = json!({ "card_number": "4242424242424242", "card_security_code": "123" });
    let with_code = made(world, &who, "payment", "payment", "code", with_code);
    refused(world, ledger, "stationdb.2-f", "a security code is never kept", &with_code, "stationdb.2-f")?;
    let paid = world.after(SignedDuration::from_mins(10));
    world.register(NAME, &[trigger(paid, &who, "authorisation.completed")])?;
    let promise = "the number goes with the authorisation";
    End { controller: NAME, clause: "stationdb.2-f", promise, kept: &kept, at: paid }.play(world, ledger)?;
    let other = made(world, &who, "payment", "invoicing", "other", json!({ "card_number": "4242424242424242" }));
    refused(world, ledger, "stationdb.2-f", "a card serves the payment alone", &other, "no payment for")
}

pub(super) fn device(world: &World, ledger: &mut Ledger) -> Played {
    let (_, who) = person(world, "device");
    let fields = json!({ "device": "PC", "browser": "Firefox" });
    let faults = keep(world, &made(world, &who, "device", "debugging", "device", fields.clone()))?;
    let product = keep(world, &made(world, &who, "device", "product.development", "device", fields.clone()))?;
    let more = made(world, &who, "device", "debugging", "more", json!({ "serial_number": "X-1" }));
    refused(world, ledger, "stationdb.2-i", "device and browser, and nothing else of it", &more, "serial_number")?;
    let other = made(world, &who, "device", "product.improvement", "other", fields);
    refused(world, ledger, "stationdb.2-i", "for faults and the product's development alone", &other, "no device for")?;
    let form = disclosure(
        "stripe",
        &who,
        &["device"],
        "payment",
        json!({ "country": "IE", "references": { "processing-agreement": "dpa-1" } }),
    );
    let given = disclose(world, NAME, &form)?;
    let promise = "and it goes to nobody who takes payments";
    denied_by(ledger, "stationdb.2-i", promise, &given, ("category-not-allowed", "stationdb.2-g"));
    let end = later(world.start, 90.days(), ZONE)?;
    for (kept, promise) in [(&faults, "ninety days for faults"), (&product, "and as long for the product")] {
        ledger.check(
            "stationdb.2-i",
            promise,
            kept.until == Some(end),
            format!("kept until {:?}, ninety days are up at {end}", kept.until),
        );
    }
    let promise = "after ninety days it is deleted";
    End { controller: NAME, clause: "stationdb.2-i", promise, kept: &faults, at: end }.play(world, ledger)
}
