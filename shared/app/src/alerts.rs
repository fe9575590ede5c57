//! Public alerts: what everybody can read of a breach, when somebody cannot be told of it in another way.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    breach::{Act, Entry, Incident, PeopleAre, Texts},
    ids::{BreachId, Category},
    language::Language,
    policy::Policy,
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    breach::BreachStore,
    error::PortError,
    letters::{
        body::Block,
        breach::{Section, Words},
        texts::Texts as Wording,
    },
};

/// For how long an alert stays public at least, in days, however soon its breach is closed: three months are never
/// longer (Res. CD/ANPD 15/2024 Art. 9; 45 CFR 164.404(d)(2)(ii) asks for 90 days).
pub const PUBLIC_DAYS_MIN: i64 = 92;

/// A public alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Which breach.
    pub breach: BreachId,
    /// Of which entry of the breach's history it tells; 0: of the breach as it was declared.
    pub version: u32,
    /// Since when there is an alert of this breach.
    pub published_at: Timestamp,
    /// Since when it says this.
    pub updated_at: Timestamp,
    /// When the breach was closed; `None`: it is open.
    pub closed_at: Option<Timestamp>,
    /// When data was exposed, from.
    pub exposed_from: Timestamp,
    /// To.
    pub exposed_to: Timestamp,
    /// Whether it was only tried.
    pub attempt_only: bool,
    /// What kinds of data.
    pub categories: BTreeSet<Category>,
    /// What is told of it, by language.
    pub texts: BTreeMap<Language, Texts>,
}

impl Alert {
    /// Whether everybody can still read it: while its breach is open, and for [`PUBLIC_DAYS_MIN`] at least.
    pub fn is_public(&self, now: Timestamp) -> bool {
        let least = SignedDuration::from_hours(24 * PUBLIC_DAYS_MIN);
        let until = self.published_at.saturating_add(least).unwrap_or(Timestamp::MAX);
        self.closed_at.is_none_or(|closed_at| now < closed_at.max(until))
    }
}

/// Whether an entry changes what a public alert of its breach says.
const fn is_told(entry: &Entry) -> bool {
    matches!(entry.act, Act::FactsChanged(_) | Act::Closed(_) | Act::Reopened(_))
}

/// The alert of a breach, as it is at that time. It is made of the history alone: made again, it says the same.
pub fn alert_of(incident: &Incident, at: Timestamp) -> Alert {
    let told = (1..).zip(&incident.history).filter(|(_, entry)| is_told(entry)).last();
    let (version, since) = told.map_or((0, at), |(number, entry)| (number, at.max(entry.at)));
    let closed = incident.history.iter().rev().find(|entry| matches!(entry.act, Act::Closed(_)));
    let facts = incident.facts();
    Alert {
        breach: incident.breach.id.clone(),
        version,
        published_at: since,
        updated_at: since,
        closed_at: closed.filter(|_| !incident.is_open()).map(|entry| entry.at),
        exposed_from: facts.exposed_from,
        exposed_to: facts.exposed_to,
        attempt_only: facts.attempt_only,
        categories: facts.scope.categories.clone(),
        // Why the authority hears late is the authority's alone.
        texts: facts.texts.iter().map(|(language, texts)| (*language, texts.for_people())).collect(),
    }
}

/// Of all versions of a controller's alerts the newest of each, the one that was published last first.
pub fn newest(versions: Vec<Alert>) -> Vec<Alert> {
    let mut newest: BTreeMap<BreachId, Alert> = BTreeMap::new();
    for version in versions {
        match newest.get_mut(&version.breach) {
            Some(known) => {
                let published_at = known.published_at.min(version.published_at);
                if version.version > known.version {
                    *known = version;
                }
                known.published_at = published_at;
            }
            None => {
                newest.insert(version.breach.clone(), version);
            }
        }
    }
    let mut alerts: Vec<_> = newest.into_values().collect();
    alerts.sort_by(|a, b| (b.published_at, &b.breach).cmp(&(a.published_at, &a.breach)));
    alerts
}

/// Brings the public alert of a breach up to what is known: publishes it if all people are told in public (GDPR
/// Art. 34(3)(c)) or `is_needed` by somebody who can be told in no other way; renews one that stands; else nothing.
///
/// # Errors
/// [`PortError`]. Done again, it changes nothing.
pub async fn follow<P: BreachStore>(
    policy: &Policy,
    ports: &P,
    breach: &BreachId,
    is_needed: bool,
    at: Timestamp,
) -> Result<(), PortError> {
    let controller = &policy.controller;
    let Some(incident) = ports.breach(controller, breach).await? else {
        return Err(PortError::corrupt("breach", "it is not stored"));
    };
    let is_for_all = incident.decision().is_some_and(|(_, decision)| decision.people == PeopleAre::ToldInPublic);
    let stands = async || {
        let alerts = ports.alerts(controller).await?;
        Ok::<_, PortError>(alerts.iter().any(|alert| alert.breach == *breach))
    };
    if is_needed || is_for_all || stands().await? {
        ports.publish_alert(controller, &alert_of(&incident, at)).await?;
    }
    Ok(())
}

/// The alerts that everybody can read now, the one that was published last first.
///
/// # Errors
/// [`PortError`].
pub async fn public<P: BreachStore>(policy: &Policy, ports: &P, now: Timestamp) -> Result<Vec<Alert>, PortError> {
    let mut alerts = ports.alerts(&policy.controller).await?;
    alerts.retain(|alert| alert.is_public(now));
    Ok(alerts)
}

/// An alert in the words of one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The language of what we say.
    pub language: Language,
    /// Its title.
    pub title: String,
    /// That somebody reached data, or tried.
    pub lead: String,
    /// The language of the controller's own words: another one where they were not translated.
    pub texts_language: Language,
    /// The controller's own words.
    pub texts: Texts,
    pub(crate) sections: Vec<Section>,
}

impl Told {
    /// All of it as plain text.
    pub fn text(&self) -> String {
        let lead = Section { heading: None, blocks: vec![Block::Text(self.lead.clone())] };
        let sections = std::iter::once(&lead).chain(&self.sections);
        crate::letters::breach::plain(sections)
    }
}

/// Says an alert in a language.
pub fn tell(policy: &Policy, alert: &Alert, language: Language) -> Told {
    let wording = Wording::of(language);
    let words = Words {
        policy,
        texts: &alert.texts,
        exposed: (alert.exposed_from, alert.exposed_to),
        attempt_only: alert.attempt_only,
        categories: &alert.categories,
        is_californian: false,
    };
    let (texts_language, texts) = words.texts_in(language);
    Told {
        language,
        title: wording.breach_alert_title(policy.name.as_str()),
        lead: if alert.attempt_only {
            wording.breach_alert_tried(policy.name.as_str())
        } else {
            wording.breach_alert_reached(policy.name.as_str())
        },
        texts_language,
        texts,
        sections: words.sections(language),
    }
}

/// The language in which a controller's alerts are read by somebody who names none.
pub fn language_of(policy: &Policy) -> Language {
    Language::of(&policy.notice.language).unwrap_or_default()
}
