//! Every code that a finding can have, with what it means in law and what to write instead.
//!
//! Three families. The first finds fault with a privacy notice, by what its policy file says of it:
//! the bases, the periods, the rights. Its levels are those of a careful reviewer: an error is a
//! promise that cannot be kept or a breach of law if it is kept, a warning is a gap that the law
//! fills, an information is worth knowing. The second minds the file's own answers to the first:
//! `open` and `allow`. The third, `POLICY-…`, is for files that do not say what they mean.
//!
//! `habeas policy explain CODE` prints an entry, `docs/LINTS.md` holds them all.

use crate::language::Level::{self, Error, Info, Warning as Warn};

/// One code of a finding.
#[derive(Debug)]
pub struct Code {
    /// The code, as it stands in findings, in `open` and in `allow`: `RET-INDEFINITE`.
    pub code: &'static str,
    /// How much a finding of this code weighs.
    pub level: Level,
    /// What was found, in one line.
    pub means: &'static str,
    /// What was found, why it matters and by which law, and what to write instead.
    pub explanation: &'static str,
    /// A smallest piece of a policy file for which it is raised. A comment `# without [breach]`
    /// stands for what is not there.
    pub example: &'static str,
}

/// The entry of a code, if there is such a code.
pub fn code(name: &str) -> Option<&'static Code> {
    CODES.binary_search_by(|entry| entry.code.cmp(name)).ok().and_then(|at| CODES.get(at))
}

/// Every code, in the order of the alphabet.
pub fn all() -> &'static [Code] {
    CODES
}

/// Every code, in the order of the alphabet, which [`code`] relies on.
static CODES: &[Code] = &[
    Code {
        code: "ACTION-NOT-ENFORCED",
        level: Warn,
        means: "the action at the end of the period is carried out as a deletion",
        explanation: "\
The rule ends with `anonymise` or `archive`. Habeas ends every record by deleting it: the promise not to keep the
person's data is kept, but nothing is left over for statistics or for an archive. Data from which nobody can be
identified is outside the law (GDPR recital 26), so this takes nothing from the person.
Take out beforehand what may stay, or hand the record to the archive on your side; then say so with `allow`, or write
`action = \"delete\"`.",
        example: r#"
[[retention]]
category = "chat"
purpose = "support"
mode = "fixed"
duration = "P1Y"
action = "archive"
clause = "acme.35"
"#,
    },
    Code {
        code: "ADM-CONFLICT",
        level: Error,
        means: "the text denies profiling or automated decisions, and describes them elsewhere",
        explanation: "\
A `[[deny]]` rules out a use that one of the purposes has. Personalised offers, customised advertising and the
evaluation of behaviour are profiling (GDPR Art. 4(4)); people must be told of decisions by automation (Art.
13(2)(f), 22), and a denial that is not true misleads them (Art. 5(1)(a)).
Habeas obeys the denial: what it rules out is refused. Take the use away from the purpose, name the purpose under
`except`, or let the consent that allows it stand in `unless_consent`; else state with `open` that the denial wins.",
        example: r#"
[[deny]]
what = "profiling"
clause = "acme.90"

[[purpose]]
id = "offers"
title = "Fit our offers to you"
basis = "consent"
uses = ["profiling"]
clause = "acme.91"
"#,
    },
    Code {
        code: "AGG-THRESHOLD-UNDEFINED",
        level: Info,
        means: "totals are made, and nobody says of how many people at least",
        explanation: "\
A purpose makes statistics without a threshold. Totals are free of the law only if no one in them can be singled
out by means reasonably likely to be used (GDPR recital 26); a total over one person is that person's data.
Write `threshold = 10`, or whatever the smallest group is that may be reported.",
        example: r#"
[[purpose]]
id = "reporting"
title = "Count how our service is used"
basis = "legitimate-interests"
uses = ["statistics"]
clause = "acme.90"
"#,
    },
    Code {
        code: "ALLOW-EXPIRED",
        level: Warn,
        means: "the review date of an `allow` has passed",
        explanation: "\
An `allow` silences a finding until a date on which somebody looks at it again. That date has passed, so the
finding is back, and this one with it. Accountability is a standing duty (GDPR Art. 5(2), 24(1): measures are
reviewed and updated where necessary).
Look at the finding: mend it, or give a reason that still holds and a new date.",
        example: r#"
[[category]]
id = "chat"
fields = ["message"]
free_text = true
allow = [{ code = "CAT-UNSTRUCTURED", reason = "Agents are trained for it.", review = 2020-01-01 }]
clause = "acme.25"
"#,
    },
    Code {
        code: "ALLOW-UNUSED",
        level: Warn,
        means: "an `allow` silences nothing",
        explanation: "\
The table allows a finding that is not raised there. Either the fault was mended and the line stayed, or the line
stands at the wrong table. An exception without a case hides the next one.
Take the line away, or move it to the table that the finding points at.",
        example: r#"
[[category]]
id = "chat"
fields = ["message"]
allow = [{ code = "CAT-UNSTRUCTURED", reason = "Agents are trained for it.", review = 2099-01-01 }]
clause = "acme.25"
"#,
    },
    Code {
        code: "BASIS-CONFLICT",
        level: Error,
        means: "two clauses give different lawful bases for the same processing",
        explanation: "\
The text rests one purpose on two grounds. Which one counts decides on everything else: consent can be withdrawn
(GDPR Art. 7(3)), legitimate interests can be objected to (Art. 21(1)), data under a contract can be taken along
(Art. 20(1)). The ground must be settled before the processing begins and told to people (Art. 6(1), 13(1)(c)); it
cannot be changed afterwards for convenience.
Choose the reading that gives people more, write it as `basis`, and state the choice with `open`.",
        example: r#"
[[purpose]]
id = "analytics"
title = "See how our website is used"
basis = "consent"
stated = [{ basis = "consent", clause = "acme.90" }, { basis = "legitimate-interests", clause = "acme.91" }]
clause = "acme.90"
"#,
    },
    Code {
        code: "BASIS-EPRIVACY",
        level: Error,
        means: "access to a person's device is rested on legitimate interests",
        explanation: "\
Storing something on a device or reading it from there needs consent, unless it is strictly necessary for a
service that the person asked for or for the transmission alone (Directive 2002/58/EC Art. 5(3); UK: PECR reg. 6, which
since 2026 excepts some statistics and appearance cookies, with information and a way out).
That holds for cookies, beacons and fingerprints alike, personal data or not. Legitimate interests (GDPR Art.
6(1)(f)) may carry what is done with the data later, never the access itself.
Let the tracker need `consent = [\"…\"]`; or, if it is necessary, say why with `exempt = \"…\"`.",
        example: r#"
[[tracker]]
id = "usage"
title = "Counts visits"
consent = ["newsletter"]
lifetime = "P13M"
stated_basis = "legitimate-interests"
clause = "acme.90"
"#,
    },
    Code {
        code: "BASIS-MISSING",
        level: Error,
        means: "no lawful basis is given",
        explanation: "\
Processing is lawful only on one of the six grounds of GDPR Art. 6(1), and people are told which (Art. 13(1)(c)).
A text that names none leaves open which rights people have: objection, withdrawal and portability each hang on the
ground.
Have the controller name one. Until then declare the ground that fits as `basis`, and with `open` why it does.",
        example: r#"
[[purpose]]
id = "product"
title = "Develop our product"
basis = "legitimate-interests"
stated = [{ basis = "none", clause = "acme.90" }]
clause = "acme.90"
"#,
    },
    Code {
        code: "BASIS-QUESTION",
        level: Warn,
        means: "a contract is the ground, but the person may not be party to it",
        explanation: "\
GDPR Art. 6(1)(b) covers a contract to which the data subject is party. A contract with somebody's employer or
school is not one: its members did not sign it (EDPB Guidelines 2/2019). Whoever is not party may object under Art.
21, if legitimate interests are the real ground.
Ask the controller; usually `basis = \"legitimate-interests\"` is right for the members, and contract for whoever
signed.",
        example: r#"
[[purpose]]
id = "login"
title = "Let you in"
basis = "contract"
party = "organisation"
clause = "acme.90"
"#,
    },
    Code {
        code: "BASIS-SINGLE",
        level: Warn,
        means: "all purposes rest on one and the same ground",
        explanation: "\
One ground rarely carries everything that a company does: invoices are kept by law (GDPR Art. 6(1)(c)), newsletters
and optional cookies need consent (Directive 2002/58/EC Art. 5(3), 13(1)), an account rests on its contract. Where
legitimate interests are the only ground, each needs a balancing of its own (Art. 6(1)(f)).
Check each purpose for itself; if one ground really does carry all of them, say so with `allow`.",
        example: r#"
# without [[purpose]] newsletter
# without [[purpose]] billing
# without [[purpose]] account
# without [[retention]] newsletter
# without [[retention]] invoice
# without [[retention]] account
# without [[category]] newsletter
# without [[category]] invoice
# without [[category]] account

[[purpose]]
id = "fraud"
title = "Detect fraud"
basis = "legitimate-interests"
clause = "acme.90"
"#,
    },
    Code {
        code: "BREACH-MISSING",
        level: Error,
        means: "the text promises nothing for the day when data leaks",
        explanation: "\
The duty to tell stands in the law, whatever the text says: the authority within 72 hours of becoming aware (GDPR
Art. 33(1)), the people without undue delay where the risk to them is high (Art. 34(1)); Californians within 30
calendar days of discovery (Cal. Civ. Code 1798.82). Habeas runs these clocks anyway.
Add `[breach]` with the clause that promises it. If there is no such clause, state with `open` that the law's own
clocks are taken.",
        example: r#"
# without [breach]
"#,
    },
    Code {
        code: "BREACH-NO-NUMBER",
        level: Warn,
        means: "breaches are told of, but nobody says how soon",
        explanation: "\
\"As soon as reasonably possible\" cannot be tested. The law's own clocks run beside the promise (GDPR Art. 33(1): 72
hours to the authority; Art. 34(1): to people without undue delay), but the promise may be wider than the law and
then has no clock at all.
Agree on a number: `within = \"PT72H\"`.",
        example: r#"
