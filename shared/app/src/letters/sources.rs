//! Where the law says what a letter does, regime by regime.

use domain::{
    clock::{self, Duty, Law, Period},
    policy::Regime,
};

/// What allows to ask who somebody is, and bounds it.
pub(super) const fn identity(regime: Regime) -> Option<&'static str> {
    Some(match regime {
        Regime::EuGdpr => "GDPR Art. 12(6)",
        Regime::UkGdpr => "UK GDPR Art. 12(6)",
        Regime::UsCa => "11 CCR 7060(d)",
        Regime::UsVa => "Va. Code 59.1-577(B)(4)",
        Regime::UsCt => "Conn. Gen. Stat. 42-518(c)(4)",
        _ => return None,
    })
}

/// What allows to ask what somebody means.
pub(super) const fn clarification(regime: Regime) -> Option<&'static str> {
    Some(match regime {
        Regime::EuGdpr => "GDPR rec. 63",
        Regime::UkGdpr => "UK GDPR Art. 12A",
        _ => return None,
    })
}

/// What allows to take longer, with notice: the row of the clocks.
pub(super) fn extension(regime: Regime) -> Option<&'static str> {
    let extends = |rule: &&clock::Rule| {
        rule.law == Law::of(regime) && rule.duty == Duty::Extend && !matches!(rule.period, Period::Words(_))
    };
    clock::rules().find(extends).map(|rule| rule.article)
}

/// What gives an appeal to the controller.
pub(super) const fn appeal(regime: Regime) -> Option<&'static str> {
    Some(match regime {
        Regime::UsVa => "Va. Code 59.1-577(C)",
        Regime::UsCo => "C.R.S. 6-1-1306(3)",
        Regime::UsCt => "Conn. Gen. Stat. 42-518(d)",
        Regime::UsTx => "Bus. & Com. Code 541.053",
        _ => return None,
    })
}

/// What gives a remedy before a court. The American states give no private action over a
/// request (Va. Code 59.1-584; Cal. Civ. Code § 1798.150(c)).
pub(super) const fn court(regime: Regime) -> Option<&'static str> {
    Some(match regime {
        Regime::EuGdpr => "GDPR Art. 79",
        Regime::UkGdpr => "UK GDPR Art. 79",
        Regime::Ch => "FADP Art. 32",
        Regime::BrLgpd => "LGPD Art. 22",
        Regime::CaPipeda => "PIPEDA s. 14",
        Regime::ZaPopia => "POPIA s. 99",
        Regime::Sg => "PDPA s. 48O",
        _ => return None,
    })
}

/// What obliges to take a complaint first-hand.
pub(super) const fn complaint_to_controller(regime: Regime) -> Option<&'static str> {
    match regime {
        Regime::UkGdpr => Some("DPA 2018 s. 164A"),
        _ => None,
    }
}

/// The sources of these laws, one after the other; `None` where none of them says anything.
pub(super) fn of(regimes: &[Regime], source: impl Fn(Regime) -> Option<&'static str>) -> Option<String> {
    let sources: Vec<_> = regimes.iter().copied().filter_map(source).collect();
    (!sources.is_empty()).then(|| sources.join("; "))
}
