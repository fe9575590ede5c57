//! The play: what is done by chance, what the model says must come of it, and what is seen.

use std::{cell::Cell, collections::BTreeMap};

use habeas_cli::trouble::{Played, Trouble};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    bench::{Asked, Bench, Heard, Sent},
    dice::Dice,
    model::{Action, Ask, CONTROLLERS, Course, Expected, Kind, Letter, Verdict, WINDOW, kinds},
};

/// Who works at the office.
const CLERKS: [&str; 2] = ["clerk-a", "clerk-b"];

/// Everything that a clerk can be allowed.
const ALL_SCOPES: &str = "requests:read requests:write requests:decide requests:approve";

/// How many requests of one person are open at once: one more of a type would bring no mail.
const OPEN_OF_ONE_PERSON_MAX: usize = 3;

/// How many letters one person gets on one day here: a few more, and the next ones stay in the status page.
const LETTERS_OF_A_DAY_MAX: u32 = 3;

/// For so long a play lasts in the model's time: the tokens of its first request still open it then.
const PLAY_HOURS_MAX: i64 = 24 * 150;

/// How often everything is looked at, in steps.
const LOOK_STEPS: u64 = 30;

/// How often something else is thrown where a thing cannot be done.
const THROWS_MAX: u32 = 200;

/// Somebody who makes requests.
#[derive(Debug)]
pub(super) struct Person {
    controller: &'static str,
    kind: &'static str,
    value: String,
    /// Whoever asks to be erased asks nothing else: with their key all that is written about them is gone.
    asks_once: bool,
}

/// A request that was made.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) expected: Expected,
    pub(super) person: usize,
    pub(super) id: String,
    token: String,
    key: String,
    body: Value,
    /// The mailed links' tokens, by the page that they open.
    links: BTreeMap<&'static str, (String, Timestamp)>,
}

/// What may happen to a due date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DueMoves {
    No,
    /// What a question does to it is each law's own; it never comes sooner.
    NotSooner,
    Later,
}

/// What is done by chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Make,
    MakeAgain,
    ReuseKey,
    Confirm,
    Reply,
    Withdraw,
    Act,
    Merge,
    ActOnOldVersion,
    ActOnNoVersion,
    ActWithoutLeave,
    OpenWithoutToken,
    PassTime,
}

const DEEDS: [(u64, Deed); 13] = [
    (14, Deed::Make),
    (3, Deed::MakeAgain),
    (2, Deed::ReuseKey),
    (9, Deed::Confirm),
    (8, Deed::Reply),
    (3, Deed::Withdraw),
    (44, Deed::Act),
    (7, Deed::Merge),
    (2, Deed::ActOnOldVersion),
    (2, Deed::ActOnNoVersion),
    (2, Deed::ActWithoutLeave),
    (2, Deed::OpenWithoutToken),
    (7, Deed::PassTime),
];

/// What came about in plays, and how often: a play in which nothing can happen shows nothing.
pub(crate) type Tally = BTreeMap<String, u32>;

/// A play on a bench.
pub(super) struct Game<'b, B> {
    pub(super) bench: &'b B,
    pub(super) dice: Dice,
    started_at: Timestamp,
    pub(super) now: Timestamp,
    run: String,
    calls: Cell<u64>,
    people: Vec<Person>,
    pub(super) requests: Vec<Made>,
    /// How many letters somebody was written on a day.
    written: BTreeMap<(usize, i64), u32>,
    texts: u64,
    tally: Tally,
    log: Vec<String>,
}

/// Plays so many steps from that time on.
///
/// # Errors
/// Says what was not as it must be, and how to play it again.
pub(crate) fn play<B: Bench>(bench: &B, seed: u64, steps: u64, start: Timestamp) -> Result<Tally, String> {
    let mut game = Game {
        bench,
        dice: Dice::new(seed),
        started_at: start,
        now: start,
        run: bench.run(),
        calls: Cell::new(0),
        people: Vec::new(),
        requests: Vec::new(),
        written: BTreeMap::new(),
        texts: 0,
        tally: Tally::new(),
        log: Vec::new(),
    };
    let mut step = 0;
    game.whole(steps, &mut step).map_err(|trouble| {
        let log = game.log.join("\n");
        format!(
            "step {step}: {trouble}\n\nMODEL_SEED={seed} MODEL_STEPS={steps} MODEL_START={start} plays it again:\n{log}\n"
        )
    })?;
    for made in &game.requests {
        *game.tally.entry(format!("{} requests", made.expected.stage())).or_default() += 1;
    }
    Ok(game.tally)
}

