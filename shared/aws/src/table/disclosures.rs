//! The log of disclosures.

use app::{
    disclose::{DisclosureLog, LoggedDisclosure},
    error::{Appended, PortError},
};
use domain::{
    disclosure::{Disclosure, References},
    ids::{ControllerId, DisclosureId, SubjectRef},
};
use wire::stored::{
    Bytes,
    disclosure::{Disclosure as StoredDisclosure, ReferenceTexts},
};
use zeroize::Zeroizing;

use super::{
    Item, Sorts, form_of, item_of, key_of,
    keys::{DISCLOSURES, ItemKey, subject_partition},
    unreadable,
};
use crate::{Cloud, keys::FieldKey};

const WHAT: &str = "a disclosure";

fn key(controller: &ControllerId, subject: Option<&SubjectRef>, disclosure: &DisclosureId) -> ItemKey {
    ItemKey::Disclosure(controller.clone(), subject.cloned(), disclosure.clone())
}

fn disclosure_of(item: Item) -> Result<Disclosure, PortError> {
    let ItemKey::Disclosure(_, subject, disclosure) = key_of(&item)? else {
        return Err(PortError::corrupt(WHAT, "its key is of something else"));
    };
    form_of::<StoredDisclosure>(WHAT, item)?.into_disclosure(subject, disclosure).map_err(unreadable(WHAT))
}

/// Opens the texts of references; `None` if the key that sealed them is gone.
fn opened(key: Option<&FieldKey>, item_key: &ItemKey, sealed: &[u8]) -> Result<Option<References>, PortError> {
    let Some(plain) = key.map(|key| key.open(item_key, sealed)).transpose()?.flatten() else { return Ok(None) };
    // The reader's own error can quote a text.
    let texts: ReferenceTexts = serde_json::from_slice(&Zeroizing::new(plain))
        .map_err(|_| PortError::corrupt(WHAT, "its references are not of their form"))?;
    texts.into_references().map(Some).map_err(unreadable(WHAT))
}

impl DisclosureLog for Cloud {
    async fn append_disclosure(
        &self,
        controller: &ControllerId,
        disclosure: &Disclosure,
        references: &References,
    ) -> Result<Appended<Disclosure>, PortError> {
        let subject = disclosure.whose.subject();
        let key = key(controller, subject, &disclosure.id);
        let form = StoredDisclosure::from(disclosure);
        // A disclosure without references needs no key and makes none.
        let appended = match subject.filter(|_| !references.is_empty()) {
            None => self.put_new(item_of(&key, &form)?).await?,
            Some(subject) => {
                let plain = serde_json::to_vec(&ReferenceTexts::new(references))
                    .map_err(|_| PortError::corrupt(WHAT, "its references cannot be written"))?;
                let plain = Zeroizing::new(plain);
                let write = async |field_key: &FieldKey| {
                    let sealed = Some(Bytes(field_key.seal(&key, &plain)?));
                    let form = StoredDisclosure { sealed, ..form.clone() };
                    self.put_new_under(field_key, item_of(&key, &form)?).await
                };
                self.write_under(controller, subject, disclosure.logged_at, write).await?
            }
        };
        match appended {
            Appended::Fresh => Ok(Appended::Fresh),
            Appended::Existing(item) => disclosure_of(item).map(Appended::Existing),
        }
    }

    async fn disclosure(
        &self,
        controller: &ControllerId,
        subject: Option<&SubjectRef>,
        disclosure: &DisclosureId,
    ) -> Result<Option<Disclosure>, PortError> {
        self.get(&key(controller, subject, disclosure)).await?.map(disclosure_of).transpose()
    }

    async fn disclosures(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
    ) -> Result<Vec<LoggedDisclosure>, PortError> {
        let items = self.query(subject_partition(controller, subject), Sorts::Under(DISCLOSURES.to_owned())).await?;
        let any_sealed = items.iter().any(|item| item.contains_key("sealed"));
        let subject_key = if any_sealed { self.subject_key(controller, subject).await? } else { None };
        let mut logged = Vec::with_capacity(items.len());
        for item in items {
            let references = match item.get("sealed") {
                None => Some(References::new()),
                Some(sealed) => {
                    let sealed =
                        sealed.as_b().map_err(|_| PortError::corrupt(WHAT, "its references are not sealed"))?;
                    opened(subject_key.as_ref(), &key_of(&item)?, sealed.as_ref())?
                }
            };
            logged.push(LoggedDisclosure { disclosure: disclosure_of(item)?, references });
        }
        logged.sort_by(|a, b| {
            (a.disclosure.occurred_at, &a.disclosure.id).cmp(&(b.disclosure.occurred_at, &b.disclosure.id))
        });
        Ok(logged)
    }
}