[breach]
tell_of_attempts = false
website_alert = false
clause = "acme.60"
"#,
    },
    Code {
        code: "BREACH-OVERBROAD",
        level: Warn,
        means: "people are to be told of mere attempts, wider than the law asks",
        explanation: "\
The law asks to tell people of a breach that is likely to mean a high risk for them (GDPR Art. 34(1)), and of
nothing that failed. A promise to tell of every attempt binds all the same, and floods people with warnings that
they learn to ignore.
Habeas keeps the promise as it stands. Have the controller narrow its text, or take the wide duty on with `allow`.",
        example: r#"
[breach]
within = "PT72H"
tell_of_attempts = true
clause = "acme.60"
"#,
    },
    Code {
        code: "CAT-CONFLICT",
        level: Error,
        means: "a closed list of data is contradicted elsewhere in the text",
        explanation: "\
One clause says \"limited to\", another names more data of the same people. People cannot know what is kept (GDPR
Art. 5(1)(a), 12(1), 14(1)(d)), and a list that is enforced would refuse what another promise needs.
Enforce the shorter list if nothing else depends on the longer; otherwise declare the longer one and state it with
`open` until the text agrees with itself.",
        example: r#"
[[category]]
id = "chat"
fields = ["message"]
open = { CAT-CONFLICT = "The shorter list is enforced." }
clause = "acme.25"
"#,
    },
    Code {
        code: "CAT-OPEN-LIST",
        level: Warn,
        means: "the list of data is open: such as, including, other",
        explanation: "\
An open list says nothing about what stands behind it. Data must be limited to what is necessary (GDPR Art. 5(1)(c)),
and a record of processing names its categories (Art. 30(1)(c)).
Habeas refuses every field that is not listed: list those that are really kept under `fields`. A category without
`fields` takes anything in, which is almost never meant.",
        example: r#"
[[category]]
id = "chat"
fields = ["message"]
open_list = true
clause = "acme.25"
"#,
    },
    Code {
        code: "CAT-UNSTRUCTURED",
        level: Info,
        means: "free text or attachments: anything can be in there",
        explanation: "\
People write into free text what no list foresees: health, faith, somebody else's data. Special categories need a
ground of their own (GDPR Art. 9(2)), and a copy for one person must not give away another's (Art. 15(4)).
Nothing is wrong with the file. Look through such records before they are handed out, and keep them short.",
        example: r#"
[[category]]
id = "chat"
fields = ["message"]
free_text = true
clause = "acme.25"
"#,
    },
    Code {
        code: "CHILD-CONFLICT",
        level: Error,
        means: "the text's rules on children disagree",
        explanation: "\
One clause takes no children at all, another takes them with a guardian, or the ages differ. Where consent is the
ground for a service offered to a child, GDPR Art. 8(1) asks for the guardian's consent below 16, or below the age
that the member state chose (13 at the lowest); in the United States COPPA asks for it below 13 (16 CFR 312).
Write what the clauses say under `stated`, the promise that can be kept beside it, the stricter one in doubt, and state
the choice with `open`.",
        example: r#"
[age]
guardian_below = 16
stated = [{ refuse_below = 16, clause = "acme.50" }, { guardian_below = 16, clause = "acme.51" }]
clause = "acme.50"
"#,
    },
    Code {
        code: "CHILD-GAP",
        level: Warn,
        means: "consents of children are taken without a guardian",
        explanation: "\
A purpose rests on consent and there is no age rule, or one that stops short of GDPR Art. 8(1): below 16, or below the
age that the member state chose, the guardian consents or authorises. In the United Kingdom the age is 13 (Data
Protection Act 2018 s. 9). An age gate at 13 answers to COPPA, not to Europe.
Add `guardian_below = 16`, and where national law says less, `guardian_below_in = { FR = 15, ES = 14 }`.",
        example: r#"
[age]
refuse_below = 13
clause = "acme.50"
"#,
    },
    Code {
        code: "CLAUSE-TWICE",
        level: Error,
        means: "a clause is tied to two things that cannot both stand for it",
        explanation: "\
Each clause of the text is tied to what makes it true, and the report on coverage looks it up there. Several rules may
cite one clause as their own, since one sentence can give five rights; but `also` names a clause in one place only, and
a clause without effect has no rule besides.
Take the second standing away.",
        example: r#"
[[without_effect]]
reason = "A courtesy."
clause = "acme.12"
"#,
    },
    Code {
        code: "CONSENT-BUNDLED",
        level: Error,
        means: "one consent is asked for several purposes",
        explanation: "\
Consent is specific (GDPR Art. 4(11)): whoever agrees to the newsletter has not agreed to advertising by partners.
One tick for both is presumed not to be freely given (recital 43), and then none of the purposes has a ground.
Declare each purpose by itself, ask for each by itself, and say with `open` that a consent to one is none to another.",
        example: r#"
[[purpose]]
id = "offers"
title = "Fit our offers to you"
basis = "consent"
bundled_with = ["newsletter"]
clause = "acme.90"
"#,
    },
    Code {
        code: "CONSENT-IMPLIED",
        level: Error,
        means: "consent is taken from use, or from going on using",
        explanation: "\
Consent is a clear affirmative act (GDPR Art. 4(11)); silence, ticked boxes and going on using a service are none
(recital 32; CJEU C-673/17). California says the same: accepting general terms is no consent (Cal. Civ. Code
1798.140(h)).
Habeas never writes a consent that nobody gave. Find the ground that carries the purpose, or ask.",
        example: r#"
[[purpose]]
id = "offers"
title = "Fit our offers to you"
basis = "consent"
stated = [{ basis = "by-use", clause = "acme.90" }]
clause = "acme.90"
"#,
    },
    Code {
        code: "CONSENT-PRIOR-VIOLATION",
        level: Error,
        means: "the processing begins before the person has chosen",
        explanation: "\
A plug-in or tracker that loads with the page sends data before anybody could agree. Consent comes first (Directive
2002/58/EC Art. 5(3)), and whoever embeds the plug-in answers for that sending (CJEU C-40/17).
Let the tracker need `consent = [\"…\"]`, load nothing before it is given, and state with `open` that the text's own
order is not followed.",
        example: r#"
[[tracker]]
id = "plug-in"
title = "Shows posts of a social network"
consent = ["newsletter"]
open = { CONSENT-PRIOR-VIOLATION = "Nothing is loaded before the consent." }
clause = "acme.90"
"#,
    },
    Code {
        code: "CONSENT-WITHDRAWAL-WEAK",
        level: Error,
        means: "consent is asked, but there is no good way to take it back",
        explanation: "\
Withdrawing must be as easy as giving, and people are told of it beforehand (GDPR Art. 7(3)). Clearing cookies in the
browser or logging out elsewhere never reaches the controller, so nothing there is withdrawn.
Add a `[[right]]` with `request = \"withdraw-consent\"`; Habeas takes withdrawals in anyway. A refusal of that right
while a purpose rests on consent cannot stand.",
        example: r#"
# without [[right]] withdraw-consent
"#,
    },
    Code {
        code: "CONTACT-MISMATCH",
        level: Error,
        means: "the text names addresses at two different domains",
        explanation: "\
People write to whichever address they find, and the month in which an answer is due begins there (GDPR Art. 12(3)).
Mail to a domain that is not the controller's reaches a stranger or nobody.
Ask which domain is right. If both are, watch both: list the other under `[office] other_mails` and state with `open`
that it is read.",
        example: r#"
[office]
other_mails = ["help@acme-support.fr"]
clause = "acme.1"
"#,
    },
    Code {
        code: "CONTACT-MISSING",
        level: Error,
        means: "there is no address at which requests arrive",
        explanation: "\
A controller names itself and how it is reached (GDPR Art. 13(1)(a)), and makes it easy to use a right (Art. 12(2)).
An address at example.com, .invalid or .test reaches nobody.
Put the real address under `contact` before people are served under this policy.",
        example: r#"
contact = "privacy@acme.example"
"#,
    },
    Code {
        code: "CONTACT-REDACTED",
        level: Error,
        means: "the address in the text is obfuscated",
        explanation: "\
Protection against address harvesters has replaced the address (\"[email protected]\") in the copy that you have, and
perhaps in what people see. Nobody can write to it (GDPR Art. 12(2), 13(1)(a) and (b)).
Get the address from the controller and put it under `contact`; state with `open` where it comes from.",
        example: r#"
open = { CONTACT-REDACTED = "The address comes from the imprint." }
"#,
    },
    Code {
        code: "CONTACT-SUSPECT",
        level: Error,
        means: "the domain of the address looks misspelt",
        explanation: "\
The address differs by a letter or two from the company's name. Requests sent there reach a stranger or bounce,
while the clock runs (GDPR Art. 12(3)); a stranger who gets them has a breach of yours in hand (Art. 33).
Ask the controller, check that the domain takes mail, and state with `open` what was found.",
        example: r#"
open = { CONTACT-SUSPECT = "The controller confirmed the domain by telephone." }
"#,
    },
    Code {
        code: "COOKIE-CONFLICT",
        level: Error,
        means: "the text's statements on cookies disagree",
        explanation: "\
\"Cookies are not used for tracking\" here, analytics cookies there. Consent to cookies rests on clear and
comprehensive information (Directive 2002/58/EC Art. 5(3)): on a contradiction nobody can consent.
Scope the denial to the cookies that it was written for, by `except` or `unless_consent`, let every other tracker need
consent, and say so with `open`.",
        example: r#"
[[deny]]
what = "tracking"
clause = "acme.90"

[[tracker]]
id = "usage"
title = "Counts visits"
consent = ["newsletter"]
lifetime = "P13M"
clause = "acme.91"
"#,
    },
    Code {
        code: "DISC-EMPTY-LIST",
        level: Error,
        means: "the closed list of recipients is empty",
        explanation: "\
Data goes \"solely\" to the recipients of a table, and the table has no rows. People are told the recipients or at
least their categories (GDPR Art. 13(1)(e)).
Habeas takes the sentence at its word: whoever is not a `[[recipient]]` gets nothing. Fill the table with the
controller, or state with `open` that everything is refused until then.",
        example: r#"
# without [[recipient]] host

[recipients_default]
closed = true
clause = "acme.90"
"#,
    },
    Code {
        code: "DISC-OPEN-RECIPIENT",
        level: Warn,
        means: "recipients are named by an open class: partners, affiliates, others",
        explanation: "\
\"Partners\" and \"affiliates\" are whoever becomes one. People are told recipients or their categories (GDPR Art.
13(1)(e)), and on access the actual recipients (Art. 15(1)(c); CJEU C-154/21), which only a log of disclosures knows.
Narrow the recipient by `categories`, `purposes`, `grounds` and `needs`: Habeas lets nothing else through and logs
what goes.",
        example: r#"
