//! What people are told of one by one, the versions of the notice, and attestations.

use std::collections::{BTreeMap, BTreeSet};

use app::{
    announce::{Announcements, Contact, FoundPage, NOTICES_PAGE, NoticePage, Standing, StandingPage},
    attest::Attestations,
    error::{Appended, PortError},
    notice_change::{ChangeStore, NoticeChanges},
    told::{ToldNotice, ToldNotices},
};
use domain::{
    announcement::{Announcement, Notice, NoticeCounts, NoticeState},
    attestation::Attestation,
    ids::{AttestationId, BreachId, ChangeId, ControllerId, Fingerprint, SubjectRef},
    language::Language,
    notice::NoticeChange,
};
use jiff::Timestamp;

use super::{Memory, State, found, person};

/// Notices on one page: few, so that a test reads several.
const NOTICES_A_PAGE: usize = 7;

impl ToldNotices for Memory {
    async fn told_notice(
        &self,
        controller: &ControllerId,
        breach: &BreachId,
        subject: &SubjectRef,
    ) -> Result<Option<ToldNotice>, PortError> {
        let state = self.call()?;
        let place = (controller.clone(), Announcement::Breach(breach.clone()), subject.clone());
        Ok(state.notices.get(&place).map(|Standing { state, since, .. }| ToldNotice {
            state: *state,
            since: *since,
            salt: Some([7; 16]),
            content: format!(
                r#"{{"kind":{{"S":"notice"}},"moved_at":{{"N":"{}"}},"state":{{"S":"{}"}},"v":{{"N":"1"}}}}"#,
                since.as_millisecond(),
                state.as_str()
            ),
        }))
    }
}

impl Announcements for Memory {
    async fn plan_notices(
        &self,
        controller: &ControllerId,
        of: &Announcement,
        subjects: &BTreeSet<SubjectRef>,
        at: Timestamp,
    ) -> Result<usize, PortError> {
        let mut state = self.call()?;
        let mut planned = 0;
        for subject in subjects {
            let place = (controller.clone(), of.clone(), subject.clone());
            state.notices.entry(place).or_insert_with(|| {
                planned += 1;
                Standing { state: NoticeState::Planned, since: at, sends: 0 }
            });
        }
        Ok(planned)
    }

    async fn move_notice(
        &self,
        controller: &ControllerId,
        notice: &Notice,
        from: &[NoticeState],
        at: Timestamp,
    ) -> Result<Option<NoticeState>, PortError> {
        let mut state = self.call()?;
        let place = (controller.clone(), notice.of.clone(), notice.subject.clone());
        Ok(state.notices.get_mut(&place).map(|stands| {
            let before = stands.state;
            if from.contains(&before) {
                *stands = Standing { state: notice.state, since: at, ..*stands };
            }
            before
        }))
    }

    async fn counts(&self, controller: &ControllerId, of: &Announcement) -> Result<NoticeCounts, PortError> {
        let state = self.call()?;
        let notices = state.notices.iter().filter(|((whose, what, _), _)| whose == controller && what == of);
        Ok(NoticeCounts::of(notices.map(|(_, standing)| standing.state)))
    }

    async fn notice_page(
        &self,
        controller: &ControllerId,
        of: &Announcement,
        after: Option<&SubjectRef>,
    ) -> Result<NoticePage, PortError> {
        let state = self.call()?;
        let notices = state.notices.iter().filter(|((whose, what, _), _)| whose == controller && what == of);
        let notices = notices.filter(|((.., subject), _)| after.is_none_or(|after| subject > after));
        let mut notices: Vec<_> = notices
            .map(|((_, of, subject), stands)| Notice { of: of.clone(), subject: subject.clone(), state: stands.state })
            .take(NOTICES_PAGE + 1)
            .collect();
        let has_more = notices.len() > NOTICES_PAGE;
        notices.truncate(NOTICES_PAGE);
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
        let mut state = self.call()?;
        let place = (controller.clone(), of.clone(), subject.clone());
        Ok(state.notices.get_mut(&place).map(|stands| {
            let before = *stands;
            if before.is_free(doubted_until) {
                *stands = Standing { state: NoticeState::Claimed, since: at, sends: before.sends + 1 };
            }
            before
        }))
    }

    async fn return_notice(
        &self,
        controller: &ControllerId,
        of: &Announcement,
        subject: &SubjectRef,
        claimed_at: Timestamp,
        at: Timestamp,
    ) -> Result<(), PortError> {
        let mut state = self.call()?;
        let place = (controller.clone(), of.clone(), subject.clone());
        if let Some(stands) = state.notices.get_mut(&place)
            && (stands.state, stands.since) == (NoticeState::Claimed, claimed_at)
        {
            *stands = Standing { state: NoticeState::Planned, since: at, sends: stands.sends.saturating_sub(1) };
        }
        Ok(())
    }

    async fn notice_standings(
        &self,
        controller: &ControllerId,
        of: &Announcement,
        from: Option<&str>,
    ) -> Result<StandingPage, PortError> {
        let state = self.call()?;
        let notices = state.notices.iter().filter(|((whose, what, _), _)| whose == controller && what == of);
        let mut rows: Vec<_> = notices.map(|((.., subject), standing)| (subject.clone(), *standing)).collect();
        rows.retain(|(subject, _)| from.is_none_or(|from| subject.as_str() > from));
        let is_last = rows.len() <= NOTICES_A_PAGE;
        rows.truncate(NOTICES_A_PAGE);
        let next = rows.last().map(|(subject, _)| subject.to_string()).filter(|_| !is_last);
        Ok(StandingPage { rows, next })
    }

