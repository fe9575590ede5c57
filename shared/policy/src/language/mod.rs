//! The language of policy files.
//!
//! One TOML file a controller. Every promise cites its clause; unknown keys are refused; durations
//! are whole ISO 8601 durations of one kind of unit (`PT30M`, `P100D`, `P6M`).
//!
//! ```toml
//! schema = 1
//! controller = "example"              # its name in paths and keys
//! name = "Example Ltd"                # its name for people
//! regimes = ["eu-gdpr", "us-ca"]      # laws whose clocks run: eu-gdpr, uk-gdpr, us-ca
//! time_zone = "Europe/Paris"          # where days begin and end (IANA)
//! contact = "privacy@example.com"     # where requests and warnings go
//! confirm = ["CONTACT-SUSPECT"]       # open points of the text: any table may have them
//!
//! [notice]
//! version = "2022-09-16"              # "undated-…" if the text has none: warned
//! language = "en"
//! url = "https://example.com/privacy" # for readers of this file; not compiled
//! text_sha256 = "…"                   # SHA-256 of the text's bytes
//! accepted = ["2022-01-01"]           # versions that forms may still carry, besides this one
//!
//! [[purpose]]
//! id = "newsletter"
//! title = "Send you our newsletter"
//! basis = "consent"                   # consent, contract, legal-obligation, vital-interests,
//! clause = "example.4-b"              # public-task, legitimate-interests
//!
//! [[category]]
//! id = "newsletter"
//! fields = ["email"]                  # left out: any field may be kept, warned
//! withheld = []                       # fields that no export shows: passwords
//! clause = "example.4-a"
//!
//! [[retention]]                       # one for each category and purpose
//! category = "newsletter"
//! purpose = "newsletter"
//! clause = "example.0-h"
//! mode = "until-event"                # fixed: duration; sliding: duration, renew_on;
//! events = ["consent.withdrawn"]      # until-event: events, grace, max; indefinite: reason
//! grace = "P0D"                       # so long after the event; P0D, the default, is at once
//! max = "P3Y"                         # since the event may never come
//! action = "delete"                   # the default
//! reason = "…"                        # why there is no end, no maximum or no cap
//!
//! [retention.switch]                  # another period from an event on, counted from that event
//! on = "chat.message"
//! mode = "fixed"
//! duration = "P1Y"
//! clause = "example.4-c"
//!
//! [retention.exempt_from_erasure]     # it outlives a request for erasure
//! reason = "Tax law makes us keep invoices."
//! article = "GDPR Art. 17(3)(b)"
//! clause = "example.1-d"
//!
//! [[right]]                           # what is not listed is left to the law
//! request = "portability"             # access, rectification, erasure, restriction, objection,
//! offered = false                     # portability, withdraw-consent, complaint
//! reason = { code = "PORTABILITY_NOT_APPLICABLE", text = "…" }
//! offer = "access"                    # what a refused person is offered instead
//! verification = "mail"               # none, mail, { points = 2 }; default by the request
//! clause = "example.8-h"
//!
//! [age]
//! refuse_below = 13
//! guardian_below = 16
//! clause = "example.5-a"
//!
//! [breach]                            # left out: the law's own duties, warned
//! tell_of_attempts = true
//! website_alert = true
//! clause = "example.7-g"
//! ```
//!
//! `confirm` marks a value that the text leaves open and that whoever wrote the file has declared:
//! the checker reminds of it, under the code of the open point, until the controller has confirmed
//! the value and the mark is taken away.

mod finding;
mod open_points;
mod reader;
mod retention;
mod whole;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    dsar::RequestType,
    ids::{Category, ControllerId, Field, Identifier, IdentifierKind, Purpose},
    policy::{
        AgeRule, BreachRule, CategoryRule, Clause, LawfulBasis, Notice, Office, Policy, PolicyHash, PurposeRule,
        Refusal, Regime, RightRule, Signals, VerificationRule,
    },
};
use jiff::tz::TimeZone;
use toml::de::DeTable;

use finding::Report;
pub use finding::{Finding, Level, render};
use open_points::OpenPoints;
use reader::{At, Table, parse_word};
use retention::read_retention;
use whole::Whole;

/// Longest policy file accepted.
pub const POLICY_BYTES_MAX: usize = 256 * 1024;