[[recipient]]
id = "partners"
title = "Our partners"
role = "controller"
categories = ["newsletter"]
purposes = ["newsletter"]
consent = "newsletter"
countries = ["FR"]
open_class = true
clause = "acme.90"
"#,
    },
    Code {
        code: "DISC-TRIGGER-CONFLICT",
        level: Warn,
        means: "the text says in two ways when data is handed over",
        explanation: "\
\"From time to time\" in one place, \"if they request it\" in another. The wider reading hands data out unasked, which
people could not expect (GDPR Art. 5(1)(a)).
Take the narrower: `needs = [\"recipient-request\"]` refuses a disclosure that does not name the request, and `open`
says that this reading was taken.",
        example: r#"
[[recipient]]
id = "employer"
title = "Your employer"
role = "controller"
categories = ["account"]
purposes = ["account"]
countries = ["FR"]
needs = ["recipient-request"]
open = { DISC-TRIGGER-CONFLICT = "Only on request." }
clause = "acme.90"
"#,
    },
    Code {
        code: "DNT-GPC-GAP",
        level: Error,
        means: "Do Not Track is ignored, and Global Privacy Control is not mentioned",
        explanation: "\
A browser that sends `Sec-GPC: 1` opts its user out of sale and sharing, and in California that binds (Cal. Civ. Code
1798.135; 11 CCR 7025). The older `DNT: 1` binds nowhere; the text must only say how it is treated (Cal. Bus. & Prof.
Code 22575(b)(5)). A text that ignores \"such signals\" is often read as ignoring both.
Write `gpc = \"honour\"`. Habeas honours it where the law binds, whatever is written.",
        example: r#"
[signals]
dnt = "ignore"
clause = "acme.61"
"#,
    },
    Code {
        code: "DPIA-FLAG",
        level: Warn,
        means: "a use with high risk: employees are watched, people are scored",
        explanation: "\
A use that is likely to mean a high risk needs an impact assessment before it begins (GDPR Art. 35(1)); systematic
evaluation by automation always does (Art. 35(3)(a)), and the monitoring of employees meets two criteria of the
guidelines (WP 248). Usage reports to an employer are such monitoring.
Have the assessment done and attest it: `[[attestation]]` with the report as evidence.",
        example: r#"
[[recipient]]
id = "employer"
title = "Your employer"
role = "controller"
categories = ["account"]
purposes = ["account"]
countries = ["FR"]
open = { DPIA-FLAG = "Assessed in January 2026; no reports on single people." }
clause = "acme.90"
"#,
    },
    Code {
        code: "EXCERPT-TRUNCATED",
        level: Info,
        means: "the text at hand is cut off",
        explanation: "\
The copy that the file was written from ends in the middle, or a part is left out. What stands in the missing part
binds the controller all the same (GDPR Art. 12(1)).
Get the whole text, and check the file against it.",
        example: r#"
[[without_effect]]
reason = "The sentence is cut off before its verb."
open = { EXCERPT-TRUNCATED = "Read as a heading." }
clause = "acme.90"
"#,
    },
    Code {
        code: "FACT-ERROR",
        level: Info,
        means: "the text states something that is not so",
        explanation: "\
The United Kingdom in the European Union, session cookies that go when the computer is turned off, identifiers that
are \"anonymous\": such a sentence promises nothing, but information must be correct to be fair and transparent (GDPR
Art. 5(1)(a), 12(1)).
Compile what is true, state it with `open`, and have the sentence corrected.",
        example: r#"
