//! Where a lint begins and where it ends: pieces laid on the base file of the lints, each with what it raises.
//!
//! `lints.rs` has one example of each code; here are the edges between raising it and not.

#![expect(clippy::unwrap_used, reason = "a test that is written wrongly fails")]

use policy::check;

#[path = "lints/laying.rs"]
mod laying;

use laying::laid;

/// What is laid on the base file, and the codes that it raises, in the order of the file.
const CASES: &[(&str, &str, &[&str])] = &[
    // ------------------------------------------------------------------------------------------------ the grounds
    ("one purpose alone rests on one ground", ONE_PURPOSE, &[]),
    ("nobody's consent needs no way out and no word on children", NO_CONSENT, &["RIGHT-MISSING"]),
    (
        "the American laws ask for no guardian",
        "regimes = [\"us-hipaa\"]\n\n[age]\nrefuse_below = 10\nclause = \"acme.50\"\n",
        &[],
    ),
    ("a consent at any age", "[age]\nrefuse_below = 10\nclause = \"acme.50\"\n", &["CHILD-GAP"]),
    (
        "an objection to what rests on interests is refused",
        "[[right]]\nrequest = \"objection\"\noffered = false\nreason = { code = \"NO\", text = \"No.\" }\nclause = \"acme.44\"\n",
        &["RIGHT-UNDERSTATED"],
    ),
    ("an objection to a public task is refused", PUBLIC_TASK, &["RIGHT-UNDERSTATED"]),
    (
        "the way out of sales is refused under California's law",
        "regimes = [\"us-ca\"]\n\n[[right]]\nrequest = \"do-not-sell-or-share\"\noffered = false\nreason = { code = \"NO\", text = \"No.\" }\nclause = \"acme.44\"\n",
        &["VERIFY-UNDER", "RIGHT-UNDERSTATED"],
    ),
    (
        "the way out of sales is refused under a law that knows an appeal",
        "regimes = [\"us-va\"]\n\n[[right]]\nrequest = \"appeal\"\nclause = \"acme.44\"\n\n[[right]]\nrequest = \"do-not-sell-or-share\"\noffered = false\nreason = { code = \"NO\", text = \"No.\" }\nclause = \"acme.44\"\n",
        &["RIGHT-UNDERSTATED"],
    ),
    (
        "the way out of sales is refused where no law gives it",
        "[[right]]\nrequest = \"do-not-sell-or-share\"\noffered = false\nreason = { code = \"NO\", text = \"No.\" }\nclause = \"acme.44\"\n",
        &[],
    ),
    (
        "a right that every law but California's gives",
        "regimes = [\"sg\"]\n# without [[right]] access\n",
        &["RIGHT-MISSING"],
    ),
    (
        "a right that California's law does not give",
        "regimes = [\"us-ca\"]\n# without [[right]] access\n",
        &["VERIFY-UNDER"],
    ),
    (
        "few points where no law counts them",
        "[[right]]\nrequest = \"access\"\nverification = { points = 1 }\nclause = \"acme.40\"\n",
        &[],
    ),
    // ------------------------------------------------------------------------------------------------ the periods
    (
        "a period for ever, and said to be so",
        "[[retention]]\ncategory = \"chat\"\npurpose = \"support\"\nmode = \"indefinite\"\nreason = \"It is history.\"\nstated = \"indefinite\"\nclause = \"acme.35\"\n",
        &["RET-INDEFINITE"],
    ),
    (
        "a period for ever, said to be as long as needed",
        "[[retention]]\ncategory = \"chat\"\npurpose = \"support\"\nmode = \"indefinite\"\nreason = \"It is history.\"\nstated = \"criteria\"\nclause = \"acme.35\"\n",
        &["RET-INDEFINITE", "RET-UNBOUNDED"],
    ),
    (
        "renewals without a cap",
        "[[retention]]\ncategory = \"chat\"\npurpose = \"support\"\nmode = \"sliding\"\nduration = \"P1Y\"\nrenew_on = [\"website.access\"]\nclause = \"acme.35\"\n",
        &["RET-SLIDING-NO-CAP"],
    ),
    (
        "renewals without a cap, with the reason for it",
        "[[retention]]\ncategory = \"chat\"\npurpose = \"support\"\nmode = \"sliding\"\nduration = \"P1Y\"\nrenew_on = [\"website.access\"]\nreason = \"As long as they come.\"\nclause = \"acme.35\"\n",
        &[],
    ),
    (
        "what a consent allows is kept for a year from its withdrawal on",
        "[[retention]]\ncategory = \"newsletter\"\npurpose = \"newsletter\"\nmode = \"fixed\"\nduration = \"P3Y\"\nclause = \"acme.32\"\n\n[retention.switch]\non = \"consent.withdrawn\"\nmode = \"fixed\"\nduration = \"P1M\"\nclause = \"acme.32\"\n",
        &[],
    ),
    (
        "what a consent allows is kept until its withdrawal from some event on",
        "[[retention]]\ncategory = \"newsletter\"\npurpose = \"newsletter\"\nmode = \"fixed\"\nduration = \"P3Y\"\nclause = \"acme.32\"\n\n[retention.switch]\non = \"letter.opened\"\nmode = \"until-event\"\nevents = [\"consent.withdrawn\"]\ngrace = \"P0D\"\nmax = \"P3Y\"\nclause = \"acme.32\"\n",
        &[],
    ),
    (
        "what a consent allows is kept whatever becomes of the consent",
        "[[retention]]\ncategory = \"newsletter\"\npurpose = \"newsletter\"\nmode = \"fixed\"\nduration = \"P3Y\"\nclause = \"acme.32\"\n\n[retention.switch]\non = \"letter.opened\"\nmode = \"fixed\"\nduration = \"P1Y\"\nclause = \"acme.32\"\n",
        &["RET-OUTLIVES-CONSENT"],
    ),
    (
        "one period for all kinds of data, each by its own clause",
        "# without [[retention]]\n# without [[category]] newsletter\n\n[[retention]]\ncategory = \"invoice\"\npurpose = \"billing\"\nmode = \"fixed\"\nduration = \"P1Y\"\nclause = \"acme.30\"\n\n[[retention]]\ncategory = \"account\"\npurpose = \"account\"\nmode = \"fixed\"\nduration = \"P1Y\"\nclause = \"acme.31\"\n\n[[retention]]\ncategory = \"chat\"\npurpose = \"support\"\nmode = \"fixed\"\nduration = \"P1Y\"\nclause = \"acme.33\"\n",
        &[],
    ),
    (
        "one clause for all kinds of data, with a period for each",
        "# without [[retention]]\n# without [[category]] newsletter\n\n[[retention]]\ncategory = \"invoice\"\npurpose = \"billing\"\nmode = \"fixed\"\nduration = \"P10Y\"\nclause = \"acme.30\"\n\n[[retention]]\ncategory = \"account\"\npurpose = \"account\"\nmode = \"fixed\"\nduration = \"P5Y\"\nclause = \"acme.30\"\n\n[[retention]]\ncategory = \"chat\"\npurpose = \"support\"\nmode = \"fixed\"\nduration = \"P1Y\"\nclause = \"acme.30\"\n",
        &[],
    ),
    // ------------------------------------------------------------------------------------------- where data may be
    ("a recipient at home in the Union", "# without [transfer]\n", &[]),
    (
        "a recipient abroad",
        "# without [transfer]\n\n[[recipient]]\nid = \"host\"\ntitle = \"Keeps our servers\"\nrole = \"processor\"\ncountries = [\"US\"]\nclause = \"acme.62\"\n",
        &["TRANSFER-UNSPECIFIED"],
    ),
    (
        "a recipient abroad with a safeguard",
        "# without [transfer]\n\n[[recipient]]\nid = \"host\"\ntitle = \"Keeps our servers\"\nrole = \"processor\"\ncountries = [\"US\"]\nmechanism = \"standard-clauses\"\nclause = \"acme.62\"\n",
        &[],
    ),
    (
        "a recipient at home in another country than the law's",
        "regimes = [\"uk-gdpr\"]\n# without [transfer]\n",
        &["TRANSFER-UNSPECIFIED"],
    ),
    (
        "a recipient at home in the law's country",
        "regimes = [\"uk-gdpr\"]\n# without [transfer]\n\n[[recipient]]\nid = \"host\"\ntitle = \"Keeps our servers\"\nrole = \"processor\"\ncountries = [\"GB\"]\nclause = \"acme.62\"\n",
        &[],
    ),
    // ------------------------------------------------------------------------------------------------- what is sold
    (
        "a purpose that sells, and a denial of sales",
        "[[purpose]]\nid = \"support\"\ntitle = \"Help you\"\nbasis = \"legitimate-interests\"\nuses = [\"sale\"]\nclause = \"acme.12\"\n",
        &["SELL-CONFLICT", "SELL-CONFLICT"],
    ),
    (
        "a purpose that sells, and a denial that leaves it open",
        "[[purpose]]\nid = \"support\"\ntitle = \"Help you\"\nbasis = \"legitimate-interests\"\nuses = [\"sale\"]\nclause = \"acme.12\"\n\n[[deny]]\nwhat = \"sale\"\nexcept = [\"support\"]\nclause = \"acme.64\"\n",
        &[],
    ),
    (
        "one tracker against two denials is told of once",
        "[[deny]]\nwhat = \"sharing\"\nclause = \"acme.90\"\n\n[[tracker]]\nid = \"session\"\ntitle = \"Keeps you logged in\"\nexempt = \"The account does not work without it.\"\ntechniques = [\"cookie\"]\nshares = true\nclause = \"acme.66\"\n",
        &["SELL-CONFLICT", "SELL-CONFLICT", "SELL-CONFLICT"],
    ),
];

