//! The promises of the consent side, on top of the small policy: trackers and signals.

#![expect(clippy::expect_used, reason = "a test that is written wrongly fails")]

use std::collections::BTreeSet;

use domain::{
    ids::TrackerId,
    policy::{Clause, Policy, Signals, TrackerNeed, TrackerRule},
};
use jiff::{SpanFieldwise, ToSpan};

use crate::build::{policy, purpose};

fn tracker(name: &str, need: TrackerNeed, lifetime: Option<SpanFieldwise>, shares: bool) -> TrackerRule {
    TrackerRule {
        id: TrackerId::parse(name).expect("a tracker's name"),
        title: format!("The {name} tracker"),
        party: None,
        need,
        techniques: Vec::new(),
        shares,
        lifetime,
        clause: Clause::new(format!("test.{name}")),
    }
}

fn consents(names: &[&str]) -> TrackerNeed {
    TrackerNeed::Consent(names.iter().map(|name| purpose(name)).collect::<BTreeSet<_>>())
}

/// The small policy with the promises of the consent side:
///
/// | tracker | needs | lives |
/// |---|---|---|
/// | `basket` | nothing | until the browser is closed |
/// | `recommender` | the consent to `profiling` | 30 days |
/// | `audience` | the consents to `marketing` and `profiling`; it shares | a year |
///
/// GPC is honoured, DNT is not.
pub fn consent_side() -> Policy {
    let basket = TrackerNeed::Nothing { reason: "it keeps your basket".into() };
    let trackers = [
        tracker("basket", basket, None, false),
        tracker("recommender", consents(&["profiling"]), Some(30.days().fieldwise()), false),
        tracker("audience", consents(&["marketing", "profiling"]), Some(1.year().fieldwise()), true),
    ];
    Policy {
        trackers: trackers.into_iter().map(|rule| (rule.id.clone(), rule)).collect(),
        signals: Signals { honours_gpc: true, honours_dnt: false, clause: Some(Clause::new("test.signals")) },
        ..policy()
    }
}
