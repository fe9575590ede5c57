//! Telling people, message by message: claimed, sent, confirmed, each by themselves (correctness 19). What is in doubt
//! waits for the mail service's own word, what did not go out is given back, and nobody stands in another's way.

use domain::{
    announcement::{Announcement, Notice, NoticeState},
    ids::{ControllerId, SubjectRef},
    language::Language,
    sensitive::Sensitive,
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    announce::{Announcements, Contact, Standing},
    error::{NotTaken, PortError},
    mail::{Allowance, Mail, Mailer, SendPace, Turn},
};

/// How long a send in doubt waits for the mail service's word before the mail goes out again. Its events come within
/// seconds, and at most minutes when the service is behind.
pub const DOUBT: SignedDuration = SignedDuration::from_mins(15);

/// How long what came too fast waits at least, in seconds; twice as long each time.
const BACKOFF_SECONDS: i64 = 15;

/// How often that doubles: four minutes at most, before it is spread.
const BACKOFF_DOUBLINGS_MAX: u32 = 4;

/// How long people wait whose message ended since something else did not answer, in seconds.
const UNAVAILABLE_SECONDS: i64 = 60;

/// How long people wait once a day's mails are out, in seconds: each minute frees what went out a day before.
const DAY_FULL_SECONDS: i64 = 900;

/// After so many failures in a row it is not one person's data that is at fault.
const FAILURES_IN_A_ROW_MAX: usize = 3;

/// What goes on around one message.
pub struct Sender<'a> {
    /// How long a send in doubt waits for the mail service's word.
    pub doubt: SignedDuration,
    /// What time it is: a mail goes out when it does, whenever the event behind it happened.
    pub now: &'a dyn Fn() -> Timestamp,
    /// Whether there is time for one more person.
    pub has_time: &'a dyn Fn() -> bool,
    /// How often the message was too fast before.
    pub tries: u32,
}

impl std::fmt::Debug for Sender<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").field("doubt", &self.doubt).field("tries", &self.tries).finish_non_exhaustive()
    }
}

/// Why somebody is told later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// The function's time is up.
    NoTime,
    /// The mail service takes no more this second.
    TooFast,
    /// It takes no more today.
    DayFull,
    /// A send was begun, and nobody knows how it ended.
    InDoubt,
    /// Something did not answer.
    Unavailable,
}

/// People who are told later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutOff {
    /// Whom.
    pub subjects: Vec<SubjectRef>,
    /// In how many seconds.
    pub seconds: i64,
    /// Why.
    pub because: Because,
}

/// What became of the people of one message. Whoever is neither put off nor failed is done.
#[derive(Debug, Default)]
pub struct Told {
    /// How many mails went out.
    pub sent: usize,
    /// To how many of them one may have gone out before.
    pub sent_again: usize,
    /// Who is told later.
    pub put_off: Vec<PutOff>,
    /// At whom something failed; nobody waits for them.
    pub failed: Vec<SubjectRef>,
    /// What failed first.
    pub error: Option<PortError>,
}

impl Told {
    fn put_off(&mut self, subjects: &[SubjectRef], seconds: i64, because: Because) {
        if !subjects.is_empty() {
            self.put_off.push(PutOff { subjects: subjects.to_vec(), seconds, because });
        }
    }
}

/// How it went with one person.
enum One {
    /// They are done, or were.
    Done,
    /// A mail went out: again, perhaps.
    Sent { again: bool },
    /// It is in doubt for so many seconds more.
    InDoubt { seconds: i64 },
    /// Nobody more is told now.
    Stop(Because),
}

/// Tells people. `letter` writes to one of them; `otherwise` tells whom no mail can reach, and answers how.
///
/// Nothing of it fails as a whole: one person's failure is theirs, and the others go on.
pub async fn tell_each<P: Announcements + Mailer + SendPace>(
    ports: &P,
    (controller, of): (&ControllerId, &Announcement),
    subjects: &[SubjectRef],
    sender: &Sender<'_>,
    letter: impl Fn(&SubjectRef, Sensitive<String>, Option<Language>) -> Mail,
    otherwise: impl AsyncFn(&SubjectRef, &Contact) -> Result<NoticeState, PortError>,
) -> Told {
    let (mut told, mut in_a_row) = (Told::default(), 0);
    for (number, subject) in subjects.iter().enumerate() {
        let rest = subjects.get(number..).unwrap_or_default();
        if !(sender.has_time)() {
            told.put_off(rest, 0, Because::NoTime);
            break;
        }
        match tell(ports, (controller, of), subject, sender, &letter, &otherwise).await {
            Ok(One::Done) => in_a_row = 0,
            Ok(One::Sent { again }) => {
                in_a_row = 0;
                told.sent += 1;
                told.sent_again += usize::from(again);
            }
            Ok(One::InDoubt { seconds }) => told.put_off(std::slice::from_ref(subject), seconds, Because::InDoubt),
            Ok(One::Stop(because)) => {
                told.put_off(rest, pause(because, sender.tries, subject), because);
                break;
            }
            Err(error) => {
                in_a_row += 1;
                told.failed.push(subject.clone());
                told.error.get_or_insert(error);
                if in_a_row >= FAILURES_IN_A_ROW_MAX {
                    told.put_off(rest.get(1..).unwrap_or_default(), UNAVAILABLE_SECONDS, Because::Unavailable);
                    break;
                }
            }
        }
    }
    told
}

