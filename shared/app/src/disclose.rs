//! Checks a disclosure against the policy and the person's standing, and logs it: what is not logged
//! was not allowed.

use domain::{
    disclosure::{self, About, Disclosure, DisclosureAsked, References, Whose},
    ids::{ControllerId, DisclosureId, Fingerprint, Pepper, SubjectRef},
    policy::Policy,
    standing::Denied,
};
use jiff::Timestamp;

use crate::{
    capture_consent::ConsentLedger,
    error::{Appended, PortError},
    keys::Keys,
    notice_change::NoticeChanges,
    records::RecordStore,
    requests::RequestLog,
    uses,
};

/// A disclosure as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedDisclosure {
    /// What was logged.
    pub disclosure: Disclosure,
    /// The texts of its references; `None` once the person's key is gone.
    pub references: Option<References>,
}

/// The port to the log of disclosures.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait DisclosureLog {
    /// Writes a disclosure unless one stands under its subject and identifier.
    ///
    /// MUST be one conditional write: of two at once exactly one is fresh. MUST answer the disclosure
    /// that stands there otherwise. MUST store the texts of references sealed under the subject's key.
    /// A total has no subject to seal under, and no references.
    async fn append_disclosure(
        &self,
        controller: &ControllerId,
        disclosure: &Disclosure,
        references: &References,
    ) -> Result<Appended<Disclosure>, PortError>;

    /// Reads one disclosure: of a subject, or of the controller's totals. MUST see every append that
    /// has returned.
    async fn disclosure(
        &self,
        controller: &ControllerId,
        subject: Option<&SubjectRef>,
        disclosure: &DisclosureId,
    ) -> Result<Option<Disclosure>, PortError>;

    /// Every disclosure of a subject's data, the earliest first. MUST see every append that has
    /// returned.
    async fn disclosures(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
    ) -> Result<Vec<LoggedDisclosure>, PortError>;
}

/// A disclosure, parsed.
#[derive(Debug)]
pub struct Disclose {
    /// Whose data.
    pub about: About,
    /// What, to whom, for what, where.
    pub asked: DisclosureAsked,
    /// When it happens.
    pub occurred_at: Timestamp,
    /// Who logs it.
    pub logged_by: String,
    /// The `Idempotency-Key`, or else the request's own id.
    pub key: String,
    /// When it is logged.
    pub at: Timestamp,
}

/// A disclosure that is allowed and logged.
#[derive(Debug, PartialEq, Eq)]
pub struct Logged {
    /// What stands in the log.
    pub disclosure: Disclosure,
    /// Whether this answers a retry.
    pub replayed: bool,
}

/// Why nothing was logged.
#[derive(Debug, thiserror::Error)]
pub enum DiscloseError {
    /// It must not be disclosed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The key was used for another disclosure.
    #[error("this Idempotency-Key was used for another disclosure")]
    KeyReused,
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Checks a disclosure as of when it happens, and logs it.
///
/// # Errors
/// [`DiscloseError`]; nothing is written then. What was logged once stays allowed: a retry answers it
/// even if the person has objected since.
pub async fn disclose<P: ConsentLedger + NoticeChanges + RequestLog + RecordStore + DisclosureLog + Keys>(
    policy: &Policy,
    ports: &P,
    form: Disclose,
) -> Result<Logged, DiscloseError> {
    let controller = &policy.controller;
    let keys = ports.controller(controller).await?;
    let (whose, permit) = match &form.about {
        About::Person(identifier) => {
            let subject = keys.pepper.subject(identifier);
            let standing = uses::standing(ports, controller, &subject, form.occurred_at).await?;
            let permit = disclosure::check(policy, &standing, &form.asked, form.occurred_at);
            (Whose::Person(subject), permit)
        }
        About::Total { people } => {
            (Whose::Total { people: *people }, disclosure::check_total(policy, &form.asked, *people))
        }
    };
    let id = keys.pepper.derive(&[whose.subject().map_or("", SubjectRef::as_str), &form.key]);
    let fingerprint = fingerprint(&keys.pepper, &whose, &form);
    let permit = match permit {
        Ok(permit) => permit,
        Err(denied) => {
            return match ports.disclosure(controller, whose.subject(), &id).await? {
                Some(first) if first.fingerprint == fingerprint => Ok(Logged { disclosure: first, replayed: true }),
                _ => Err(denied.into()),
            };
        }
    };
    let DisclosureAsked { recipient, categories, purpose, ground, onward_from, references, .. } = form.asked;
    let disclosure = Disclosure {
        id,
        whose,
        recipient,
        categories,
        purpose,
        ground,
        countries: permit.countries,
        mechanism: permit.mechanism,
        onward_from,
        references: references.keys().cloned().collect(),
        clause: permit.clause,
        policy: policy.hash.clone(),
        occurred_at: form.occurred_at,
        logged_at: form.at,
        logged_by: form.logged_by,
        fingerprint,
    };
    match ports.append_disclosure(controller, &disclosure, &references).await? {
        Appended::Fresh => Ok(Logged { disclosure, replayed: false }),
        Appended::Existing(first) if first.fingerprint == disclosure.fingerprint => {
            Ok(Logged { disclosure: first, replayed: true })
        }
        Appended::Existing(_) => Err(DiscloseError::KeyReused),
    }
}

/// What the form says, as a keyed hash: not who sent it or when.
fn fingerprint(pepper: &Pepper, whose: &Whose, form: &Disclose) -> Fingerprint {
    let asked = &form.asked;
    let people = match whose {
        Whose::Person(_) => String::new(),
        Whose::Total { people } => people.to_string(),
    };
    let categories = asked.categories.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let occurred_at = form.occurred_at.to_string();
    let mut parts = vec![
        people.as_str(),
        asked.recipient.as_str(),
        &categories,
        asked.purpose.as_str(),
        asked.ground.as_ref().map_or("", |ground| ground.as_str()),
        asked.country.as_ref().map_or("", |country| country.as_str()),
        asked.mechanism.map_or("", |mechanism| mechanism.as_str()),
        asked.onward_from.as_ref().map_or("", |holder| holder.as_str()),
        &occurred_at,
    ];
    for (name, text) in &asked.references {
        // Disclosed to the keyed hash only.
        parts.extend([name.as_str(), text.disclose().as_str()]);
    }
    pepper.derive(&parts)
}
