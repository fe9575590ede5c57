//! Changes of the notice: on the page at once, by mail where they are felt, never for the time before,
//! and no agreement by going on.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use wire::notice::{ChangeAnswer, NoticesAnswer};

use super::{NAME, Taken, agree, customer, gate, made, now, sent, takes, use_now};
use crate::{
    client::{Answer, Call},
    scenarios::{
        Part,
        acts::{Expected, choose, merge},
    },
    table::Ledger,
    trouble::{Played, Trouble},
    world::World,
};

pub(super) const PARTS: &[Part] = &[
    Part {
        clauses: &["zentry.10-a", "zentry.10-b"],
        promise: "changes stand on the page, and count at once",
        run: page,
    },
    Part { clauses: &["zentry.3-l"], promise: "people hear of a new owner", run: owner },
    Part { clauses: &["zentry.10-c", "zentry.10-d"], promise: "a felt change asks again", run: felt },
];

/// So far ahead that nothing of this run or another is touched: consents count by the time of their use.
const AHEAD_HOURS: i64 = 24 * 365 * 5;

fn publish(world: &World, version: &str, more: Value) -> Played<Answer> {
    let mut form = json!({
        "version": format!("{version}-{}", world.run), "language": "en-US", "text_sha256": "5".repeat(64),
        "url": "https://www.example.com/privacy", "significance": "editorial", "ask_again": [],
        "summary": format!("A drill of {}.", world.run),
    });
    merge(&mut form, more);
    world.post_as_staff(&format!("/{NAME}/v1/notices"), "notices:write", NAME, &form)
}

fn published(world: &World, version: &str, more: Value) -> Played<ChangeAnswer> {
    publish(world, version, more)?.expect(&[201])?.json()
}

fn notices(world: &World) -> Played<NoticesAnswer> {
    world.client.send(&Call::new("GET", world.api(&format!("/{NAME}/v1/notices"))))?.expect(&[200])?.json()
}

fn page(world: &World, ledger: &mut Ledger) -> Played {
    let change = published(world, "wording", json!({}))?;
    let public = notices(world)?.notices.into_iter().find(|notice| notice.change_id == change.change_id);
    ledger.check(
        "zentry.10-a",
        "every change is posted where everybody reads it",
        public.as_ref().is_some_and(|notice| notice.version == change.version && notice.summary.contains(&world.run))
            && change.told_by == "page",
        format!(
            "told by {}; {} on the page",
            change.told_by,
            public.map_or_else(|| "NOT".to_owned(), |notice| notice.version)
        ),
    );
    ledger.check(
        "zentry.10-b",
        "a change counts from its publication",
        change.effective_at == change.published_at,
        format!("published {}, effective {}", change.published_at, change.effective_at),
    );
    let yesterday = world.after(SignedDuration::from_hours(-24)).to_string();
    let backwards = publish(world, "backwards", json!({ "effective_at": yesterday }))?;
    let invented = publish(world, "invented", json!({ "new_purposes": ["credit-scoring"] }))?;
    ledger.check(
        "zentry.10-b",
        "never for the time before, and never for what the policy does not declare",
        [backwards.status, invented.status] == [422, 422],
        format!("since yesterday: {}; for a purpose of its own: {}", backwards.said(), invented.said()),
    );
    let promise = "a new purpose does not reach what was collected for another";
    takes(
        world,
        ledger,
        ("zentry.10-b", promise),
        &[
            ("contact", "org-reporting", json!({ "name": "Ada" }), Taken::No("contact")),
            ("contact", "service.provide", json!({ "name": "Ada" }), Taken::Yes),
        ],
    )
}

