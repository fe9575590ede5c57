//! Attestations: what people vouch for because no software can show it, with evidence, and again in
//! time.

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};

use crate::{
    ids::AttestationId,
    policy::{AttestationRule, Clause, PolicyHash},
    retention::OutOfCalendar,
};

/// An attestation is due again from so many hours before it lapses: two weeks, since the evidence
/// is often somebody else's.
pub const RENEWAL_HOURS: i64 = 14 * 24;

/// What an attestation rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// What it is: a certificate, a report, a signed list.
    pub title: String,
    /// The SHA-256 of the document, in hexadecimal.
    pub sha256: Option<String>,
    /// Where the document stands.
    pub url: Option<String>,
}

/// A statement of the policy that somebody vouched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    /// Which statement.
    pub id: AttestationId,
    /// On which day, in the controller's zone. A statement is attested once a day at most.
    pub attested_on: Date,
    /// What it rests on.
    pub evidence: Evidence,
    /// Who vouches for it: an office, a role, or a person as the token names them.
    pub by: String,
    /// The first instant at which it has lapsed.
    pub valid_until: Timestamp,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who recorded it, as the token names them.
    pub recorded_by: String,
    /// Where the statement is promised.
    pub clause: Clause,
    /// The policy it was recorded under.
    pub policy: PolicyHash,
}

/// Where a statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttestationState {
    /// Nobody has vouched for it.
    Never,
    /// It is vouched for.
    Valid,
    /// It is vouched for and lapses soon.
    Due,
    /// It was vouched for and that has lapsed.
    Lapsed,
}

impl AttestationState {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never-attested",
            Self::Valid => "valid",
            Self::Due => "due",
            Self::Lapsed => "lapsed",
        }
    }
}

/// When an attestation of that day lapses: the rule's span later, at the start of that day in the
/// controller's zone.
///
/// # Errors
/// [`OutOfCalendar`] past the year 9999.
pub fn valid_until(rule: &AttestationRule, attested_on: Date, zone: &TimeZone) -> Result<Timestamp, OutOfCalendar> {
    let lapses_on = attested_on.checked_add(rule.renew_every.0).map_err(|_| OutOfCalendar)?;
    lapses_on.to_zoned(zone.clone()).map(|start| start.timestamp()).map_err(|_| OutOfCalendar)
}

/// Where a statement stands at that time, from the end of its latest attestation.
pub fn state(valid_until: Option<Timestamp>, now: Timestamp) -> AttestationState {
    let Some(valid_until) = valid_until else { return AttestationState::Never };
    if valid_until <= now {
        AttestationState::Lapsed
    } else if valid_until.saturating_sub(RENEWAL_HOURS.hours()).unwrap_or(Timestamp::MIN) <= now {
        AttestationState::Due
    } else {
        AttestationState::Valid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(renew_every: jiff::Span) -> AttestationRule {
        AttestationRule {
            id: AttestationId::parse("encryption-at-rest").unwrap(),
            statement: "Everything is encrypted.".into(),
            evidence: "A report.".into(),
            renew_every: renew_every.fieldwise(),
            clause: Clause::new("test.encryption"),
        }
    }

    fn until(day: &str, renew_every: jiff::Span, zone: &str) -> String {
        let zone = TimeZone::get(zone).unwrap();
        valid_until(&rule(renew_every), day.parse().unwrap(), &zone).unwrap().to_string()
    }

    #[test]
    fn an_attestation_lapses_on_the_same_date_in_the_controllers_zone() {
        assert_eq!(until("2026-03-01", 1.year(), "UTC"), "2027-03-01T00:00:00Z");
        assert_eq!(until("2026-03-01", 1.year(), "Europe/Paris"), "2027-02-28T23:00:00Z");
        assert_eq!(until("2024-02-29", 1.year(), "UTC"), "2025-02-28T00:00:00Z");
        assert_eq!(until("2026-01-31", 3.months(), "America/Los_Angeles"), "2026-04-30T07:00:00Z");
        let far = valid_until(&rule(9_000.years()), "2026-03-01".parse().unwrap(), &TimeZone::UTC);
        assert_eq!(far, Err(OutOfCalendar));
    }

    #[test]
    fn a_statement_is_never_attested_then_valid_then_due_then_lapsed() {
        let end: Timestamp = "2027-03-01T00:00:00Z".parse().unwrap();
        assert_eq!(state(None, end), AttestationState::Never);
        for (now, expected) in [
            ("2026-03-01T00:00:00Z", AttestationState::Valid),
            ("2027-02-14T23:59:59Z", AttestationState::Valid),
            ("2027-02-15T00:00:00Z", AttestationState::Due),
            ("2027-02-28T23:59:59Z", AttestationState::Due),
            ("2027-03-01T00:00:00Z", AttestationState::Lapsed),
        ] {
            assert_eq!(state(Some(end), now.parse().unwrap()), expected, "{now}");
        }
    }
}
