//! Telling the people of a breach through random histories: what throttles, crashes, is lost, doubled, late or
//! contradicted, and who pauses or stops it. Nobody stays untold, nobody is told twice but those who are counted as
//! such, nobody is told after a stop, and each ends in one state.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use app::{
    announce::{SCOPE_SEGMENTS, Standing},
    breach::{self, BreachStore, DeclareBreach},
    breach_telling::{self, Looked},
    error::{NotTaken, PortError},
    keys::Keys,
    mail::MailTag,
    mail_events, records,
    telling::{Because, DOUBT, Seen, Sender, Told},
};
use domain::{
    announcement::{Announcement, NoticeState},
    breach::{Act, Actor, Breach, Entry, Incident, Telling},
    ids::{BreachId, Identifier, IdentifierKind, StaffId, SubjectRef},
    mail::{MailFailure, MailFate},
    policy::Policy,
};
use jiff::{SignedDuration, Timestamp, ToSpan};
use testkit::{Memory, Said, at_once, build};

/// How many histories are played.
const HISTORIES: u64 = 200;

/// How many things happen in each before it may end.
const EVENTS: u64 = 120;

const PEOPLE: usize = 14;

/// At whose address no mail can arrive.
const NO_SUCH_ADDRESS: &str = "person-3@example.com";

/// Seconds for which a queue hides what it handed out, and for which it keeps it.
const HIDDEN: i64 = 360;
const KEPT: i64 = 4 * 86_400;

/// How often it hands something out.
const RECEIVES_MAX: u32 = 3;