[[without_effect]]
reason = "The sentence calls cookie identifiers anonymous."
open = { FACT-ERROR = "Cookie identifiers are treated as personal data (GDPR recital 30)." }
clause = "acme.90"
"#,
    },
    Code {
        code: "HOLD-NO-MAX",
        level: Warn,
        means: "a hold has neither an end nor a date on which somebody looks at it",
        explanation: "\
An investigation or a claim may keep data from deletion (GDPR Art. 17(3)(e), 18(1)(c)), but not for longer than it
needs (Art. 5(1)(e)). A hold that nobody reviews is a retention period without an end.
Add `review_after = \"P6M\"`, and `release_on` with the event that ends it.",
        example: r#"
[[hold]]
reason = "investigation"
grounds = ["fraud-case"]
clause = "acme.90"
"#,
    },
    Code {
        code: "LAW-STALE",
        level: Warn,
        means: "the law has moved since the text was written",
        explanation: "\
A text from before a change of law lists the rights and duties of its day: a Californian one from before 2023 knows
neither correction nor the opt-out of sharing (Cal. Civ. Code 1798.106, 1798.120, 1798.121). The new law holds anyway,
and California asks for a review every twelve months (1798.130(a)(5)).
Habeas takes the requests of today's law. Have the text brought up to date.",
        example: r#"
open = { LAW-STALE = "Requests of the law in force are taken, whatever the text lists." }
"#,
    },
    Code {
        code: "LIABILITY-SHIFT",
        level: Info,
        means: "the text puts a duty of the controller's on somebody else",
        explanation: "\
\"You are responsible for the consent of the people whose data you send us\": the controller answers for its processing
itself (GDPR Art. 5(2), 24), towards those people too, and must inform them (Art. 14). The sentence may matter between
the two parties; it takes nothing from the data subject (Art. 26(3), 82).
List it under `[[without_effect]]`, with that reason.",
        example: r#"
[[without_effect]]
reason = "A duty of the user, which leaves the controller's own untouched."
open = { LIABILITY-SHIFT = "The people concerned have all rights against the controller." }
clause = "acme.90"
"#,
    },
    Code {
        code: "NOTICE-IMMEDIATE",
        level: Warn,
        means: "changes of the notice take effect at once",
        explanation: "\
People are told of a new purpose before data is processed for it (GDPR Art. 13(3)); for data already collected the
purpose must be compatible or consented to (Art. 5(1)(b), 6(4)). A notice that changes overnight can do neither.
Write `lead_time = \"P30D\"`. Habeas never applies a new purpose to data collected before without a fresh consent.",
        example: r#"
[notice_change]
by_mail = true
at_once = true
clause = "acme.4"
"#,
    },
    Code {
        code: "NOTICE-NO-VERSION",
        level: Warn,
        means: "the notice has no version or date of its own",
        explanation: "\
Whoever relies on consent shows what was consented to (GDPR Art. 7(1)); a text that changes silently cannot show it.
California asks for the date of the last update (11 CCR 7011; Cal. Bus. & Prof. Code 22575(b)(4)).
Have the controller date its notice. Until then the hash alone tells two texts apart, and each consent carries the
policy's.",
        example: r#"
[notice]
version = "undated-1"
language = "en"
text_sha256 = "070532d59e0cd3fde3aceeabbe8a2a89914523db4d87ba8cc4839f045c95e3ec"
"#,
    },
    Code {
        code: "NOTICE-VAGUE",
        level: Warn,
        means: "people hear of changes at no stated time, or by best efforts",
        explanation: "\
\"We strive to notify you in due time\" sets neither a day nor a duty. Changes that matter are brought to people's
attention well before they take effect (GDPR Art. 12(1), 13(3); WP 260 rev.01), and a Californian text describes how
(Cal. Bus. & Prof. Code 22575(b)(3)).
Agree on a number: `lead_time = \"P30D\"`, and `by_mail = true` where people can be written to.",
        example: r#"
[notice_change]
by_mail = true
stated = "in due time"
clause = "acme.4"
"#,
    },
    Code {
        code: "OFFICE-FOUR-EYES",
        level: Warn,
        means: "two people must agree on requests that nobody is said to look at",
        explanation: "\
`four_eyes` names a type of request that `review` does not. Two people can only agree on what both have seen, and an
erasure that was wrong cannot be taken back (GDPR Art. 5(1)(f), 32(1)(b): integrity, and availability).
Habeas puts such requests before the office in any case. Name them under `review` too, so that the file says what
happens.",
        example: r#"
[office]
four_eyes = ["erasure"]
clause = "acme.1"
"#,
    },
    Code {
        code: "OFFICE-REMINDERS-EARLY",
        level: Warn,
        means: "the office is not reminded when little of the time is left",
        explanation: "\
The last of the `reminders` comes before four fifths of the time for an answer have passed. What is forgotten after it
is found when it is late, and a late answer is a breach of the law whatever it says (GDPR Art. 12(3); 11 CCR 7021(b)).
Add a share of 80 percent or more, or leave the key out: then the office is reminded at 50, 80 and 95.",
        example: r#"
[office]
reminders = [25, 50]
clause = "acme.1"
"#,
    },
    Code {
        code: "OFFICE-REVIEW-DELAYS",
        level: Error,
        means: "a person is to look first at what counts from the moment it is made",
        explanation: "\
Withdrawing a consent is as easy as giving it and works at once (GDPR Art. 7(3)); after an objection to marketing the
data is no longer used for it, and nothing is weighed (Art. 21(3)); an opt-out of sale or a limit on sensitive data is
not verified and not put off (11 CCR 7026(f), 7027(g)). A look at them first would only put them off.
Habeas carries them out at once, whatever the file lists. Take them off `review` and `four_eyes`, or state with `open`
that they do not wait.",
        example: r#"
[office]
review = ["erasure", "withdraw-consent"]
clause = "acme.1"
"#,
    },
    Code {
        code: "PCI-SAD",
        level: Error,
        means: "a card's security code would be stored",
        explanation: "\
Sensitive authentication data (the card verification code, the full track, the PIN) is not stored after
authorisation, not even encrypted (PCI DSS 3.3.1, 3.3.1.2). There is no exception for merchants.
List the field under `never`: Habeas then refuses every record that carries it. State with `open` that it is used for
the authorisation alone.",
        example: r#"
[[category]]
id = "account"
fields = ["login", "card_security_code"]
clause = "acme.23"
"#,
    },
    Code {
        code: "POLICY-AGE-OVERLAP",
        level: Error,
        means: "the ages leave nobody for the guardian's consent",
        explanation: "\
Everybody below `guardian_below` is already refused by `refuse_below`, so the guardian is never asked.
`guardian_below` is the higher of the two; or take one of them away.",
        example: r#"
[age]
refuse_below = 16
guardian_below = 16
clause = "acme.50"
"#,
    },
    Code {
        code: "POLICY-ALLOWED-ERROR",
        level: Error,
        means: "an error is allowed until a day",
        explanation: "\
A breach of law does not become lawful until a review date (GDPR Art. 5(2)), so `allow` takes warnings and what is worth
knowing, never an error.
State the safe reading that the file takes instead: `open = { CODE = \"…\" }`; or mend the rule.",
        example: r#"
[[category]]
id = "account"
fields = ["login", "card_security_code"]
allow = [{ code = "PCI-SAD", reason = "The shop asks for it.", review = 2099-01-01 }]
clause = "acme.23"
"#,
    },
    Code {
        code: "POLICY-BAD-ADDRESS",
        level: Error,
        means: "an address that is called is none that may be called",
        explanation: "\
The `webhook` or `queue` of a system, or the `issuer` of tokens, is no address of a public host by https: it has
another scheme, a name and password, a fragment, a malformed host, or lies in a private network. Personal data is
sent there, and whoever can write a policy must not be able to reach into the network by it.
Write `https://`, the host's whole name and the path. Only `localhost` and loopback addresses may go without https,
for trying out (`SYSTEM-LOCAL`).",
        example: r#"
[[system]]
id = "crm"
title = "Customer relations"
webhook = "http://10.0.0.7/habeas"
clause = "acme.90"
"#,
    },
    Code {
        code: "POLICY-BAD-AGE",
        level: Error,
        means: "a number of years is no age",
        explanation: "\
Ages are whole years from 1 to 21: no law known here asks for more than 18.
Write the age on whose birthday the rule ends: `refuse_below = 13` takes people from their thirteenth birthday on.",
        example: r#"
[age]
refuse_below = 130
clause = "acme.50"
"#,
    },
    Code {
        code: "POLICY-BAD-CONTACT",
        level: Error,
        means: "an address is no mail address",
        explanation: "\
Requests arrive by mail and warnings leave by mail, so the address must be one: `name@domain`.
If the text's own address is obfuscated, get it from the controller (CONTACT-REDACTED).",
        example: r#"
contact = "privacy at acme.fr"
"#,
    },
    Code {
        code: "POLICY-BAD-COUNTRY",
        level: Error,
        means: "a country is no country code",
        explanation: "\
Countries are the two capital letters of ISO 3166-1: `FR`, `DE`, `GB`, `US`. The Union is no country: list the members
in which data really is.",
        example: r#"
[transfer]
home = ["FR", "Germany"]
clause = "acme.63"
"#,
    },
    Code {
        code: "POLICY-BAD-DURATION",
        level: Error,
        means: "a duration is none, or has two readings",
        explanation: "\
Durations are whole ISO 8601 durations of one kind of unit: `PT30M`, `P100D`, `P6M`, `P1Y6M`, at most 100 years.
Calendar units and hours do not mix, since a day is not always 24 hours. `P6M` is six calendar months, not 180 days.
Zero keeps nothing; only `grace` may be `P0D`, which means at once.",
        example: r#"
[[retention]]
category = "chat"
purpose = "support"
mode = "fixed"
duration = "10 years"
clause = "acme.35"
"#,
    },
    Code {
        code: "POLICY-BAD-NAME",
        level: Error,
        means: "a name has characters that names do not have",
        explanation: "\
Names of controllers, purposes, categories, fields, events, recipients and trackers are lower-case letters, digits,
`-`, `_` and `.`, begin with a letter and have at most 64 characters (a controller's 32): they stand in paths and keys.
What people read goes into `title` or `name`. The code of a refusal is in capitals: `NO_CONSENT_BASIS`.",
        example: r#"
controller = "Acme SA"
"#,
    },
    Code {
        code: "POLICY-BAD-NOTICE",
        level: Error,
        means: "the notice's language, address, hash or version is none",
        explanation: "\
`language` is a BCP 47 tag (`en`, `en-GB`), `url` begins with https://, `text_sha256` is the 64 hexadecimal digits
that `sha256sum` prints for the text's file, and a version is what the controller writes on its notice. They are the
proof of what people were shown when they consented (GDPR Art. 7(1)).",
        example: r#"
[notice]
version = "2026-01-01"
language = "English"
text_sha256 = "070532d59e0cd3fde3aceeabbe8a2a89914523db4d87ba8cc4839f045c95e3ec"
"#,
    },
    Code {
        code: "POLICY-BAD-NUMBER",
        level: Error,
        means: "a number is out of its range",
        explanation: "\
The hint names the range. A `threshold` is the smallest group that a total may be made of: 2 to 1,000,000 people, since
a total over one person is that person's data (GDPR recital 26).",
        example: r#"
[[purpose]]
id = "reporting"
title = "Count how our service is used"
basis = "legitimate-interests"
uses = ["statistics"]
threshold = 1
clause = "acme.90"
"#,
    },
    Code {
        code: "POLICY-BAD-TEXT",
        level: Error,
        means: "a text is empty, too long, or holds control characters",
        explanation: "\
Titles, reasons and clauses are 1 to 500 characters on one line: they stand in answers to people and in mails.",
        example: r#"
name = " "
"#,
    },
    Code {
        code: "POLICY-BAD-VERIFICATION",
        level: Error,
        means: "there is no such way to verify a requester",
        explanation: "\
A requester proves nothing (`\"none\"`), opens a link sent to the address that the request is about (`\"mail\"`), or
offers data points that match what is stored (`{ points = 2 }`, 1 to 10).
Copies of identity papers are not among them: they are rarely proportionate (GDPR Art. 12(6); EDPB Guidelines
01/2022).",
        example: r#"
[[right]]
request = "access"
verification = "fax"
clause = "acme.40"
"#,
    },
    Code {
        code: "POLICY-CONTRADICTION",
        level: Error,
        means: "two keys of the file cannot both be meant",
        explanation: "\
A key that means nothing in the chosen mode, a right that is offered and refused, a refusal that offers another
refused right, a tracker that is exempt and needs consent, a hold that an event releases and none places: one of the
two was a slip.
Take away the one that was not meant.",
        example: r#"
[[retention]]
category = "chat"
purpose = "support"
mode = "fixed"
duration = "P1Y"
renew_on = ["website.visit"]
clause = "acme.35"
"#,
    },
    Code {
        code: "POLICY-DUPLICATE",
        level: Error,
        means: "the same key, name or rule stands twice",
        explanation: "\
Each purpose, category, recipient and tracker is declared once, each category has one period for a purpose, each
right one rule. Of two, nobody could say which counts.
Keep one. Data kept for two purposes has two rules, one for each purpose.",
        example: r#"
[[purpose]]
id = "offers"
title = "Fit our offers to you"
basis = "consent"
clause = "acme.90"

[[purpose]]
id = "offers"
title = "Send you offers"
basis = "consent"
clause = "acme.91"
"#,
    },
    Code {
        code: "POLICY-MISSING-KEY",
        level: Error,
        means: "a table lacks a key that it must have",
        explanation: "\
The table says too little to be obeyed. Every table that states a promise cites its `clause`; the hint names the key
that is missing and what to write.
`infra/policies/policy.schema.json` lists the keys of every table, and an editor that reads it completes them.",
        example: r#"
[[purpose]]
id = "offers"
title = "Fit our offers to you"
basis = "consent"
"#,
    },
    Code {
        code: "POLICY-NO-ACCOUNTS",
        level: Error,
        means: "a right is verified by an account, and nothing says whose accounts",
        explanation: "\
`verification = \"account\"` asks for a token of the person's account (11 CCR 7061), and there is no `[accounts]` that
says whose tokens count and for whom they are made. Without both, any token of anybody would do.
Add `[accounts]` with `issuer` and `audience` (OpenID Connect Core 1.0 § 2, 3.1.3.7).",
        example: r#"
[[right]]
request = "access"
verification = "account"
clause = "acme.40"
"#,
    },
    Code {
        code: "POLICY-NO-PERIOD",
        level: Error,
        means: "a retention rule has no period",
        explanation: "\
Every rule says when its records end (GDPR Art. 5(1)(e), 13(2)(a)). `mode = \"fixed\"` needs `duration`; `\"sliding\"`
needs `duration` and `renew_on`; `\"until-event\"` needs `events`; `\"indefinite\"` needs nothing and is rarely lawful.",
        example: r#"
[[retention]]
category = "chat"
purpose = "support"
mode = "fixed"
clause = "acme.35"
"#,
    },
    Code {
        code: "POLICY-NOT-CONSENT",
        level: Error,
        means: "a consent is asked for a purpose that does not rest on consent",
        explanation: "\
`opt_in`, `consent`, `unless_consent` and `also_needs` wait for the person's consent to a purpose (GDPR Art. 6(1)(a)).
For a purpose on another ground nobody is ever asked, so what waits for it would wait for ever.
Name a purpose with `basis = \"consent\"`, or take the condition away.",
        example: r#"
[[category]]
id = "chat"
fields = ["message"]
opt_in = "support"
clause = "acme.25"
"#,
    },
    Code {
        code: "POLICY-REFUSAL-NO-REASON",
        level: Error,
        means: "a right is refused without a reason",
        explanation: "\
Whoever is refused is told why, and where to complain (GDPR Art. 12(4)).
Add `reason = { code = \"NO_CONSENT_BASIS\", text = \"what the person reads\" }`, and under `offer` what they can have
instead.",
        example: r#"
[[right]]
request = "portability"
offered = false
clause = "acme.45"
"#,
    },
    Code {
        code: "POLICY-SCHEMA",
        level: Error,
        means: "the version of the language is missing or not known",
        explanation: "\
The first key of a policy file says in which version of the language it is written: `schema = 1`. A file of another
version would be read wrongly, so it is not read at all.",
        example: r#"
schema = 2
"#,
    },
    Code {
        code: "POLICY-SYNTAX",
        level: Error,
        means: "the file is no TOML",
        explanation: "\
The text breaks the grammar of TOML 1.1 (toml.io). What stands behind the mistake is guesswork, so nothing of the
file's meaning is judged until it is mended. Common slips: a missing quote, a key outside its table, `=` twice.",
        example: r#"
name = = "Acme"
"#,
    },
    Code {
        code: "POLICY-TOO-LARGE",
        level: Error,
        means: "the file is larger than any policy",
        explanation: "\
A policy file has at most 256 KiB. The longest of those shipped has a tenth of it; a larger file is usually not a
policy.",
        example: r#"
# a file of more than 256 KiB
"#,
    },
    Code {
        code: "POLICY-TOO-MANY",
        level: Error,
        means: "a list is longer than it may be",
        explanation: "\
Systems, reminders and addresses for escalation are limited, since each of them is work or mail for every request:
32 systems, five reminders, five addresses.
Shorten the list. One system of yours can pass a request on to others, and one address can be that of a group.",
        example: r#"
[office]
reminders = [10, 30, 50, 70, 90, 95]
clause = "acme.1"
"#,
    },
    Code {
        code: "POLICY-UNKNOWN-ACTION",
        level: Error,
        means: "there is no such action at the end of a period",
        explanation: "\
When a record's time is up it is deleted (`delete`, the default), or its promise was to `anonymise`, `aggregate` or
`archive` it.",
        example: r#"
[[retention]]
category = "chat"
purpose = "support"
mode = "fixed"
duration = "P1Y"
action = "shred"
clause = "acme.35"
"#,
    },
    Code {
        code: "POLICY-UNKNOWN-BASIS",
        level: Error,
        means: "there is no such lawful basis",
        explanation: "\
The grounds are the six of GDPR Art. 6(1), in its order: `consent`, `contract`, `legal-obligation`,
`vital-interests`, `public-task`, `legitimate-interests`. Approval, agreement and acceptance are not among them.",
        example: r#"
[[purpose]]
id = "offers"
title = "Fit our offers to you"
basis = "approval"
clause = "acme.90"
"#,
    },
    Code {
        code: "POLICY-UNKNOWN-CATEGORY",
        level: Error,
        means: "no [[category]] has this name",
        explanation: "\
A rule speaks of a category that the file does not declare. Nothing of an undeclared category is taken in, so the
rule would never apply.
Declare it with `[[category]]`, or mend the name.",
        example: r#"
[[retention]]
category = "chats"
purpose = "support"
mode = "fixed"
duration = "P1Y"
clause = "acme.90"
"#,
    },
    Code {
        code: "POLICY-UNKNOWN-CLAUSE",
        level: Error,
        means: "an open point lists a clause that no table cites",
        explanation: "\
`open = { CODE = { reading = \"…\", clauses = [\"…\"] } }` raises the finding at clauses of the text, and each clause of the
text is tied to what makes it true. This one is tied to nothing, so it is a slip or a clause that was forgotten.
Mend the id, or tie the clause to a rule, an `[[attestation]]` or a `[[without_effect]]`.",
        example: r#"
open = { ROLE-CONFLICT = { reading = "Any company of the group.", clauses = ["acme.12", "acme.1222"] } }
"#,
    },
    Code {
        code: "POLICY-UNKNOWN-CODE",
        level: Error,
        means: "there is no finding of this code",
        explanation: "\
`open` and `allow` name findings by their codes. This one does not exist, so the entry answers nothing.
`habeas policy explain` lists all codes; a `POLICY-…` mistake can neither be read nor allowed: it is mended.",
        example: r#"
open = { RET-VAGUE = "Seven days." }
"#,
    },
    Code {
        code: "POLICY-UNKNOWN-FIELD",
        level: Error,
        means: "a field is withheld that the category does not have",
        explanation: "\
`withheld` keeps fields of the category out of exports: passwords, for instance. A field that is not listed under
`fields` is refused when it is written, so there is nothing to withhold.
List it under `fields` too, or take it out. A field that must never be stored goes under `never`, and only there.",
        example: r#"
[[category]]
id = "account"
fields = ["login"]
withheld = ["password"]
clause = "acme.23"
"#,
    },
    Code {
        code: "POLICY-UNKNOWN-KEY",
        level: Error,
        means: "a table has a key that it does not know",
        explanation: "\
A key that nobody reads is a promise that nobody keeps, so it is refused rather than ignored. The hint names the
nearest key, or all that the table has.",
        example: r#"
[breach]
within = "PT72H"
website_alarm = true
clause = "acme.60"
"#,
    },
    Code {
        code: "POLICY-UNKNOWN-MODE",
        level: Error,
        means: "there is no such mode of a period",
        explanation: "\
A period is `fixed` (so long after the record was made), `sliding` (so long after the last renewal), `until-event`
(until something happens, and `grace` after it), or `indefinite`.",
        example: r#"
[[retention]]
category = "chat"
purpose = "support"
mode = "rolling"
duration = "P1Y"
clause = "acme.35"
"#,
    },
    Code {
        code: "POLICY-UNKNOWN-PURPOSE",
        level: Error,
        means: "no [[purpose]] has this name",
        explanation: "\
A rule speaks of a purpose that the file does not declare. Nothing is done for an undeclared purpose, so the rule
would never apply.
Declare it with `[[purpose]]` and its lawful basis, or mend the name.",
        example: r#"
[[retention]]
category = "chat"
purpose = "sales"
mode = "fixed"
duration = "P1Y"
clause = "acme.90"
"#,
    },
    Code {
        code: "POLICY-UNKNOWN-RECIPIENT",
        level: Error,
        means: "no [[recipient]] has this name",
        explanation: "\
A tracker belongs to a recipient that the file does not declare. Whoever is not declared gets no data, so the tracker
could not work.
Declare it with `[[recipient]]`, or mend the name. The controller's own trackers have no `party`.",
        example: r#"
[[tracker]]
id = "usage"
title = "Counts visits"
consent = ["newsletter"]
lifetime = "P13M"
party = "hostt"
clause = "acme.90"
"#,
    },
    Code {
        code: "POLICY-UNKNOWN-REGIME",
        level: Error,
        means: "there is no such law known here",
        explanation: "\
The laws whose clocks Habeas runs are `eu-gdpr`, `uk-gdpr`, `us-ca`, `us-va`, `us-co`, `us-ct`, `us-tx`, `us-hipaa`,
`br-lgpd`, `ca-pipeda`, `ca-qc`, `za-popia`, `au`, `in-dpdp`, `sg`, `ch`, `jp`, `kr`, `nz`, `th` and `tr`.
The first of the list is the one whose deadlines count where the law of a request is not otherwise known.",
        example: r#"
regimes = ["eu-gpdr"]
"#,
    },
    Code {
        code: "POLICY-UNKNOWN-REQUEST",
        level: Error,
        means: "there is no such request",
        explanation: "\
The requests are access, rectification, erasure, restriction, objection, portability, withdraw-consent, complaint,
know-categories, know-pieces, information, objection-marketing, objection-automated, do-not-sell-or-share,
limit-sensitive, post-mortem and appeal. A `[[system]]` is asked only about access, portability, know-pieces,
know-categories, erasure and rectification.",
        example: r#"
[[right]]
request = "acces"
clause = "acme.90"
"#,
    },
    Code {
        code: "POLICY-UNKNOWN-SYSTEM",
        level: Error,
        means: "no [[system]] that can be told has this name",
        explanation: "\
The channel of `[breach]` is a system of the controller's own that tells people who have no mail address: it is called
with what they are known by, so that it must be declared, and have a webhook. `tell` of a `[[hold]]` names systems that
hear of whom an event holds, by webhook or by queue.
Declare it with `[[system]]`, or mend the name.",
        example: r#"
[breach]
within = "PT72H"
website_alert = true
channel = "smss"
clause = "acme.60"

[[system]]
id = "sms"
title = "Writes to telephones"
webhook = "https://sms.acme.example/habeas"
clause = "acme.90"
"#,
    },
    Code {
        code: "POLICY-UNKNOWN-TIME-ZONE",
        level: Error,
        means: "there is no such time zone",
        explanation: "\
Days begin and end in the controller's zone, and deadlines with them. Write its IANA name: `Europe/Paris`,
`America/Los_Angeles`, `UTC`. An offset such as +01:00 knows no summer time.",
        example: r#"
time_zone = "Europe/Pari"
"#,
    },
    Code {
        code: "POLICY-UNKNOWN-WORD",
        level: Error,
        means: "a word is none of the list that its key takes",
        explanation: "\
Roles, uses, mechanisms, signals and reasons are closed lists, since functions act on each word of them. The hint names
the nearest word, or all of them; `infra/policies/policy.schema.json` says what each means.",
        example: r#"
[[deny]]
what = "selling"
clause = "acme.90"
"#,
    },
    Code {
        code: "POLICY-WRONG-TYPE",
        level: Error,
        means: "a value is of another type than its key",
        explanation: "\
A text stands in quotes, a list in brackets, a number, a date and `true` or `false` in neither. The hint says which
one is wanted.",
        example: r#"
[breach]
within = "PT72H"
website_alert = "yes"
clause = "acme.60"
"#,
    },
    Code {
        code: "PURPOSE-BROAD",
        level: Warn,
        means: "the purpose is too broad to decide what belongs to it",
        explanation: "\
Purposes are specified and explicit (GDPR Art. 5(1)(b)): \"to improve our services\" or \"for our business\" lets
anything in, so neither people nor a machine can tell what is outside (WP 203).
Split it into what is really done. Until then the broad purpose carries only the data listed for it, and nothing is
taken over from another purpose.",
        example: r#"
[[purpose]]
id = "improve"
title = "Improve our services"
basis = "legitimate-interests"
broad = true
clause = "acme.90"
"#,
    },
    Code {
        code: "PURPOSE-CREEP",
        level: Error,
        means: "data given for one purpose is used for another",
        explanation: "\
Whoever asked a question did not ask for advertising. Further processing must be compatible with the purpose of the
collection or consented to (GDPR Art. 5(1)(b), 6(4)), and marketing by mail needs consent beforehand, or an existing
customer who was offered a way out (Directive 2002/58/EC Art. 13).
Ask for it separately, or take the safe reading with `open`: records of the one purpose are not used for the other.",
        example: r#"
[[purpose]]
id = "follow-up"
title = "Tell you about our products after you asked us something"
basis = "legitimate-interests"
reuses = ["chat"]
clause = "acme.90"
"#,
    },
    Code {
        code: "REF-MISSING",
        level: Error,
        means: "the text refers to a table or notice that is not there",
        explanation: "\
A list of cookies, a table of providers or another notice is made part of the text, and is missing from it. What it
would say is not told to anybody (GDPR Art. 12(1), 13).
Get it. Until then take the reading that grants least: with no table of trackers, none may be set without consent;
with no list of recipients, nobody gets data. State it with `open`.",
        example: r#"
open = { REF-MISSING = "Only the trackers declared here are let in." }
"#,
    },
    Code {
        code: "REP-MISSING",
        level: Warn,
        means: "a controller outside the Union names no representative there",
        explanation: "\
A controller without an establishment in the Union that offers people there goods or services, or watches their
behaviour, designates a representative in writing (GDPR Art. 27(1), 3(2)) and names it in its notice (Art. 13(1)(a)).
The United Kingdom asks the same for itself (UK GDPR Art. 27).
Write it under `[office] representative`. Whoever processes only occasionally is exempt (Art. 27(2)): say so with
`allow`.",
        example: r#"
establishment = "US-CA"

[office]
country = "US"
clause = "acme.1"
"#,
    },
    Code {
        code: "RET-ANCHOR-AMBIGUOUS",
        level: Warn,
        means: "the event that starts or ends the period can be read in two ways",
        explanation: "\
\"Until the end of the customer relationship / contract\": two events, and two dates at which data is deleted. People
are told the period or the criteria for it (GDPR Art. 13(2)(a)); criteria that two readers apply differently are none.
Choose one event, the earlier in doubt, name it under `events`, and state the choice with `open`.",
        example: r#"
[[retention]]
category = "chat"
purpose = "support"
mode = "until-event"
events = ["support-case.closed"]
grace = "P0D"
max = "P1Y"
open = { RET-ANCHOR-AMBIGUOUS = "The case is closed with the last answer." }
clause = "acme.35"
"#,
    },
    Code {
        code: "RET-CONFLICT",
        level: Error,
        means: "two clauses disagree about the period of the same record",
        explanation: "\
The text destroys a record after half an hour in one place and restores it days later in another. Only one can be
true, and data kept on the longer reading is kept without a promise (GDPR Art. 5(1)(a) and (e)).
Compile the shorter, unless the longer is a duty by law, and state it with `open`. Different records, such as those
with and without messages, may have a `switch` between the two.",
        example: r#"
[[retention]]
category = "chat"
purpose = "support"
mode = "fixed"
duration = "P1Y"
open = { RET-CONFLICT = "The shorter of the two periods." }
clause = "acme.35"
"#,
    },
    Code {
        code: "RET-COOKIE-LIFETIME-MISSING",
        level: Error,
        means: "a persistent cookie has no lifetime",
        explanation: "\
The information that consent to cookies rests on includes how long they work (Directive 2002/58/EC Art. 5(3); CJEU
C-673/17). A persistent cookie without an end identifies a device for ever (GDPR Art. 5(1)(e)).
Write `lifetime = \"P13M\"` or less: thirteen months is what the CNIL allows for measuring an audience.",
        example: r#"
[[tracker]]
id = "customisation"
title = "Remembers how you like it"
consent = ["newsletter"]
persistent = true
clause = "acme.90"
"#,
    },
    Code {
        code: "RET-DUAL-COPY",
        level: Info,
        means: "the same data is kept under two clocks for two purposes",
        explanation: "\
The address of a visit is kept 100 days for security and one session for statistics. That is lawful if the copies
are apart: each serves its purpose and ends with it (GDPR Art. 5(1)(b) and (e)).
Habeas keeps one record for each purpose, with its own clock. See to it that nobody reads the longer copy for the
shorter purpose.",
        example: r#"
[[retention]]
category = "chat"
purpose = "account"
mode = "fixed"
duration = "P30D"
clause = "acme.90"
"#,
    },
    Code {
        code: "RET-EVENT-MAY-NEVER-FIRE",
        level: Error,
        means: "the event that ends the period may never happen for some people",
        explanation: "\
Data of somebody who never became a customer does not end with the customer relationship; data that does not rest on
consent does not end with its withdrawal. What has no end is kept for ever (GDPR Art. 5(1)(e)).
Add a longest time: `max = \"P1Y\"`; or name a further event that everybody reaches.",
        example: r#"
[[retention]]
category = "chat"
purpose = "support"
mode = "until-event"
events = ["consent.withdrawn"]
grace = "P0D"
reason = "Kept until then."
clause = "acme.35"
"#,
    },
    Code {
        code: "RET-EXCEPTION-OPEN",
        level: Error,
        means: "the list of exceptions from deletion is open",
        explanation: "\
\"Including but not limited to\", \"or any other legitimate reason\": such an exception swallows the rule. The law's list
of what outlives an erasure is closed (GDPR Art. 17(3); Cal. Civ. Code 1798.105(d)).
Close it: write one `exempt_from_erasure` with its article for what the law asks for, a `[[hold]]` with a review date
for what a case asks for, and nothing else. State the closed list with `open`.",
        example: r#"
[[hold]]
reason = "legal-claim"
grounds = ["claim"]
review_after = "P6M"
open = { RET-EXCEPTION-OPEN = "The four reasons that the text names, and no other." }
clause = "acme.90"
"#,
    },
    Code {
        code: "RET-GRACE-UNDEFINED",
        level: Info,
        means: "the period ends with an event, and nobody says how soon after it",
        explanation: "\
\"Until the end of the contract\" gives no time for the deletion itself. Habeas takes none: what ends is deleted at
once, which is the reading that keeps least (GDPR Art. 5(1)(e), 17(1): without undue delay).
Write `grace = \"P0D\"` if that is meant, or the days that the text grants.",
        example: r#"
[[retention]]
category = "chat"
purpose = "support"
mode = "until-event"
events = ["support-case.closed"]
max = "P1Y"
clause = "acme.35"
"#,
    },
    Code {
        code: "RET-INDEFINITE",
        level: Error,
        means: "the text keeps it for ever",
        explanation: "\
Personal data is kept no longer than its purpose needs (GDPR Art. 5(1)(e)), and no purpose lasts for ever; people are
told the period or how it is found (Art. 13(2)(a)). Archives in the public interest, research and statistics are the
exceptions, with safeguards (Art. 89(1)).
Write the period that the purpose needs, and with `open` why it was chosen. What law asks to keep has a number of its
own.",
        example: r#"
[[retention]]
category = "chat"
purpose = "support"
mode = "fixed"
duration = "P1Y"
stated = "indefinite"
clause = "acme.35"
"#,
    },
    Code {
        code: "RET-MISSING",
        level: Error,
        means: "a category is collected, and nothing says how long it is kept",
        explanation: "\
People are told how long each kind of data is kept (GDPR Art. 13(2)(a); Cal. Civ. Code 1798.100(a)(3)). A category
without a `[[retention]]` takes no record in, so the purpose that needs it does not work.
Add a rule for each purpose that the category serves. If the text has no period, choose one and write
`stated = \"nothing\"` with a reading under `open`.",
        example: r#"
[[category]]
id = "location"
fields = ["position"]
clause = "acme.90"
"#,
    },
    Code {
        code: "RET-NO-CATEGORY-SPLIT",
        level: Warn,
        means: "one period is stated for all kinds of data",
        explanation: "\
A log of visits, an invoice and an account are not needed equally long. Periods are set for the different categories
(GDPR Art. 30(1)(f); WP 260 rev.01), and data is limited to what each purpose needs (Art. 5(1)(e)).
Give each category a period of its own; one that follows the account may still have a shorter `max`.",
        example: r#"
# without [[retention]]
# without [[category]] newsletter

[[retention]]
category = "invoice"
purpose = "billing"
mode = "fixed"
duration = "P1Y"
clause = "acme.30"

[[retention]]
category = "account"
purpose = "account"
mode = "fixed"
duration = "P1Y"
clause = "acme.30"

[[retention]]
category = "chat"
purpose = "support"
mode = "fixed"
duration = "P1Y"
clause = "acme.30"
"#,
    },
    Code {
        code: "RET-NO-COMPLETION-BOUND",
        level: Warn,
        means: "the text says when deletion may begin, not when it is done",
        explanation: "\
\"Deleted after 100 days\" is kept by deleting in ten years. Data is erased without undue delay once it is not needed
(GDPR Art. 17(1)(a), 5(1)(e)).
Habeas deletes when the period ends, by a daily sweep that meets the deadline. State that reading with `open`.",
        example: r#"
[[retention]]
category = "chat"
purpose = "support"
mode = "fixed"
duration = "P100D"
open = { RET-NO-COMPLETION-BOUND = "Gone within a day of the hundredth." }
clause = "acme.35"
"#,
    },
    Code {
        code: "RET-NO-MAX",
        level: Error,
        means: "the period ends with an event, and there is no longest time",
        explanation: "\
An account that is never closed and a contract that nobody ends keep their data for ever (GDPR Art. 5(1)(e)).
Add `max = \"P3Y\"`, counted from the record's making. If the event is certain to come, say why with
`reason = \"…\"`.",
        example: r#"
[[retention]]
category = "chat"
purpose = "support"
mode = "until-event"
events = ["support-case.closed"]
grace = "P0D"
clause = "acme.35"
"#,
    },
    Code {
        code: "RET-OUTLIVES-CONSENT",
        level: Warn,
        means: "data that rests on consent is kept after the consent has ended",
        explanation: "\
With the withdrawal the ground is gone, and so is the data, if no other ground carries it (GDPR Art. 17(1)(b), 7(3)).
A period that does not name the withdrawal keeps it on. So it does for a category with `opt_in`, whatever its purpose
rests on.
Write `mode = \"until-event\"`, `events = [\"consent.withdrawn\"]` and a `max`. The proof of the consent itself is
kept apart and does not need the record.",
        example: r#"
[[retention]]
category = "newsletter"
purpose = "newsletter"
mode = "fixed"
duration = "P3Y"
clause = "acme.32"
"#,
    },
    Code {
        code: "RET-PURPOSE-MISMATCH",
        level: Warn,
        means: "the period is too short for the purpose that it is stated for",
        explanation: "\
Preferences are to be remembered, and the data lives for one session only. Either the purpose is not served or the
period is not kept; data is adequate to its purpose too (GDPR Art. 5(1)(c)).
Give what must last a category and a period of its own, and state with `open` which data that is.",
        example: r#"
[[retention]]
category = "chat"
purpose = "support"
mode = "fixed"
duration = "PT30M"
open = { RET-PURPOSE-MISMATCH = "Preferences live in a cookie of their own." }
clause = "acme.35"
"#,
    },
    Code {
        code: "RET-RACE",
        level: Warn,
        means: "a record can change its state in the moment in which it expires",
        explanation: "\
A session without messages is destroyed after half an hour; the first message makes it last. A message in the last
second meets the deletion, and one of two promises breaks.
Habeas decides both by the time of the event and in one conditional write: what had expired stays gone, whatever
comes later. State with `open` that this order is meant.",
        example: r#"
[[retention]]
category = "chat"
purpose = "support"
mode = "sliding"
duration = "PT30M"
renew_on = ["website.access"]
max = "P1D"
open = { RET-RACE = "A message after the end opens a new session." }
clause = "acme.35"
"#,
    },
    Code {
        code: "RET-SCOPE-UNCLEAR",
        level: Warn,
        means: "it is unclear which data the period covers",
        explanation: "\
\"We delete the information after 100 days\": all of it, or what the last sentence named? Data outside the period has
none (GDPR Art. 13(2)(a)).
Read it as wide as the words allow, so that nothing is left without an end, and state that with `open`.",
        example: r#"
[[retention]]
category = "chat"
purpose = "support"
mode = "fixed"
duration = "P100D"
open = { RET-SCOPE-UNCLEAR = "It covers the logs as well." }
clause = "acme.35"
"#,
    },
    Code {
        code: "RET-SLIDING-NO-CAP",
        level: Warn,
        means: "the period is renewed again and again, without a cap",
        explanation: "\
Whoever keeps coming back is never forgotten, and the oldest data is kept with the newest (GDPR Art. 5(1)(e)). A cookie
that renews itself never meets a limit of thirteen months.
Add a cap counted from the record's making, `max = \"P2Y\"`; or, if the record is gone soon after the last visit
anyway, say why with `reason = \"…\"`.",
        example: r#"
[[retention]]
category = "chat"
purpose = "support"
mode = "sliding"
duration = "P6M"
renew_on = ["website.visit"]
clause = "acme.35"
"#,
    },
    Code {
        code: "RET-STATUTORY-UNSTATED",
        level: Warn,
        means: "a statute asks for a period that the text does not mention",
        explanation: "\
Invoices and accounts are kept for years by law: ten in France (Code de commerce L123-22), for instance. Such data
outlives a request for erasure (GDPR Art. 17(3)(b)), and people are told so beforehand (Art. 13(2)(a)).
Compile the statutory period with `exempt_from_erasure` and its article, and have the text mention it.",
        example: r#"
[[retention]]
category = "invoice"
purpose = "billing"
mode = "fixed"
duration = "P10Y"
statutory = "Code de commerce L123-22"
clause = "acme.33"
"#,
    },
    Code {
        code: "RET-UNBOUNDED",
        level: Error,
        means: "neither a number nor an event that can be decided ends the period",
        explanation: "\
\"As long as necessary for our business\" tells nobody when data goes. Where no number is possible, the criteria are
stated (GDPR Art. 13(2)(a)), and criteria must let a person work out the period for their own case (WP 260 rev.01).
Write the number or the event that the purpose needs, and with `open` why it was chosen.",
        example: r#"
[[retention]]
category = "chat"
purpose = "support"
mode = "fixed"
duration = "P1Y"
stated = "criteria"
clause = "acme.35"
"#,
    },
    Code {
        code: "RET-VAGUE-TERM",
        level: Error,
        means: "a vague word stands where a period should",
        explanation: "\
\"Shortly thereafter\", \"for an additional period\", \"as soon as possible\": each reader puts in another number, and
nobody can be held to any (GDPR Art. 13(2)(a), 5(2)).
Write the number that a fair reader would expect, days rather than months for \"shortly\", and state it with `open`.",
        example: r#"
[[retention]]
category = "chat"
purpose = "support"
mode = "until-event"
events = ["support-case.closed"]
grace = "P7D"
max = "P1Y"
stated = "shortly thereafter"
clause = "acme.35"
"#,
    },
    Code {
        code: "RIGHT-CONFLICT",
        level: Warn,
        means: "the text gives the same right in two scopes",
        explanation: "\
Erasure \"always\" in one place and \"in some cases\" in another. What a person reads first is what they may rely on
(GDPR Art. 5(1)(a), 12(1)); a narrower sentence elsewhere does not take it back.
Grant the wider one, refuse single records only on grounds of Art. 17(3), and state it with `open`.",
        example: r#"
[[right]]
request = "erasure"
verification = "mail"
open = { RIGHT-CONFLICT = "The wider promise counts." }
clause = "acme.42"
"#,
    },
    Code {
        code: "RIGHT-MISSING",
        level: Warn,
        means: "the text does not list all rights that the law gives",
        explanation: "\
People are told of their rights: access, rectification, erasure, restriction, objection, portability, withdrawal of
consent, complaint (GDPR Art. 13(2)(b) to (d)); in California also to know, delete, correct, opt out and limit (11 CCR
7011(e)). A right that the text forgets exists all the same, and Habeas takes the request.
Have the text list it, and add a `[[right]]` with the clause.",
        example: r#"
# without [[right]] restriction
"#,
    },
    Code {
        code: "RIGHT-NO-APPEAL",
        level: Warn,
        means: "nothing says how a refusal is appealed against",
        explanation: "\
In Virginia, Colorado, Connecticut and Texas whoever is refused can appeal to the controller itself, by a process that
is easy to find and like the one for requests, and is told in writing what came of it (Va. Code 59.1-577(C); C.R.S.
6-1-1306(3); Conn. Gen. Stat. 42-518(d); Tex. Bus. & Com. Code 541.053).
Habeas takes appeals under these laws in any case, and every refusal says so. Add a `[[right]]` for `appeal` with the
clause of the notice that describes it.",
        example: r#"
regimes = ["us-va"]
"#,
    },
    Code {
        code: "RIGHT-OVERPROMISE",
        level: Error,
        means: "an unconditional promise that another clause or the law breaks",
        explanation: "\
\"We process every erasure\" beside invoices that are kept for ten years: the promise is false on the day on which it is
made (GDPR Art. 5(1)(a)).
Keep it as far as the law lets you: everything is granted but what a statute asks to keep, and that is named item by
item in the answer (Art. 12(4), 17(3)). State this reading with `open`.",
        example: r#"
[[right]]
request = "erasure"
verification = "mail"
open = { RIGHT-OVERPROMISE = "Everything but invoices." }
clause = "acme.42"
"#,
    },
    Code {
        code: "RIGHT-REASONING-INCOMPLETE",
        level: Warn,
        means: "a right is refused for a reason that does not cover all cases",
        explanation: "\
Portability is refused because nothing rests on consent; but the law gives it for data under a contract too (GDPR Art.
20(1)(a)). A refusal states its reasons (Art. 12(4)), and a wrong one can be appealed.
Refuse only while no purpose rests on consent or a contract; otherwise offer the right for that data.",
        example: r#"
