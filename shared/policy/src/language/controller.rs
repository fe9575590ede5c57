//! Reads who the controller is: its name, its laws, its addresses, its roles.

use std::collections::BTreeSet;

use domain::{
    dsar::RequestType,
    ids::Ground,
    place::Place,
    policy::{Authority, Office, Regime, RoleRule, ServiceRole},
};
use jiff::tz::TimeZone;

use super::{
    clauses::{Kind, read_head},
    facts::{Entry, OfficeFacts},
    reader::{At, Table, parse_word},
    report::Report,
};

pub(super) fn read_regimes(report: &mut Report<'_>, top: &mut Table<'_, '_>) -> Option<Vec<Regime>> {
    let words = Regime::ALL.map(Regime::as_str);
    if !top.has("regimes") {
        let hint = format!("write regimes = [\"{}\"], or whichever bind you of {}", words[0], words.join(", "));
        top.missing(report, "POLICY-MISSING-KEY", "regimes", &hint);
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

pub(super) fn read_time_zone(report: &mut Report<'_>, top: &mut Table<'_, '_>) -> Option<TimeZone> {
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

pub(super) fn read_contact(report: &mut Report<'_>, top: &mut Table<'_, '_>) -> Option<At<String>> {
    if !top.has("contact") {
        top.missing(report, "CONTACT-MISSING", "contact", "write the address where people's requests arrive");
    }
    top.mail(report, "contact")
}

pub(super) fn read_establishment(report: &mut Report<'_>, top: &mut Table<'_, '_>) -> Option<At<Place>> {
    let text = top.text(report, "establishment")?;
    let place = Place::parse(&text.value).ok();
    if place.is_none() {
        report.error(
            "POLICY-BAD-COUNTRY",
            &text.span,
            format!("\"{}\" is no country and no part of one", text.value.escape_debug()),
            "write a country in two capitals, or a part of it with its code behind: FR, GB-SCT, US-CA",
        );
    }
    place.map(|place| At::new(place, text.span))
}

/// Most shares of the time at which an office is reminded, and most addresses that are written to then.
const REMINDERS_MAX: usize = 5;

/// Types of request of the office, as the file lists them.
fn read_requests_of(report: &mut Report<'_>, table: &mut Table<'_, '_>, key: &'static str) -> Vec<At<RequestType>> {
    let words = RequestType::ALL.map(RequestType::as_str);
    table.words(report, key, "POLICY-UNKNOWN-REQUEST", &words, RequestType::parse)
}

fn too_many(report: &mut Report<'_>, key: &str, span: &std::ops::Range<usize>, count: usize) {
    if count > REMINDERS_MAX {
        let message = format!("`{key}` names {count}");
        report.error("POLICY-TOO-MANY", span, message, format!("name at most {REMINDERS_MAX}"));
    }
}

fn read_reminders(report: &mut Report<'_>, table: &mut Table<'_, '_>) -> Vec<u8> {
    let Some(numbers) = table.numbers(report, "reminders") else { return Vec::new() };
    too_many(report, "reminders", &numbers.span, numbers.value.len());
    if table.is_empty_list("reminders") {
        let hint = "leave it out for 50, 80 and 95; an office that is never reminded is late";
        report.error("POLICY-MISSING-KEY", &numbers.span, "`reminders` names no share of the time", hint);
    }
    let mut shares: Vec<u8> = Vec::new();
    for at in numbers.value {
        let share = u8::try_from(at.value).ok().filter(|share| (1..=99).contains(share));
        match share {
            Some(share) if shares.last().is_none_or(|last| *last < share) => shares.push(share),
            Some(_) => {
                let message = format!("`reminders` names {} behind a later share", at.value);
                report.error("POLICY-BAD-NUMBER", &at.span, message, "write each share once, in ascending order");
            }
            None => {
                let message = format!("`reminders` cannot be at {} percent", at.value);
                report.error("POLICY-BAD-NUMBER", &at.span, message, "write 1 to 99 percent of the time");
            }
        }
    }
    shares
}

pub(super) fn read_office(report: &mut Report<'_>, top: &mut Table<'_, '_>) -> Option<Entry<Office, OfficeFacts>> {
    let mut table = top.table(report, "office", "[office]")?;
    let id = read_head(report, &mut table, Kind::Office, false);
    report.call(id, "office");
    let mails = table.mails(report, "other_mails");
    let post = table.text(report, "post");
    let phone = table.text(report, "phone");
    let data_protection_officer = table.text(report, "data_protection_officer");
    let representative = table.text(report, "representative");
    let country = table.country(report, "country");
    let review = read_requests_of(report, &mut table, "review");
    let four_eyes = read_requests_of(report, &mut table, "four_eyes");
    let reminders = read_reminders(report, &mut table);
    let reminders_span = table.span_of("reminders");
    let escalation = table.mails(report, "escalation");
    too_many(report, "escalation", &table.span_of("escalation"), escalation.len());
    let span = table.span.clone();
    table.finish(report);
    report.about(None);
    // What counts from the moment it is made waits for nobody; what two must agree on is looked at by both.
    let may_wait = |at: &&At<RequestType>| !at.value.takes_effect_at_once();
    let office = Office {
        other_mails: mails.iter().map(|at| at.value.clone()).collect(),
        post: post.map(|at| at.value),
        phone: phone.map(|at| at.value),
        data_protection_officer: data_protection_officer.map(|at| at.value),
        representative: representative.map(|at| at.value),
        authority: None,
        review: review.iter().chain(&four_eyes).filter(may_wait).map(|at| at.value).collect(),
        four_eyes: four_eyes.iter().filter(may_wait).map(|at| at.value).collect(),
        reminders,
        escalation: escalation.into_iter().map(|at| at.value).collect(),
    };
    let facts = OfficeFacts { country, mails, review, four_eyes, reminders: reminders_span };
    Some(Entry { table: id, span, rule: Some(office), facts })
}

pub(super) fn read_authority(report: &mut Report<'_>, top: &mut Table<'_, '_>) -> Option<Entry<Authority, ()>> {
    let mut table = top.table(report, "authority", "[authority]")?;
    let id = read_head(report, &mut table, Kind::Authority, true);
    report.call(id, "authority");
    let name = table.need_text(report, "name", "name the authority where people may complain");
    let url = table.text(report, "url");
    let phone = table.text(report, "phone");
    let post = table.text(report, "post");
    let span = table.span.clone();
    table.finish(report);
    report.about(None);
    let rule = name.zip(report.clause_of(id)).map(|(name, clause)| Authority {
        name: name.value,
        url: url.map(|at| at.value),
        phone: phone.map(|at| at.value),
        post: post.map(|at| at.value),
        clause,
    });
    Some(Entry { table: id, span, rule, facts: () })
}

/// One service may stand here in two roles, as a text may say it: the lints tell of that.
pub(super) fn read_roles(report: &mut Report<'_>, top: &mut Table<'_, '_>) -> Vec<Entry<RoleRule, ()>> {
    let words = ServiceRole::ALL.map(ServiceRole::as_str);
    let mut roles: Vec<Entry<RoleRule, ()>> = Vec::new();
    let mut seen = BTreeSet::new();
    for mut table in top.tables(report, "role", "[[role]]") {
        let id = read_head(report, &mut table, Kind::Role, true);
        let service = table.name(report, "service", Ground::parse);
        if !table.has("role") {
            table.missing(report, "POLICY-MISSING-KEY", "role", &format!("write one of {}", words.join(", ")));
        }
        let role = table.word(report, "role", "POLICY-UNKNOWN-WORD", &words, ServiceRole::parse);
        let parties = table.lines(report, "parties");
        let span = service.as_ref().map_or_else(|| table.span.clone(), |at| at.span.clone());
        table.finish(report);
        if let (Some(service), Some(role)) = (&service, &role) {
            report.call(id, format!("role {} as {}", service.value, role.value.as_str()));
            if !seen.insert((service.value.clone(), role.value)) {
                let message = format!("{} stands twice as {}", service.value, role.value.as_str());
                report.error("POLICY-DUPLICATE", &span, message, "keep one of them");
            }
        }
        let rule = service.zip(role).zip(report.clause_of(id)).map(|((service, role), clause)| RoleRule {
            service: service.value,
            role: role.value,
            parties,
            clause,
        });
        roles.push(Entry { table: id, span, rule, facts: () });
    }
    report.about(None);
    roles
}
