//! Carries the table's stream to the consumers' queues: references, packed many to a message, and
//! never anything personal.

use std::collections::BTreeMap;

use app::{
    queues::{Outbox, Queue},
    requests::RequestKey,
};
use aws::table::keys::{ItemKey, RequestPart};
use domain::{
    announcement::Announcement,
    ids::{BreachId, CaptureId, ControllerId, SubjectRef, SystemId},
    walk::Job,
};
use edge::{
    Event, Failure, Reply, site,
    stream::{Change, Record},
};
use jiff::Timestamp;
use wire::{
    message::{
        AnnouncementStep, BreachMessage, ChangeMessage, FulfilMessage, GuardianMessage, RecordsMessage,
        SubscriptionMessage, TELL_SUBJECTS_MAX, TaskMessage, VERSION, WithdrawnForm,
    },
    stored,
};

/// Most withdrawals in one message.
const WITHDRAWN_MAX: usize = 50;

/// Answers one event.
///
/// # Errors
/// [`Failure`] if the event is no stream batch, or nothing of it can be reported by number.
pub async fn handle<P: Outbox>(ports: &P, event: Event) -> Result<Reply, Failure> {
    let Event::Stream(batch) = event else { return Err(Failure::new("stream-relay reads the stream alone")) };
    let batch = batch.read()?;
    let Some(first) = batch.records.first().map(|record| record.sequence_number.clone()) else {
        return Ok(batch.unreadable_at.map_or_else(Reply::all_done, Reply::stopped_at));
    };
    // What cannot be read stops the batch there: Lambda comes back to it, bisects, and puts it into
    // the bucket of failures in the end. What stands before it goes out now.
    let mut sorted = Sorted::default();
    let mut stopped_at = batch.unreadable_at;
    for record in &batch.records {
        if let Err(failure) = sorted.take(record) {
            tracing::warn!(what = failure.what(), "a stream record is of no known form");
            stopped_at = Some(record.sequence_number.clone());
            break;
        }
    }
    for (queue, bodies) in sorted.messages()? {
        if let Err(error) = ports.send(queue, bodies).await {
            let failure = Failure::from(error);
            tracing::warn!(what = failure.what(), chain = failure.chain(), "a queue did not take its messages");
            // Consumers are idempotent, so the whole batch comes again.
            return Ok(Reply::stopped_at(first));
        }
    }
    Ok(stopped_at.map_or_else(Reply::all_done, Reply::stopped_at))
}

/// The records of a batch, by where they go.
#[derive(Debug, Default)]
struct Sorted {
    fulfil: Vec<FulfilMessage>,
    guardians: Vec<GuardianMessage>,
    subscriptions: Vec<SubscriptionMessage>,
    scope: Vec<BreachMessage>,
    publish: Vec<ChangeMessage>,
    tell: BTreeMap<(ControllerId, Announcement), (Timestamp, Vec<String>)>,
    withdrawn: BTreeMap<ControllerId, Vec<WithdrawnForm>>,
    tasks: Vec<TaskMessage>,
    walks: Vec<(ControllerId, Job, Timestamp)>,
}

