//! The log of disclosures in memory.

use app::{
    disclose::{DisclosureLog, LoggedDisclosure},
    error::{Appended, PortError},
};
use domain::{
    breach::Trace,
    disclosure::{Disclosure, References},
    ids::{ControllerId, DisclosureId, SubjectRef},
};

use super::{Memory, Sealed, person};

/// A disclosure and the texts of its references, if it has any.
#[derive(Debug, Clone)]
pub(super) struct DisclosureItem {
    disclosure: Disclosure,
    references: Option<Sealed<References>>,
}

impl DisclosureItem {
    /// What it says to whoever looks for those that a breach reached.
    pub(super) fn trace(&self) -> Trace {
        let Disclosure { recipient, categories, purpose, occurred_at, .. } = &self.disclosure;
        Trace::Disclosure {
            recipient: recipient.clone(),
            categories: categories.clone(),
            purpose: purpose.clone(),
            at: *occurred_at,
        }
    }
}

/// Where a disclosure lies: a total under no subject.
pub(super) type Place = (ControllerId, Option<SubjectRef>, DisclosureId);

impl DisclosureLog for Memory {
    async fn append_disclosure(
        &self,
        controller: &ControllerId,
        disclosure: &Disclosure,
        references: &References,
    ) -> Result<Appended<Disclosure>, PortError> {
        let mut state = self.call()?;
        let subject = disclosure.whose.subject();
        let place = (controller.clone(), subject.cloned(), disclosure.id.clone());
        if let Some(first) = state.disclosures.get(&place) {
            return Ok(Appended::Existing(first.disclosure.clone()));
        }
        let references = subject.filter(|_| !references.is_empty()).map(|subject| Sealed {
            key: state.key(&person(controller, subject), disclosure.logged_at),
            plain: references.clone(),
        });
        state.disclosures.insert(place, DisclosureItem { disclosure: disclosure.clone(), references });
        Ok(Appended::Fresh)
    }

    async fn disclosure(
        &self,
        controller: &ControllerId,
        subject: Option<&SubjectRef>,
        disclosure: &DisclosureId,
    ) -> Result<Option<Disclosure>, PortError> {
        let state = self.call()?;
        let item = state.disclosures.get(&(controller.clone(), subject.cloned(), disclosure.clone()));
        Ok(item.map(|item| item.disclosure.clone()))
    }

    async fn disclosures(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
    ) -> Result<Vec<LoggedDisclosure>, PortError> {
        let state = self.call()?;
        let person = person(controller, subject);
        let items =
            state.disclosures.iter().filter(|((whose, of, _), _)| whose == controller && of.as_ref() == Some(subject));
        let mut logged: Vec<_> = items
            .map(|(_, item)| LoggedDisclosure {
                disclosure: item.disclosure.clone(),
                references: match &item.references {
                    None => Some(References::new()),
                    Some(sealed) => state.open(&person, sealed),
                },
            })
            .collect();
        logged.sort_by(|a, b| {
            (a.disclosure.occurred_at, &a.disclosure.id).cmp(&(b.disclosure.occurred_at, &b.disclosure.id))
        });
        Ok(logged)
    }
}