/// The version of the language.
const SCHEMA: i64 = 1;

/// Oldest age that a rule may name: no law known here asks for more than 18.
const AGE_YEARS_MAX: i64 = 21;

/// Most points of data that a person may be asked to match.
const POINTS_MAX: i64 = 10;

/// Reads a policy file.
///
/// `file_name` is only repeated in the findings. No input makes it panic.
///
/// # Errors
/// All findings, if at least one of them is an error. The policy comes with the warnings else; its
/// hash is that of its compiled form.
pub fn parse(file_name: &str, text: &str) -> Result<(Policy, Vec<Finding>), Vec<Finding>> {
    let mut report = Report::new(file_name, text);
    let policy = read(&mut report, text);
    match policy {
        Some(policy) if !report.has_errors() => Ok((policy, report.into_findings())),
        _ => Err(report.into_findings()),
    }
}

fn read(report: &mut Report<'_>, text: &str) -> Option<Policy> {
    if text.len() > POLICY_BYTES_MAX {
        let message = format!("the file has {} bytes", text.len());
        report.error("POLICY-TOO-LARGE", &(0..0), message, format!("at most {POLICY_BYTES_MAX} bytes"));
        return None;
    }
    let (root, mistakes) = DeTable::parse_recoverable(text);
    let mut last_line = 0;
    for mistake in &mistakes {
        let span = mistake.span().unwrap_or(0..0);
        // The parser's later errors of a line follow from its first.
        let (line, _) = report.place(span.start);
        if line == last_line {
            continue;
        }
        last_line = line;
        if mistake.message().contains("duplicate key") {
            report.error("POLICY-DUPLICATE", &span, "this key stands twice in its table", "keep one of them");
        } else {
            report.error("POLICY-SYNTAX", &span, mistake.message(), "see toml.io for the syntax of TOML 1.1");
        }
    }
    if !mistakes.is_empty() {
        // What stands behind a syntax error is guesswork: report no mistakes of its meaning.
        return None;
    }

    let mut top = Table::new(root.get_ref(), "the file", 0..0);
    let mut open = OpenPoints::default();
    match top.number(report, "schema") {
        Some(schema) if schema.value != SCHEMA => report.error(
            "POLICY-SCHEMA",
            &schema.span,
            format!("schema {} is not known", schema.value),
            format!("this version reads schema = {SCHEMA}"),
        ),
        None if !top.has("schema") => top.missing(report, "POLICY-SCHEMA", "schema", "write schema = 1"),
        _ => {}
    }
    let controller = top.name(report, "controller", ControllerId::parse);
    let name = top.need_text(report, "name", "write the controller's name for people");
    let regimes = read_regimes(report, &mut top);
    let time_zone = read_time_zone(report, &mut top);
    let contact = read_contact(report, &mut top);
    open.read(report, &mut top, "the controller");

    let notice = read_notice(report, &mut top);
    let purposes = read_purposes(report, &mut top, &mut open);
    let categories = read_categories(report, &mut top, &mut open);
    let retention = read_retention(report, &mut top, &mut open, &purposes, &categories);
    let rights = read_rights(report, &mut top, &mut open);
    let age = read_age(report, &mut top, &mut open);
    let breach = read_breach(report, &mut top, &mut open, regimes.as_deref().unwrap_or_default());
    report.about(None);
    let controller_span = controller.as_ref().map_or(0..0, |at| at.span.clone());
    top.finish(report);

    open.report(report);
    let bases = purposes.values().filter_map(|at| at.value.as_ref()).map(|rule| rule.basis).collect();
    Whole { bases, purposes: purposes.len(), regimes: regimes.as_deref().unwrap_or_default(), rights: &rights }.check(
        report,
        &controller_span,
        age.as_ref(),
    );
    let (notice, accepted_notices) = notice?;
    let mut policy = Policy {
        controller: controller?.value,
        name: name?.value,
        hash: PolicyHash::from_hex(""),
        regimes: regimes?,
        time_zone: time_zone?,
        contact_mail: contact?,
        office: Office::default(),
        roles: Vec::new(),
        notice,
        accepted_notices,
        purposes: whole(purposes),
        categories: whole(categories),
        retention: whole(retention),
        rights: rights.iter().map(|(request, at)| (*request, at.value.clone())).collect(),
        age: age.map(|at| at.value),
        breach,
        agents: None,
        recipients: BTreeMap::new(),
        recipients_clause: None,
        transfer: None,
        denials: BTreeMap::new(),
        trackers: BTreeMap::new(),
        signals: Signals::default(),
        holds: Vec::new(),
        notice_change: None,
        attestations: BTreeMap::new(),
    };
    // A zone that was found by its name has one.
    policy.hash = crate::compile(&policy).ok()?.hash().clone();
    Some(policy)
}