/// How long a message waits, spread by whom it is about, so that those that failed together do not come back together.
fn pause(because: Because, tries: u32, subject: &SubjectRef) -> i64 {
    let least = match because {
        Because::TooFast => BACKOFF_SECONDS << tries.min(BACKOFF_DOUBLINGS_MAX),
        Because::DayFull => return DAY_FULL_SECONDS,
        Because::NoTime | Because::InDoubt | Because::Unavailable => return UNAVAILABLE_SECONDS,
    };
    // FNV-1a: references that differ in one character are far apart.
    let mixed = subject
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |mixed, byte| (mixed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    least + i64::try_from(mixed % least.unsigned_abs().max(1)).unwrap_or_default()
}

async fn tell<P: Announcements + Mailer + SendPace>(
    ports: &P,
    (controller, of): (&ControllerId, &Announcement),
    subject: &SubjectRef,
    sender: &Sender<'_>,
    letter: impl Fn(&SubjectRef, Sensitive<String>, Option<Language>) -> Mail,
    otherwise: impl AsyncFn(&SubjectRef, &Contact) -> Result<NoticeState, PortError>,
) -> Result<One, PortError> {
    // All that can fail or wait comes before the claim: whatever ends between claim and send leaves a doubt.
    let mut contact = ports.contact(controller, subject).await?;
    let address = contact.mail.take();
    if address.is_some() && ports.turn().await? == Turn::DayFull {
        return Ok(One::Stop(Because::DayFull));
    }
    let at = (sender.now)();
    let before = match claim(ports, controller, of, subject, sender.doubt, at).await? {
        Claimed::Done(_) => return Ok(One::Done),
        Claimed::InDoubt { seconds } => return Ok(One::InDoubt { seconds }),
        Claimed::Open(before) => before,
    };
    let finish = async |state| confirm(ports, controller, of, subject, state, (sender.now)()).await;
    let told_otherwise = async || match otherwise(subject, &contact).await {
        Ok(state) => Ok(state),
        // Whatever took it takes it again under the same name: nobody waits in doubt.
        Err(error) => {
            ports.return_notice(controller, of, subject, at, (sender.now)()).await?;
            Err(error)
        }
    };
    let Some(address) = address else {
        finish(told_otherwise().await?).await?;
        return Ok(One::Done);
    };
    match ports.send(&letter(subject, address, contact.language)).await {
        Ok(()) => {
            finish(NoticeState::Sent).await?;
            Ok(One::Sent { again: before.sends > 0 })
        }
        Err(PortError::NotTaken { why: NotTaken::Address, .. }) => {
            // GDPR Art. 34(3)(c): whom no mail reaches, a public communication tells.
            let state = match told_otherwise().await? {
                NoticeState::WithoutAddress => NoticeState::NotReached,
                reached => reached,
            };
            finish(state).await?;
            Ok(One::Done)
        }
        Err(PortError::NotTaken { why, .. }) => {
            ports.return_notice(controller, of, subject, at, (sender.now)()).await?;
            Ok(One::Stop(if why == NotTaken::DayFull { Because::DayFull } else { Because::TooFast }))
        }
        // Whether it went out, nobody knows: it stays claimed.
        Err(error) => Err(error),
    }
}

/// What a claim on one person's notice finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// It is claimed; this is how it stood. Tell them, then confirm.
    Open(Standing),
    /// Somebody else began a send; it may be claimed in so many seconds if nothing is heard of it until then.
    InDoubt {
        /// In how many.
        seconds: i64,
    },
    /// They have been told.
    Done(NoticeState),
}

/// Claims one person's notice, for a send that follows at once.
///
/// # Errors
/// [`PortError`].
pub async fn claim<P: Announcements>(
    ports: &P,
    controller: &ControllerId,
    of: &Announcement,
    subject: &SubjectRef,
    doubt: SignedDuration,
    at: Timestamp,
) -> Result<Claimed, PortError> {
    let doubted_until = at.checked_sub(doubt).unwrap_or(Timestamp::MIN);
    let before = ports.claim_notice(controller, of, subject, doubted_until, at).await?;
    let before = before.ok_or_else(|| PortError::corrupt("notice", "it is not stored"))?;
    Ok(match before.state {
        _ if before.is_free(doubted_until) => Claimed::Open(before),
        NoticeState::Planned | NoticeState::Claimed => {
            Claimed::InDoubt { seconds: before.since.duration_since(doubted_until).as_secs().max(0) + 1 }
        }
        done => Claimed::Done(done),
    })
}

