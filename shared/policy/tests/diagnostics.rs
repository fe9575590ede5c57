//! Every kind of finding, as an operator reads it: `diagnostics.txt` holds them all.
//!
//! After a deliberate change, `UPDATE=1 cargo test -p policy --test diagnostics` writes it anew.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use jiff::civil::date;
use policy::{check, render};

const BASE: &str = include_str!("base.toml");

/// One mistake each: what it is, what stands in the base policy, what is put there, what is found.
const CASES: &[(&str, &str, &str, &[&str])] = &[
    ("a syntax error", "schema = 1", "schema = = 1", &["POLICY-SYNTAX"]),
    ("the same key twice", "schema = 1", "schema = 1\nschema = 1", &["POLICY-DUPLICATE"]),
    ("another schema", "schema = 1", "schema = 2", &["POLICY-SCHEMA"]),
    ("no schema", "schema = 1", "", &["POLICY-SCHEMA"]),
    ("a schema in quotes", "schema = 1", "schema = \"1\"", &["POLICY-WRONG-TYPE"]),
    ("no name", "name = \"Acme\"", "", &["POLICY-MISSING-KEY"]),
    ("an empty name", "name = \"Acme\"", "name = \" \"", &["POLICY-BAD-TEXT"]),
    ("a misspelt key", "grace = \"P0D\"", "graze = \"P0D\"", &["RET-GRACE-UNDEFINED", "POLICY-UNKNOWN-KEY"]),
    ("an unknown table", "[breach]", "[transfers]\nto = \"US\"\n\n[breach]", &["POLICY-UNKNOWN-KEY"]),
    ("a controller that is no name", "controller = \"acme\"", "controller = \"Acme SA\"", &["POLICY-BAD-NAME"]),
    ("an unknown regime", "[\"eu-gdpr\"]", "[\"eu-gpdr\"]", &["POLICY-UNKNOWN-REGIME"]),
    ("no regime", "[\"eu-gdpr\"]", "[]", &["POLICY-MISSING-KEY"]),
    ("a law by its first half", "[\"eu-gdpr\"]", "[\"eu-gdpr\", \"za\"]", &["POLICY-UNKNOWN-REGIME"]),
    ("a law by two letters", "[\"eu-gdpr\"]", "[\"eu-gdpr\", \"us\"]", &["POLICY-UNKNOWN-REGIME"]),
    ("a law misspelt", "[\"eu-gdpr\"]", "[\"eu-gdpr\", \"br-lpgd\"]", &["POLICY-UNKNOWN-REGIME"]),
    ("no establishment", "establishment = \"FR\"\n", "", &["SLA-NO-HOLIDAYS"]),
    ("an establishment in words", "establishment = \"FR\"", "establishment = \"Scotland\"", &["POLICY-BAD-COUNTRY"]),
    ("an unknown time zone", "Europe/Paris", "Europe/Pari", &["POLICY-UNKNOWN-TIME-ZONE"]),
    ("a contact that is no address", "privacy@acme.fr", "privacy at acme.fr", &["POLICY-BAD-CONTACT"]),
    ("a placeholder for a contact", "privacy@acme.fr", "privacy@acme.example", &["CONTACT-MISSING"]),
    ("no contact", "contact = \"privacy@acme.fr\"", "", &["CONTACT-MISSING"]),
    ("an unknown open point", "schema = 1", "schema = 1\nopen = { RET-VAGUE = \"A day.\" }", &["POLICY-UNKNOWN-CODE"]),
    (
        "a mistake that is read away",
        "schema = 1",
        "schema = 1\nopen = { POLICY-SYNTAX = \"Fine.\" }",
        &["POLICY-UNKNOWN-CODE"],
    ),
    (
        "an open point",
        "schema = 1",
        "schema = 1\nopen = { CONTACT-SUSPECT = \"They confirmed it.\" }",
        &["CONTACT-SUSPECT"],
    ),
    (
        "an open point at the clauses that leave it open",
        "schema = 1",
        "schema = 1\nopen = { CONTACT-SUSPECT = { reading = \"They confirmed it.\", clauses = [\"acme.15\", \"acme.16\"] } }",
        &["CONTACT-SUSPECT", "CONTACT-SUSPECT"],
    ),
    (
        "an open point at a clause that stands nowhere",
        "schema = 1",
        "schema = 1\nopen = { CONTACT-SUSPECT = { reading = \"They confirmed it.\", clauses = [\"acme.151\"] } }",
        &["CONTACT-SUSPECT", "POLICY-UNKNOWN-CLAUSE"],
    ),
    (
        "an open point without a reading",
        "schema = 1",
        "schema = 1\nopen = { CONTACT-SUSPECT = { clauses = [\"acme.15\"] } }",
        &["POLICY-MISSING-KEY"],
    ),
    (
        "an open point at no clause",
        "schema = 1",
        "schema = 1\nopen = { CONTACT-SUSPECT = { reading = \"They confirmed it.\", clauses = [] } }",
        &["POLICY-MISSING-KEY"],
    ),
    ("an open point that is a list", "schema = 1", "schema = 1\nopen = [\"CONTACT-SUSPECT\"]", &["POLICY-WRONG-TYPE"]),
    (
        "a reading of what the compiler finds",
        "duration = \"P10Y\"",
        "duration = \"P10Y\"\nstated = \"indefinite\"\nopen = { RET-INDEFINITE = \"Ten years, as for all invoices.\" }",
        &["RET-INDEFINITE"],
    ),
    (
        "a warning that is allowed",
        "stated = [{ basis = \"consent\", clause = \"acme.1\" }]",
        "broad = true\nallow = [{ code = \"PURPOSE-BROAD\", reason = \"It is one letter.\", review = 2027-06-30 }]",
        &["PURPOSE-BROAD"],
    ),
    (
        "a warning that was allowed",
        "stated = [{ basis = \"consent\", clause = \"acme.1\" }]",
        "broad = true\nallow = [{ code = \"PURPOSE-BROAD\", reason = \"It is one letter.\", review = 2026-06-30 }]",
        &["PURPOSE-BROAD", "ALLOW-EXPIRED"],
    ),
    (
        "an error that is allowed",
        "stated = [{ basis = \"consent\", clause = \"acme.1\" }]",
        "allow = [{ code = \"BASIS-MISSING\", reason = \"It is one letter.\", review = 2027-06-30 }]",
        &["POLICY-ALLOWED-ERROR"],
    ),
    (
        "an allowance without a case",
        "stated = [{ basis = \"consent\", clause = \"acme.1\" }]",
        "allow = [{ code = \"PURPOSE-BROAD\", reason = \"It is one letter.\", review = 2027-06-30 }]",
        &["ALLOW-UNUSED"],
    ),
    (
        "an allowance for ever",
        "stated = [{ basis = \"consent\", clause = \"acme.1\" }]",
        "broad = true\nallow = [{ code = \"PURPOSE-BROAD\", reason = \"It is one letter.\" }]",
        &["PURPOSE-BROAD", "POLICY-MISSING-KEY"],
    ),
    (
        "an allowance until a text",
        "stated = [{ basis = \"consent\", clause = \"acme.1\" }]",
        "broad = true\nallow = [{ code = \"PURPOSE-BROAD\", reason = \"It is one letter.\", review = \"2027\" }]",
        &["PURPOSE-BROAD", "POLICY-WRONG-TYPE"],
    ),
    (
        "an allowance until an hour",
        "stated = [{ basis = \"consent\", clause = \"acme.1\" }]",
        "broad = true\nallow = [{ code = \"PURPOSE-BROAD\", reason = \"It is one letter.\", review = 2027-06-30T12:00:00Z }]",
        &["PURPOSE-BROAD", "POLICY-WRONG-TYPE"],
    ),
    (
        "an allowance beside an open point",
        "stated = [{ basis = \"consent\", clause = \"acme.1\" }]",
        "broad = true\nopen = { CONSENT-BUNDLED = \"Each is asked for.\" }\nallow = [{ code = \"PURPOSE-BROAD\", reason = \"It is one letter.\", review = 2027-06-30 }]",
        &["PURPOSE-BROAD", "CONSENT-BUNDLED"],
    ),
    (
        "an allowance of what is read",
        "stated = [{ basis = \"consent\", clause = \"acme.1\" }]",
        "broad = true\nopen = { PURPOSE-BROAD = \"It is one letter.\" }\nallow = [{ code = \"PURPOSE-BROAD\", reason = \"It is one letter.\", review = 2027-06-30 }]",
        &["PURPOSE-BROAD", "ALLOW-UNUSED"],
    ),
    (
        "a clause with effect and without",
        "reason = \"A greeting.\"\nclause = \"acme.29\"",
        "reason = \"A greeting.\"\nclause = \"acme.28\"",
        &["CLAUSE-TWICE"],
    ),
    (
        "a clause that another table of the kind has",
        "clause = \"acme.2\"\n",
        "clause = \"acme.2\"\nalso = [\"acme.3\"]\n",
        &["CLAUSE-TWICE"],
    ),
    ("a clause twice in one table", "also = [\"acme.30\"]", "also = [\"acme.29\"]", &["CLAUSE-TWICE"]),
    (
        "a clause that two tables of the kind list",
        "clause = \"acme.2\"\n\n[[purpose]]\nid = \"support\"\ntitle = \"Help you\"\nbasis = \"legitimate-interests\"\n",
        "clause = \"acme.2\"\nalso = [\"acme.51\"]\n\n[[purpose]]\nid = \"support\"\ntitle = \"Help you\"\nbasis = \"legitimate-interests\"\nalso = [\"acme.51\"]\n",
        &["CLAUSE-TWICE"],
    ),
    (
        "two clauses without effect that are one",
        "reason = \"A greeting.\"\nclause = \"acme.29\"",
        "reason = \"A farewell.\"\nclause = \"acme.51\"\n\n[[without_effect]]\nreason = \"A greeting.\"\nclause = \"acme.51\"",
        &["CLAUSE-TWICE"],
    ),
    (
        "an open point of a table without a name",
        "id = \"till\"\n",
        "open = { CONTACT-SUSPECT = \"They confirmed it.\" }\n",
        &["POLICY-MISSING-KEY", "CONTACT-SUSPECT"],
    ),
    ("a clause that is a story", "also = [\"acme.30\"]", "also = [\" \"]", &["POLICY-BAD-TEXT"]),
    ("an office in no country", "country = \"FR\"", "country = \"France\"", &["POLICY-BAD-COUNTRY"]),
    ("another address that is none", "[\"help@acme.fr\"]", "[\"help\"]", &["POLICY-BAD-CONTACT"]),
    ("two domains", "[\"help@acme.fr\"]", "[\"help@acme-shop.fr\"]", &["CONTACT-MISMATCH"]),
    (
        "an establishment abroad without a representative",
        "establishment = \"FR\"\n\n[office]\nother_mails = [\"help@acme.fr\"]\npost = \"1 rue de la Paix, Paris\"\nphone = \"+33 1 23 45 67 89\"\ndata_protection_officer = \"dpo@acme.fr\"\nrepresentative = \"Acme Europe, Dublin\"\ncountry = \"FR\"",
        "establishment = \"US-CA\"\n\n[office]\npost = \"1 Main Street\"",
        &["REP-MISSING"],
    ),
    (
        "a review of what there is not",
        "review = [\"erasure\", \"rectification\"]",
        "review = [\"erasure\", \"deletion\"]",
        &["POLICY-UNKNOWN-REQUEST"],
    ),
    (
        "a review of what counts at once",
        "review = [\"erasure\", \"rectification\"]",
        "review = [\"erasure\", \"limit-sensitive\"]",
        &["OFFICE-REVIEW-DELAYS"],
    ),
    (
        "two on what nobody looks at",
        "four_eyes = [\"erasure\"]",
        "four_eyes = [\"erasure\", \"access\"]",
        &["OFFICE-FOUR-EYES"],
    ),
    ("reminders that come early", "[40, 75, 90]", "[40, 75]", &["OFFICE-REMINDERS-EARLY"]),
    ("reminders out of order", "[40, 75, 90]", "[75, 40, 90]", &["POLICY-BAD-NUMBER"]),
    ("a reminder twice", "[40, 75, 90]", "[40, 90, 90]", &["POLICY-BAD-NUMBER"]),
    ("a reminder when it is late", "[40, 75, 90]", "[0, 90, 100]", &["POLICY-BAD-NUMBER", "POLICY-BAD-NUMBER"]),
    ("no reminder at all", "[40, 75, 90]", "[]", &["POLICY-MISSING-KEY"]),
    ("reminders in words", "[40, 75, 90]", "[\"half\", 90]", &["POLICY-WRONG-TYPE"]),
    ("one reminder that is no list", "[40, 75, 90]", "90", &["POLICY-WRONG-TYPE"]),
    ("more reminders than five", "[40, 75, 90]", "[10, 20, 30, 40, 75, 90]", &["POLICY-TOO-MANY"]),
    ("an escalation to nobody", "director@acme.fr", "the director", &["POLICY-BAD-CONTACT"]),
    ("a system twice", "id = \"till\"", "id = \"crm\"", &["POLICY-DUPLICATE"]),
    (
        "a system that is asked in two ways",
        "webhook = \"https://crm.acme.fr/habeas\"",
        "webhook = \"https://crm.acme.fr/habeas\"\nqueue = \"https://sqs.eu-west-3.amazonaws.com/123456789012/crm\"",
        &["POLICY-CONTRADICTION"],
    ),
    ("a system that cannot be asked", "webhook = \"https://crm.acme.fr/habeas\"\n", "", &["POLICY-MISSING-KEY"]),
    ("a system in the clear", "https://crm.acme.fr", "http://crm.acme.fr", &["POLICY-BAD-ADDRESS"]),
    ("a system in a private network", "https://crm.acme.fr", "https://[::ffff:192.168.0.7]", &["POLICY-BAD-ADDRESS"]),
    ("a system's password", "https://crm.acme.fr", "https://habeas:secret@crm.acme.fr", &["POLICY-BAD-ADDRESS"]),
    ("a system on this machine", "https://crm.acme.fr", "http://localhost:8080", &["SYSTEM-LOCAL"]),
    (
        "a queue by its name",
        "https://sqs.eu-west-3.amazonaws.com/123456789012/habeas-tills",
        "habeas-tills",
        &["POLICY-BAD-ADDRESS"],
    ),
    (
        "a system that holds what there is not",
        "categories = [\"newsletter\"]\nrequests",
        "categories = [\"newsleter\"]\nrequests",
        &["POLICY-UNKNOWN-CATEGORY"],
    ),
    (
        "a system asked to object",
        "[\"access\", \"erasure\"]",
        "[\"access\", \"objection\"]",
        &["POLICY-UNKNOWN-REQUEST"],
    ),
    ("a system asked nothing", "[\"access\", \"erasure\"]", "[]", &["POLICY-MISSING-KEY"]),
    ("an issuer with a query", "https://login.acme.fr", "https://login.acme.fr/?tenant=acme", &["POLICY-BAD-ADDRESS"]),
    ("accounts for nobody", "audience = \"habeas\"\n", "", &["POLICY-MISSING-KEY"]),
    (
        "an account of nobody's",
        "[accounts]\nissuer = \"https://login.acme.fr\"\naudience = \"habeas\"\nclause = \"acme.33\"\n",
        "",
        &["POLICY-NO-ACCOUNTS"],
    ),
    ("an authority without a name", "name = \"CNIL\"\n", "", &["POLICY-MISSING-KEY"]),
    ("a role unknown", "\"joint-controller\"", "\"owner\"", &["POLICY-UNKNOWN-WORD"]),
    (
        "two roles for one service",
        "[notice]",
        "[[role]]\nservice = \"shop\"\nrole = \"controller\"\nclause = \"acme.17\"\n\n[notice]",
        &["ROLE-CONFLICT", "ROLE-CONFLICT"],
    ),
    (
        "one role twice",
        "[notice]",
        "[[role]]\nservice = \"shop\"\nrole = \"joint-controller\"\nclause = \"acme.17\"\n\n[notice]",
        &["POLICY-DUPLICATE"],
    ),
    ("a change in due time", "lead_time = \"P30D\"", "stated = \"in due time\"", &["NOTICE-VAGUE"]),
    ("a change at once", "lead_time = \"P30D\"", "at_once = true", &["NOTICE-IMMEDIATE"]),
    ("a use unknown", "uses = [\"statistics\"]", "uses = [\"statistic\"]", &["POLICY-UNKNOWN-WORD"]),
    ("totals without a threshold", "threshold = 10\n", "", &["AGG-THRESHOLD-UNDEFINED"]),
    ("totals of one", "threshold = 10", "threshold = 1", &["AGG-THRESHOLD-UNDEFINED", "POLICY-BAD-NUMBER"]),
    ("a consent that is none", "also_needs = [\"newsletter\"]", "also_needs = [\"billing\"]", &["POLICY-NOT-CONSENT"]),
    (
        "a mail that confirms no consent",
        "id = \"billing\"",
        "confirm_by_mail = true\nid = \"billing\"",
        &["POLICY-NOT-CONSENT"],
    ),
    (
        "a purpose that needs itself",
        "also_needs = [\"newsletter\"]",
        "also_needs = [\"statistics\"]",
        &["POLICY-CONTRADICTION"],
    ),
    (
        "grounds that differ",
        "stated = [{ basis = \"consent\", clause = \"acme.1\" }]",
        "stated = [{ basis = \"contract\", clause = \"acme.31\" }, { basis = \"by-use\", clause = \"acme.32\" }]",
        &["BASIS-CONFLICT", "BASIS-CONFLICT", "CONSENT-IMPLIED"],
    ),
    (
        "no ground in the text",
        "stated = [{ basis = \"consent\", clause = \"acme.1\" }]",
        "stated = [{ basis = \"none\", clause = \"acme.31\" }]",
        &["BASIS-MISSING"],
    ),
    (
        "a stated ground unknown",
        "stated = [{ basis = \"consent\", clause = \"acme.1\" }]",
        "stated = [{ basis = \"use\", clause = \"acme.31\" }]",
        &["POLICY-UNKNOWN-BASIS"],
    ),
    (
        "facts of a purpose",
        "stated = [{ basis = \"consent\", clause = \"acme.1\" }]",
        "bundled_with = [\"statistics\"]\nreuses = [\"chat\"]\nbroad = true\nparty = \"organisation\"\nstated = [{ basis = \"contract\" }]",
        &["CONSENT-BUNDLED", "PURPOSE-CREEP", "PURPOSE-BROAD", "BASIS-QUESTION"],
    ),
    (
        "profiling that is denied",
        "what = \"tracking\"\nexcept = [\"billing\"]\nunless_consent = \"statistics\"",
        "what = \"marketing\"\nclause = \"acme.31\"\n\n[[deny]]\nwhat = \"automated-decision\"\nclause = \"acme.24\"\n\n[[purpose]]\nid = \"score\"\ntitle = \"Score you\"\nbasis = \"contract\"\nuses = [\"automated-decision\"]",
        &["RIGHT-MISSING", "ADM-CONFLICT", "ADM-CONFLICT"],
    ),
    ("an opt-in to what needs none", "opt_in = \"newsletter\"", "opt_in = \"billing\"", &["POLICY-NOT-CONSENT"]),
    ("an opt-in to nothing known", "opt_in = \"newsletter\"", "opt_in = \"news\"", &["POLICY-UNKNOWN-PURPOSE"]),
    ("a field that is kept and never kept", "never = [\"iban\"]", "never = [\"name\"]", &["POLICY-CONTRADICTION"]),
    ("a security code that is kept", "\"name\", \"invoice\"]", "\"name\", \"invoice\", \"cvv\"]", &["PCI-SAD"]),
    ("a security code that is never kept", "never = [\"iban\"]", "never = [\"card_security_code\"]", &["PCI-SAD"]),
    (
        "an open list of free text",
        "fields = [\"message\"]",
        "fields = [\"message\"]\nopen_list = true\nfree_text = true",
        &["CAT-OPEN-LIST", "CAT-UNSTRUCTURED"],
    ),
    ("an undated notice", "\"2026-01-01\"", "\"undated-1\"", &["NOTICE-NO-VERSION"]),
    ("an empty notice version", "\"2026-01-01\"", "\"\"", &["POLICY-BAD-TEXT"]),
    ("an empty accepted version", "[\"2025-06-01\"]", "[\"\"]", &["POLICY-BAD-NOTICE"]),
    ("a hash that is none", "070532d5", "070532", &["POLICY-BAD-NOTICE"]),
    ("a language that is none", "\"en\"", "\"English\"", &["POLICY-BAD-NOTICE"]),
    ("a notice without encryption", "https://acme.fr/privacy", "http://acme.fr/privacy", &[]),
    ("a notice in no web", "https://acme.fr/privacy", "ftp://acme.fr/privacy", &["POLICY-BAD-NOTICE"]),
    ("a purpose without a basis", "basis = \"consent\"\n", "", &["BASIS-MISSING"]),
    ("an unknown basis", "basis = \"consent\"", "basis = \"approval\"", &["POLICY-UNKNOWN-BASIS"]),
    ("a purpose without a clause", "clause = \"acme.1\"\n", "", &["POLICY-MISSING-KEY"]),
    ("a purpose twice", "id = \"support\"", "id = \"billing\"", &["POLICY-DUPLICATE", "POLICY-UNKNOWN-PURPOSE"]),
    ("a category of any fields", "fields = [\"message\"]\n", "", &["CAT-OPEN-LIST"]),
    ("a field twice", "[\"name\", \"invoice\"]", "[\"name\", \"invoice\", \"name\"]", &["POLICY-DUPLICATE"]),
    (
        "a category that is not kept",
        "[[retention]]\ncategory = \"chat\"",
        "[[category]]\nid = \"phone\"\nfields = [\"number\"]\nclause = \"acme.6\"\n\n[[retention]]\ncategory = \"chat\"",
        &["RET-MISSING"],
    ),
    (
        "a withheld field that is none of the category's",
        "withheld = [\"invoice\"]",
        "withheld = [\"password\"]",
        &["POLICY-UNKNOWN-FIELD"],
    ),
    (
        "a rule for an unknown category",
        "category = \"chat\"",
        "category = \"chats\"",
        &["RET-MISSING", "POLICY-UNKNOWN-CATEGORY"],
    ),
    ("a rule for an unknown purpose", "purpose = \"support\"", "purpose = \"sales\"", &["POLICY-UNKNOWN-PURPOSE"]),
    (
        "two rules for one category and purpose",
        "[[right]]\nrequest = \"access\"",
        "[[retention]]\ncategory = \"chat\"\npurpose = \"support\"\nmode = \"fixed\"\nduration = \"P1Y\"\nclause = \"acme.9\"\n\n[[right]]\nrequest = \"access\"",
        &["POLICY-DUPLICATE"],
    ),
    ("no mode", "mode = \"fixed\"\nduration = \"P10Y\"", "duration = \"P10Y\"", &["POLICY-NO-PERIOD"]),
    ("an unknown mode", "mode = \"sliding\"", "mode = \"rolling\"", &["POLICY-UNKNOWN-MODE"]),
    ("fixed without a duration", "duration = \"P10Y\"\n", "", &["POLICY-NO-PERIOD"]),
    ("sliding without a renewal", "renew_on = [\"website.access\"]\n", "", &["POLICY-NO-PERIOD"]),
    ("sliding with no renewals", "[\"website.access\"]", "[]", &["POLICY-NO-PERIOD"]),
    ("until-event without an event", "events = [\"consent.withdrawn\"]\n", "", &["POLICY-NO-PERIOD"]),
    (
        "fixed with a renewal",
        "duration = \"P10Y\"",
        "duration = \"P10Y\"\nrenew_on = [\"visit\"]",
        &["POLICY-CONTRADICTION"],
    ),
    ("a duration in words", "\"P10Y\"", "\"10 years\"", &["POLICY-BAD-DURATION"]),
    ("a negative duration", "\"P10Y\"", "\"-P10Y\"", &["POLICY-BAD-DURATION"]),
    ("a duration of nothing", "\"P10Y\"", "\"P0D\"", &["POLICY-BAD-DURATION"]),
    ("a duration of two kinds", "\"P10Y\"", "\"P1DT12H\"", &["POLICY-BAD-DURATION"]),
    ("a duration past all sense", "\"P10Y\"", "\"P1000Y\"", &["POLICY-BAD-DURATION"]),
    (
        "what the text says of periods",
        "duration = \"P10Y\"",
        "duration = \"P10Y\"\nstated = \"as our records policy says\"\nstatutory = \"Code de commerce L123-22\"",
        &["RET-VAGUE-TERM", "RET-STATUTORY-UNSTATED"],
    ),
    ("a text without a period", "duration = \"P10Y\"", "duration = \"P10Y\"\nstated = \"nothing\"", &["RET-MISSING"]),
    ("a text with criteria", "duration = \"P10Y\"", "duration = \"P10Y\"\nstated = \"criteria\"", &["RET-UNBOUNDED"]),
    (
        "one field under two clocks",
        "[[right]]\nrequest = \"access\"",
        "[[retention]]\ncategory = \"chat\"\npurpose = \"billing\"\nmode = \"fixed\"\nduration = \"P1Y\"\nclause = \"acme.31\"\n\n[[right]]\nrequest = \"access\"",
        &["RET-DUAL-COPY", "RET-DUAL-COPY"],
    ),
    (
        "kept for ever without a reason",
        "mode = \"fixed\"\nduration = \"P10Y\"",
        "mode = \"indefinite\"",
        &["RET-INDEFINITE"],
    ),
    (
        "kept for ever with a reason",
        "mode = \"fixed\"\nduration = \"P10Y\"",
        "mode = \"indefinite\"\nreason = \"The archive is public.\"",
        &["RET-INDEFINITE"],
    ),
    (
        "an end that may never come",
        "mode = \"fixed\"\nduration = \"P10Y\"",
        "mode = \"until-event\"\nevents = [\"contract.ended\"]",
        &["RET-NO-MAX", "RET-GRACE-UNDEFINED"],
    ),
    (
        "an end that never comes",
        "mode = \"fixed\"\nduration = \"P10Y\"",
        "mode = \"until-event\"\nevents = [\"consent.withdrawn\"]\ngrace = \"P0D\"\nreason = \"Who knows.\"",
        &["RET-EVENT-MAY-NEVER-FIRE"],
    ),
    (
        "sliding without a cap",
        "max = \"P1D\"\nreason = \"A chat lasts as long as the visit.\"\n",
        "",
        &["RET-SLIDING-NO-CAP"],
    ),
    (
        "kept beyond the consent",
        "mode = \"until-event\"\nevents = [\"consent.withdrawn\"]\ngrace = \"P0D\"\nmax = \"P3Y\"",
        "mode = \"fixed\"\nduration = \"P3Y\"",
        &["RET-OUTLIVES-CONSENT"],
    ),
    (
        "a bucket's rule for what events end",
        "mode = \"fixed\"\nduration = \"P10Y\"",
        "mode = \"until-event\"\nevents = [\"contract.ended\"]\ngrace = \"P0D\"\nmax = \"P3Y\"\nlifecycle = true",
        &["POLICY-CONTRADICTION"],
    ),
    (
        "a bucket's rule for what a statute has kept",
        "duration = \"P10Y\"",
        "duration = \"P10Y\"\nlifecycle = true\nstatutory = \"Code de commerce L123-22\"",
        &["POLICY-CONTRADICTION", "RET-STATUTORY-UNSTATED"],
    ),
    ("an action that is not carried out", "action = \"delete\"", "action = \"anonymise\"", &["ACTION-NOT-ENFORCED"]),
    ("an unknown action", "action = \"delete\"", "action = \"shred\"", &["POLICY-UNKNOWN-ACTION"]),
    ("an exemption without its law", "article = \"GDPR Art. 17(3)(b)\"\n", "", &["POLICY-MISSING-KEY"]),
    (
        "an unknown request",
        "request = \"complaint\"",
        "request = \"complain\"",
        &["RIGHT-MISSING", "POLICY-UNKNOWN-REQUEST"],
    ),
    ("a request twice", "request = \"complaint\"", "request = \"access\"", &["RIGHT-MISSING", "POLICY-DUPLICATE"]),
    (
        "a refusal without a reason",
        "request = \"portability\"\nverification = { points = 2 }",
        "request = \"portability\"\noffered = false",
        &["POLICY-REFUSAL-NO-REASON"],
    ),
    (
        "a refusal whose code is none",
        "request = \"portability\"\nverification = { points = 2 }",
        "request = \"portability\"\noffered = false\nreason = { code = \"No\", text = \"No.\" }",
        &["POLICY-BAD-NAME"],
    ),
    (
        "an offered right with a reason",
        "request = \"complaint\"",
        "request = \"complaint\"\nreason = { code = \"NO\", text = \"No.\" }",
        &["POLICY-CONTRADICTION"],
    ),
    (
        "a refusal that offers itself",
        "request = \"portability\"\nverification = { points = 2 }",
        "request = \"portability\"\noffered = false\nreason = { code = \"NO\", text = \"No.\" }\noffer = \"portability\"",
        &["RIGHT-REASONING-INCOMPLETE", "POLICY-CONTRADICTION"],
    ),
    (
        "a refusal that offers another refused right",
        "request = \"access\"\nrespond_within = \"P14D\"\nclause = \"acme.11\"\n\n[[right]]\nrequest = \"rectification\"",
        "request = \"access\"\noffered = false\nreason = { code = \"NO\", text = \"No.\" }\noffer = \"rectification\"\nclause = \"acme.11\"\n\n[[right]]\nrequest = \"rectification\"\noffered = false\nreason = { code = \"NO\", text = \"No.\" }",
        &["POLICY-CONTRADICTION", "RIGHT-UNDERSTATED", "RIGHT-UNDERSTATED"],
    ),
    (
        "portability refused though consent is asked",
        "request = \"portability\"\nverification = { points = 2 }",
        "request = \"portability\"\noffered = false\nreason = { code = \"NO\", text = \"No.\" }\noffer = \"access\"",
        &["RIGHT-REASONING-INCOMPLETE"],
    ),
    (
        "withdrawal refused though consent is asked",
        "request = \"withdraw-consent\"",
        "request = \"withdraw-consent\"\noffered = false\nreason = { code = \"NO\", text = \"No.\" }",
        &["BASIS-CONFLICT"],
    ),
    ("an answer later than the law's", "respond_within = \"P14D\"", "respond_within = \"P3M\"", &["RIGHT-UNDERSTATED"]),
    (
        "erasure refused to everyone",
        "request = \"erasure\"\nverification = \"mail\"",
        "request = \"erasure\"\noffered = false\nreason = { code = \"NO\", text = \"No.\" }",
        &["RIGHT-UNDERSTATED"],
    ),
    (
        "consent without a way out",
        "[[right]]\nrequest = \"withdraw-consent\"\nclause = \"acme.12\"\n",
        "",
        &["CONSENT-WITHDRAWAL-WEAK", "RIGHT-MISSING"],
    ),
    (
        "restriction for anyone",
        "request = \"restriction\"",
        "request = \"restriction\"\nverification = \"none\"",
        &["VERIFY-UNDER"],
    ),
    ("erasure for anyone", "verification = \"mail\"", "verification = \"none\"", &["VERIFY-UNDER"]),
    (
        "verification by a word unknown",
        "verification = \"mail\"",
        "verification = \"fax\"",
        &["POLICY-BAD-VERIFICATION"],
    ),
    ("no points", "{ points = 2 }", "{ points = 0 }", &["POLICY-BAD-VERIFICATION"]),
    ("an age that is none", "refuse_below = 13", "refuse_below = 130", &["POLICY-BAD-AGE"]),
    ("ages that overlap", "refuse_below = 13\n", "refuse_below = 16\n", &["POLICY-AGE-OVERLAP", "POLICY-AGE-OVERLAP"]),
    (
        "an age below the law's",
        "guardian_below = 16\nguardian_below_in = { FR = 15 }",
        "guardian_below = 14",
        &["CHILD-GAP"],
    ),
    (
        "no age",
        "refuse_below = 13\nguardian_below = 16\nguardian_below_in = { FR = 15 }\n",
        "",
        &["POLICY-MISSING-KEY", "CHILD-GAP"],
    ),
    ("an age in no country", "{ FR = 15 }", "{ France = 15 }", &["POLICY-BAD-COUNTRY"]),
    ("an age that is none in a country", "{ FR = 15 }", "{ FR = 150 }", &["POLICY-BAD-AGE"]),
    (
        "rules on children that disagree",
        "stated = [{ refuse_below = 13, clause = \"acme.13\" }]",
        "stated = [{ refuse_below = 18, clause = \"acme.31\" }, { guardian_below = 16, clause = \"acme.32\" }]",
        &["CHILD-CONFLICT", "CHILD-CONFLICT"],
    ),
    (
        "a rule on children without an age",
        "stated = [{ refuse_below = 13, clause = \"acme.13\" }]",
        "stated = [{ clause = \"acme.13\" }]",
        &["POLICY-MISSING-KEY"],
    ),
    ("a time that is none", "within = \"PT48H\"", "within = \"soon\"", &["POLICY-BAD-DURATION"]),
    ("agents without proofs", "proofs = [\"signed-permission\"]\n", "", &["POLICY-MISSING-KEY"]),
    (
        "no word on breaches",
        "[breach]\ntell_of_attempts = false\nwebsite_alert = false\nwithin = \"PT48H\"\nclause = \"acme.14\"\n",
        "",
        &["BREACH-MISSING"],
    ),
    ("a flag in quotes", "tell_of_attempts = false", "tell_of_attempts = \"yes\"", &["POLICY-WRONG-TYPE"]),
    (
        "breaches of all kinds, some day",
        "tell_of_attempts = false\nwebsite_alert = false\nwithin = \"PT48H\"",
        "tell_of_attempts = true",
        &["BREACH-NO-NUMBER", "BREACH-OVERBROAD"],
    ),
    ("a recipient without a role", "role = \"processor\"\n", "", &["POLICY-MISSING-KEY"]),
    (
        "a recipient of unknown data",
        "categories = [\"newsletter\"]",
        "categories = [\"news\"]",
        &["POLICY-UNKNOWN-CATEGORY"],
    ),
    (
        "a recipient for nothing known",
        "purposes = [\"newsletter\"]",
        "purposes = [\"news\"]",
        &["POLICY-UNKNOWN-PURPOSE"],
    ),
    (
        "a recipient by a consent that is none",
        "consent = \"newsletter\"",
        "consent = \"support\"",
        &["POLICY-NOT-CONSENT"],
    ),
    ("a recipient in no country", "countries = [\"US\"]", "countries = [\"usa\"]", &["POLICY-BAD-COUNTRY"]),
    (
        "a safeguard unknown",
        "mechanism = \"standard-clauses\"",
        "mechanism = \"privacy-shield\"",
        &["POLICY-UNKNOWN-WORD"],
    ),
    ("a recipient whose address is none", "privacy@mailer.example", "mailer", &["POLICY-BAD-CONTACT"]),
    ("an open class", "countries = [\"US\"]", "countries = [\"US\"]\nopen_class = true", &["DISC-OPEN-RECIPIENT"]),
    ("no way out of home", "mechanisms = [\"standard-clauses\"]\n", "", &["TRANSFER-CONFLICT", "TRANSFER-CONFLICT"]),
    (
        "a transfer without a word",
        "mechanisms = [\"standard-clauses\"]\n",
        "mechanisms = [\"standard-clauses\"]\nstated = \"nothing\"\n",
        &["TRANSFER-UNSPECIFIED"],
    ),
    (
        "a recipient abroad without a word",
        "mechanism = \"standard-clauses\"\nmail = \"privacy@mailer.example\"\nclause = \"acme.21\"\n\n[recipients_default]\nclosed = true\nclause = \"acme.22\"\n\n[transfer]\nhome = [\"FR\"]\nmechanisms = [\"standard-clauses\"]\nclause = \"acme.23\"",
        "clause = \"acme.21\"",
        &["TRANSFER-UNSPECIFIED"],
    ),
    ("no home", "home = [\"FR\"]\n", "", &["POLICY-MISSING-KEY"]),
    ("an empty home", "home = [\"FR\"]", "home = []", &["POLICY-MISSING-KEY"]),
    ("a denial of nothing", "what = \"tracking\"\n", "", &["POLICY-MISSING-KEY"]),
    (
        "a denial twice",
        "[[deny]]\nwhat = \"tracking\"",
        "[[deny]]\nwhat = \"tracking\"\nunless_consent = \"newsletter\"\nclause = \"acme.31\"\n\n[[deny]]\nwhat = \"tracking\"",
        &["POLICY-DUPLICATE"],
    ),
    (
        "tracking that is denied",
        "except = [\"billing\"]\nunless_consent = \"statistics\"\n",
        "",
        &["COOKIE-CONFLICT", "COOKIE-CONFLICT"],
    ),
    (
        "sales that are denied twice over",
        "[[deny]]\nwhat = \"tracking\"",
        "[[deny]]\nwhat = \"sale\"\nclause = \"acme.31\"\n\n[[deny]]\nwhat = \"sale\"\nscope = \"directly-identifiable\"\nclause = \"acme.32\"\n\n[[deny]]\nwhat = \"tracking\"",
        &["SELL-CONFLICT", "SELL-CONFLICT"],
    ),
    (
        "sharing that is denied",
        "unless_consent = \"statistics\"\nclause = \"acme.24\"\n\n[[tracker]]",
        "unless_consent = \"statistics\"\nclause = \"acme.24\"\n\n[[deny]]\nwhat = \"sharing\"\nclause = \"acme.31\"\n\n[[tracker]]\nid = \"pixel\"\ntitle = \"Tells a network\"\nconsent = [\"statistics\"]\nshares = true\nclause = \"acme.32\"\n\n[[tracker]]",
        &["SELL-CONFLICT", "SELL-CONFLICT"],
    ),
    (
        "a channel that is no system",
        "within = \"PT48H\"",
        "channel = \"crn\"\nwithin = \"PT48H\"",
        &["POLICY-UNKNOWN-SYSTEM"],
    ),
    (
        "a channel that reads a queue",
        "within = \"PT48H\"",
        "channel = \"till\"\nwithin = \"PT48H\"",
        &["POLICY-UNKNOWN-SYSTEM"],
    ),
    ("a tracker of nobody known", "party = \"mailer\"", "party = \"mail\"", &["POLICY-UNKNOWN-RECIPIENT"]),
    (
        "a tracker that is exempt and is not",
        "consent = [\"statistics\", \"newsletter\"]",
        "consent = [\"statistics\"]\nexempt = \"We like it.\"",
        &["POLICY-CONTRADICTION"],
    ),
    ("a tracker without a ground", "consent = [\"statistics\", \"newsletter\"]\n", "", &["POLICY-MISSING-KEY"]),
    (
        "a tracker that waits for nothing",
        "consent = [\"statistics\", \"newsletter\"]",
        "consent = []",
        &["POLICY-MISSING-KEY"],
    ),
    (
        "a tracker by a consent that is none",
        "[\"statistics\", \"newsletter\"]",
        "[\"billing\"]",
        &["POLICY-NOT-CONSENT"],
    ),
    (
        "a tracker by interests",
        "stated_basis = \"consent\"",
        "stated_basis = \"legitimate-interests\"",
        &["BASIS-EPRIVACY"],
    ),
    ("a tracker for ever", "lifetime = \"P13M\"\n", "", &["RET-COOKIE-LIFETIME-MISSING"]),
    ("a signal half heard", "gpc = \"honour\"", "gpc = \"hear\"", &["DNT-GPC-GAP", "POLICY-UNKNOWN-WORD"]),
    ("signals ignored", "gpc = \"honour\"", "gpc = \"ignore\"", &["DNT-GPC-GAP"]),
    ("a hold for a reason unknown", "reason = \"investigation\"", "reason = \"curiosity\"", &["POLICY-UNKNOWN-WORD"]),
    ("a hold that nobody looks at", "review_after = \"P3M\"\n", "", &["HOLD-NO-MAX"]),
    (
        "a hold that the text forgets",
        "review_after = \"P3M\"",
        "review_after = \"P3M\"\nstated = \"nothing\"",
        &["HOLD-NO-MAX"],
    ),
    (
        "a hold told to nobody known",
        "review_after = \"P3M\"",
        "tell = [\"tills\", \"crm\"]\nreview_after = \"P3M\"",
        &["POLICY-UNKNOWN-SYSTEM"],
    ),
    (
        "a hold of people's that is told",
        "on = \"fraud.suspected\"\nrelease_on = \"fraud.closed\"\n",
        "tell = [\"crm\"]\n",
        &["POLICY-CONTRADICTION"],
    ),
    (
        "a hold that names whom a withdrawal cannot name",
        "on = \"fraud.suspected\"",
        "tell = [\"crm\"]\non = \"consent.withdrawn\"",
        &["POLICY-CONTRADICTION"],
    ),
    ("a statement without evidence", "evidence = \"A scan of the public endpoints.\"\n", "", &["POLICY-MISSING-KEY"]),
    ("a statement for ever", "renew_every = \"P1Y\"\n", "", &["POLICY-MISSING-KEY"]),
    ("no effect without a reason", "reason = \"A greeting.\"\n", "", &["POLICY-MISSING-KEY"]),
];