/// An entry that was named; `None` inside if the rest of it is wrong.
type Named<T> = At<Option<T>>;

fn whole<K: Ord, T>(entries: BTreeMap<K, Named<T>>) -> BTreeMap<K, T> {
    entries.into_iter().filter_map(|(key, entry)| Some((key, entry.value?))).collect()
}

fn insert<K: Ord, T>(report: &mut Report<'_>, entries: &mut BTreeMap<K, At<T>>, key: K, label: &str, entry: At<T>) {
    if let Some(first) = entries.get(&key) {
        let (line, _) = report.place(first.span.start);
        report.error(
            "POLICY-DUPLICATE",
            &entry.span,
            format!("{label} stands twice"),
            format!("the first one is in line {line}: keep one of them"),
        );
    } else {
        entries.insert(key, entry);
    }
}

fn read_regimes(report: &mut Report<'_>, top: &mut Table<'_, '_>) -> Option<Vec<Regime>> {
    let words = Regime::ALL.map(Regime::as_str);
    if !top.has("regimes") {
        top.missing(
            report,
            "POLICY-MISSING-KEY",
            "regimes",
            &format!("write regimes = [\"{}\"]", words.join("\", \"")),
        );
    }
    let texts = top.texts(report, "regimes")?;
    if texts.value.is_empty() {
        let hint = format!("name at least one of {}", words.join(", "));
        report.error("POLICY-MISSING-KEY", &texts.span, "no law is named", hint);
        return None;
    }
    Some(
        texts
            .value
            .iter()
            .filter_map(|text| parse_word(report, "regimes", text, "POLICY-UNKNOWN-REGIME", &words, Regime::parse))
            .map(|at| at.value)
            .collect(),
    )
}

fn read_time_zone(report: &mut Report<'_>, top: &mut Table<'_, '_>) -> Option<TimeZone> {
    let text = top.need_text(report, "time_zone", "write an IANA zone: time_zone = \"Europe/Paris\"")?;
    let zone = TimeZone::get(&text.value).ok().filter(|zone| zone.iana_name().is_some());
    if zone.is_none() {
        report.error(
            "POLICY-UNKNOWN-TIME-ZONE",
            &text.span,
            format!("unknown time zone: \"{}\"", text.value.escape_debug()),
            "write an IANA zone, as Europe/Paris or America/Los_Angeles",
        );
    }
    zone
}

fn read_contact(report: &mut Report<'_>, top: &mut Table<'_, '_>) -> Option<String> {
    if !top.has("contact") {
        top.missing(report, "CONTACT-MISSING", "contact", "write the address where people's requests arrive");
    }
    let text = top.text(report, "contact")?;
    if let Err(error) = Identifier::parse(IdentifierKind::Mail, &text.value) {
        let message = format!("`contact` is no mail address: \"{}\"", text.value.escape_debug());
        report.error("POLICY-BAD-CONTACT", &text.span, message, error.to_string());
        return None;
    }
    // Names set aside for examples (RFC 2606, RFC 6761): mail to them reaches nobody.
    let host = text.value.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let reserved = [".example", ".invalid", ".test", ".localhost"].iter().any(|end| host.ends_with(end))
        || ["example.com", "example.org", "example.net"].contains(&host.as_str());
    if reserved {
        report.warn(
            "CONTACT-MISSING",
            &text.span,
            format!("mail to {host} reaches nobody"),
            "put in the controller's real address before deploying: requests sent elsewhere still start the clock",
        );
    }
    Some(text.value)
}