/// Confirms how a claimed notice ended. Whatever the mail service said of it meanwhile stands.
///
/// # Errors
/// [`PortError`]; the notice is in doubt then.
pub async fn confirm<P: Announcements>(
    ports: &P,
    controller: &ControllerId,
    of: &Announcement,
    subject: &SubjectRef,
    state: NoticeState,
    at: Timestamp,
) -> Result<(), PortError> {
    let notice = Notice { of: of.clone(), subject: subject.clone(), state };
    ports.move_notice(controller, &notice, &[NoticeState::Claimed], at).await.map(drop)
}

/// From when on a claim is in doubt: longer than any sender lives.
const IN_HAND: SignedDuration = SignedDuration::from_mins(2);

/// Over what time the rate is taken.
pub const LATELY: SignedDuration = SignedDuration::from_mins(10);

/// What a look at all notices of an announcement has seen so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// How many people are not told yet, as far as anybody knows.
    pub open: u64,
    /// How many of them are claimed by a sender who must be gone.
    pub in_doubt: u64,
    /// To how many people more than one send was begun: they may have been told twice.
    pub sent_again: u64,
    /// How many came to their end over the last [`LATELY`].
    pub lately: u64,
    /// When a notice last moved, or was planned.
    pub last_at: Option<Timestamp>,
}

impl Seen {
    /// Counts one more.
    pub fn add(&mut self, standing: &Standing, at: Timestamp) {
        let is_within = |time: SignedDuration| at.duration_since(standing.since) < time;
        let is_open = matches!(standing.state, NoticeState::Planned | NoticeState::Claimed);
        self.open += u64::from(is_open);
        self.in_doubt += u64::from(standing.state == NoticeState::Claimed && !is_within(IN_HAND));
        self.sent_again += u64::from(standing.sends > 1);
        self.lately += u64::from(!is_open && is_within(LATELY));
        self.last_at = self.last_at.max(Some(standing.since));
    }
}

/// When the last of so many people is told, about: at the rate at which so many were told over the last [`LATELY`], or
/// at what the account may send; and no sooner than its day lets it. `None`: nobody is left, or nobody knows.
pub fn estimated_end(open: u64, lately: u64, allowance: Option<&Allowance>, at: Timestamp) -> Option<Timestamp> {
    if open == 0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "an estimate of people")]
    let (open, told) = (open as f64, lately as f64);
    let rate = if lately > 0 { told / LATELY.as_secs_f64() } else { allowance?.per_second };
    let by_rate = open / rate.max(f64::MIN_POSITIVE);
    let by_day = allowance.and_then(|allowance| {
        let per_day = allowance.per_day.filter(|most| *most > 0.0)?;
        let left = (per_day - allowance.sent).max(0.0);
        Some(((open - left).max(0.0) / per_day).ceil() * 86_400.0)
    });
    let seconds = by_rate.max(by_day.unwrap_or_default()).ceil();
    // A century is no estimate.
    (seconds < 3_153_600_000.0).then(|| at.checked_add(SignedDuration::from_secs_f64(seconds)).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_follows_from_the_rate_and_from_what_a_day_allows() {
        let at = Timestamp::UNIX_EPOCH;
        let end = |open, lately, allowance: Option<Allowance>| {
            estimated_end(open, lately, allowance.as_ref(), at).map(Timestamp::as_second)
        };
        let allowance = |per_day, sent| Some(Allowance { per_second: 50.0, per_day, sent });
        assert_eq!(end(0, 600, allowance(None, 0.0)), None);
        assert_eq!(end(1_000, 0, None), None, "nobody knows");
        assert_eq!(end(1_000, 0, allowance(None, 0.0)), Some(20));
        // One a second was told, whatever the account might send.
        assert_eq!(end(1_000, 600, allowance(None, 0.0)), Some(1_000));
        assert_eq!(end(1_000, 600, allowance(Some(10_000.0), 9_000.0)), Some(1_000), "today is enough");
        assert_eq!(end(1_000, 600, allowance(Some(10_000.0), 9_500.0)), Some(86_400));
        assert_eq!(end(1_000_000, 0, allowance(Some(50_000.0), 50_000.0)), Some(20 * 86_400));
    }

    #[test]
    fn what_came_too_fast_waits_longer_each_time_and_not_all_at_once() {
        let subject = |n: usize| SubjectRef::parse(&format!("1.{n:022}")).unwrap();
        for tries in 0..9 {
            let least = BACKOFF_SECONDS << tries.min(BACKOFF_DOUBLINGS_MAX);
            let pauses: Vec<i64> = (0..50).map(|n| pause(Because::TooFast, tries, &subject(n))).collect();
            assert!(pauses.iter().all(|pause| (least..2 * least).contains(pause)), "{tries}: {pauses:?}");
            assert!(pauses.iter().collect::<std::collections::BTreeSet<_>>().len() > 5, "{pauses:?}");
        }
    }
}