impl<B: Bench> Game<'_, B> {
    fn whole(&mut self, steps: u64, step: &mut u64) -> Played {
        while *step < steps {
            *step += 1;
            self.step(*step)?;
            if step.is_multiple_of(LOOK_STEPS) {
                self.look_at_all()?;
            }
        }
        self.look_at_all()?;
        self.look_at_lists(3, true)?;
        self.look_at_lists(100, false)?;
        self.look_for_copies()?;
        // Other tests put messages aside, and mean to.
        let is_ours = |body: &String| self.requests.iter().any(|made| body.contains(&made.id));
        match self.bench.dead()?.iter().find(|body| is_ours(body)) {
            None => Ok(()),
            Some(body) => Err(Trouble::new(format!("a message was put aside: {body}"))),
        }
    }

    fn step(&mut self, step: u64) -> Played {
        let seconds = i64::try_from(1 + self.dice.below(90)).unwrap_or(1);
        self.now = later(self.now, SignedDuration::from_secs(seconds));
        for _ in 0..THROWS_MAX {
            // The first requests come before anything can be done to them.
            let deed = if self.requests.len() < 3 { Some(Deed::Make) } else { self.dice.weighted(&DEEDS) };
            let noted = self.log.len();
            let is_done = match deed.unwrap_or(Deed::Make) {
                Deed::Make => self.make()?,
                Deed::MakeAgain => self.make_again()?,
                Deed::ReuseKey => self.reuse_key()?,
                Deed::Confirm => self.confirm()?,
                Deed::Reply => self.reply()?,
                Deed::Withdraw => self.withdraw()?,
                Deed::Act => self.act_by_chance()?,
                Deed::Merge => self.merge()?,
                Deed::ActOnOldVersion => self.act_on_old_version()?,
                Deed::ActOnNoVersion => self.act_on_no_version()?,
                Deed::ActWithoutLeave => self.act_without_leave()?,
                Deed::OpenWithoutToken => self.open_without_token()?,
                Deed::PassTime => self.pass_time()?,
            };
            if is_done {
                *self.tally.entry(format!("{:?}", deed.unwrap_or(Deed::Make))).or_default() += 1;
                return Ok(());
            }
            self.log.truncate(noted);
        }
        self.note(format!("{step}: nothing could be done"));
        Ok(())
    }

    pub(super) fn note(&mut self, what: String) {
        self.log.push(format!("{:>4} {} {what}", self.log.len() + 1, self.now));
    }

    pub(super) fn count(&mut self, what: &str, verdict: Verdict) {
        let came = if verdict == Verdict::Done { "done" } else { "refused" };
        *self.tally.entry(format!("{what} {came}")).or_default() += 1;
    }

    /// How long the play may still last.
    pub(super) fn time_left(&self) -> SignedDuration {
        SignedDuration::from_hours(PLAY_HOURS_MAX) - self.now.duration_since(self.started_at)
    }

    pub(super) fn call(&self, asked: Asked<'_>) -> Played<Heard> {
        let number = self.calls.get() + 1;
        self.calls.set(number);
        self.bench.call(&Asked { at: self.now, number, ..asked })
    }

    /// A text that nobody has written yet.
    fn text(&mut self, what: &str) -> String {
        self.texts += 1;
        format!("{what} {}", self.texts)
    }

    // ---- whom and what it is about

    /// A request; mostly one that is open.
    fn any(&mut self) -> Option<usize> {
        let is_open_wanted = self.dice.happens(85);
        let wanted: Vec<usize> =
            (0..self.requests.len()).filter(|n| !is_open_wanted || self.requests[*n].expected.is_open()).collect();
        self.dice.one_of(&wanted).copied()
    }

    fn clerk(&mut self) -> &'static str {
        self.dice.one_of(&CLERKS).copied().unwrap_or(CLERKS[0])
    }

    /// Whether one more letter of today reaches somebody.
    fn has_room(&self, person: usize) -> bool {
        self.written.get(&(person, day(self.now))).is_none_or(|letters| *letters < LETTERS_OF_A_DAY_MAX)
    }

    /// Lets the model change a request, and counts the letters that follow.
    pub(super) fn change(&mut self, n: usize, change: impl FnOnce(&mut Expected)) {
        let made = &mut self.requests[n];
        let before = made.expected.letters.len();
        change(&mut made.expected);
        let letters = u32::try_from(made.expected.letters.len() - before).unwrap_or(u32::MAX);
        *self.written.entry((made.person, day(self.now))).or_default() += letters;
    }

    /// Somebody who may make such a request: mostly somebody new.
    fn somebody(&mut self, controller: &'static str, kind: Kind) -> usize {
        let asks_once = kind.name == "erasure";
        let open = |person: usize| {
            self.requests.iter().filter(|made| made.person == person && made.expected.is_open()).count()
        };
        let known: Vec<usize> = (0..self.people.len())
            .filter(|n| {
                let person = &self.people[*n];
                person.controller == controller
                    && !person.asks_once
                    && open(*n) < OPEN_OF_ONE_PERSON_MAX
                    && self.has_room(*n)
            })
            .collect();
        if !asks_once
            && self.dice.happens(60)
            && let Some(known) = self.dice.one_of(&known)
        {
            return *known;
        }
        let n = self.people.len();
        let (kind, value) = if self.dice.happens(85) {
            ("mail", format!("model-{n}-{}@example.org", self.run))
        } else {
            // Of a run's own, so that nobody of another run is met; nobody has such a number.
            let run = u64::from_str_radix(&self.run, 16).unwrap_or_default() % 10_000_000;
            ("phone", format!("+33{run:07}{n:04}"))
        };
        self.people.push(Person { controller, kind, value, asks_once });
        n
    }

    // ---- as a person

    fn make(&mut self) -> Played<bool> {
        let Some(controller) = self.dice.one_of(&CONTROLLERS).copied() else { return Ok(false) };
        let Some(kind) = self.dice.weighted(&kinds(controller)) else { return Ok(false) };
        // Sometimes somebody asks for the same again.
        let repeated: Vec<(usize, Kind)> = self
            .requests
            .iter()
            .filter(|made| made.expected.is_open() && made.expected.controller == controller)
            .filter(|made| !self.people[made.person].asks_once && self.has_room(made.person))
            .filter(|made| self.open_requests_of(made.person) < OPEN_OF_ONE_PERSON_MAX)
            .map(|made| (made.person, made.expected.kind))
            .collect();
        let again = if self.dice.happens(30) { self.dice.one_of(&repeated).copied() } else { None };
        let (person, kind) = again.unwrap_or_else(|| (self.somebody(controller, kind), kind));
        let number = self.requests.len();
        let who = &self.people[person];
        self.note(format!("person {person} ({}) asks {controller} for {}: request {number}", who.kind, kind.name));
        let body = self.form(person, kind);
        let key = format!("model-{}-{number}", self.run);
        let heard = self.ask(controller, &key, &body)?;
        let expect = |name: &str| {
            let text = heard.body[name].as_str().filter(|_| heard.status == 202);
            text.map(str::to_owned).ok_or_else(|| Trouble::new(format!("the request was answered {}", said(&heard))))
        };
        let (id, token) = (expect("request_id")?, expect("token")?);
        let due = expect("due_before")?.parse().map_err(Trouble::because("due_before"))?;
        let is_refused = heard.body.get("refused").is_some_and(|refused| !refused.is_null());
        if is_refused != (kind.course == Course::Refused) {
            return Err(Trouble::new(format!("the acknowledgement says of a refusal: {}", heard.body["refused"])));
        }
        let has_mailbox = self.people[person].kind == "mail";
        let expected = Expected::new(controller, kind, has_mailbox, self.now, due);
        let letters = u32::try_from(expected.letters.len()).unwrap_or(u32::MAX);
        *self.written.entry((person, day(self.now))).or_default() += letters;
        self.requests.push(Made { expected, person, id, token, key, body, links: BTreeMap::new() });
        self.look(number, DueMoves::No)?;
        Ok(true)
    }

    fn open_requests_of(&self, person: usize) -> usize {
        self.requests.iter().filter(|made| made.person == person && made.expected.is_open()).count()
    }

    fn form(&mut self, person: usize, kind: Kind) -> Value {
        let message = self.text("what I want to say");
        let who = &self.people[person];
        let mut body = json!({
            "type": kind.name, "subject": { "kind": who.kind, "value": who.value }, "language": "en",
            "message": message,
        });
        if kind.name == "rectification" {
            // The same each time, so that one of them answers another.
            body["corrections"] = json!({ "name": "Ada Lovelace" });
        }
        body
    }

    fn ask(&self, controller: &str, key: &str, body: &Value) -> Played<Heard> {
        let asked = Asked::new("POST", "requests", controller, None).with("idempotency-key", key).body(body.clone());
        self.call(asked)
    }

    /// Whether a request's person still has a key: who was erased is somebody new to whoever asks again.
    fn has_key(&self, n: usize) -> bool {
        let made = &self.requests[n];
        made.expected.is_open() || !self.people[made.person].asks_once
    }

    fn make_again(&mut self) -> Played<bool> {
        let Some(n) = self.any().filter(|n| self.has_key(*n)) else { return Ok(false) };
        self.note(format!("request {n} is sent once more"));
        let made = &self.requests[n];
        let heard = self.ask(made.expected.controller, &made.key, &made.body)?;
        if heard.status != 202 || heard.body["request_id"] != made.id.as_str() {
            return Err(Trouble::new(format!("a retry was answered {}", said(&heard))));
        }
        self.look(n, DueMoves::No)?;
        Ok(true)
    }

    fn reuse_key(&mut self) -> Played<bool> {
        let Some(n) = self.any().filter(|n| self.has_key(*n)) else { return Ok(false) };
        self.note(format!("the key of request {n} comes with something else"));
        let other = self.text("something else");
        let made = &self.requests[n];
        let mut body = made.body.clone();
        body["message"] = json!(other);
        let heard = self.ask(made.expected.controller, &made.key, &body)?;
        if (heard.status, heard.problem()) != (422, "idempotency-key-reused") {
            return Err(Trouble::new(format!("a reused key was answered {}", said(&heard))));
        }
        self.look(n, DueMoves::No)?;
        Ok(true)
    }

    /// The token of the latest mailed link to a page, and when it was sent at the earliest.
    fn link(&mut self, n: usize, page: &'static str, sent_at: Timestamp) -> Played<Option<String>> {
        let made = &self.requests[n];
        if let Some((token, of)) = made.links.get(page)
            && *of == sent_at
        {
            return Ok(Some(token.clone()));
        }
        let before = format!("{}/{page}?token=", made.id);
        let mails = self.bench.mails()?;
        let to = self.people[made.person].value.as_str();
        let texts = mails.iter().filter(|mail| mail.to.iter().any(|address| address == to)).map(|mail| &mail.text);
        let mut tokens = texts.filter_map(|text| {
            let (_, rest) = text.split_once(&before)?;
            rest.split_whitespace().next().map(str::to_owned)
        });
        // The latest counts.
        let token = tokens.next_back();
        if let Some(token) = &token {
            self.requests[n].links.insert(page, (token.clone(), sent_at));
        }
        Ok(token)
    }

    fn confirm(&mut self) -> Played<bool> {
        let Some(n) = self.any() else { return Ok(false) };
        let expected = &self.requests[n].expected;
        let was_asked = expected.letters.contains(&Letter::Receipt);
        // Whether what was shown before a doubt can be shown again is not said here.
        let is_doubted_since = expected.is_verified && expected.is_doubted;
        if !was_asked || is_doubted_since || !self.has_room(self.requests[n].person) {
            return Ok(false);
        }
        let received_at = expected.received_at;
        let counts = expected.is_open() && !expected.is_verified;
        let is_over = self.now.duration_since(received_at) >= WINDOW;
        self.note(format!("the requester confirms request {n}"));
        let Some(token) = self.link(n, "verification", received_at)? else {
            return Err(Trouble::new(format!("no mail holds the link that confirms request {n}")));
        };
        let looks_first = self.dice.happens(30);
        let made = &self.requests[n];
        let asked = |method| {
            Asked::new(method, "requests/{request}/verification", made.expected.controller, Some(&made.id))
                .query(format!("token={token}"))
        };
        if looks_first && !is_over {
            // Mail scanners open links: that alone confirms nothing.
            let heard = self.call(asked("GET").with("accept", "text/html"))?;
            if heard.status != 200 {
                return Err(Trouble::new(format!("the page of the link was answered {}", said(&heard))));
            }
            self.look(n, DueMoves::No)?;
        }
        let made = &self.requests[n];
        let asked = Asked::new("POST", "requests/{request}/verification", made.expected.controller, Some(&made.id))
            .query(format!("token={token}"));
        let heard = self.call(asked)?;
        let status = if is_over { 401 } else { 200 };
        self.count("confirm", if counts && !is_over { Verdict::Done } else { Verdict::Unsaid });
        if heard.status != status {
            return Err(Trouble::new(format!("the confirmation was answered {}, and not {status}", said(&heard))));
        }
        if counts && !is_over {
            self.change(n, Expected::verify);
        }
        self.look(n, DueMoves::NotSooner)?;
        Ok(true)
    }

    fn reply(&mut self) -> Played<bool> {
        let asked: Vec<usize> =
            (0..self.requests.len()).filter(|n| self.requests[*n].expected.asked.is_some()).collect();
        // Or they press the button of an earlier mail again.
        let answered: Vec<usize> = (0..self.requests.len())
            .filter(|n| self.requests[*n].links.contains_key("reply") && !asked.contains(n))
            .collect();
        let n = if self.dice.happens(80) { self.dice.one_of(&asked) } else { self.dice.one_of(&answered) }.copied();
        let Some(n) = n else { return Ok(false) };
        let expected = &self.requests[n].expected;
        if !expected.letters.contains(&Letter::Question) || !self.has_room(self.requests[n].person) {
            return Ok(false);
        }
        let open_since = expected.asked.filter(|_| expected.is_open()).map(|(_, at)| at);
        let sent_at = match open_since {
            Some(at) => at,
            // The link of a question that was answered is known from then.
            None => match self.requests[n].links.get("reply") {
                Some((_, at)) => *at,
                None => return Ok(false),
            },
        };
        if self.now.duration_since(sent_at) >= WINDOW {
            return Ok(false);
        }
        self.note(format!("the requester answers about request {n}"));
        let Some(token) = self.link(n, "reply", sent_at)? else {
            return Err(Trouble::new(format!("no mail holds the link to answer about request {n}")));
        };
        let text = self.text("my answer");
        let made = &self.requests[n];
        let asked = Asked::new("POST", "requests/{request}/reply", made.expected.controller, Some(&made.id))
            .query(format!("token={token}"))
            .body(json!({ "text": text }));
        let heard = self.call(asked)?;
        let status = if open_since.is_some() { 200 } else { 409 };
        self.count("reply", if open_since.is_some() { Verdict::Done } else { Verdict::Unsaid });
        if heard.status != status {
            return Err(Trouble::new(format!("the answer was answered {}, and not {status}", said(&heard))));
        }
        if open_since.is_some() {
            self.change(n, Expected::reply);
        }
        self.look(n, DueMoves::NotSooner)?;
        Ok(true)
    }

    fn withdraw(&mut self) -> Played<bool> {
        let Some(n) = self.any().filter(|n| self.has_room(self.requests[*n].person)) else { return Ok(false) };
        self.note(format!("the requester takes request {n} back"));
        let made = &self.requests[n];
        let asked = Asked::new("DELETE", "requests/{request}", made.expected.controller, Some(&made.id))
            .with("authorization", format!("Bearer {}", made.token));
        let heard = self.call(asked)?;
        let is_open = made.expected.is_open();
        // Whoever takes back what is closed is told so, or that it is closed as they wish.
        let statuses: &[u16] = if is_open { &[200, 202, 204] } else { &[200, 202, 204, 409, 410] };
        expect(&heard, statuses)?;
        self.count("withdraw", if is_open { Verdict::Done } else { Verdict::Unsaid });
        if is_open {
            self.change(n, Expected::withdraw);
        }
        self.look(n, DueMoves::NotSooner)?;
        Ok(true)
    }

    fn open_without_token(&mut self) -> Played<bool> {
        let Some(n) = self.any() else { return Ok(false) };
        let others: Vec<usize> = (0..self.requests.len()).filter(|other| *other != n).collect();
        let Some(other) = self.dice.one_of(&others).copied() else { return Ok(false) };
        self.note(format!("somebody tries to open request {n} with the token of request {other}, and without any"));
        let made = &self.requests[n];
        let mut forged = made.token.clone();
        let last = forged.pop();
        forged.push(if last == Some('0') { '1' } else { '0' });
        for token in [Some(self.requests[other].token.clone()), Some(forged), None] {
            for method in ["GET", "DELETE"] {
                let mut asked = Asked::new(method, "requests/{request}", made.expected.controller, Some(&made.id));
                if let Some(token) = &token {
                    asked = asked.with("authorization", format!("Bearer {token}"));
                }
                expect(&self.call(asked)?, &[401])?;
            }
        }
        self.look(n, DueMoves::No)?;
        Ok(true)
    }

    // ---- as the office

    fn act_by_chance(&mut self) -> Played<bool> {
        let Some(n) = self.any() else { return Ok(false) };
        let kind = self.requests[n].expected.kind;
        let ask = if self.dice.happens(50) { Ask::Identity } else { Ask::Clarification };
        let to = self.clerk();
        let fitting = self.dice.one_of(kind.fits).copied().map_or(Action::Note, Action::Refuse);
        let unfitting = self.dice.one_of(kind.misfits).copied().map_or(Action::Note, Action::Refuse);
        let action = self.dice.weighted(&[
            (6, Action::Claim),
            (3, Action::Release),
            (3, Action::HandOver(to)),
            (4, Action::Note),
            (12, Action::Ask(ask)),
            (5, Action::RecordReply(ask)),
            (6, Action::VerifyIdentity),
            (7, Action::Extend),
            (8, Action::Approve { words: true }),
            (2, Action::Approve { words: false }),
            (2, Action::ApproveBut),
            (6, fitting),
            (2, unfitting),
            (2, Action::Stop),
        ]);
        let (Some(action), clerk) = (action, self.clerk()) else { return Ok(false) };
        let verdict = self.requests[n].expected.verdict(clerk, action, self.now);
        if verdict == Verdict::Unsaid || !self.has_room(self.requests[n].person) {
            return Ok(false);
        }
        self.note(format!("{clerk} on request {n}: {action:?}: {verdict:?}"));
        self.count(action.name(), verdict);
        let body = self.body_of(action);
        let version = self.requests[n].expected.version();
        let heard = self.act(n, clerk, Some(version), &body)?;
        match verdict {
            Verdict::Refused(statuses) => {
                expect(&heard, statuses)?;
                self.look(n, DueMoves::No)?;
            }
            Verdict::Done | Verdict::Unsaid => {
                expect(&heard, &[200])?;
                let now = self.now;
                self.change(n, |expected| expected.act(clerk, action, now));
                self.look(n, moves(action))?;
                // Whoever lost the answer sends it again, and nothing is done twice.
                if self.dice.happens(20) {
                    self.note(format!("{clerk} sends that again"));
                    expect(&self.act(n, clerk, Some(version), &body)?, &[200])?;
                    self.look(n, DueMoves::No)?;
                }
            }
        }
        Ok(true)
    }

    fn body_of(&mut self, action: Action) -> Value {
        let text = self.text("what the office writes");
        match action {
            Action::Claim => json!({ "action": "claim" }),
            Action::Release => json!({ "action": "release" }),
            Action::HandOver(to) => json!({ "action": "hand-over", "to": to }),
            Action::Note => json!({ "action": "note", "text": text }),
            Action::Ask(ask) => json!({ "action": format!("ask-{}", ask.name()), "text": text }),
            Action::RecordReply(ask) => json!({ "action": "record-reply", "ask": ask.name(), "text": text }),
            Action::VerifyIdentity => json!({ "action": "verify-identity" }),
            Action::Extend => json!({ "action": "extend", "ground": "complexity", "text": text }),
            Action::Approve { words: true } => json!({ "action": "decide", "ruling": "approve", "text": text }),
            Action::Approve { words: false } => json!({ "action": "decide", "ruling": "approve" }),
            Action::ApproveBut => json!({
                "action": "decide", "ruling": "approve", "text": text,
                "except": [{ "category": "no-such-category", "ground": "legal-claims" }],
            }),
            Action::Refuse(ground) => json!({ "action": "decide", "ruling": "refuse", "ground": ground, "text": text }),
            Action::Stop => json!({ "action": "stop", "text": text }),
        }
    }

    fn act(&self, n: usize, clerk: &str, version: Option<usize>, body: &Value) -> Played<Heard> {
        let made = &self.requests[n];
        let controller = made.expected.controller;
        let mut asked = Asked::new("POST", "staff/requests/{request}/actions", controller, Some(&made.id))
            .by(clerk, ALL_SCOPES, controller)
            .body(body.clone());
        if let Some(version) = version {
            asked = asked.with("if-match", format!("\"{version}\""));
        }
        self.call(asked)
    }

    fn merge(&mut self) -> Played<bool> {
        let Some(from) = self.any() else { return Ok(false) };
        let alike: Vec<usize> = (0..self.requests.len()).filter(|n| *n != from && self.are_alike(from, *n)).collect();
        let into = if self.dice.happens(75) { self.dice.one_of(&alike).copied() } else { self.any() };
        let Some(into) = into else { return Ok(false) };
        let (source, target) = (&self.requests[from].expected, &self.requests[into].expected);
        // What a question does to a date is each law's own.
        if source.asked.is_some() || target.asked.is_some() || !self.has_room(self.requests[from].person) {
            return Ok(false);
        }
        let stands = matches!(source.stage(), "awaiting-verification" | "with-office");
        let verdict = if from == into {
            Verdict::Refused(&[409])
        } else if source.controller != target.controller {
            // Another controller's request is no request at all.
            Verdict::Refused(&[422])
        } else if stands
            && self.are_alike(from, into)
            && target.is_open()
            && target.may_be_carried_out()
            && target.due <= source.due
        {
            Verdict::Done
        } else {
            Verdict::Refused(&[409])
        };
        let clerk = self.clerk();
        self.note(format!("{clerk} merges request {from} into request {into}: {verdict:?}"));
        self.count("merge", verdict);
        let body = json!({ "action": "merge", "into": self.requests[into].id });
        let heard = self.act(from, clerk, Some(self.requests[from].expected.version()), &body)?;
        if let Verdict::Refused(statuses) = verdict {
            expect(&heard, statuses)?;
        } else {
            expect(&heard, &[200])?;
            self.change(from, Expected::merge);
        }
        self.look(from, DueMoves::No)?;
        self.look(into, DueMoves::No)?;
        Ok(true)
    }

    /// Whether two requests are of one person for one thing.
    fn are_alike(&self, one: usize, other: usize) -> bool {
        let (one, other) = (&self.requests[one], &self.requests[other]);
        one.person == other.person && one.expected.kind.name == other.expected.kind.name
    }

    fn act_on_old_version(&mut self) -> Played<bool> {
        let Some(n) = self.any() else { return Ok(false) };
        let clerk = self.clerk();
        let version = self.requests[n].expected.version();
        let wrong = if version > 0 && self.dice.happens(80) { version - 1 } else { version + 1 };
        self.note(format!("{clerk} writes to version {wrong} of request {n}, which is at {version}"));
        let body = self.body_of(Action::Note);
        let heard = self.act(n, clerk, Some(wrong), &body)?;
        expect(&heard, &[412])?;
        if heard.body["version"].as_u64() != u64::try_from(version).ok() {
            return Err(Trouble::new(format!("whoever was too slow is told of version {}", heard.body["version"])));
        }
        self.look(n, DueMoves::No)?;
        Ok(true)
    }

    fn act_on_no_version(&mut self) -> Played<bool> {
        let Some(n) = self.any() else { return Ok(false) };
        let clerk = self.clerk();
        self.note(format!("{clerk} writes to request {n} without having looked"));
        let body = self.body_of(Action::Note);
        expect(&self.act(n, clerk, None, &body)?, &[428])?;
        self.look(n, DueMoves::No)?;
        Ok(true)
    }

    fn act_without_leave(&mut self) -> Played<bool> {
        let Some(n) = self.any() else { return Ok(false) };
        self.note(format!("people who may not do so look at request {n}, note and decide"));
        let made = &self.requests[n];
        let controller = made.expected.controller;
        let Some(other) = CONTROLLERS.into_iter().find(|other| *other != controller) else { return Ok(false) };
        let version = format!("\"{}\"", made.expected.version());
        let note = json!({ "action": "note", "text": "x" });
        let decide = json!({ "action": "decide", "ruling": "refuse", "ground": "excessive" });
        for (body, scope, of, status) in [
            (&note, "requests:read", controller, 403),
            (&note, ALL_SCOPES, other, 403),
            (&decide, "requests:read requests:write", controller, 403),
            (&note, "", controller, 403),
            (&note, ALL_SCOPES, "", 403),
        ] {
            let asked = Asked::new("POST", "staff/requests/{request}/actions", controller, Some(&made.id))
                .with("if-match", version.clone())
                .by("clerk-c", scope, of)
                .body(body.clone());
            expect(&self.call(asked)?, &[status])?;
        }
        let look = |asked: Asked<'_>| self.call(asked).and_then(|heard| expect(&heard, &[401, 403]));
        let asked = || Asked::new("GET", "staff/requests/{request}", controller, Some(&made.id));
        look(asked())?;
        look(asked().by("clerk-c", "requests:write", controller))?;
        look(asked().by("clerk-c", "requests:read", other))?;
        // Another controller's clerk finds no such request at home.
        let elsewhere = Asked::new("GET", "staff/requests/{request}", other, Some(&made.id));
        expect(&self.call(elsewhere.by("clerk-c", ALL_SCOPES, other))?, &[404])?;
        let path = format!("/{controller}/v1/staff/requests/{}/actions", made.id);
        for (token, status) in
            [(None, 401), (Some(("requests:read", controller)), 403), (Some(("requests:write", other)), 403)]
        {
            if let Some(seen) = self.bench.door("POST", &path, token)?
                && seen != status
            {
                return Err(Trouble::new(format!("the gateway let in {token:?}: {seen}")));
            }
        }
        self.look(n, DueMoves::No)?;
        Ok(true)
    }

    // ---- what is seen

    /// Waits until a request stands where the model says, and looks at all that is shown of it.
    pub(super) fn look(&mut self, n: usize, moves: DueMoves) -> Played {
        let due = self.look_as_office(n)?;
        self.look_as_requester(n)?;
        self.wait_for_letters(n)?;
        let before = self.requests[n].expected.due;
        let is_fine = match moves {
            DueMoves::No => due == before,
            DueMoves::NotSooner => due >= before,
            DueMoves::Later => due > before,
        };
        self.requests[n].expected.due = due;
        if is_fine {
            Ok(())
        } else {
            Err(Trouble::new(format!("request {n} was due before {before} and is due before {due} ({moves:?})")))
        }
    }

    fn look_as_office(&self, n: usize) -> Played<Timestamp> {
        let made = &self.requests[n];
        let (expected, controller) = (&made.expected, made.expected.controller);
        let mut last = String::new();
        let case = self.bench.wait("the request to come so far", || {
            let asked = Asked::new("GET", "staff/requests/{request}", controller, Some(&made.id));
            let heard = self.call(asked.by("clerk-a", ALL_SCOPES, controller))?;
            expect(&heard, &[200])?;
            let case = heard.body;
            let history = case["history"].as_array().into_iter().flatten();
            let history: Vec<&str> = history.filter_map(|entry| entry["act"].as_str()).collect();
            last = format!("{} {history:?}, assignee {}", case["stage"], case["assignee"]);
            if history.len() > expected.history.len() {
                return Err(Trouble::new("it has gone further"));
            }
            let is_there = history == expected.history && case["stage"] == expected.stage();
            Ok(is_there.then_some(case))
        });
        let wrong = |trouble: &str| {
            let must = format!("{:?} {:?}, assignee {:?}", expected.stage(), expected.history, expected.assignee);
            Trouble::new(format!("request {n} ({}): {trouble}\n  must be {must}\n  and is  {last}", made.id))
        };
        let case = case.map_err(|trouble| wrong(&trouble.to_string()))?;
        let is_right = case["version"].as_u64() == u64::try_from(expected.version()).ok()
            && case["assignee"].as_str() == expected.assignee
            && case["is_verified"].as_bool() == Some(expected.may_be_carried_out())
            && case["asked"].as_str() == expected.asked.filter(|_| expected.is_open()).map(|(ask, _)| ask.name())
            && case["extended_at"].is_string() == expected.is_extended;
        if !is_right && expected.is_open() {
            return Err(wrong(&format!("the office is shown {case}")));
        }
        let due = case["due"]["before"].as_str().unwrap_or_default();
        due.parse().map_err(Trouble::because(format_args!("request {n} is due {due:?}")))
    }

    fn look_as_requester(&self, n: usize) -> Played {
        let made = &self.requests[n];
        let asked = Asked::new("GET", "requests/{request}", made.expected.controller, Some(&made.id))
            .with("authorization", format!("Bearer {}", made.token));
        let heard = self.call(asked)?;
        expect(&heard, &[200])?;
        let stage = made.expected.stage_for_requester();
        if heard.body["status"] == stage {
            Ok(())
        } else {
            Err(Trouble::new(format!("request {n} is {stage}, and the requester is told {}", heard.body)))
        }
    }

    fn wait_for_letters(&self, n: usize) -> Played {
        if !self.requests[n].expected.has_mailbox {
            return Ok(());
        }
        let mut last = Vec::new();
        let seen = self.bench.wait("the letters", || {
            last = self.letters_of(n, &self.bench.mails()?);
            // One letter too many is not waited out.
            let is_settled = last.len() >= self.requests[n].expected.letters.len();
            Ok(is_settled.then(|| last.clone()))
        });
        let expected = self.expected_letters(n);
        match seen {
            Ok(seen) if seen == expected => Ok(()),
            _ => Err(Trouble::new(format!("request {n} must have brought {expected:?}, and brought {last:?}"))),
        }
    }

    fn expected_letters(&self, n: usize) -> Vec<Option<Letter>> {
        let mut letters: Vec<_> = self.requests[n].expected.letters.iter().copied().map(Some).collect();
        letters.sort_unstable();
        letters
    }

    /// The letters about a request to who made it.
    fn letters_of(&self, n: usize, mails: &[Sent]) -> Vec<Option<Letter>> {
        let made = &self.requests[n];
        let to = self.people[made.person].value.as_str();
        // Each letter ends with the number of the request that it is about.
        let number = format!("number is {}", made.id);
        let mine = mails.iter().filter(|mail| mail.to.iter().any(|address| address == to));
        let mut letters: Vec<_> =
            mine.filter(|mail| mail.text.contains(&number)).map(|mail| Letter::of_subject(&mail.subject)).collect();
        letters.sort_unstable();
        letters
    }

    pub(super) fn look_at_all(&mut self) -> Played {
        self.note("all is looked at".to_owned());
        for n in 0..self.requests.len() {
            let due = self.look_as_office(n)?;
            self.look_as_requester(n)?;
            if due != self.requests[n].expected.due {
                let before = self.requests[n].expected.due;
                return Err(Trouble::new(format!("request {n} was due before {before} and is due before {due}")));
            }
        }
        let mails = self.bench.mails()?;
        for n in 0..self.requests.len() {
            let (expected, seen) = (self.expected_letters(n), self.letters_of(n, &mails));
            if self.requests[n].expected.has_mailbox && expected != seen {
                return Err(Trouble::new(format!("request {n} must have brought {expected:?}, and brought {seen:?}")));
            }
        }
        self.look_at_next_dates(None)?;
        self.look_at_lists(100, true)
    }

    /// No mail about these requests went out twice.
    fn look_for_copies(&self) -> Played {
        let mails = self.bench.mails()?;
        let mut seen = std::collections::BTreeSet::new();
        let ours = mails.iter().filter(|mail| self.requests.iter().any(|made| mail.text.contains(&made.id)));
        for mail in ours {
            if !seen.insert((&mail.to, &mail.subject, &mail.text)) {
                return Err(Trouble::new(format!("a mail went out twice: {}", mail.subject)));
            }
        }
        Ok(())
    }
}

/// What an action may do to the due date.
const fn moves(action: Action) -> DueMoves {
    match action {
        Action::Extend => DueMoves::Later,
        Action::Claim | Action::Release | Action::HandOver(_) | Action::Note => DueMoves::No,
        _ => DueMoves::NotSooner,
    }
}

pub(super) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

fn day(at: Timestamp) -> i64 {
    at.as_second().div_euclid(86_400)
}

fn said(heard: &Heard) -> String {
    format!("{} {}", heard.status, heard.body)
}

pub(super) fn expect(heard: &Heard, statuses: &[u16]) -> Played {
    if statuses.contains(&heard.status) {
        Ok(())
    } else {
        Err(Trouble::new(format!("answered {}, where {statuses:?} must come", said(heard))))
    }
}