impl Sorted {
    fn take(&mut self, record: &Record) -> Result<(), Failure> {
        let key =
            ItemKey::parse(&record.pk, &record.sk).map_err(Failure::because("a stream record has an unknown key"))?;
        match (record.change, key) {
            (Change::Insert, ItemKey::Consent(controller, subject, capture)) => {
                self.take_consent(controller, &subject, &capture, &image(record.new.as_ref())?)?;
            }
            (Change::Insert, ItemKey::Request(key, part)) => self.take_request(&key, &part, record)?,
            (Change::Insert, ItemKey::BreachEntry(controller, breach, _)) => {
                self.take_breach_entry(&controller, &breach, &image(record.new.as_ref())?)?;
            }
            (Change::Insert, ItemKey::Change(controller, change)) => {
                let form: stored::notice::Change = image(record.new.as_ref())?;
                if form.by_mail {
                    let at = time(form.published_at)?;
                    self.publish.push(ChangeMessage::new(&controller, &change, at, AnnouncementStep::Scope));
                }
            }
            (Change::Insert, ItemKey::Notice(controller, of, subject)) => {
                let form: stored::breach::Notice = image(record.new.as_ref())?;
                let at = time(form.planned_at)?;
                self.tell.entry((controller, of)).or_insert_with(|| (at, Vec::new())).1.push(subject.to_string());
            }
            // A mail came back: only what is public tells its person (GDPR Art. 34(3)(c)).
            (Change::Modify, ItemKey::Notice(controller, Announcement::Breach(breach), _)) => {
                let form: stored::breach::Notice = image(record.new.as_ref())?;
                if form.is_not_reached() {
                    let at = time(form.moved_at.unwrap_or(form.planned_at))?;
                    let step = AnnouncementStep::Public { is_needed: true };
                    self.scope.push(BreachMessage::new(&controller, &breach, at, step));
                }
            }
            // A hold that is nobody's own was placed: its mark goes to whatever it covers.
            (Change::Insert, ItemKey::Hold(controller, None, hold)) => {
                let form: stored::hold::Hold = image(record.new.as_ref())?;
                self.walks.push((controller, Job::BindHold(hold), time(form.opened_at)?));
            }
            (Change::Modify, ItemKey::Hold(controller, None, hold)) => {
                let before: stored::hold::Hold = image(record.old.as_ref())?;
                let form: stored::hold::Hold = image(record.new.as_ref())?;
                if let (None, Some(released_at)) = (before.released_at, form.released_at) {
                    self.walks.push((controller, Job::FreeHold(hold), time(released_at)?));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn take_consent(
        &mut self,
        controller: ControllerId,
        subject: &SubjectRef,
        capture: &CaptureId,
        form: &stored::consent::Consent,
    ) -> Result<(), Failure> {
        let at = time(form.at)?;
        if form.is_awaited() {
            self.guardians.push(GuardianMessage::new(&controller, subject, capture, at));
        }
        if form.is_to_confirm() {
            self.subscriptions.push(SubscriptionMessage::new(&controller, subject, capture, at));
        }
        let withdrawn = form.choices.iter().filter(|(_, choice)| *choice == "withdrawn");
        let mut forms = withdrawn.map(|(purpose, _)| WithdrawnForm {
            subject: subject.to_string(),
            purpose: purpose.clone(),
            at: at.to_string(),
        });
        // Most forms withdraw nothing.
        if let Some(first) = forms.next() {
            self.withdrawn.entry(controller).or_default().extend(std::iter::once(first).chain(forms));
        }
        Ok(())
    }

    fn take_request(&mut self, key: &RequestKey, part: &RequestPart, record: &Record) -> Result<(), Failure> {
        let new = record.new.as_ref();
        let at = match part {
            RequestPart::Received => image::<stored::request::Request>(new)?.at,
            RequestPart::Verified => image::<stored::request::Verified>(new)?.at,
            // Whatever happens to a request may leave something to do.
            RequestPart::Entry(_) => {
                let form = image::<stored::entry::Entry>(new)?;
                if let stored::entry::ActForm::TasksOpened { systems } = &form.act {
                    self.open_tasks(key, systems, time(form.at)?)?;
                }
                form.at
            }
            // A code was asked for.
            RequestPart::CodeAsked(_) => image::<stored::challenge::CodeAsked>(new)?.at,
            _ => return Ok(()),
        };
        self.fulfil.push(FulfilMessage::new(&key.controller, &key.subject, &key.request, time(at)?));
        Ok(())
    }

    fn take_breach_entry(
        &mut self,
        controller: &ControllerId,
        breach: &BreachId,
        form: &stored::breach::Entry,
    ) -> Result<(), Failure> {
        let at = time(form.at)?;
        let steps = [
            form.tells_each().then_some(AnnouncementStep::Scope),
            // What waited was dropped: whoever is not told is looked up again.
            form.resumes_telling().then(|| AnnouncementStep::look(true)),
            form.is_public().then_some(AnnouncementStep::Public { is_needed: false }),
        ];
        let message = |step| BreachMessage::new(controller, breach, at, step);
        self.scope.extend(steps.into_iter().flatten().map(message));
        Ok(())
    }

    /// One message for each system, so that each of them waits for itself alone.
    fn open_tasks(&mut self, key: &RequestKey, systems: &[String], at: Timestamp) -> Result<(), Failure> {
        for system in systems {
            let system = SystemId::parse(system).map_err(Failure::because("a task is for no system's name"))?;
            self.tasks.push(TaskMessage::new(&key.controller, &key.subject, &key.request, &system, at));
        }
        Ok(())
    }

    fn messages(self) -> Result<Vec<(Queue, Vec<String>)>, Failure> {
        let mut fulfil = bodies(&self.fulfil)?;
        fulfil.extend(bodies(&self.guardians)?);
        fulfil.extend(bodies(&self.subscriptions)?);
        let (mut breach, mut notice) = (bodies(&self.scope)?, bodies(&self.publish)?);
        for ((controller, of), (at, subjects)) in &self.tell {
            for subjects in subjects.chunks(TELL_SUBJECTS_MAX) {
                let step = AnnouncementStep::tell(subjects.to_vec());
                match of {
                    Announcement::Breach(id) => {
                        breach.push(site::body(&BreachMessage::new(controller, id, *at, step))?);
                    }
                    Announcement::Change(id) => {
                        notice.push(site::body(&ChangeMessage::new(controller, id, *at, step))?);
                    }
                }
            }
        }
        let mut records = Vec::new();
        for (controller, withdrawn) in &self.withdrawn {
            for withdrawn in withdrawn.chunks(WITHDRAWN_MAX) {
                let message = RecordsMessage {
                    v: VERSION,
                    controller: controller.to_string(),
                    events: Vec::new(),
                    withdrawn: withdrawn.to_vec(),
                    walk: None,
                };
                records.push(site::body(&message)?);
            }
        }
        for (controller, job, at) in &self.walks {
            records.push(site::body(&RecordsMessage::walk(controller, job, *at, None))?);
        }
        let queues = [
            (Queue::Fulfil, fulfil),
            (Queue::Breach, breach),
            (Queue::Notice, notice),
            (Queue::Records, records),
            (Queue::Tasks, bodies(&self.tasks)?),
        ];
        Ok(queues.into_iter().filter(|(_, bodies)| !bodies.is_empty()).collect())
    }
}

fn bodies<T: serde::Serialize>(messages: &[T]) -> Result<Vec<String>, Failure> {
    messages.iter().map(site::body).collect()
}

fn image<T: serde::de::DeserializeOwned>(image: Option<&edge::stream::Image>) -> Result<T, Failure> {
    image.ok_or(Failure::new("a stream record has no image"))?.read()
}

fn time(at: i64) -> Result<Timestamp, Failure> {
    Timestamp::from_millisecond(at).map_err(Failure::because("a stored time lies outside the calendar"))
}