fn read_notice(report: &mut Report<'_>, top: &mut Table<'_, '_>) -> Option<(Notice, Vec<String>)> {
    let Some(mut table) = top.table(report, "notice", "[notice]") else {
        if !top.has("notice") {
            top.missing(report, "POLICY-MISSING-KEY", "notice", "add [notice] with version, language and text_sha256");
        }
        return None;
    };
    let version = table.need_text(report, "version", "name the version of the notice that people are shown");
    let language = table.need_text(report, "language", "write the language of the text: language = \"en\"");
    let url = table.text(report, "url");
    let hash = table.need_text(report, "text_sha256", "write what sha256sum prints for the text's file");
    let accepted = table.texts(report, "accepted");
    if let Some(version) = &version
        && version.value.starts_with("undated")
    {
        report.warn(
            "NOTICE-NO-VERSION",
            &version.span,
            "the notice has no version of its own",
            "have the controller date its notice: until then only the hash tells two texts apart",
        );
    }
    if let Some(language) = &language
        && !is_language(&language.value)
    {
        report.error(
            "POLICY-BAD-NOTICE",
            &language.span,
            "this is no language tag",
            "write it as en, fr or en-GB (BCP 47)",
        );
    }
    if let Some(url) = &url
        && !url.value.starts_with("https://")
        && !url.value.starts_with("http://")
    {
        report.error("POLICY-BAD-NOTICE", &url.span, "this is no web address", "write it with https://");
    }
    let hash = hash.and_then(|hash| {
        if hash.value.len() == 64 && hash.value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Some(hash.value.to_ascii_lowercase());
        }
        let hint = "write the 64 hexadecimal digits that sha256sum prints for the text's file";
        report.error("POLICY-BAD-NOTICE", &hash.span, "this is no SHA-256", hint);
        None
    });
    table.finish(report);
    let version = version?.value;
    let mut versions = vec![version.clone()];
    for other in accepted.map(|at| at.value).unwrap_or_default() {
        if other.value.trim().is_empty() || other.value.chars().any(char::is_control) {
            let hint = "name a version as the controller writes it";
            report.error("POLICY-BAD-NOTICE", &other.span, "this is no version", hint);
        } else if other.value != version {
            versions.push(other.value);
        }
    }
    Some((Notice { version, language: language?.value, text_sha256: hash? }, versions))
}

fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    (2..=3).contains(&first.len())
        && first.bytes().all(|byte| byte.is_ascii_lowercase())
        && parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn read_purposes(
    report: &mut Report<'_>,
    top: &mut Table<'_, '_>,
    open: &mut OpenPoints,
) -> BTreeMap<Purpose, Named<PurposeRule>> {
    let mut purposes = BTreeMap::new();
    for mut table in top.tables(report, "purpose", "[[purpose]]") {
        let clause = table.clause(report);
        let id = table.name(report, "id", Purpose::parse);
        let title = table.need_text(report, "title", "write what people read when they are asked");
        let words = LawfulBasis::ALL.map(LawfulBasis::as_str);
        if !table.has("basis") {
            // GDPR Art. 6(1): no ground, no processing.
            table.missing(report, "BASIS-MISSING", "basis", &format!("name its ground: {}", words.join(", ")));
        }
        let basis = table.word(report, "basis", "POLICY-UNKNOWN-BASIS", &words, LawfulBasis::parse);
        if let Some(id) = &id {
            open.read(report, &mut table, id.value.to_string());
        }
        table.finish(report);
        if let Some(At { value: id, span }) = id {
            let rule = title.zip(basis).zip(clause).map(|((title, basis), clause)| PurposeRule {
                id: id.clone(),
                title: title.value,
                basis: basis.value,
                uses: BTreeSet::new(),
                also_needs: BTreeSet::new(),
                only_with: BTreeSet::new(),
                threshold: None,
                clause,
            });
            let label = id.to_string();
            insert(report, &mut purposes, id, &label, At { value: rule, span });
        }
    }
    report.about(None);
    purposes
}

