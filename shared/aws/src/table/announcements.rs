//! Whom an announcement concerns, the notices of single people, and where they can be written to.

use std::collections::{BTreeMap, BTreeSet};

use app::{
    announce::{Announcements, Contact, FoundPage, NOTICES_PAGE, NoticePage, SCOPE_SEGMENTS, Standing, StandingPage},
    error::PortError,
};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use domain::{
    announcement::{Announcement, Notice, NoticeCounts, NoticeState},
    ids::{ControllerId, Identifier, SubjectRef},
    language::Language,
    sensitive::Sensitive,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use wire::stored::{Kind, VERSION, breach::Notice as NoticeForm, count::NoticeTally};

use super::{
    Item, Sorts, TABLE, Update, Updated,
    due::Cursor,
    form_of, item_of, key_of,
    keys::{CONSENTS, ItemKey, NOTICES, RequestPart, TALLIES, announcement_partition, subject_partition},
    number,
    records::content_of,
    requests::{identifier_of, words_of},
    sealed::{Transacted, new_item, updated},
    text, time, unreadable,
};
use crate::{Cloud, failure::unavailable, keys::FieldKey};

/// Items that one page of a scan looks at.
const SCAN_ITEMS: i32 = 1_000;

/// Transactions that are written at once.
const WRITES_AT_ONCE: usize = 8;

/// Most notices that are planned in one transaction: DynamoDB takes 100 parts, and one of them is the tally.
const PLANNED_AT_ONCE: usize = 99;

/// Into how many shards of people the notices of an announcement are counted, so that those who tell beside each other
/// seldom meet at one tally.
const TALLY_SHARDS: u8 = 32;

/// How often a notice that somebody else moves meanwhile is looked at again.
const MOVES_MAX: usize = 5;

/// That a notice is counted by a tally. One that was planned before there were any is not.
const COUNTED: &str = "counted";

const NOTICE: &str = "a notice";

fn notice_of(item: Item) -> Result<Notice, PortError> {
    let ItemKey::Notice(_, of, subject) = key_of(&item)? else {
        return Err(PortError::corrupt(NOTICE, "its key is of something else"));
    };
    form_of::<NoticeForm>(NOTICE, item)?.into_notice(of, subject).map_err(unreadable(NOTICE))
}

fn standing_of(item: Item) -> Result<(SubjectRef, Standing), PortError> {
    let ItemKey::Notice(.., subject) = key_of(&item)? else {
        return Err(PortError::corrupt(NOTICE, "its key is of something else"));
    };
    let form = form_of::<NoticeForm>(NOTICE, item)?;
    let (state, since, sends) = form.standing().map_err(unreadable(NOTICE))?;
    Ok((subject, Standing { state, since, sends }))
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

/// A change of a tally: the notices of that shard that left a state and came into another.
fn tallied(
    table: &str,
    (controller, of, shard): (&ControllerId, &Announcement, u8),
    changes: &[(NoticeState, i64)],
) -> Result<TransactWriteItem, PortError> {
    let begun = Update::default().set("v", number(VERSION)).set("kind", text(Kind::Tally.as_str()));
    let name = |state: NoticeState| state.as_str().replace('-', "_");
    let update = changes.iter().fold(begun, |update, (state, by)| update.add(&name(*state), number(by)));
    updated(
        table,
        &ItemKey::Tally(controller.clone(), of.clone(), shard),
        update,
        "attribute_not_exists(#v) OR #v = :v",
    )
}

impl Cloud {
    /// Plans notices of one shard, and counts them, in one transaction; answers how many are new.
    async fn plan_some(
        &self,
        controller: &ControllerId,
        of: &Announcement,
        shard: u8,
        subjects: &[&SubjectRef],
        at: Timestamp,
    ) -> Result<usize, PortError> {
        let table = self.table()?;
        let mut items = Vec::new();
        for subject in subjects {
            let key = ItemKey::Notice(controller.clone(), of.clone(), (*subject).clone());
            let mut item = item_of(&key, &NoticeForm::planned(at))?;
            item.insert(COUNTED.to_owned(), AttributeValue::Bool(true));
            items.push(item);
        }
        while !items.is_empty() {
            let planned = i64::try_from(items.len()).unwrap_or(i64::MAX);
            let mut parts = items.iter().map(|item| new_item(table, item.clone())).collect::<Result<Vec<_>, _>>()?;
            parts.push(tallied(table, (controller, of, shard), &[(NoticeState::Planned, planned)])?);
            match self.transact(parts).await? {
                Transacted::Done => return Ok(items.len()),
                Transacted::Refused(refused) => {
                    // Who stands is planned, or told. The rest is tried without them.
                    let before = items.len();
                    let mut stands = refused.iter().map(Option::is_some);
                    items.retain(|_| !stands.next().unwrap_or_default());
                    if items.len() == before {
                        return Err(PortError::corrupt("a tally", "it is of another form"));
                    }
                }
            }
        }
        Ok(0)
    }

    /// Moves a counted notice on from that state, and counts it there, in one transaction, with what else changes if
    /// that holds as well. `None`: it is moved; else what stands there, which is empty if nothing does.
    async fn moved(
        &self,
        controller: &ControllerId,
        notice: &Notice,
        from: NoticeState,
        at: Timestamp,
        (more, also): (Update, &str),
    ) -> Result<Option<Item>, PortError> {
        let key = ItemKey::Notice(controller.clone(), notice.of.clone(), notice.subject.clone());
        let update = more
            .set("state", text(notice.state.as_str()))
            .set("moved_at", time(at))
            .set(COUNTED, AttributeValue::Bool(true))
            .with("from", text(from.as_str()));
        let condition = format!("#state = :from AND #counted = :counted{also}");
        let condition = condition.as_str();
        if from == notice.state {
            // It stays where it is counted.
            return Ok(match self.update(&key, update, condition, ReturnValue::None).await? {
                Updated::Done(_) => None,
                Updated::Refused(stands) => Some(stands.unwrap_or_default()),
            });
        }
        let table = self.table()?;
        let mut part = updated(table, &key, update, condition)?;
        if let Some(update) = &mut part.update {
            update.return_values_on_condition_check_failure = Some(ReturnValuesOnConditionCheckFailure::AllOld);
        }
        let shard = notice.subject.shard(TALLY_SHARDS);
        let tally = tallied(table, (controller, &notice.of, shard), &[(from, -1), (notice.state, 1)])?;
        match self.transact(vec![part, tally]).await? {
            Transacted::Done => Ok(None),
            Transacted::Refused(refused) => match refused.into_iter().next().flatten() {
                Some(stands) => Ok(Some(stands)),
                None => Err(PortError::corrupt("a tally", "it is of another form")),
            },
        }
    }

    /// Claims a notice that was planned before there were tallies.
    async fn claim_uncounted(
        &self,
        controller: &ControllerId,
        claimed: &Notice,
        doubted_until: Timestamp,
        at: Timestamp,
    ) -> Result<Option<Standing>, PortError> {
        let key = ItemKey::Notice(controller.clone(), claimed.of.clone(), claimed.subject.clone());
        let update = Update::default()
            .set("state", text(claimed.state.as_str()))
            .set("moved_at", time(at))
            .add("sends", number(1))
            .with("planned", text(NoticeState::Planned.as_str()))
            .with("doubted", time(doubted_until));
        // What is set to is what is compared with: a claim of somebody else that is in doubt.
        let free = "#state = :planned OR (#state = :state AND #moved_at <= :doubted)";
        let before = match self.update(&key, update, free, ReturnValue::AllOld).await? {
            Updated::Done(item) => Some(item),
            Updated::Refused(item) => item,
        };
        before.map(|item| standing_of(item).map(|(_, standing)| standing)).transpose()
    }

    /// Moves a notice on that was planned before there were tallies.
    async fn move_uncounted(
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
}

impl Announcements for Cloud {
    async fn plan_notices(
        &self,
        controller: &ControllerId,
        of: &Announcement,
        subjects: &BTreeSet<SubjectRef>,
        at: Timestamp,
    ) -> Result<usize, PortError> {
        let mut shards: BTreeMap<u8, Vec<&SubjectRef>> = BTreeMap::new();
        for subject in subjects {
            shards.entry(subject.shard(TALLY_SHARDS)).or_default().push(subject);
        }
        let slices =
            shards.iter().flat_map(|(shard, people)| people.chunks(PLANNED_AT_ONCE).map(move |some| (shard, some)));
        let writes = slices.map(|(shard, some)| self.plan_some(controller, of, *shard, some, at));
        stream::iter(writes).buffer_unordered(WRITES_AT_ONCE).try_fold(0, async |planned, new| Ok(planned + new)).await
    }

    async fn move_notice(
        &self,
        controller: &ControllerId,
        notice: &Notice,
        from: &[NoticeState],
        at: Timestamp,
    ) -> Result<Option<NoticeState>, PortError> {
        let mut seen = from.first().copied().unwrap_or(notice.state);
        for _ in 0..MOVES_MAX {
            let stands = match self.moved(controller, notice, seen, at, (Update::default(), "")).await? {
                None => return Ok(Some(seen)),
                Some(stands) if stands.is_empty() => return Ok(None),
                Some(stands) => stands,
            };
            let is_counted = stands.contains_key(COUNTED);
            let state = notice_of(stands)?.state;
            if !from.contains(&state) {
                return Ok(Some(state));
            }
            if !is_counted {
                return self.move_uncounted(controller, notice, from, at).await;
            }
            seen = state;
        }
        Err(PortError::Conflict { what: NOTICE })
    }

    async fn counts(&self, controller: &ControllerId, of: &Announcement) -> Result<NoticeCounts, PortError> {
        let items = self.query(announcement_partition(controller, of), Sorts::Under(TALLIES.to_owned())).await?;
        if items.is_empty() {
            // Nobody was found, or they were before there were tallies.
            let notices = self.notices(controller, of).await?;
            return Ok(NoticeCounts::of(notices.iter().map(|notice| notice.state)));
        }
        let mut counts = NoticeCounts::default();
        for item in items {
            form_of::<NoticeTally>(NOTICE, item)?.add_to(&mut counts);
        }
        Ok(counts)
    }

    async fn notice_page(
        &self,
        controller: &ControllerId,
        of: &Announcement,
        after: Option<&SubjectRef>,
    ) -> Result<NoticePage, PortError> {
        let place = |subject: &SubjectRef| ItemKey::Notice(controller.clone(), of.clone(), subject.clone());
        let from = after.map(|after| {
            let key = place(after);
            Item::from([("pk".to_owned(), text(key.pk())), ("sk".to_owned(), text(key.sk()))])
        });
        let page = self
            .dynamodb()
            .query()
            .table_name(self.table()?)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :notices)")
            .expression_attribute_values(":pk", text(announcement_partition(controller, of)))
            .expression_attribute_values(":notices", text(NOTICES))
            .limit(i32::try_from(NOTICES_PAGE).unwrap_or(i32::MAX))
            .set_exclusive_start_key(from)
            .send()
            .await
            .map_err(|error| unavailable(TABLE, &error))?;
        let has_more = page.last_evaluated_key.is_some();
        let notices = page.items.unwrap_or_default().into_iter().map(notice_of).collect::<Result<Vec<_>, _>>()?;
        let next = notices.last().filter(|_| has_more).map(|notice| notice.subject.clone());
        Ok(NoticePage { notices, next })
    }

    async fn claim_notice(
        &self,
        controller: &ControllerId,
        of: &Announcement,
        subject: &SubjectRef,
        doubted_until: Timestamp,
        at: Timestamp,
    ) -> Result<Option<Standing>, PortError> {
        let claimed = Notice { of: of.clone(), subject: subject.clone(), state: NoticeState::Claimed };
        // Nearly every notice is planned: it isn't read before.
        let mut before = Standing { state: NoticeState::Planned, since: at, sends: 0 };
        for _ in 0..MOVES_MAX {
            let begun = Update::default().add("sends", number(1));
            // A claim of somebody else that is in doubt is taken over as it was seen. A claim that was given back may
            // have left an earlier send in doubt, which counts.
            let how = match before.state {
                NoticeState::Claimed => (begun.with("since", time(before.since)), " AND #moved_at = :since"),
                _ => {
                    let known = begun.with("known", number(before.sends));
                    (known, " AND (attribute_not_exists(#sends) OR #sends = :known)")
                }
            };
            let stands = match self.moved(controller, &claimed, before.state, at, how).await? {
                None => return Ok(Some(before)),
                Some(stands) if stands.is_empty() => return Ok(None),
                Some(stands) => stands,
            };
            let is_counted = stands.contains_key(COUNTED);
            let (_, standing) = standing_of(stands)?;
            if !standing.is_free(doubted_until) {
                return Ok(Some(standing));
            }
            if !is_counted {
                return self.claim_uncounted(controller, &claimed, doubted_until, at).await;
            }
            before = standing;
        }
        Err(PortError::Conflict { what: NOTICE })
    }

    async fn return_notice(
        &self,
        controller: &ControllerId,
        of: &Announcement,
        subject: &SubjectRef,
        claimed_at: Timestamp,
        at: Timestamp,
    ) -> Result<(), PortError> {
        let planned = Notice { of: of.clone(), subject: subject.clone(), state: NoticeState::Planned };
        let back = || Update::default().add("sends", number(-1)).with("claimed_at", time(claimed_at));
        let mine = " AND #moved_at = :claimed_at";
        let stands = self.moved(controller, &planned, NoticeState::Claimed, at, (back(), mine)).await?;
        if stands.is_some_and(|item| !item.is_empty() && !item.contains_key(COUNTED)) {
            let key = ItemKey::Notice(controller.clone(), planned.of, planned.subject);
            let update = back()
                .set("state", text(NoticeState::Planned.as_str()))
                .set("moved_at", time(at))
                .with("claimed", text(NoticeState::Claimed.as_str()));
            let condition = "#state = :claimed AND #moved_at = :claimed_at";
            self.update(&key, update, condition, ReturnValue::None).await?;
        }
        Ok(())
    }

    async fn notice_standings(
        &self,
        controller: &ControllerId,
        of: &Announcement,
        from: Option<&str>,
    ) -> Result<StandingPage, PortError> {
        let page = self
            .dynamodb()
            .query()
            .table_name(self.table()?)
            .key_condition_expression("pk = :pk AND begins_with(sk, :low)")
            .expression_attribute_values(":pk", text(announcement_partition(controller, of)))
            .expression_attribute_values(":low", text(NOTICES))
            .set_exclusive_start_key(from.map(Cursor::read).transpose()?)
            .send()
            .await
            .map_err(|error| unavailable(TABLE, &error))?;
        let rows = page.items.unwrap_or_default().into_iter().map(standing_of).collect::<Result<_, _>>()?;
        Ok(StandingPage { rows, next: page.last_evaluated_key.map(Cursor::write).transpose()? })
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
                    self.by_request = Some(words_of(plain)?);
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
