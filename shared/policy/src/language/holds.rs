//! Reads what keeps data from deletion, what people must vouch for, and which texts have no effect.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    hold::HoldReason,
    ids::{AttestationId, EventName, Ground, SystemId},
    policy::{AttestationRule, HoldRule},
    retention::CONSENT_WITHDRAWN,
};
use jiff::Span;

use super::{
    clauses::{Effect, Kind, read_head},
    facts::{Entry, HoldFacts},
    purposes::declared,
    reader::{At, Table},
    report::Report,
    systems::Systems,
};

/// When somebody looks at a hold again for which the file sets no day.
const REVIEW_MONTHS_DEFAULT: i32 = 6;

pub(super) fn read_holds(
    report: &mut Report<'_>,
    top: &mut Table<'_, '_>,
    systems: &Systems,
) -> Vec<Entry<HoldRule, HoldFacts>> {
    let mut holds = Vec::new();
    let words = HoldReason::PLACED.map(HoldReason::as_str);
    for mut table in top.tables(report, "hold", "[[hold]]") {
        let id = read_head(report, &mut table, Kind::Hold, true);
        if !table.has("reason") {
            table.missing(report, "POLICY-MISSING-KEY", "reason", &format!("write one of {}", words.join(", ")));
        }
        let reason = table.word(report, "reason", "POLICY-UNKNOWN-WORD", &words, HoldReason::parse_placed);
        if let Some(reason) = &reason {
            report.call(id, format!("hold {}", reason.value.as_str()));
        }
        let grounds = table.names(report, "grounds", Ground::parse).map(|at| at.value).unwrap_or_default();
        let on = table.maybe_name(report, "on", EventName::parse);
        let release_on = table.maybe_name(report, "release_on", EventName::parse);
        if let (false, Some(release_on)) = (table.has("on"), &release_on) {
            report.error(
                "POLICY-CONTRADICTION",
                &release_on.span,
                "`release_on` releases what an event has placed, and no event places this hold",
                "name the event that places it with `on`; a hold that people place is released by people",
            );
        }
        let tell = read_tell(report, &mut table, on.as_ref(), systems);
        let review_after = table.duration(report, "review_after", false);
        let stated =
            table.word(report, "stated", "POLICY-UNKNOWN-WORD", &["nothing"], |text| (text == "nothing").then_some(()));
        let span = reason.as_ref().map_or_else(|| table.span.clone(), |at| at.span.clone());
        let unreviewed = stated.map(|at| at.span).or_else(|| (!table.has("review_after")).then(|| span.clone()));
        table.finish(report);
        let rule = reason.zip(report.clause_of(id)).map(|(reason, clause)| HoldRule {
            reason: reason.value,
            grounds,
            on: on.map(|at| at.value),
            release_on: release_on.map(|at| at.value),
            tell,
            review_after: review_after
                .map_or_else(|| Span::new().months(REVIEW_MONTHS_DEFAULT), |at| at.value)
                .fieldwise(),
            clause,
        });
        holds.push(Entry { table: id, span, rule, facts: HoldFacts { unreviewed } });
    }
    report.about(None);
    holds
}

/// The systems that hear of what an event holds. They must know whom, so that the event must come with the person's
/// identifier: a hold that people place, or that a withdrawn consent does, is known by reference alone.
fn read_tell(
    report: &mut Report<'_>,
    table: &mut Table<'_, '_>,
    on: Option<&At<EventName>>,
    systems: &Systems,
) -> BTreeSet<SystemId> {
    let named = table.names_at(report, "tell", SystemId::parse);
    let comes_by_event = match on {
        Some(event) => event.value.as_str() != CONSENT_WITHDRAWN,
        // One that could not be read was told of.
        None => table.has("on"),
    };
    if let (false, Some(first)) = (comes_by_event, named.first()) {
        report.error(
            "POLICY-CONTRADICTION",
            &first.span,
            "`tell` tells whom an event concerns, and no event of a system places this hold",
            "name the event that places it with `on`; a withdrawn consent is none, since it names nobody to a system",
        );
    }
    let known = named.into_iter().filter_map(|at| declared(report, "system", "POLICY-UNKNOWN-SYSTEM", at, systems));
    known.map(|at| at.value).collect()
}

pub(super) fn read_attestations(
    report: &mut Report<'_>,
    top: &mut Table<'_, '_>,
) -> BTreeMap<AttestationId, Entry<AttestationRule, ()>> {
    let mut attestations = BTreeMap::new();
    for mut table in top.tables(report, "attestation", "[[attestation]]") {
        let table_id = read_head(report, &mut table, Kind::Attestation, true);
        let id = table.name(report, "id", AttestationId::parse);
        let statement = table.need_text(report, "statement", "write what somebody vouches for");
        let evidence = table.need_text(report, "evidence", "write what shows it: a certificate, a report, a list");
        if !table.has("renew_every") {
            let hint = "say how long an attestation lasts: renew_every = \"P1Y\"";
            table.missing(report, "POLICY-MISSING-KEY", "renew_every", hint);
        }
        let renew_every = table.duration(report, "renew_every", false).map(|at| at.value.fieldwise());
        table.finish(report);
        let effect = evidence.as_ref().map(|at| at.value.clone()).zip(renew_every);
        report.effect(table_id, Effect::Attested(effect));
        if let Some(id) = id {
            report.call(table_id, format!("attestation {}", id.value));
            let parts = statement.zip(evidence).zip(renew_every).zip(report.clause_of(table_id));
            let rule = parts.map(|(((statement, evidence), renew_every), clause)| AttestationRule {
                id: id.value.clone(),
                statement: statement.value,
                evidence: evidence.value,
                renew_every,
                clause,
            });
            let label = id.value.to_string();
            let entry = Entry { table: table_id, span: id.span, rule, facts: () };
            super::insert(report, &mut attestations, id.value, &label, entry);
        }
    }
    report.about(None);
    attestations
}

pub(super) fn read_without_effect(report: &mut Report<'_>, top: &mut Table<'_, '_>) {
    for mut table in top.tables(report, "without_effect", "[[without_effect]]") {
        let id = read_head(report, &mut table, Kind::WithoutEffect, true);
        report.call(id, "without effect");
        let reason = table.need_text(report, "reason", "write why the text has no effect");
        table.finish(report);
        report.effect(id, Effect::None(reason.map(|at| at.value)));
    }
    report.about(None);
}
