//! Telling many people, as its messages come through a queue: find whom, hand the rest on, tell.

use app::{
    announce::SCOPE_SEGMENTS,
    error::PortError,
    queues::{Later, Outbox, Queue},
    telling::{Because, DOUBT, Sender, Told},
};
use domain::ids::SubjectRef;
use jiff::SignedDuration;
use wire::message::{AnnouncementStep, SCOPE_HOPS_MAX, TELL_SUBJECTS_MAX};

use crate::{
    clock::{self, Stage},
    queue::Verdict,
    telemetry::{Unit, metric},
};

/// What one more person may take of a function's time: their turn, the reads, the mail.
const PERSON: SignedDuration = SignedDuration::from_secs(20);

/// How long a message waits about whom something failed.
const FAILED_SECONDS: i64 = 60;

/// How long a send in doubt waits where years pass in milliseconds.
const LOCAL_DOUBT: SignedDuration = SignedDuration::from_secs(30);

/// How long a send in doubt waits for the mail service's word at this stage.
pub fn doubt() -> SignedDuration {
    if Stage::from_env() == Stage::Local { LOCAL_DOUBT } else { DOUBT }
}

/// Carries out a scan for the people whom an announcement concerns, from one segment or from all of them.
///
/// `scope` reads pages of a segment from there and answers where the rest begins; `hand_on` sends the
/// message that goes on with it. That message can be derived again from what is stored, so a lost one
/// is made anew when its own comes back.
///
/// # Errors
/// [`Verdict`]: a scan that was handed on too often, or what the parts themselves fail with.
pub async fn scan(
    at: Option<(u16, String, u32)>,
    scope: impl AsyncFn(u16, Option<String>) -> Result<Option<String>, PortError>,
    hand_on: impl AsyncFn(AnnouncementStep) -> Result<(), Verdict>,
) -> Result<(), Verdict> {
    let starts: Vec<(u16, Option<String>, u32)> = match at {
        None => (0..SCOPE_SEGMENTS).map(|segment| (segment, None, 0)).collect(),
        Some((segment, from, hop)) => vec![(segment, Some(from), hop_of(hop)?)],
    };
    for (segment, from, hop) in starts {
        if let Some(from) = scope(segment, from).await? {
            hand_on(AnnouncementStep::Continue { segment, from, hop: hop + 1 }).await?;
        }
    }
    Ok(())
}

/// How often a message was handed on.
///
/// # Errors
/// [`Verdict`] if that was too often.
pub fn hop_of(hop: u32) -> Result<u32, Verdict> {
    if hop >= SCOPE_HOPS_MAX {
        return Err(Verdict::poison("the scan for an announcement was handed on too often"));
    }
    Ok(hop)
}