fn codes(findings: &[policy::Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.code).collect()
}

/// A day after which what was allowed until the summer of 2026 is not any more.
fn findings_of(text: &str) -> Vec<policy::Finding> {
    let file = check("acme.toml", text, Some(date(2026, 11, 22)));
    assert_eq!(file.is_refused(), file.findings.iter().any(policy::Finding::blocks), "{:?}", file.findings);
    file.findings
}

fn broken(from: &str, to: &str) -> String {
    assert!(BASE.contains(from), "the base policy has no {from:?}");
    BASE.replacen(from, to, 1)
}

#[test]
fn the_base_policy_has_no_findings() {
    assert_eq!(findings_of(BASE), []);
}

#[test]
fn each_mistake_is_found_under_its_code_and_nothing_else_is() {
    let wrong: Vec<_> = CASES
        .iter()
        .map(|(what, from, to, expected)| (what, codes(&findings_of(&broken(from, to))), expected))
        .filter(|(_, found, expected)| found != *expected)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_kind_of_finding_reads_as_recorded() {
    let mut out = String::new();
    for (what, from, to, _) in CASES {
        let text = broken(from, to);
        let _ = writeln!(out, "## {what}\n\n{}", render(&findings_of(&text), &text, false));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics.txt");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &out).unwrap();
    }
    let recorded = fs::read_to_string(&path).unwrap();
    for (now, then) in out.split("\n## ").zip(recorded.split("\n## ")) {
        assert_eq!(now, then);
    }
    assert_eq!(out.len(), recorded.len());
}

#[test]
fn every_mistake_of_the_language_has_a_case() {
    let cased: BTreeSet<&str> = CASES.iter().flat_map(|(_, _, _, expected)| *expected).copied().collect();
    let known = policy::lints::all().iter().map(|known| known.code);
    let uncased: Vec<_> = known.filter(|code| code.starts_with("POLICY-") && !cased.contains(code)).collect();
    // Found by tests of their own below.
    assert_eq!(uncased, ["POLICY-TOO-LARGE"]);
}

#[test]
fn all_mistakes_of_a_file_are_reported_at_once_and_in_order() {
    let text = BASE
        .replace("Europe/Paris", "Mars/Olympus")
        .replace("\"P10Y\"", "\"ten years\"")
        .replace("purpose = \"support\"", "purpose = \"suport\"")
        .replace("refuse_below = 13\n", "refuse_below = 16\n")
        .replace("verification = \"mail\"", "verification = \"none\"");
    assert_eq!(
        codes(&findings_of(&text)),
        [
            "POLICY-UNKNOWN-TIME-ZONE",
            "POLICY-BAD-DURATION",
            "POLICY-UNKNOWN-PURPOSE",
            "VERIFY-UNDER",
            "POLICY-AGE-OVERLAP",
            "POLICY-AGE-OVERLAP",
        ]
    );
}

#[test]
fn one_ground_for_everything_is_warned_of() {
    let text = BASE.replace("\"consent\"", "\"contract\"").replace("legal-obligation", "contract");
    let text = text.replace("legitimate-interests", "contract");
    assert!(codes(&findings_of(&text)).contains(&"BASIS-SINGLE"));
}

#[test]
fn a_file_past_the_limit_is_refused_unread() {
    let text = "#".repeat(policy::POLICY_BYTES_MAX + 1);
    assert_eq!(codes(&findings_of(&text)), ["POLICY-TOO-LARGE"]);
    let text = format!("{BASE}{}", "#".repeat(policy::POLICY_BYTES_MAX - BASE.len()));
    assert_eq!(findings_of(&text), []);
}

#[test]
fn a_text_has_five_hundred_letters_at_most() {
    let with = |letters: usize| codes(&findings_of(&broken("A greeting.", &"é".repeat(letters))));
    assert_eq!(with(500), [""; 0]);
    assert_eq!(with(501), ["POLICY-BAD-TEXT"]);
}

#[test]
fn a_notice_that_is_no_table_is_not_missing() {
    let (before, rest) = BASE.split_once("[notice]\n").unwrap();
    let (_, after) = rest.split_once("[notice_change]").unwrap();
    let text = format!("{before}[notice_change]{after}");
    assert_eq!(codes(&findings_of(&text)), ["POLICY-MISSING-KEY"]);
    let text = text.replacen("schema = 1", "schema = 1\nnotice = \"2026-01-01\"", 1);
    assert_eq!(codes(&findings_of(&text)), ["POLICY-WRONG-TYPE"]);
}

#[test]
fn what_was_meant_is_guessed_of_what_is_no_longer_than_a_name() {
    let guessed = |letters: usize| {
        let (clause, slip) = ("x".repeat(letters), format!("{}y", "x".repeat(letters - 1)));
        let open =
            format!("schema = 1\nopen = {{ CONTACT-SUSPECT = {{ reading = \"Asked.\", clauses = [\"{slip}\"] }} }}");
        let findings = findings_of(&broken("acme.30", &clause).replacen("schema = 1", &open, 1));
        let stray = findings.into_iter().find(|finding| finding.code == "POLICY-UNKNOWN-CLAUSE").unwrap();
        stray.hint.contains("did you mean")
    };
    assert!(guessed(64) && !guessed(65));
}

#[test]
fn a_language_is_named_by_its_tag() {
    let with = |tag: &str| codes(&findings_of(&broken("language = \"en\"", &format!("language = \"{tag}\""))));
    for tag in ["en", "gsw", "en-GB", "zh-Hant-TW", "sl-rozaj1"] {
        assert_eq!(with(tag), [""; 0], "{tag}");
    }
    for tag in ["e", "EN", "e1", "engl", "en-", "en-G", "en-GB_", "en-abcdefghi", "en GB"] {
        assert_eq!(with(tag), ["POLICY-BAD-NOTICE"], "{tag}");
    }
}

#[test]
fn a_clause_has_a_hundred_letters_at_most() {
    let with = |letters: usize| codes(&findings_of(&broken("acme.30", &"é".repeat(letters))));
    assert_eq!(with(100), [""; 0]);
    assert_eq!(with(101), ["POLICY-BAD-TEXT"]);
}

#[test]
fn california_asks_for_three_points_before_it_hands_out_a_copy() {
    let text = broken("[\"eu-gdpr\"]", "[\"eu-gdpr\", \"us-ca\"]")
        .replace("request = \"access\"", "request = \"access\"\nverification = { points = 2 }");
    assert_eq!(codes(&findings_of(&text)), ["RIGHT-MISSING", "VERIFY-UNDER"]);
}

#[test]
fn california_does_not_open_the_pieces_to_whoever_holds_a_mailbox() {
    let text = broken("[\"eu-gdpr\"]", "[\"eu-gdpr\", \"us-ca\"]");
    assert_eq!(codes(&findings_of(&text)), ["RIGHT-MISSING"], "an account's token is enough");
    let by_mail = text.replace("verification = \"account\"", "verification = \"mail\"");
    assert_eq!(codes(&findings_of(&by_mail)), ["RIGHT-MISSING", "VERIFY-UNDER"]);
}

#[test]
fn more_than_thirty_two_systems_are_too_many() {
    let system = |n: usize| {
        format!(
            "[[system]]\nid = \"s{n}\"\ntitle = \"S\"\nwebhook = \"https://s{n}.acme.fr\"\nclause = \"acme.32\"\n\n"
        )
    };
    let with = |count: usize| broken("[accounts]", &((0..count).map(system).collect::<String>() + "[accounts]"));
    assert!(findings_of(&with(30)).is_empty());
    assert_eq!(codes(&findings_of(&with(31))), ["POLICY-TOO-MANY"]);
}

#[test]
fn the_american_states_ask_for_an_appeal_that_is_offered() {
    for regime in ["us-va", "us-co", "us-ct", "us-tx"] {
        let text = broken("[\"eu-gdpr\"]", &format!("[\"{regime}\"]"));
        assert!(!codes(&findings_of(&text)).contains(&"RIGHT-NO-APPEAL"));
        let refused = text.replace(
            "request = \"appeal\"",
            "request = \"appeal\"\noffered = false\nreason = { code = \"NO_APPEAL\", text = \"We do not change our minds.\" }",
        );
        assert!(codes(&findings_of(&refused)).contains(&"RIGHT-UNDERSTATED"), "{regime}");
        let silent = text.replace("[[right]]\nrequest = \"appeal\"\nclause = \"acme.12\"\n", "");
        assert!(codes(&findings_of(&silent)).contains(&"RIGHT-NO-APPEAL"), "{regime}");
    }
}

#[test]
fn a_promise_is_held_against_the_earliest_of_the_laws() {
    let promised = |regimes: &str, duration: &str| {
        let text = broken("[\"eu-gdpr\"]", regimes).replace("\"P14D\"", &format!("\"{duration}\""));
        codes(&findings_of(&text)).contains(&"RIGHT-UNDERSTATED")
    };
    let within = |regimes: &str, days: u32| promised(regimes, &format!("P{days}D"));
    assert!(!within("[\"us-ca\"]", 45) && within("[\"us-ca\"]", 46));
    assert!(!within("[\"us-ca\", \"kr\"]", 10) && within("[\"us-ca\", \"kr\"]", 11));
    assert!(!within("[\"jp\"]", 300));
    assert!(!promised("[\"us-ca\"]", "P6W") && promised("[\"us-ca\"]", "P7W"));
    assert!(!promised("[\"eu-gdpr\"]", "P1M") && promised("[\"eu-gdpr\"]", "P2M"));
    assert!(promised("[\"in-dpdp\"]", "P1Y"));
}

#[test]
fn a_finding_names_its_clause_its_place_and_what_to_do_in_json() {
    let findings = findings_of(&broken("\"P10Y\"", "\"ten years\""));
    assert_eq!(
        serde_json::to_value(&findings).unwrap(),
        serde_json::json!([{
            "code": "POLICY-BAD-DURATION",
            "level": "error",
            "status": "open",
            "by": "compiler",
            "message": "`duration` is no duration: \"ten years\"",
            "hint": "write whole numbers and their units: PT30M, P100D, P6M, P1Y6M",
            "clause": "acme.8",
            "file": "acme.toml",
            "line": 112,
            "column": 12,
        }])
    );
}