fn owner(world: &World, ledger: &mut Ledger) -> Played {
    let (who, _) = customer(world, "of-the-old-owner")?;
    let address = world.address("of-the-old-owner");
    let change = published(
        world,
        "owner",
        json!({
            "significance": "ownership", "new_recipients": ["acquirer"],
            "summary": format!("Example Holding takes over ({}).", world.run),
        }),
    )?;
    let mail = world.mail_to(&address, &change.version)?;
    let public = notices(world)?.notices.into_iter().any(|notice| notice.change_id == change.change_id);
    ledger.check(
        "zentry.3-l",
        "people are told of a new owner by mail, of the uses and of their choices, and on the page",
        mail.text.contains("has a new owner")
            && mail.text.contains("Whoever acquires Zentry")
            && mail.text.contains("object, or ask us")
            && public
            && change.told_by == "mail-and-page",
        format!("told by {}: {}", change.told_by, mail.subject),
    );
    let ask = |references: &[(&str, &str)]| {
        sent(&who, ("acquirer", "contact", "service.provide"), references, json!({ "ground": "acquisition" }))
    };
    let handed_over =
        [("consents-and-objections-handed-over", "x"), ("holds-handed-over", "x"), ("open-requests-handed-over", "x")];
    let with_notice: Vec<_> = handed_over.into_iter().chain([("notice-of-change", change.version.as_str())]).collect();
    gate(
        world,
        ledger,
        ("zentry.3-l", "data changes hands once people have been told"),
        &[
            ("without the notice", ask(&handed_over), Expected::Denied("reference-missing")),
            ("with it", ask(&with_notice), Expected::Allowed("zentry.3-k")),
        ],
    )
}

fn felt(world: &World, ledger: &mut Ledger) -> Played {
    let (who, _) = customer(world, "agreed-before")?;
    let purpose = "third-party-disclosure";
    agree(world, &who, &[purpose])?;
    let unsaid = publish(world, "unsaid", json!({ "significance": "significant", "ask_again": null }))?;
    let at = world.after(SignedDuration::from_hours(AHEAD_HOURS));
    let form = json!({ "significance": "significant", "ask_again": [purpose], "effective_at": at.to_string() });
    let change = published(world, "felt", form)?;
    let mail = world.mail_to(&world.address("agreed-before"), &change.version)?;
    ledger.check(
        "zentry.10-d",
        "who is concerned by a significant change is written to, and asked again where the law needs consent",
        change.told_by == "mail-and-page"
            && change.asked_again == [purpose]
            && mail.text.contains("unless you agree again")
            && unsaid.status == 422,
        format!("told by {}; a change that does not say what it asks again: {}", change.told_by, unsaid.said()),
    );
    let send = |at: &str| {
        let of = ("consented-third-party", "contact", purpose);
        sent(&who, of, &[], json!({ "occurred_at": at }))
    };
    let from: Timestamp = change.effective_at.parse().map_err(Trouble::because("effective_at"))?;
    let lapsed = Expected::Denied("consent-missing");
    gate(
        world,
        ledger,
        ("zentry.10-d", "from then on the old consent does not count"),
        &[
            ("now", send(&now()), Expected::Allowed("zentry.3-a")),
            ("when the change counts", send(&from.to_string()), lapsed),
        ],
    )?;
    // They go on using the services, and that is on record.
    let locator = made(world, &who, "usage", "usage-analytics", &json!({ "use_datetime": from.to_string() }));
    world.keep(NAME, &locator)?;
    let by_staying = choose(world, NAME, &who, &[(purpose, "given")], json!({ "notice": change.version, "age": 40 }))?;
    let afterwards = from.checked_add(SignedDuration::from_hours(1)).map_err(Trouble::because("an hour later"))?;
    gate(
        world,
        ledger,
        ("zentry.10-c", "who goes on using the services has not agreed to the new notice"),
        &[("after more use", send(&afterwards.to_string()), lapsed)],
    )?;
    let still = use_now(world, &who, purpose)?;
    ledger.check(
        "zentry.10-c",
        "an old consent stays with its own notice",
        still.reason.is_none() && (400..500).contains(&by_staying.status),
        format!("today {still}; a form under a notice not yet in force: {}", by_staying.said()),
    );
    Ok(())
}