[[right]]
request = "portability"
offered = false
reason = { code = "NO_CONSENT_BASIS", text = "We ask for no consent." }
offer = "access"
clause = "acme.45"
"#,
    },
    Code {
        code: "RIGHT-UNDERSTATED",
        level: Warn,
        means: "the text gives a right more narrowly than the law",
        explanation: "\
An objection to direct marketing needs no reason and is never weighed (GDPR Art. 21(2), 21(3)); erasure, access and
rectification cannot be refused to everybody (Art. 15 to 17). The law's scope holds, whatever the text says.
Offer the right. Single requests may be refused, each with its reasons (Art. 12(4), 12(5)).",
        example: r#"
[[right]]
request = "erasure"
offered = false
reason = { code = "NO_ERASURE", text = "We do not erase." }
clause = "acme.42"
"#,
    },
    Code {
        code: "ROLE-CONFLICT",
        level: Warn,
        means: "the text states the controller's role in two ways",
        explanation: "\
\"We are the controller\" and \"whichever company you contacted is\": people must know whom to ask (GDPR Art. 13(1)(a)),
and joint controllers answer to them each (Art. 26(3)). A processor passes requests on; a controller answers them.
Write one `[[role]]` for each service, with more duties rather than fewer, and state the choice with `open`. A request
that reaches any of the companies counts as received.",
        example: r#"
[[role]]
service = "app"
role = "controller"
clause = "acme.90"

[[role]]
service = "app"
role = "processor"
parties = ["Your employer"]
clause = "acme.91"
"#,
    },
    Code {
        code: "SCOPE-CONFLICT",
        level: Warn,
        means: "the text states in two ways to whom it applies",
        explanation: "\
One clause applies to everybody in the EEA, another only to those who use a site made for it. The law decides by where
people are and what is offered to them (GDPR Art. 3(2)), not by nationality.
Take the wider test, name the laws under `regimes`, and state it with `open`.",
        example: r#"
open = { SCOPE-CONFLICT = "It applies to everybody in the EEA and the United Kingdom." }
"#,
    },
    Code {
        code: "SEC-ABSOLUTE",
        level: Warn,
        means: "an absolute claim about security",
        explanation: "\
\"All data is encrypted\" covers every log, queue, export and backup. Security is appropriate to the risk (GDPR Art.
32(1)); a claim that goes further is a promise, and one forgotten copy breaks it. It also decides whether people must
be told of a breach (Art. 34(3)(a)).
Attest it with evidence, or have it scoped to what is meant.",
        example: r#"