/// Tells the people of one message. Whoever is told later comes in a message of their own; so does each at whom
/// something failed, who then waits alone and goes to the dead-letter queue alone.
///
/// # Errors
/// [`Verdict`]: a reference that cannot be read, a queue that does not take what is left, or the first failure where
/// it happened at everybody.
pub async fn tell<P: Outbox + Later>(
    ports: &P,
    queue: Queue,
    (subjects, tries): (&[String], u32),
    body: impl Fn(AnnouncementStep) -> Result<String, Verdict>,
    tell: impl AsyncFn(&[SubjectRef], &Sender<'_>) -> Result<Told, PortError>,
) -> Result<(), Verdict> {
    let parsed = subjects.iter().map(|subject| SubjectRef::parse(subject)).collect::<Result<Vec<_>, _>>();
    let people = parsed.map_err(|_| Verdict::poison("a subject reference cannot be read"))?;
    let has_time = || clock::has_left(PERSON);
    let told = tell(&people, &Sender { doubt: doubt(), now: &clock::now, has_time: &has_time, tries }).await?;
    count(&told);
    follow(ports, queue, &people, tries, told, body).await
}

/// Sends what follows from how a message went.
///
/// # Errors
/// As [`tell`].
pub async fn follow<P: Outbox + Later>(
    ports: &P,
    queue: Queue,
    people: &[SubjectRef],
    tries: u32,
    told: Told,
    body: impl Fn(AnnouncementStep) -> Result<String, Verdict>,
) -> Result<(), Verdict> {
    if told.failed.len() == people.len()
        && let Some(error) = told.error
    {
        return Err(error.into());
    }
    for put_off in told.put_off {
        let subjects = put_off.subjects.iter().map(ToString::to_string).collect();
        let tries = if put_off.because == Because::TooFast { tries.saturating_add(1) } else { 0 };
        let body = body(AnnouncementStep::Tell { subjects, tries })?;
        ports.send_later(queue, body, put_off.seconds).await?;
    }
    for subject in told.failed {
        let body = body(AnnouncementStep::tell(vec![subject.to_string()]))?;
        ports.send_later(queue, body, FAILED_SECONDS).await?;
    }
    Ok(())
}

/// Sends people to be told, as many to a message as it takes.
///
/// # Errors
/// [`Verdict`] if the queue did not take all of them.
pub async fn send_all<P: Outbox>(
    ports: &P,
    queue: Queue,
    people: &[SubjectRef],
    body: impl Fn(AnnouncementStep) -> Result<String, Verdict>,
) -> Result<(), Verdict> {
    if people.is_empty() {
        return Ok(());
    }
    let messages = people.chunks(TELL_SUBJECTS_MAX);
    let messages = messages.map(|some| body(AnnouncementStep::tell(some.iter().map(ToString::to_string).collect())));
    Ok(ports.send(queue, messages.collect::<Result<_, _>>()?).await?)
}

/// Says in numbers what an operator looks at while many people are told.
fn count(told: &Told) {
    let put_off = |because: Because| told.put_off.iter().filter(move |put_off| put_off.because == because);
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    for (name, count) in [
        ("NoticesSent", told.sent),
        ("NoticesSentAgain", told.sent_again),
        ("NoticesInDoubt", put_off(Because::InDoubt).map(|put_off| put_off.subjects.len()).sum()),
        ("NoticesTooFast", put_off(Because::TooFast).count()),
        ("NoticesDayFull", put_off(Because::DayFull).count()),
        ("NoticesFailed", told.failed.len()),
    ] {
        if count > 0 {
            metric(name, number(count), Unit::Count, &[]);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use app::telling::PutOff;

    use super::*;

    #[derive(Default)]
    struct Queues {
        later: RefCell<Vec<(String, i64)>>,
        now: RefCell<Vec<String>>,
    }

    impl Outbox for Queues {
        async fn send(&self, _: Queue, bodies: Vec<String>) -> Result<(), PortError> {
            self.now.borrow_mut().extend(bodies);
            Ok(())
        }
    }

    impl Later for Queues {
        async fn send_later(&self, _: Queue, body: String, seconds: i64) -> Result<(), PortError> {
            self.later.borrow_mut().push((body, seconds));
            Ok(())
        }
    }

    fn people(count: usize) -> Vec<SubjectRef> {
        (0..count).map(|n| SubjectRef::parse(&format!("1.{n:022}")).unwrap()).collect()
    }

    fn body(step: AnnouncementStep) -> Result<String, Verdict> {
        Ok(match step {
            AnnouncementStep::Tell { subjects, tries } => {
                let numbers: Vec<_> = subjects.iter().map(|subject| subject[2..].trim_start_matches('0')).collect();
                format!("{} after {tries}", numbers.join(" "))
            }
            other => panic!("{other:?}"),
        })
    }

    fn unavailable() -> Option<PortError> {
        Some(PortError::unavailable("the mail service", "it is away"))
    }

    #[tokio::test]
    async fn whom_something_fails_at_waits_alone_and_the_others_in_messages_of_their_own() {
        let (queues, people) = (Queues::default(), people(9));
        let put_off = |range: std::ops::Range<usize>, seconds, because| PutOff {
            subjects: people[range].to_vec(),
            seconds,
            because,
        };
        let told = Told {
            failed: vec![people[1].clone(), people[2].clone()],
            error: unavailable(),
            put_off: vec![put_off(3..4, 600, Because::InDoubt), put_off(5..9, 31, Because::TooFast)],
            ..Told::default()
        };
        follow(&queues, Queue::Breach, &people, 2, told, body).await.unwrap();
        let expected = [("3 after 0", 600), ("5 6 7 8 after 3", 31), ("1 after 0", 60), ("2 after 0", 60)];
        let later = queues.later.borrow();
        assert_eq!(later.iter().map(|(body, seconds)| (body.as_str(), *seconds)).collect::<Vec<_>>(), expected);
    }

    #[tokio::test]
    async fn what_fails_at_everybody_comes_again_as_it_is_and_ends_among_the_dead_letters() {
        let queues = Queues::default();
        for count in [1, 3] {
            let people = people(count);
            let told = Told { failed: people.clone(), error: unavailable(), ..Told::default() };
            let verdict = follow(&queues, Queue::Breach, &people, 0, told, body).await;
            assert!(matches!(verdict, Err(Verdict::Retry(_))), "{verdict:?}");
        }
        assert!(queues.later.borrow().is_empty());
    }

    #[tokio::test]
    async fn whoever_is_told_again_is_sent_as_many_to_a_message_as_it_takes() {
        let queues = Queues::default();
        send_all(&queues, Queue::Breach, &[], body).await.unwrap();
        send_all(&queues, Queue::Breach, &people(2 * TELL_SUBJECTS_MAX + 1), body).await.unwrap();
        assert_eq!(queues.now.borrow().len(), 3);
    }
}
