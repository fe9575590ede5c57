//! Reads what may be set or read on a device, and which signals of the browser are answered to.

use domain::{
    ids::{Ground, Recipient, TrackerId},
    policy::{Regime, Signals, TrackerNeed, TrackerRule},
};

use super::{
    clauses::{Kind, read_head},
    facts::{Entries, Entry, SignalWords, StatedBasis, TrackerFacts},
    insert,
    purposes::{Purposes, consent_purpose, declared},
    reader::{At, Table},
    recipients::{Recipients, read_purposes_of},
    report::Report,
};

/// The trackers of a file.
pub(super) type Trackers = Entries<TrackerId, TrackerRule, TrackerFacts>;

pub(super) fn read_trackers(
    report: &mut Report<'_>,
    top: &mut Table<'_, '_>,
    purposes: &Purposes,
    recipients: &Recipients,
) -> Trackers {
    let mut trackers = Trackers::new();
    for mut table in top.tables(report, "tracker", "[[tracker]]") {
        let table_id = read_head(report, &mut table, Kind::Tracker, true);
        let id = table.name(report, "id", TrackerId::parse);
        if let Some(id) = &id {
            report.call(table_id, format!("tracker {}", id.value));
        }
        let title = table.need_text(report, "title", "write what people read about it");
        let party = table
            .maybe_name(report, "party", Recipient::parse)
            .and_then(|at| declared(report, "recipient", "POLICY-UNKNOWN-RECIPIENT", at, recipients));
        let need = read_need(report, &mut table, purposes);
        let techniques = table.names(report, "techniques", Ground::parse);
        let shares = table.flag(report, "shares").is_some_and(|at| at.value);
        let lifetime = table.duration(report, "lifetime", false);
        let words = StatedBasis::words();
        let facts = TrackerFacts {
            stated_basis: table.word(report, "stated_basis", "POLICY-UNKNOWN-BASIS", &words, StatedBasis::parse),
            persistent: table.raised(report, "persistent"),
        };
        table.finish(report);
        if let Some(At { value: id, span }) = id {
            let rule = title.zip(need).zip(report.clause_of(table_id)).map(|((title, need), clause)| TrackerRule {
                id: id.clone(),
                title: title.value,
                party: party.map(|at| at.value),
                need,
                techniques: techniques.map(|at| at.value).unwrap_or_default(),
                shares,
                lifetime: lifetime.map(|at| at.value.fieldwise()),
                clause,
            });
            let label = id.to_string();
            insert(report, &mut trackers, id, &label, Entry { table: table_id, span, rule, facts });
        }
    }
    report.about(None);
    trackers
}

fn read_need(report: &mut Report<'_>, table: &mut Table<'_, '_>, purposes: &Purposes) -> Option<TrackerNeed> {
    let exempt = table.text(report, "exempt");
    let consent = read_purposes_of(report, table, "consent", purposes);
    let hint = "write consent = [\"…\"], or exempt = \"why the service does not work without it\"";
    match (table.has("exempt"), table.has("consent")) {
        (true, true) => {
            let message = "a tracker that is exempt needs no consent";
            report.error("POLICY-CONTRADICTION", &table.span_of("exempt"), message, "keep one of the two");
            None
        }
        (false, false) => {
            table.missing(report, "POLICY-MISSING-KEY", "consent", hint);
            None
        }
        (true, false) => exempt.map(|reason| TrackerNeed::Nothing { reason: reason.value }),
        (false, true) => {
            let purposes = consent
                .into_iter()
                .filter_map(|at| consent_purpose(report, "consent", at, purposes))
                .map(|at| at.value)
                .collect::<std::collections::BTreeSet<_>>();
            if table.is_empty_list("consent") {
                report.error("POLICY-MISSING-KEY", &table.span_of("consent"), "`consent` names no purpose", hint);
            }
            (!purposes.is_empty()).then_some(TrackerNeed::Consent(purposes))
        }
    }
}

pub(super) fn read_signals(
    report: &mut Report<'_>,
    top: &mut Table<'_, '_>,
    regimes: &[Regime],
) -> Option<Entry<Signals, SignalWords>> {
    let mut table = top.table(report, "signals", "[signals]")?;
    let id = read_head(report, &mut table, Kind::Signals, true);
    report.call(id, "signals");
    let mut honoured = |key| {
        table
            .word(report, key, "POLICY-UNKNOWN-WORD", &["honour", "ignore"], |text| match text {
                "honour" => Some(true),
                "ignore" => Some(false),
                _ => None,
            })
            .map(|at| at.value)
    };
    let words = SignalWords { gpc: honoured("gpc"), dnt: honoured("dnt") };
    let span = table.span.clone();
    table.finish(report);
    report.about(None);
    // Cal. Civ. Code 1798.135(e), 11 CCR 7025: the signal binds, whatever a text says.
    let honours_gpc = words.gpc != Some(false) || regimes.contains(&Regime::UsCa);
    let clause = report.clause_of(id);
    let rule = clause.map(|clause| Signals { honours_gpc, honours_dnt: words.dnt == Some(true), clause: Some(clause) });
    Some(Entry { table: id, span, rule, facts: words })
}