/// Chance that can be had again (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % u64::try_from(limit).unwrap()).unwrap()
    }

    fn happens(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

#[derive(Debug, Clone)]
enum Step {
    Scope(Timestamp),
    Continue(Timestamp, u16, String),
    Tell(Vec<SubjectRef>, u32),
    Look(bool, Option<String>, Seen),
}

#[derive(Debug, Clone)]
struct Message {
    step: Step,
    sent_at: i64,
    seen_from: i64,
    receives: u32,
}

/// When a mail was handed to the mail service, and to whom.
type Posted = Arc<Mutex<Vec<(String, i64)>>>;

struct World {
    policy: Policy,
    memory: Memory,
    breach: BreachId,
    now: Arc<AtomicI64>,
    is_calm: Arc<AtomicBool>,
    posted: Posted,
    queue: Vec<Message>,
    /// Who is behind an address.
    people: BTreeMap<String, SubjectRef>,
    dice: Dice,
}

fn instant(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

impl World {
    async fn new(seed: u64) -> Self {
        let (policy, memory) = (build::policy(), Memory::new());
        let began = build::at("2026-03-01T10:00:00Z");
        let pepper = memory.controller(&policy.controller).await.unwrap();
        let mut people = BTreeMap::new();
        for n in 0..PEOPLE {
            let address = format!("person-{n}@example.com");
            let who = build::mail(&address);
            registered(&policy, &memory, &who, "account", "contract", began).await;
            people.insert(address, pepper.pepper.subject(&who));
        }
        let nameless = Identifier::parse(IdentifierKind::Ip, "192.0.2.7").unwrap();
        registered(&policy, &memory, &nameless, "server-log", "security", began).await;
        let Breach { title, times, mut facts, declared_by, .. } = build::breach("breach", began);
        facts.scope.categories.clear();
        let at = began + 72.hours();
        let form =
            DeclareBreach { title, times, facts, signals: BTreeSet::new(), declared_by, key: "breach".into(), at };
        let declared = breach::declare(&policy, &memory, form).await.unwrap();
        let breach = declared.breach.id.clone();
        let now = Arc::new(AtomicI64::new(at.as_second()));
        let (is_calm, posted) = (Arc::new(AtomicBool::new(false)), Posted::default());
        let mut weather = Dice(seed ^ 0x5eed);
        let (clock, calm, post) = (Arc::clone(&now), Arc::clone(&is_calm), Arc::clone(&posted));
        memory.mail_service(move |mail| {
            let to = mail.to.disclose().clone();
            if to == NO_SUCH_ADDRESS {
                return Some(Said::Refused(NotTaken::Address));
            }
            let said = match weather.below(10) {
                _ if calm.load(Ordering::SeqCst) => None,
                0 => Some(Said::Refused(NotTaken::TooFast)),
                1 => Some(Said::Refused(NotTaken::DayFull)),
                2 => Some(Said::Lost),
                3 => Some(Said::Unsaid),
                _ => None,
            };
            if matches!(said, None | Some(Said::Unsaid)) {
                post.lock().unwrap().push((to, clock.load(Ordering::SeqCst)));
            }
            said
        });
        let mut world =
            Self { policy, memory, breach, now, is_calm, posted, queue: Vec::new(), people, dice: Dice(seed) };
        world.decide().await;
        world
    }

    fn seconds(&self) -> i64 {
        self.now.load(Ordering::SeqCst)
    }

    fn at(&self) -> Timestamp {
        instant(self.seconds())
    }

    fn of(&self) -> Announcement {
        Announcement::Breach(self.breach.clone())
    }

    async fn act(&self, act: Act) -> bool {
        let version = self.incident().await.version();
        let by = Actor::Staff(StaffId::parse("officer-1").unwrap());
        let entry = Entry { at: self.at(), by, act };
        breach::act(&self.policy, &self.memory, &self.breach, version, entry).await.is_ok()
    }

    /// A person decides that each is told, and the relay sends it on.
    async fn decide(&mut self) {
        let at = self.at();
        breach::act(&self.policy, &self.memory, &self.breach, 0, build::telling(at)).await.unwrap();
        self.send(Step::Scope(at), 0);
    }

    async fn set(&mut self, telling: Telling) {
        if self.act(Act::TellingSet(telling, "For a reason.".into())).await && telling == Telling::Running {
            // The relay sends it on.
            self.send(Step::Look(true, None, Seen::default()), 0);
        }
    }

    fn send(&mut self, step: Step, seconds: i64) {
        let now = self.seconds();
        self.queue.push(Message { step, sent_at: now, seen_from: now + seconds, receives: 0 });
    }

    /// What stream-relay sends of notices that were planned: all of those that nobody has claimed yet, as often as a
    /// batch of the stream comes.
    fn relay(&mut self, before: &BTreeMap<SubjectRef, Standing>) {
        let after = self.memory.all_standings(&self.of());
        let new: Vec<SubjectRef> = after.keys().filter(|subject| !before.contains_key(*subject)).cloned().collect();
        for some in new.chunks(5) {
            self.send(Step::Tell(some.to_vec(), 0), 0);
        }
    }

    /// Delivers one message that can be seen, if there is one.
    async fn deliver(&mut self) {
        let now = self.seconds();
        self.queue.retain(|message| now - message.sent_at < KEPT);
        let seen: Vec<usize> = (0..self.queue.len()).filter(|n| self.queue[*n].seen_from <= now).collect();
        if seen.is_empty() {
            return;
        }
        let number = seen[self.dice.below(seen.len())];
        self.queue[number].receives += 1;
        self.queue[number].seen_from = now + HIDDEN;
        let message = self.queue[number].clone();
        let is_stormy = !self.is_calm.load(Ordering::SeqCst);
        if is_stormy && self.dice.happens(25) {
            self.memory.fail_after(self.dice.below(25));
        }
        if is_stormy && self.dice.happens(20) {
            self.somebody_else(&message.step);
        }
        let before = self.memory.all_standings(&self.of());
        let done = self.handle(message.step).await;
        self.memory.recover();
        self.memory.nobody_else();
        self.relay(&before);
        // Done is gone, unless it comes twice all the same; what fails too often is put aside.
        let is_doubled = is_stormy && self.dice.happens(15);
        if (done.is_ok() && !is_doubled) || message.receives >= RECEIVES_MAX {
            self.queue.remove(number);
        }
    }

    /// Another environment has the same people in hand at the same moment.
    fn somebody_else(&mut self, step: &Step) {
        let Step::Tell(people, tries) = step.clone() else { return };
        let (policy, breach, now) = (self.policy.clone(), self.breach.clone(), Arc::clone(&self.now));
        self.memory.meanwhile(self.dice.below(12), move |memory| {
            let clock = || instant(now.load(Ordering::SeqCst));
            let sender = Sender { doubt: DOUBT, now: &clock, has_time: &|| true, tries };
            drop(at_once(breach_telling::tell(&policy, memory, &breach, &people, (&sender, false))));
        });
    }

    async fn handle(&mut self, step: Step) -> Result<(), PortError> {
        let (policy, memory, breach) = (self.policy.clone(), self.memory.clone(), self.breach.clone());
        match step {
            Step::Scope(decided_at) => {
                for segment in 0..SCOPE_SEGMENTS {
                    let rest = breach_telling::plan(&policy, &memory, &breach, (segment, None), decided_at).await?;
                    rest.into_iter().for_each(|from| self.send(Step::Continue(decided_at, segment, from), 0));
                }
            }
            Step::Continue(decided_at, segment, from) => {
                let rest = breach_telling::plan(&policy, &memory, &breach, (segment, Some(from)), decided_at).await?;
                rest.into_iter().for_each(|from| self.send(Step::Continue(decided_at, segment, from), 0));
            }
            Step::Tell(people, tries) => {
                let now = Arc::clone(&self.now);
                // Each person takes a second.
                let clock = || instant(now.fetch_add(1, Ordering::SeqCst));
                let time = self.dice.below(40);
                let until = now.load(Ordering::SeqCst) + i64::try_from(time).unwrap();
                let has_time = || now.load(Ordering::SeqCst) < until;
                let sender = Sender { doubt: DOUBT, now: &clock, has_time: &has_time, tries };
                let told = breach_telling::tell(&policy, &memory, &breach, &people, (&sender, false)).await?;
                self.follow(&people, tries, told)?;
            }
            Step::Look(again, from, seen) => {
                let at = self.at();
                let doubt = again.then_some(DOUBT);
                let looked = breach_telling::look(&policy, &memory, &breach, (from, seen), doubt, at).await?;
                let (free, seen, rest) = looked;
                for some in free.chunks(5) {
                    self.send(Step::Tell(some.to_vec(), 0), 0);
                }
                if rest.is_some() {
                    self.send(Step::Look(again, rest, seen), 0);
                } else if !again {
                    match breach_telling::conclude(&policy, &memory, &breach, &seen, at).await {
                        Ok(Looked::TellAgain) => self.send(Step::Look(true, None, Seen::default()), 0),
                        Ok(Looked::PlanAgain(decided_at)) => self.send(Step::Scope(decided_at), 0),
                        Ok(Looked::Nothing | Looked::AllTold) => {}
                        Err(breach::ActError::Port(error)) => return Err(error),
                        Err(refused) => panic!("{refused}"),
                    }
                }
            }
        }
        Ok(())
    }

    /// As `edge::announcement::follow` does.
    fn follow(&mut self, people: &[SubjectRef], tries: u32, told: Told) -> Result<(), PortError> {
        if told.failed.len() == people.len()
            && let Some(error) = told.error
        {
            return Err(error);
        }
        for put_off in told.put_off {
            let tries = if put_off.because == Because::TooFast { tries + 1 } else { 0 };
            self.send(Step::Tell(put_off.subjects, tries), put_off.seconds);
        }
        told.failed.into_iter().for_each(|subject| self.send(Step::Tell(vec![subject], 0), 60));
        Ok(())
    }

    /// The mail service says something about a mail that it has: late, again, or the opposite of what it said.
    async fn hear(&mut self) {
        let mails = self.memory.sent();
        if mails.is_empty() {
            return;
        }
        let mail = &mails[self.dice.below(mails.len())];
        let fate = match self.dice.below(6) {
            0 => MailFate::Failed { failure: MailFailure::BouncePermanent, is_undelivered: true },
            1 => MailFate::Failed { failure: MailFailure::Complaint, is_undelivered: false },
            _ => MailFate::Taken,
        };
        let tag = MailTag::parse(&mail.tag).unwrap();
        mail_events::settle(&self.policy, &self.memory, &tag, fate, self.at()).await.unwrap();
    }

    async fn tick(&mut self) {
        if breach_telling::telling_tick(&self.incident().await) {
            self.send(Step::Look(false, None, Seen::default()), 0);
        }
    }

    async fn happen(&mut self) {
        match self.dice.below(100) {
            0..50 => self.deliver().await,
            50..72 => self.pass(10 + i64::try_from(self.dice.0 % 400).unwrap()),
            72..78 => self.pass(i64::try_from(self.dice.0 % 3_600).unwrap()),
            78 => self.pass(7 * 86_400),
            79..82 if self.queue.is_empty() => {}
            79..82 => {
                let lost = self.dice.below(self.queue.len());
                self.queue.remove(lost);
            }
            82..90 => self.hear().await,
            90..95 => self.tick().await,
            95..97 => self.set(Telling::Paused).await,
            97..99 => self.set(Telling::Running).await,
            _ if self.dice.happens(25) => self.set(Telling::Stopped).await,
            _ => {}
        }
    }

    fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }

    async fn telling(&self) -> Telling {
        self.incident().await.telling()
    }

    async fn incident(&self) -> Incident {
        self.memory.breach(&self.policy.controller, &self.breach).await.unwrap().unwrap()
    }

    fn mails(&self) -> BTreeMap<String, Vec<i64>> {
        let mut mails: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for (to, at) in self.posted.lock().unwrap().iter() {
            mails.entry(to.clone()).or_default().push(*at);
        }
        mails
    }
}

async fn registered(
    policy: &Policy,
    memory: &Memory,
    who: &Identifier,
    category: &str,
    purpose: &str,
    occurred_at: Timestamp,
) {
    let form = build::registration(who.clone(), (category, purpose), category, occurred_at);
    records::register(policy, memory, form).await.unwrap();
}

/// What must hold at every moment.
fn check(world: &World, seed: u64) {
    let standings = world.memory.all_standings(&world.of());
    for (to, times) in world.mails() {
        let standing = standings.get(&world.people[&to]).unwrap();
        let count = u32::try_from(times.len()).unwrap();
        assert!(count <= standing.sends, "seed {seed}: {to} got {count} mails and {} are counted", standing.sends);
        for pair in times.windows(2) {
            let apart = SignedDuration::from_secs(pair[1] - pair[0]);
            assert!(apart >= DOUBT, "seed {seed}: {to} was told twice within {apart}");
        }
        let is_open = matches!(standing.state, NoticeState::Planned | NoticeState::Claimed);
        assert!(is_open || standing.state != NoticeState::WithoutAddress, "seed {seed}: {to} has an address");
    }
    for (subject, standing) in &standings {
        if standing.state == NoticeState::Sent {
            let is_told = world.mails().keys().any(|to| world.people[to] == *subject);
            assert!(is_told, "seed {seed}: somebody counts as told and never was");
        }
    }
}

/// What came of the histories: each kind of thing must have happened, or the test shows nothing.
#[derive(Debug, Default)]
struct Came {
    stopped: u32,
    stopped_early: u32,
    all_told: u32,
    twice: usize,
    bounced: usize,
}

async fn play(seed: u64, came: &mut Came) {
    let mut world = World::new(seed).await;
    let mut stopped_with = None;
    for _ in 0..EVENTS {
        world.happen().await;
        check(&world, seed);
        if world.telling().await == Telling::Stopped {
            let mails = world.mails().values().map(Vec::len).sum::<usize>();
            assert_eq!(*stopped_with.get_or_insert(mails), mails, "seed {seed}: somebody was told after the stop");
        }
    }
    // The storm is over.
    world.is_calm.store(true, Ordering::SeqCst);
    if world.telling().await == Telling::Paused {
        world.set(Telling::Running).await;
    }
    for _ in 0..400 {
        world.tick().await;
        while world.queue.iter().any(|message| message.seen_from <= world.seconds()) {
            world.deliver().await;
        }
        world.pass(300);
        check(&world, seed);
        if world.queue.is_empty() && !breach_telling::telling_tick(&world.incident().await) {
            break;
        }
    }
    let incident = world.incident().await;
    let standings = world.memory.all_standings(&world.of());
    let open = standings.values().filter(|standing| standing.is_free(Timestamp::MAX)).count();
    came.bounced += standings.values().filter(|standing| standing.state == NoticeState::NotReached).count();
    came.twice += world.mails().values().filter(|times| times.len() > 1).count();
    if incident.telling() == Telling::Stopped {
        came.stopped += 1;
        came.stopped_early += u32::from(open > 0);
        assert_eq!(*stopped_with.as_ref().unwrap(), world.mails().values().map(Vec::len).sum::<usize>());
        return;
    }
    came.all_told += 1;
    assert_eq!((standings.len(), open), (PEOPLE + 1, 0), "seed {seed}: somebody is untold");
    let recorded = incident.history.iter().filter(|entry| entry.act == Act::AllTold).count();
    assert_eq!(recorded, 1, "seed {seed}: that all were told is recorded once");
    let (_, seen) = world.memory.looked(&world.policy.controller, &world.breach).await.unwrap().unwrap();
    let twice = world.mails().values().filter(|times| times.len() > 1).count();
    assert!(usize::try_from(seen.sent_again).unwrap() >= twice, "seed {seed}: {seen:?}, and {twice} were told twice");
    let in_public = standings.values().any(|standing| standing.state == NoticeState::WithoutAddress);
    assert!(in_public, "seed {seed}: somebody has no address");
    assert_eq!(world.memory.alerts(&world.policy.controller).await.unwrap().len(), 1, "seed {seed}");
    assert_eq!(standings[&world.people[NO_SUCH_ADDRESS]].state, NoticeState::NotReached);
    for n in 0..PEOPLE {
        let to = format!("person-{n}@example.com");
        assert!(to == NO_SUCH_ADDRESS || world.mails().contains_key(&to), "seed {seed}: {to} got no mail");
    }
    // And it is quiet from here on: nothing is left that would tell anybody again.
    world.tick().await;
    assert!(world.queue.is_empty(), "seed {seed}: {:?}", world.queue);
}

#[tokio::test]
async fn nobody_stays_untold_and_nobody_is_told_twice_uncounted_whatever_happens() {
    let mut came = Came::default();
    for seed in 0..HISTORIES {
        play(seed, &mut came).await;
    }
    assert!(came.stopped > 10 && came.stopped_early > 3 && came.all_told > 100, "{came:?}");
    assert!(came.twice > 20 && came.bounced > 100, "{came:?}");
}

#[tokio::test]
async fn a_message_reads_its_breach_once_and_each_person_costs_five_calls() {
    let mut world = World::new(0).await;
    world.is_calm.store(true, Ordering::SeqCst);
    let decided_at = world.at();
    world.handle(Step::Scope(decided_at)).await.unwrap();
    let people: Vec<SubjectRef> =
        world.people.iter().filter(|(to, _)| to.as_str() != NO_SUCH_ADDRESS).map(|(_, who)| who.clone()).collect();
    let (calls, now) = (world.memory.calls(), world.at());
    let sender = Sender { doubt: DOUBT, now: &|| now, has_time: &|| true, tries: 0 };
    let told =
        breach_telling::tell(&world.policy, &world.memory, &world.breach, &people, (&sender, false)).await.unwrap();
    assert_eq!((told.sent, told.sent_again), (people.len(), 0));
    // Where they can be written to, their turn, the claim, the mail, the confirmation.
    assert_eq!(world.memory.calls() - calls, 1 + 5 * people.len());
}