fn read_categories(
    report: &mut Report<'_>,
    top: &mut Table<'_, '_>,
    open: &mut OpenPoints,
) -> BTreeMap<Category, Named<CategoryRule>> {
    let mut categories = BTreeMap::new();
    for mut table in top.tables(report, "category", "[[category]]") {
        let clause = table.clause(report);
        let id = table.name(report, "id", Category::parse);
        let fields = table.names(report, "fields", Field::parse);
        let withheld = table.names(report, "withheld", Field::parse);
        if let (Some(fields), Some(withheld)) = (&fields, &withheld)
            && let Some(stray) = withheld.value.iter().find(|field| !fields.value.contains(field))
        {
            report.error(
                "POLICY-UNKNOWN-FIELD",
                &withheld.span,
                format!("{stray} is withheld but not among the category's fields"),
                "list it under fields too, or take it out",
            );
        }
        if let Some(id) = &id {
            open.read(report, &mut table, id.value.to_string());
            if fields.as_ref().is_none_or(|fields| fields.value.is_empty()) {
                report.warn(
                    "CAT-OPEN-LIST",
                    &id.span,
                    format!("{} names no fields, so any field may be kept", id.value),
                    "list its fields: what is not listed is refused then (GDPR Art. 5(1)(c))",
                );
            }
        }
        table.finish(report);
        if let Some(At { value: id, span }) = id {
            let fields = fields.map(|fields| fields.value).unwrap_or_default();
            let rule = clause.map(|clause| CategoryRule {
                id: id.clone(),
                fields,
                withheld: withheld.map(|withheld| withheld.value).unwrap_or_default(),
                never: Vec::new(),
                opt_in: None,
                sources: Vec::new(),
                clause,
            });
            let label = id.to_string();
            insert(report, &mut categories, id, &label, At { value: rule, span });
        }
    }
    report.about(None);
    categories
}

fn read_rights(
    report: &mut Report<'_>,
    top: &mut Table<'_, '_>,
    open: &mut OpenPoints,
) -> BTreeMap<RequestType, At<RightRule>> {
    let mut rights = BTreeMap::new();
    let words = RequestType::ALL.map(RequestType::as_str);
    for mut table in top.tables(report, "right", "[[right]]") {
        let clause = table.clause(report);
        if !table.has("request") {
            table.missing(report, "POLICY-MISSING-KEY", "request", &format!("name one of {}", words.join(", ")));
        }
        let request = table.word(report, "request", "POLICY-UNKNOWN-REQUEST", &words, RequestType::parse);
        let offered = table.flag(report, "offered").unwrap_or(true);
        let verification = read_verification(report, &mut table);
        let reason = table.table(report, "reason", "reason = { code = …, text = … }");
        let offer = table.word(report, "offer", "POLICY-UNKNOWN-REQUEST", &words, RequestType::parse);
        if let Some(request) = &request {
            open.read(report, &mut table, request.value.to_string());
        }
        if offered {
            for key in ["reason", "offer"] {
                if table.has(key) {
                    let hint = "write offered = false, or take it away";
                    let message = format!("a right that is offered has no `{key}`");
                    report.error("POLICY-CONTRADICTION", &table.span_of(key), message, hint);
                }
            }
        } else if !table.has("reason") {
            // GDPR Art. 12(4): whoever is refused is told why.
            report.error(
                "POLICY-REFUSAL-NO-REASON",
                &table.span_of("offered"),
                "a right is refused without a reason",
                "add reason = { code = \"…\", text = \"what the person is told\" } (GDPR Art. 12(4))",
            );
        }
        let reason = reason.and_then(|table| read_reason(report, table));
        table.finish(report);
        let Some(request) = request else { continue };
        if let Some(offer) = &offer
            && offer.value == request.value
        {
            report.error(
                "POLICY-CONTRADICTION",
                &offer.span,
                "the refused right is offered instead of itself",
                "offer another one",
            );
        }
        let refusal =
            reason.filter(|_| !offered).map(|(code, text)| Refusal { code, text, offer: offer.map(|at| at.value) });
        if let Some(clause) = clause {
            let verification = verification.unwrap_or_else(|| request.value.default_verification());
            let rule = RightRule { request: request.value, refusal, verification, respond_within: None, clause };
            insert(report, &mut rights, request.value, request.value.as_str(), At { value: rule, span: request.span });
        }
    }
    report.about(None);
    rights
}

