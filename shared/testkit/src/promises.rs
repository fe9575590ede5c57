//! The promises of the consent side, on top of the small policy: trackers and signals,
//! opt-ins, holds.

#![expect(clippy::expect_used, reason = "a test that is written wrongly fails")]

use std::collections::BTreeSet;

use domain::{
    hold::HoldReason,
    ids::{Ground, TrackerId},
    policy::{
        Action, CategoryRule, Clause, HoldRule, Period, Policy, RetentionRule, Signals, TrackerNeed, TrackerRule,
    },
    retention::CONSENT_WITHDRAWN,
};
use jiff::{Span, SpanFieldwise, ToSpan};

use crate::build::{category, event, field, policy, purpose};

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
/// GPC is honoured, DNT is not. The consent to `marketing` is confirmed by mail.
///
/// | category | purpose | written only with the consent to | never | kept |
/// |---|---|---|---|---|
/// | `characteristics` (age_band, gender) | `profiling` | `profiling` | | until that consent is withdrawn |
/// | `survey` (an open list) | `support` | `marketing` | `religion` | until that consent is withdrawn |
///
/// | hold | placed by | released by | grounds | looked at again within |
/// |---|---|---|---|---|
/// | `investigation` | `suspicious.activity` | `investigation.closed` | | 30 days |
/// | `legal-claim` | people | people | `complaint`, `claim` | 90 days |
pub fn consent_side() -> Policy {
    let basket = TrackerNeed::Nothing { reason: "it keeps your basket".into() };
    let trackers = [
        tracker("basket", basket, None, false),
        tracker("recommender", consents(&["profiling"]), Some(30.days().fieldwise()), false),
        tracker("audience", consents(&["marketing", "profiling"]), Some(1.year().fieldwise()), true),
    ];
    let mut policy = policy();
    if let Some(marketing) = policy.purposes.get_mut(&purpose("marketing")) {
        marketing.confirm_by_mail = true;
    }
    for (kept, for_what, fields, never, opt_in) in [
        ("characteristics", "profiling", vec!["age_band", "gender"], vec![], "profiling"),
        ("survey", "support", vec![], vec!["religion"], "marketing"),
    ] {
        let names = |names: Vec<&str>| names.into_iter().map(field).collect();
        let clause = Clause::new(format!("test.{kept}"));
        let rule = CategoryRule {
            never: names(never),
            opt_in: Some(purpose(opt_in)),
            ..CategoryRule::new(category(kept), names(fields), clause.clone())
        };
        policy.categories.insert(category(kept), rule);
        let rule = RetentionRule {
            category: category(kept),
            purpose: purpose(for_what),
            period: Period::UntilEvent {
                events: vec![event(CONSENT_WITHDRAWN)],
                grace: Span::new().fieldwise(),
                max: None,
            },
            switch: None,
            action: Action::Delete,
            exemption: None,
            lifecycle: false,
            clause,
        };
        policy.retention.insert((category(kept), purpose(for_what)), rule);
    }
    let hold = |reason, review_after: Span| HoldRule {
        reason,
        grounds: Vec::new(),
        on: None,
        release_on: None,
        tell: BTreeSet::new(),
        review_after: review_after.fieldwise(),
        clause: Clause::new("test.holds"),
    };
    let ground = |name| Ground::parse(name).expect("a ground's name");
    let holds = vec![
        HoldRule {
            on: Some(event("suspicious.activity")),
            release_on: Some(event("investigation.closed")),
            ..hold(HoldReason::Investigation, 30.days())
        },
        HoldRule { grounds: vec![ground("complaint"), ground("claim")], ..hold(HoldReason::LegalClaim, 90.days()) },
    ];
    Policy {
        holds,
        trackers: trackers.into_iter().map(|rule| (rule.id.clone(), rule)).collect(),
        signals: Signals { honours_gpc: true, honours_dnt: false, clause: Some(Clause::new("test.signals")) },
        ..policy
    }
}