[[attestation]]
id = "encryption"
statement = "All personal data is encrypted in transit and at rest."
evidence = "The cloud account's configuration report."
renew_every = "P1Y"
open = { SEC-ABSOLUTE = "Every store of the account; exports included." }
clause = "acme.65"
"#,
    },
    Code {
        code: "SEC-CONTRADICTION",
        level: Warn,
        means: "a claim about security is disclaimed afterwards",
        explanation: "\
\"The highest standards\", and then no warranty that they suffice. A disclaimer takes nothing from the duties to secure
data and to tell of breaches (GDPR Art. 32 to 34), nor from the right to compensation (Art. 82).
Obey the claim; list the disclaimer under `[[without_effect]]`.",
        example: r#"
[[without_effect]]
reason = "A disclaimer does not limit the duties of GDPR Art. 32 to 34."
open = { SEC-CONTRADICTION = "The measures count." }
clause = "acme.90"
"#,
    },
    Code {
        code: "SEC-STALE",
        level: Info,
        means: "the text names a technology that is out of date",
        explanation: "\
\"SSL\" was withdrawn years ago (RFC 7568); security takes the state of the art into account (GDPR Art. 32(1)).
Read it as what replaced it, TLS 1.2 or later, attest that, and have the word corrected.",
        example: r#"
[[attestation]]
id = "encryption"
statement = "Connections are encrypted."
evidence = "A scan of the public endpoints."
renew_every = "P1Y"
open = { SEC-STALE = "TLS 1.2 or later." }
clause = "acme.65"
"#,
    },
    Code {
        code: "SEC-UNTESTABLE",
        level: Info,
        means: "a claim about security that nobody can test",
        explanation: "\
\"Industry-leading measures, continuously improved\" can be neither kept nor broken. What can be shown counts (GDPR Art.
5(2), 24(1), 32(1)(d): regular testing).
Attest something behind it: a certificate, a report, a list of measures with a date.",
        example: r#"
