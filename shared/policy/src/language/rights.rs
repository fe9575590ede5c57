//! Reads what the controller says about requests.

use domain::{
    dsar::RequestType,
    policy::{Refusal, RightRule, VerificationRule},
};

use super::{
    clauses::{Kind, read_head},
    facts::{Entries, Entry},
    insert,
    reader::Table,
    report::Report,
};

/// Most points of data that a person may be asked to match.
const POINTS_MAX: i64 = 10;

/// The rights of a file.
pub(super) type Rights = Entries<RequestType, RightRule, ()>;

pub(super) fn read_rights(report: &mut Report<'_>, top: &mut Table<'_, '_>, has_accounts: bool) -> Rights {
    let mut rights = Rights::new();
    let words = RequestType::ALL.map(RequestType::as_str);
    for mut table in top.tables(report, "right", "[[right]]") {
        let id = read_head(report, &mut table, Kind::Right, true);
        if !table.has("request") {
            table.missing(report, "POLICY-MISSING-KEY", "request", &format!("name one of {}", words.join(", ")));
        }
        let request = table.word(report, "request", "POLICY-UNKNOWN-REQUEST", &words, RequestType::parse);
        if let Some(request) = &request {
            report.call(id, format!("right {}", request.value));
        }
        let offered = table.flag(report, "offered").is_none_or(|at| at.value);
        let verification = read_verification(report, &mut table);
        if verification == Some(VerificationRule::Account) && !has_accounts {
            let hint = "add [accounts] with the issuer of your tokens and their audience";
            let message = "a right asks for an account's token, and no [accounts] says whose";
            report.error("POLICY-NO-ACCOUNTS", &table.span_of("verification"), message, hint);
        }
        let respond_within = table.duration(report, "respond_within", false);
        let reason = table.table(report, "reason", "reason = { code = …, text = … }");
        let offer = table.word(report, "offer", "POLICY-UNKNOWN-REQUEST", &words, RequestType::parse);
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
        let verification = verification.unwrap_or_else(|| request.value.default_verification());
        let rule = report.clause_of(id).map(|clause| RightRule {
            request: request.value,
            refusal,
            verification,
            respond_within: respond_within.map(|at| at.value.fieldwise()),
            clause,
        });
        let entry = Entry { table: id, span: request.span, rule, facts: () };
        insert(report, &mut rights, request.value, request.value.as_str(), entry);
    }
    report.about(None);
    rights
}

/// A refusal offers what can be had. Known only once all rights are read.
pub(super) fn check_offers(report: &mut Report<'_>, rights: &Rights) {
    for (request, entry) in rights {
        let offer = entry.rule.as_ref().and_then(|rule| rule.refusal.as_ref()).and_then(|refusal| refusal.offer);
        let refused = |other: RequestType| {
            rights.get(&other).and_then(|other| other.rule.as_ref()).is_some_and(|rule| rule.refusal.is_some())
        };
        if let Some(offer) = offer.filter(|offer| offer != request && refused(*offer)) {
            report.about(report.clause_of(entry.table));
            let message = format!("{offer} is offered instead, but refused too");
            report.error("POLICY-CONTRADICTION", &entry.span, message, "offer a right that the policy grants");
        }
    }
    report.about(None);
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
    let words = ["none", "mail", "account"];
    table
        .word(report, "verification", "POLICY-BAD-VERIFICATION", &words, |text| match text {
            "none" => Some(VerificationRule::None),
            "mail" => Some(VerificationRule::Mail),
            "account" => Some(VerificationRule::Account),
            _ => None,
        })
        .map(|at| at.value)
}
