//! Whom an announcement concerns, the notices of single people, and where they can be written to.

use std::collections::BTreeSet;

use app::{
    announce::{Announcements, Contact, FoundPage, SCOPE_SEGMENTS},
    error::{Appended, PortError},
};
use aws_sdk_dynamodb::types::ReturnValue;
use domain::{
    announcement::{Announcement, Notice, NoticeState},
    ids::{ControllerId, Identifier, SubjectRef},
    language::Language,
    sensitive::Sensitive,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use wire::stored::breach::Notice as NoticeForm;

use super::{
    Item, Sorts, TABLE, Update, Updated,
    due::Cursor,
    form_of, item_of, key_of,
    keys::{CONSENTS, ItemKey, NOTICES, RequestPart, announcement_partition, subject_partition},
    records::content_of,
    requests::{address, identifier_of},
    text, time, unreadable,
};
use crate::{Cloud, failure::unavailable, keys::FieldKey};

/// Items that one page of a scan looks at.
const SCAN_ITEMS: i32 = 1_000;

/// Notices that are written at once.
const WRITES_AT_ONCE: usize = 8;

const NOTICE: &str = "a notice";

fn notice_of(item: Item) -> Result<Notice, PortError> {
    let ItemKey::Notice(_, of, subject) = key_of(&item)? else {
        return Err(PortError::corrupt(NOTICE, "its key is of something else"));
    };
    form_of::<NoticeForm>(NOTICE, item)?.into_notice(of, subject).map_err(unreadable(NOTICE))
}

impl Cloud {
    /// One page of one segment of the table: whose records and consents pass the filter, which names
    /// the attribute `kind` as `#kind`.
    pub(super) async fn found(
        &self,
        filter: String,
        values: Item,
        segment: u16,
        from: Option<&str>,
    ) -> Result<FoundPage, PortError> {
        let page = self
            .dynamodb()
            .scan()
            .table_name(self.table()?)
            .filter_expression(filter)
            .projection_expression("pk, sk")
            .expression_attribute_names("#kind", "kind")
            .set_expression_attribute_values(Some(values))
            .total_segments(i32::from(SCOPE_SEGMENTS))
            .segment(i32::from(segment))
            .limit(SCAN_ITEMS)
            .set_exclusive_start_key(from.map(Cursor::read).transpose()?)
            .send()
            .await
            .map_err(|error| unavailable(TABLE, &error))?;
        let mut subjects = BTreeSet::new();
        for item in page.items() {
            if let ItemKey::Record(_, subject, _) | ItemKey::Consent(_, subject, _) = key_of(item)? {
                subjects.insert(subject);
            }
        }
        Ok(FoundPage { subjects, next: page.last_evaluated_key.map(Cursor::write).transpose()? })
    }
}

impl Announcements for Cloud {
    async fn plan_notices(
        &self,
        controller: &ControllerId,
        of: &Announcement,
        subjects: &BTreeSet<SubjectRef>,
        at: Timestamp,
    ) -> Result<usize, PortError> {
        let writes = subjects.iter().map(async |subject| {
            let key = ItemKey::Notice(controller.clone(), of.clone(), subject.clone());
            let appended = self.put_new(item_of(&key, &NoticeForm::planned(at))?).await?;
            Ok::<_, PortError>(usize::from(matches!(appended, Appended::Fresh)))
        });
        stream::iter(writes).buffer_unordered(WRITES_AT_ONCE).try_fold(0, async |planned, new| Ok(planned + new)).await
    }

    async fn move_notice(
        &self,
        controller: &ControllerId,
        notice: &Notice,
        from: &[NoticeState],
        at: Timestamp,
    ) -> Result<Option<NoticeState>, PortError> {
        let key = ItemKey::Notice(controller.clone(), notice.of.clone(), notice.subject.clone());
        let mut update = Update::default().set("state", text(notice.state.as_str())).set("moved_at", time(at));
        for (n, state) in from.iter().enumerate() {
            update = update.with(&format!("from{n}"), text(state.as_str()));
        }
        let states = (0..from.len()).map(|n| format!(":from{n}")).collect::<Vec<_>>().join(", ");
        let condition = format!("#state IN ({states})");
        let before = match self.update(&key, update, &condition, ReturnValue::AllOld).await? {
            Updated::Done(item) => Some(item),
            Updated::Refused(item) => item,
        };
        before.map(|item| notice_of(item).map(|notice| notice.state)).transpose()
    }

    async fn notices(&self, controller: &ControllerId, of: &Announcement) -> Result<Vec<Notice>, PortError> {
        let items = self.query(announcement_partition(controller, of), Sorts::Under(NOTICES.to_owned())).await?;
        items.into_iter().map(notice_of).collect()
    }

    async fn contact(&self, controller: &ControllerId, subject: &SubjectRef) -> Result<Contact, PortError> {
        let Some(key) = self.subject_key(controller, subject).await? else { return Ok(Contact::default()) };
        let mut found = Contacts::default();
        // One reading of all that may tell: consents and requests name a language, records and requests who it is.
        let between = Sorts::Between(CONSENTS.to_owned(), REQUESTS_END.to_owned());
        for item in self.query(subject_partition(controller, subject), between).await? {
            found.take(&key, &item)?;
        }
        Ok(found.into_contact())
    }
}

/// Where the requests of a person end, which stand last of what is read.
const REQUESTS_END: &str = "REQUEST$";

/// How a person can be told, as it is found item by item.
#[derive(Default)]
struct Contacts {
    by_record: Option<Sensitive<String>>,
    by_request: Option<Sensitive<String>>,
    identifier: Option<Identifier>,
    /// The latest that names one which is spoken here, with its time.
    language: Option<(i64, Language)>,
}

impl Contacts {
    fn take(&mut self, key: &FieldKey, item: &Item) -> Result<(), PortError> {
        let item_key = key_of(item)?;
        let opened = |name: &str| -> Result<Option<Vec<u8>>, PortError> {
            match item.get(name).and_then(|value| value.as_b().ok()) {
                Some(sealed) => key.open(&item_key, sealed.as_ref()),
                None => Ok(None),
            }
        };
        match &item_key {
            ItemKey::Consent(..) => self.spoken(item, spoken_in(item).and_then(Language::of)),
            ItemKey::Record(..) if self.by_record.is_none() => {
                if let Some(plain) = opened("sealed")? {
                    let content = content_of(&zeroize::Zeroizing::new(plain))?;
                    self.by_record = content.mail();
                    self.known_by(content.identifier);
                }
            }
            ItemKey::Request(_, RequestPart::Received) => {
                // A request that names no language is one in English.
                self.spoken(item, spoken_in(item).map_or(Some(Language::English), Language::of));
                if self.by_request.is_none()
                    && let Some(plain) = opened("contact")?
                {
                    self.by_request = Some(address(plain)?);
                }
                if self.identifier.is_none()
                    && let Some(plain) = opened("who")?
                {
                    self.known_by(Some(identifier_of(&zeroize::Zeroizing::new(plain))?));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn spoken(&mut self, item: &Item, language: Option<Language>) {
        let at = item.get("at").and_then(|at| at.as_n().ok()).and_then(|at| at.parse().ok()).unwrap_or_default();
        self.language = self.language.max(language.map(|language| (at, language)));
    }

    fn known_by(&mut self, identifier: Option<Identifier>) {
        if self.identifier.is_none() {
            self.identifier = identifier.filter(|identifier| identifier.kind().reaches());
        }
    }

    fn into_contact(self) -> Contact {
        Contact {
            mail: self.by_record.or(self.by_request),
            identifier: self.identifier,
            language: self.language.map(|(_, language)| language),
        }
    }
}

fn spoken_in(item: &Item) -> Option<&str> {
    item.get("language").and_then(|tag| tag.as_s().ok()).map(String::as_str)
}