[[attestation]]
id = "encryption"
statement = "The highest standards are kept up."
evidence = "The certificate of the yearly audit."
renew_every = "P1Y"
open = { SEC-UNTESTABLE = "The certificate is what is meant." }
clause = "acme.65"
"#,
    },
    Code {
        code: "SELL-CONFLICT",
        level: Warn,
        means: "statements that nothing is sold differ, or something undermines them",
        explanation: "\
\"We do not sell personal data\" here, \"no directly identifiable data\" there, or a plug-in that links visits to a profile
elsewhere: in California, letting others use data for advertising across sites is sharing, and making it available for
any valuable consideration is a sale (Cal. Civ. Code 1798.140(ad), (ah)); people may opt out of both (1798.120).
Enforce the wider denial, let such trackers need consent and mark them `shares = true`, so that a GPC signal stops them.",
        example: r#"
[[deny]]
what = "sale"
clause = "acme.64"

[[recipient]]
id = "broker"
title = "Buys addresses"
role = "controller"
categories = ["newsletter"]
purposes = ["newsletter"]
consent = "newsletter"
countries = ["FR"]
uses = ["sale"]
clause = "acme.90"
"#,
    },
    Code {
        code: "SLA-NO-HOLIDAYS",
        level: Warn,
        means: "nothing says whose public holidays count",
        explanation: "\
A period that would end on a public holiday ends on the next working day (Reg. 1182/71 Art. 3(4)), and a period in
working days leaves holidays out (11 CCR 7021(a)). Whose holidays these are, the place of the establishment says.
Without one none is counted, so that a due date is earlier than the law allows and never later. Write
`establishment = \"FR\"`, or a part of a country as `\"GB-SCT\"`; or state with `open` that none is counted.",
        example: r#"
# without establishment
"#,
    },
    Code {
        code: "SLA-UNDEFINED",
        level: Info,
        means: "something is promised without a time",
        explanation: "\
\"We respond promptly\" has no date on which it is broken. For requests the law has one: a month (GDPR Art. 12(3)), 45
days in California (11 CCR 7021); complaints in the United Kingdom are acknowledged within 30 days (Data Protection
Act 2018 s. 164A).
Habeas runs the law's clocks. A shorter promise goes into `respond_within = \"P14D\"`.",
        example: r#"
[[right]]
request = "complaint"
open = { SLA-UNDEFINED = "The law's own time is taken." }
clause = "acme.47"
"#,
    },
    Code {
        code: "SYSTEM-LOCAL",
        level: Error,
        means: "a system or an issuer is asked on the machine itself",
        explanation: "\
The address is `localhost` or a loopback address. That is for trying a receiver out: in production it would be the
function itself, and a request that it carries reaches nobody (GDPR Art. 12(3), 32(1)).
Write the public address, by https. To try something out, state with `open` that the file is for this machine only:
production refuses such an address at run time, whatever the file says.",
        example: r#"
[[system]]
id = "crm"
title = "Customer relations"
webhook = "http://127.0.0.1:8080/habeas"
clause = "acme.90"
"#,
    },
    Code {
        code: "SYSTEM-NOT-ERASED",
        level: Warn,
        means: "a system is not asked to erase what it holds",
        explanation: "\
The system's `requests` leave out `erasure`, and at least one retention rule for what it holds lets an erasure reach it.
Who asks for erasure would be told that the data is gone, and it would still stand there (GDPR Art. 17(1), 19: every
recipient is told; Cal. Civ. Code 1798.105(c)(1)).
Add `erasure` to its `requests`, or leave the key out; if the data falls under a duty to keep it, say so with
`[retention.exempt_from_erasure]`.",
        example: r#"
[[system]]
id = "crm"
title = "Customer relations"
webhook = "https://crm.acme.fr/habeas"
categories = ["chat", "invoice"]
requests = ["access"]
clause = "acme.90"
"#,
    },
    Code {
        code: "TRANSFER-CONFLICT",
        level: Error,
        means: "a promise of where data stays is contradicted",
        explanation: "\
\"We only process your data in the UK\", and a provider that backs up in other regions. Backups and remote access count:
both are transfers (GDPR Art. 44; EDPB Guidelines 05/2021).
Enforce the promise: `home = [\"GB\"]` without mechanisms lets no data out, backups included. A recipient elsewhere
must go, or the text must change; state with `open` which.",
        example: r#"
[transfer]
home = ["FR"]
clause = "acme.63"

[[recipient]]
id = "mailer"
title = "Sends our mails"
role = "processor"
categories = ["newsletter"]
purposes = ["newsletter"]
countries = ["US"]
clause = "acme.90"
"#,
    },
    Code {
        code: "TRANSFER-UNSPECIFIED",
        level: Error,
        means: "data goes abroad, and neither the country nor the safeguard is named",
        explanation: "\
A transfer to a third country needs a decision of adequacy (GDPR Art. 45), a safeguard (Art. 46) or, for a single case,
an exception (Art. 49), and people are told which (Art. 13(1)(f)). \"Appropriate measures\" is none of them; security
measures only add to a safeguard.
List the countries under `home` and what may open another one under `mechanisms`; without a mechanism nothing leaves.",
        example: r#"
[transfer]
home = ["FR"]
mechanisms = ["standard-clauses"]
stated = "nothing"
clause = "acme.63"
"#,
    },
    Code {
        code: "VERIFY-UNDER",
        level: Error,
        means: "requesters are verified more weakly than the law asks",
        explanation: "\
Whoever hands data to somebody who only claims to be the person breaches its confidentiality (GDPR Art. 5(1)(f), 12(6)).
California sets floors: two matching points for categories, three and a signed declaration for specific pieces (11 CCR
7062). Stopping something needs no proof: withdrawal, objection to marketing, opting out (11 CCR 7060(b)).
Write `verification = \"mail\"`, `{ points = 2 }`, `{ points = 3 }` or `\"account\"`, a token of the person's own account
(11 CCR 7061). Habeas never goes below its own floor.",
        example: r#"
[[right]]
request = "access"
verification = "none"
clause = "acme.40"
"#,
    },
];
