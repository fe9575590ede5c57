//! Red Flag: no consent to withdraw but an objection to make, an erasure in part, a hold, disclosures at a
//! request only, and a deadline that is not forgotten.

mod cookies;
mod data;
mod disclosures;
mod office;
mod purposes;
mod retention;
mod rights;

use super::{
    Part,
    acts::{Verdict, judge},
    held::Held,
};
use crate::table::Ledger;

const NAME: &str = "rfa";

/// Where its policy says that questions go, to the data protection officer.
const CONTACT: &str = "iso@redflagert.com";

/// The authority that its policy names.
const AUTHORITY: &str = "Information Commissioner's Office";

/// The version of its notice that forms name.
const NOTICE: &str = "undated-1";

/// What Red Flag’s scenario shows, part by part.
pub(super) const PARTS: &[Part] = &[
    Part {
        clauses: &["rfa.1-a", "rfa.1-e", "rfa.1-f", "rfa.1-o", "rfa.1-p", "rfa.1-q"],
        promise: "data serves what section 1 names",
        run: purposes::services,
    },
    Part { clauses: &["rfa.1-j"], promise: "an objection ends one person’s analysis", run: purposes::analytics },
    Part { clauses: &["rfa.1-k"], promise: "a total is about nobody", run: purposes::totals },
    Part { clauses: &["rfa.1-l", "rfa.1-n"], promise: "tests need a safeguard", run: purposes::tests },
    Part {
        clauses: &["rfa.4-a", "rfa.4-b", "rfa.4-c", "rfa.4-d", "rfa.4-e", "rfa.4-f"],
        promise: "each purpose rests on an interest that can be objected to",
        run: purposes::interests,
    },
    Part { clauses: &["rfa.7-a"], promise: "no machine decides about anybody", run: purposes::automation },
    Part {
        clauses: &["rfa.1-a", "rfa.1-b", "rfa.1-h", "rfa.2-a", "rfa.2-c", "rfa.2-d", "rfa.2-f"],
        promise: "each category is a closed list",
        run: data::lists,
    },
    Part {
        clauses: &["rfa.8-a", "rfa.1-b", "rfa.1-g", "rfa.2-b", "rfa.2-c", "rfa.2-e", "rfa.2-f"],
        promise: "a copy says what is held, from where, and who got it",
        run: data::access,
    },
    Part { clauses: &["rfa.3-a", "rfa.3-b"], promise: "all is kept for the account’s time", run: retention::account },
    Part { clauses: &["rfa.1-d"], promise: "an investigation pauses every deletion", run: retention::investigation },
    Part { clauses: &["rfa.3-c", "rfa.3-d"], promise: "a claim pauses it for five reasons", run: retention::claims },
    Part {
        clauses: &["rfa.1-g", "rfa.1-h", "rfa.1-i", "rfa.1-q", "rfa.5-a", "rfa.5-b", "rfa.5-c", "rfa.5-e", "rfa.5-f"],
        promise: "data goes to whom the notice names, on its terms",
        run: disclosures::recipients,
    },
    Part { clauses: &["rfa.5-f"], promise: "the regulator hears of a breach", run: office::breach },
    Part { clauses: &["rfa.1-d"], promise: "the people of a breach hear of it", run: office::breach_told },
    Part { clauses: &["rfa.5-d"], promise: "a provider’s own use needs consent", run: disclosures::own_use },
    Part {
        clauses: &["rfa.6-a", "rfa.6-b", "rfa.6-c", "rfa.6-d"],
        promise: "nothing leaves the UK without a safeguard",
        run: disclosures::transfers,
    },
    Part {
        clauses: &["rfa.8-e", "rfa.8-c"],
        promise: "a withdrawal is refused with its reason",
        run: rights::withdrawal,
    },
    Part { clauses: &["rfa.8-e"], promise: "a consent on record is withdrawn all the same", run: rights::given },
    Part { clauses: &["rfa.8-d", "rfa.1-l"], promise: "an erasure may leave some data", run: rights::erasure },
    Part { clauses: &["rfa.8-f"], promise: "no marketing, and an objection for good", run: rights::marketing },
    Part { clauses: &["rfa.8-g"], promise: "a restriction pauses use and deletion", run: rights::restriction },
    Part {
        clauses: &["rfa.8-h", "rfa.9-c", "rfa.9-d"],
        promise: "a refusal names the authority",
        run: rights::portability,
    },
    Part { clauses: &["rfa.8-b"], promise: "a correction is asked for", run: office::rectification },
    Part {
        clauses: &["rfa.8-b", "rfa.8-a"],
        promise: "a correction is decided by a person, and carried out",
        run: office::corrected,
    },
    Part { clauses: &["rfa.8-c", "rfa.9-c"], promise: "an objection is weighed by a person", run: office::weighed },
    Part { clauses: &["rfa.8-g"], promise: "a restriction can be taken back", run: office::taken_back },
    Part { clauses: &["rfa.0-b"], promise: "the objection is announced", run: office::announced },
    Part { clauses: &["rfa.9-a", "rfa.9-b"], promise: "a complaint is dealt with", run: office::complaint },
    Part {
        clauses: &["rfa.9-a", "rfa.9-b"],
        promise: "a complaint is answered in words",
        run: office::answered_complaint,
    },
    Part {
        clauses: &["rfa.10-a", "rfa.10-b", "rfa.10-c", "rfa.10-d", "rfa.10-e"],
        promise: "cookies beyond the necessary need consent",
        run: cookies::gate,
    },
];

const ACCOUNT: Held<'_> =
    Held { controller: NAME, category: "account", purpose: "product.operate", fields: &["name", "email", "job_title"] };

const CREDENTIALS: Held<'_> = Held {
    controller: NAME,
    category: "credentials",
    purpose: "access-control",
    fields: &["username", "password", "other_access_control"],
};

const USAGE: Held<'_> = Held {
    controller: NAME,
    category: "usage",
    purpose: "product.improvement-analytics",
    fields: &["access_datetime", "ip_address", "in_product_actions"],
};

const REPORT: Held<'_> = Held {
    controller: NAME,
    category: "usage-report",
    purpose: "client.product-management",
    fields: &["usage_frequency", "product_purpose"],
};

const ENQUIRY: Held<'_> = Held {
    controller: NAME,
    category: "support-enquiry",
    purpose: "support.respond",
    fields: &["name", "email", "free_text"],
};

/// One row: it is denied for this reason, by this very clause.
fn denied(ledger: &mut Ledger, clause: &'static str, promise: &str, verdict: &Verdict, reason: &'static str) {
    if verdict.clause == clause {
        judge(ledger, clause, promise, verdict, super::acts::Expected::Denied(reason));
    } else {
        ledger.check(clause, promise, false, verdict.to_string());
    }
}