const ONE_PURPOSE: &str = "\
# without [[purpose]]
# without [[category]]
# without [[retention]]

[[purpose]]
id = \"support\"
title = \"Help you\"
basis = \"legitimate-interests\"
clause = \"acme.12\"

[[category]]
id = \"chat\"
fields = [\"message\"]
sources = [\"subject\"]
clause = \"acme.25\"

[[retention]]
category = \"chat\"
purpose = \"support\"
mode = \"fixed\"
duration = \"P1Y\"
clause = \"acme.35\"
";

const NO_CONSENT: &str = "\
# without [age]
# without [[right]] withdraw-consent

[[purpose]]
id = \"newsletter\"
title = \"Send you our newsletter\"
basis = \"legitimate-interests\"
uses = [\"marketing\"]
clause = \"acme.10\"
";

const PUBLIC_TASK: &str = "\
[[purpose]]
id = \"support\"
title = \"Help you\"
basis = \"public-task\"
clause = \"acme.12\"

[[right]]
request = \"objection\"
offered = false
reason = { code = \"NO\", text = \"No.\" }
clause = \"acme.44\"
";

#[test]
fn each_lint_begins_and_ends_where_it_says() {
    let mut wrong = Vec::new();
    for (what, piece, expected) in CASES {
        let found = check("acme.toml", &laid(piece), None).findings;
        let codes: Vec<&str> = found.iter().map(|finding| finding.code).collect();
        if codes != *expected {
            wrong.push((what, found));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