fn read_reason(report: &mut Report<'_>, mut table: Table<'_, '_>) -> Option<(String, String)> {
    let code = table.need_text(report, "code", "name it in capitals: NO_CONSENT_BASIS");
    let text = table.need_text(report, "text", "write what the person is told");
    table.finish(report);
    if let Some(code) = &code
        && !(code.value.starts_with(|c: char| c.is_ascii_uppercase())
            && code.value.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'))
    {
        let message = format!("\"{}\" is no code", code.value.escape_debug());
        report.error("POLICY-BAD-NAME", &code.span, message, "write capitals, digits and _: NO_CONSENT_BASIS");
        return None;
    }
    Some((code?.value, text?.value))
}

fn read_verification(report: &mut Report<'_>, table: &mut Table<'_, '_>) -> Option<VerificationRule> {
    if table.is_table("verification") {
        let mut points_table = table.table(report, "verification", "verification = { points = 2 }")?;
        if !points_table.has("points") {
            points_table.missing(report, "POLICY-MISSING-KEY", "points", "write { points = 2 }");
        }
        let points = points_table.number(report, "points");
        points_table.finish(report);
        let points = points?;
        if !(1..=POINTS_MAX).contains(&points.value) {
            let message = format!("{} points cannot be asked for", points.value);
            report.error("POLICY-BAD-VERIFICATION", &points.span, message, format!("ask for 1 to {POINTS_MAX}"));
            return None;
        }
        return u8::try_from(points.value).ok().map(VerificationRule::Points);
    }
    let words = ["none", "mail"];
    table
        .word(report, "verification", "POLICY-BAD-VERIFICATION", &words, |text| match text {
            "none" => Some(VerificationRule::None),
            "mail" => Some(VerificationRule::Mail),
            _ => None,
        })
        .map(|at| at.value)
}

fn read_age(report: &mut Report<'_>, top: &mut Table<'_, '_>, open: &mut OpenPoints) -> Option<At<AgeRule>> {
    let mut table = top.table(report, "age", "[age]")?;
    let clause = table.clause(report);
    open.read(report, &mut table, "the age rule");
    let mut years = |key| {
        let at = table.number(report, key)?;
        let years = u8::try_from(at.value).ok().filter(|_| (1..=AGE_YEARS_MAX).contains(&at.value));
        if years.is_none() {
            let message = format!("`{key}` is no age: {}", at.value);
            report.error("POLICY-BAD-AGE", &at.span, message, format!("write 1 to {AGE_YEARS_MAX} years"));
        }
        years
    };
    let (refuse_below, guardian_below) = (years("refuse_below"), years("guardian_below"));
    let span = table.span.clone();
    if !table.has("refuse_below") && !table.has("guardian_below") {
        let hint = "write refuse_below, guardian_below or both; or take [age] away";
        report.error("POLICY-MISSING-KEY", &span, "[age] says nothing", hint);
    }
    if let (Some(refuse), Some(guardian)) = (refuse_below, guardian_below)
        && refuse >= guardian
    {
        report.error(
            "POLICY-AGE-OVERLAP",
            &table.span_of("guardian_below"),
            format!("everyone below {guardian} is already refused below {refuse}"),
            "guardian_below is the higher age, or take one of them away",
        );
    }
    table.finish(report);
    report.about(None);
    Some(At {
        value: AgeRule { refuse_below, guardian_below, guardian_below_in: BTreeMap::new(), clause: clause? },
        span,
    })
}

fn read_breach(
    report: &mut Report<'_>,
    top: &mut Table<'_, '_>,
    open: &mut OpenPoints,
    regimes: &[Regime],
) -> BreachRule {
    let floor = BreachRule {
        tell_of_attempts: false,
        website_alert: false,
        clause: Clause::new(match regimes.first() {
            Some(Regime::UkGdpr) => "UK GDPR Art. 33 and 34",
            Some(Regime::UsCa) => "Cal. Civ. Code 1798.82",
            Some(Regime::EuGdpr) | None => "GDPR Art. 33 and 34",
        }),
    };
    let Some(mut table) = top.table(report, "breach", "[breach]") else {
        if !top.has("breach") {
            report.warn(
                "BREACH-MISSING",
                &(0..0),
                "nothing is promised for the day when data leaks",
                "the law's own duties are applied; have the controller's text say so with [breach]",
            );
        }
        return floor;
    };
    let clause = table.clause(report);
    open.read(report, &mut table, "the breach promise");
    let tell_of_attempts = table.flag(report, "tell_of_attempts").unwrap_or(false);
    let website_alert = table.flag(report, "website_alert").unwrap_or(false);
    table.finish(report);
    report.about(None);
    clause.map_or(floor, |clause| BreachRule { tell_of_attempts, website_alert, clause })
}
