//! Scantrust: security logs for a hundred days, usage for a session, trackers by consent.

mod account;
mod contract;
mod office;
mod security;
mod trackers;

use serde_json::{Value, json};

use super::{Part, acts::problem, held::Held};
use crate::{table::Ledger, trouble::Played, world::World};

const NAME: &str = "scantrust";

/// The version of its notice that forms name.
const NOTICE: &str = "undated-1";

/// What Scantrust’s scenario shows, theme by theme.
pub(super) const PARTS: &[&[Part]] = &[POLICY, office::PARTS];

/// What its text promises.
const POLICY: &[Part] = &[
    Part { clauses: &["scantrust.0-a"], promise: "whatever reaches the mailbox is answered", run: account::contact },
    Part {
        clauses: &["scantrust.1.1-a", "scantrust.1.1-b", "scantrust.1.1-f"],
        promise: "an account is kept for the account, on the platform and in the app",
        run: account::lists,
    },
    Part { clauses: &["scantrust.1.1-e"], promise: "an account lasts as long as its customer", run: account::ending },
    Part {
        clauses: &[
            "scantrust.1.1-b",
            "scantrust.1.1-c",
            "scantrust.1.2-d",
            "scantrust.1.3-e",
            "scantrust.1.4-c",
            "scantrust.1.5-c",
            "scantrust.1.5-d",
        ],
        promise: "what rests on a contract can be taken along",
        run: contract::portability,
    },
    Part {
        clauses: &["scantrust.1.1-c", "scantrust.1.4-c", "scantrust.1.5-d"],
        promise: "no objection ends what a contract needs",
        run: contract::no_objection,
    },
    Part {
        clauses: &["scantrust.1.4-a", "scantrust.1.4-b", "scantrust.1.5-a", "scantrust.1.5-b"],
        promise: "staging and support keep what they name",
        run: contract::lists,
    },
    Part { clauses: &["scantrust.1.4-d"], promise: "a tester’s data ends with the customer", run: contract::staging },
    Part {
        clauses: &["scantrust.1.5-c", "scantrust.1.5-e"],
        promise: "a ticket ends with the customer, its files too",
        run: contract::tickets,
    },
    Part {
        clauses: &["scantrust.1.2-a", "scantrust.1.2-c", "scantrust.1.2-e", "scantrust.1.3-c"],
        promise: "logs and usage keep what they name",
        run: security::lists,
    },
    Part {
        clauses: &["scantrust.1.2-d", "scantrust.1.3-e"],
        promise: "an objection ends a legitimate interest",
        run: security::objection,
    },
    Part {
        clauses: &["scantrust.1.2-c"], promise: "a breach of the logs has the law’s clocks", run: security::breach
    },
    Part { clauses: &["scantrust.1.2-b"], promise: "a backfilled address is gone at once", run: security::backfilled },
    Part {
        clauses: &["scantrust.1.2-b", "scantrust.1.3-d"],
        promise: "an IP address is deleted after 100 days",
        run: security::addresses,
    },
    Part { clauses: &["scantrust.1.2-f"], promise: "scans and logs are deleted after 100 days", run: security::scans },
    Part { clauses: &["scantrust.1.3-a"], promise: "a choice is recorded as it was made", run: trackers::consent },
    Part {
        clauses: &["scantrust.1.3-a", "scantrust.1.3-b", "scantrust.1.3-e", "scantrust.2-a", "scantrust.2-b"],
        promise: "trackers run by consent alone",
        run: trackers::gate,
    },
    Part {
        clauses: &["scantrust.1.3-b", "scantrust.2-a"],
        promise: "a withdrawal takes what no browser can clear",
        run: trackers::withdrawal,
    },
];

const ACCOUNT: Held<'_> = Held {
    controller: NAME,
    category: "account-credentials",
    purpose: "account.login",
    fields: &["email", "password", "organisation_name", "role"],
};

const STAGING: Held<'_> = Held {
    controller: NAME,
    category: "staging-contact",
    purpose: "staging.access-grant",
    fields: &["first_name", "last_name", "email", "job_title", "organisation_name", "phone"],
};

const TICKET: Held<'_> = Held {
    controller: NAME,
    category: "support-ticket",
    purpose: "support.respond",
    fields: &[
        "name",
        "email",
        "organisation_name",
        "enquiry_type",
        "business_impact",
        "company_plan",
        "message",
        "attachments",
    ],
};

const ADDRESS: Held<'_> =
    Held { controller: NAME, category: "security-ip", purpose: "security.abuse-detection", fields: &["ip_address"] };

const SCAN: Held<'_> = Held {
    controller: NAME,
    category: "scan-event",
    purpose: "security.abuse-detection",
    fields: &["scan_time", "device_model", "serial_number", "scan_reason", "ip_address"],
};

const LOG: Held<'_> = Held {
    controller: NAME,
    category: "server-logs",
    purpose: "security.abuse-detection",
    fields: &["logged_at", "ip_address", "request", "agent"],
};

const USAGE: Held<'_> = Held {
    controller: NAME,
    category: "usage",
    purpose: "platform.improvement",
    fields: &["ip_address", "request_time", "request_mode", "country", "browser_type", "os_type", "session_duration"],
};

/// One row: an objection to this purpose is refused at once.
fn cannot_object(
    world: &World,
    ledger: &mut Ledger,
    (clause, promise): (&'static str, &str),
    who: &Value,
    purpose: &str,
) -> Played {
    let form = json!({ "type": "objection", "subject": who, "purposes": [purpose] });
    let answer = world.post(&format!("/{NAME}/v1/requests"), &form)?;
    let refused = answer.status == 422 && problem(&answer).is_ok_and(|code| code == "no-objection");
    ledger.check(clause, promise, refused, format!("objection to {purpose}: {}", answer.said()));
    Ok(())
}