    async fn notices(&self, controller: &ControllerId, of: &Announcement) -> Result<Vec<Notice>, PortError> {
        let state = self.call()?;
        let notices = state.notices.iter().filter(|((whose, what, _), _)| whose == controller && what == of);
        Ok(notices
            .map(|((_, of, subject), state)| Notice { of: of.clone(), subject: subject.clone(), state: state.state })
            .collect())
    }

    async fn contact(&self, controller: &ControllerId, subject: &SubjectRef) -> Result<Contact, PortError> {
        let state = self.call()?;
        let person = person(controller, subject);
        if !state.subject_keys.contains_key(&person) {
            return Ok(Contact::default());
        }
        let records = state.records.iter().filter(|((whose, _), _)| *whose == person);
        let contents: Vec<_> = records.filter_map(|(_, item)| state.open(&person, &item.content)).collect();
        let requests: Vec<_> = state.requests.iter().filter(|((whose, _), _)| *whose == person).collect();
        let confided: Vec<_> = requests.iter().filter_map(|(_, items)| state.open(&person, &items.confided)).collect();
        let mail = contents.iter().find_map(|content| content.mail());
        let identifiers = contents.iter().filter_map(|content| content.identifier.clone());
        let identifiers = identifiers.chain(confided.iter().filter_map(|confided| confided.identifier.clone()));
        let asked = requests.iter().map(|(_, items)| (items.received.at, Some(items.received.language)));
        let consents = state.consents.get(&(controller.clone(), subject.clone())).into_iter().flatten();
        let chosen = consents.map(|(_, event)| (event.at, Language::of(&event.language)));
        let languages = asked.chain(chosen).filter_map(|(at, language)| Some((at, language?)));
        Ok(Contact {
            mail: mail.or_else(|| confided.iter().find_map(|confided| confided.contact.clone())),
            identifier: identifiers.into_iter().find(|identifier| identifier.kind().reaches()),
            language: languages.max().map(|(_, language)| language),
        })
    }
}

impl NoticeChanges for Memory {
    async fn changes(&self, controller: &ControllerId) -> Result<Vec<NoticeChange>, PortError> {
        let state = self.call()?;
        let changes = state.changes.iter().filter(|((whose, _), _)| whose == controller);
        let mut changes: Vec<_> = changes.map(|(_, (change, _))| change.clone()).collect();
        changes.sort_by(|a, b| (b.published_at, &b.id).cmp(&(a.published_at, &a.id)));
        Ok(changes)
    }
}

impl ChangeStore for Memory {
    async fn publish_change(
        &self,
        controller: &ControllerId,
        change: &NoticeChange,
        fingerprint: &Fingerprint,
    ) -> Result<Appended<(NoticeChange, Fingerprint)>, PortError> {
        let mut state = self.call()?;
        let place = (controller.clone(), change.id.clone());
        if let Some(first) = state.changes.get(&place) {
            return Ok(Appended::Existing(first.clone()));
        }
        state.changes.insert(place, (change.clone(), fingerprint.clone()));
        Ok(Appended::Fresh)
    }

    async fn change(
        &self,
        controller: &ControllerId,
        change: &ChangeId,
    ) -> Result<Option<(NoticeChange, Fingerprint)>, PortError> {
        let state = self.call()?;
        Ok(state.changes.get(&(controller.clone(), change.clone())).cloned())
    }

    async fn audience(
        &self,
        controller: &ControllerId,
        at: Timestamp,
        segment: u16,
        from: Option<&str>,
    ) -> Result<FoundPage, PortError> {
        let state = self.call()?;
        let consents = state.consents.iter().flat_map(|((whose, subject), events)| {
            events.keys().map(move |id| (format!("{whose} {subject} consent {id}"), subject, whose == controller))
        });
        let records = state.records.iter().map(|(((whose, subject), id), item)| {
            let is_kept = whose == controller && !item.record.is_expired(at);
            (format!("{whose} {subject} record {id}"), subject, is_kept)
        });
        Ok(found(consents.chain(records), segment, from))
    }
}

impl State {
    /// When the latest attestation of each statement lapses.
    pub(super) fn attested(&self) -> BTreeMap<(ControllerId, AttestationId), Timestamp> {
        let mut ends = BTreeMap::new();
        for ((controller, id, _), attestation) in &self.attestations {
            let end = ends.entry((controller.clone(), id.clone())).or_insert(attestation.valid_until);
            *end = attestation.valid_until.max(*end);
        }
        ends
    }
}

impl Attestations for Memory {
    async fn record_attestation(
        &self,
        controller: &ControllerId,
        attestation: &Attestation,
    ) -> Result<Appended<Attestation>, PortError> {
        let mut state = self.call()?;
        let place = (controller.clone(), attestation.id.clone(), attestation.attested_on);
        if let Some(first) = state.attestations.get(&place) {
            return Ok(Appended::Existing(first.clone()));
        }
        state.attestations.insert(place, attestation.clone());
        Ok(Appended::Fresh)
    }

    async fn attestations(&self, controller: &ControllerId) -> Result<Vec<Attestation>, PortError> {
        let state = self.call()?;
        let attestations = state.attestations.iter().filter(|((whose, ..), _)| whose == controller);
        Ok(attestations.map(|(_, attestation)| attestation.clone()).collect())
    }
}
