//! What must be true of a request, said a second time and as simply as can be: none of the product's own
//! rules is asked here, so that a mistake in them does not agree with itself.

use jiff::{SignedDuration, Timestamp};

/// How long the mailed links work, and after how long a request that nobody confirms ends.
pub(crate) const WINDOW: SignedDuration = SignedDuration::from_hours(24 * 14);

/// Where a request goes once it is clear who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Course {
    /// It is carried out and answered.
    Answered,
    /// A person of the office decides.
    Office,
    /// The policy refuses it to everybody, before anybody proves anything.
    Refused,
}

/// What a controller's policy makes of a type of request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// Whether somebody proves who they are first, by the mailbox.
    pub(crate) needs_proof: bool,
    /// Whether the law lets nobody ask who they are (GDPR Art. 12(6); it only stops something).
    pub(crate) forbids_proof: bool,
    pub(crate) course: Course,
    /// Grounds on which it can be refused.
    pub(crate) fits: &'static [&'static str],
    /// Grounds on which it cannot.
    pub(crate) misfits: &'static [&'static str],
}

const fn kind(name: &'static str, needs_proof: bool, course: Course) -> Kind {
    Kind { name, needs_proof, forbids_proof: false, course, fits: &[], misfits: &["no-such-ground"] }
}

impl Kind {
    const fn on(self, fits: &'static [&'static str], misfits: &'static [&'static str]) -> Self {
        Self { fits, misfits, ..self }
    }

    const fn unproved(self) -> Self {
        Self { forbids_proof: true, ..self }
    }
}

const ACCESS: Kind = kind("access", true, Course::Answered)
    .on(&["rights-of-others", "excessive"], &["legal-obligation", "compelling-grounds"]);
const ERASURE: Kind = kind("erasure", true, Course::Answered)
    .on(&["legal-obligation", "legal-claims", "public-health"], &["rights-of-others", "accurate-as-it-is"]);
const RECTIFICATION: Kind = kind("rectification", true, Course::Office)
    .on(&["accurate-as-it-is", "manifestly-unfounded"], &["compelling-grounds", "archiving"]);
const RESTRICTION: Kind = kind("restriction", true, Course::Office)
    .on(&["legal-claims", "excessive"], &["accurate-as-it-is", "freedom-of-expression"]);
const OBJECTION: Kind = kind("objection", false, Course::Office)
    .unproved()
    .on(&["compelling-grounds", "legal-claims"], &["legal-obligation", "identity-not-established"]);
const MARKETING: Kind =
    kind("objection-marketing", false, Course::Answered).unproved().on(&[], &["excessive", "identity-not-established"]);
const WITHDRAWAL: Kind = kind("withdraw-consent", false, Course::Answered).on(&[], &["excessive"]);
// Whatever was decided can be complained of, so every ground can stand in the answer.
const COMPLAINT: Kind =
    kind("complaint", false, Course::Office).on(&["manifestly-unfounded", "legal-claims"], &["no-such-ground"]);
const PORTABILITY: Kind = kind("portability", true, Course::Answered).on(&["rights-of-others"], &["legal-obligation"]);

/// The controllers whose requests are made: by name.
pub(crate) const CONTROLLERS: [&str; 2] = ["identance", "rfa"];

/// The types of request at a controller, with how often each is made.
pub(crate) fn kinds(controller: &str) -> Vec<(u64, Kind)> {
    let refused = |kind: Kind| Kind { course: Course::Refused, ..kind };
    // Red Flag relies on no consent and on no contract (`rfa.8-e`, `rfa.8-h`).
    let (withdrawal, portability) =
        if controller == "rfa" { (refused(WITHDRAWAL), refused(PORTABILITY)) } else { (WITHDRAWAL, PORTABILITY) };
    vec![
        (5, ACCESS),
        (3, ERASURE),
        (6, RECTIFICATION),
        (6, RESTRICTION),
        (6, OBJECTION),
        (2, MARKETING),
        (2, withdrawal),
        (5, COMPLAINT),
        (1, portability),
    ]
}

/// A letter to who asks, as its subject line tells it from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Letter {
    Receipt,
    Question,
    Longer,
    Answer,
    Closed,
}

impl Letter {
    pub(crate) fn of_subject(subject: &str) -> Option<Self> {
        [
            (": we received your privacy request", Self::Receipt),
            (": a question about your privacy request", Self::Question),
            (": your privacy request takes longer", Self::Longer),
            (": your privacy request", Self::Answer),
            (": your privacy request is closed", Self::Closed),
        ]
        .into_iter()
        .find_map(|(end, letter)| subject.ends_with(end).then_some(letter))
    }
}

/// What the office asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    Identity,
    Clarification,
}

impl Ask {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Clarification => "clarification",
        }
    }
}

/// What a clerk does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Claim,
    Release,
    HandOver(&'static str),
    Note,
    Ask(Ask),
    RecordReply(Ask),
    VerifyIdentity,
    Extend,
    /// Approves; with the words that a complaint's answer needs, or without.
    Approve {
        words: bool,
    },
    /// Approves, but for a category that no policy names.
    ApproveBut,
    /// Refuses on this ground.
    Refuse(&'static str),
    Stop,
}

impl Action {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Release => "release",
            Self::HandOver(_) => "hand-over",
            Self::Note => "note",
            Self::Ask(Ask::Identity) => "ask-identity",
            Self::Ask(Ask::Clarification) => "ask-clarification",
            Self::RecordReply(_) => "record-reply",
            Self::VerifyIdentity => "verify-identity",
            Self::Extend => "extend",
            Self::Approve { .. } | Self::ApproveBut => "approve",
            Self::Refuse(_) => "refuse",
            Self::Stop => "stop",
        }
    }
}

/// What must come of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is done.
    Done,
    /// It is refused with one of these statuses, and nothing changes.
    Refused(&'static [u16]),
    /// The model does not say: the hours around a deadline are the clocks' vectors' to test.
    Unsaid,
}

const NOT_NOW: Verdict = Verdict::Refused(&[409]);
const NOT_SO: Verdict = Verdict::Refused(&[422]);
/// Several things are in the way; which is named first is not promised.
const NOT_NOW_OR_SO: Verdict = Verdict::Refused(&[409, 422]);

const fn done_if(holds: bool) -> Verdict {
    if holds { Verdict::Done } else { NOT_NOW }
}

/// A request as it must stand.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    pub(crate) controller: &'static str,
    pub(crate) kind: Kind,
    /// Whether who asks can be written to.
    pub(crate) has_mailbox: bool,
    pub(crate) received_at: Timestamp,
    pub(crate) is_verified: bool,
    /// Whether the office has asked who they are and has not seen it since.
    pub(crate) is_doubted: bool,
    pub(crate) has_replied: bool,
    pub(crate) asked: Option<(Ask, Timestamp)>,
    pub(crate) assignee: Option<&'static str>,
    pub(crate) is_extended: bool,
    pub(crate) is_with_office: bool,
    /// How it ended.
    pub(crate) closed: Option<&'static str>,
    /// What has happened, by the names of the acts.
    pub(crate) history: Vec<&'static str>,
    pub(crate) letters: Vec<Letter>,
    /// The first instant at which the answer is late, as the office was last shown it.
    pub(crate) due: Timestamp,
}

impl Expected {
    pub(crate) fn new(controller: &'static str, kind: Kind, has_mailbox: bool, at: Timestamp, due: Timestamp) -> Self {
        let mut made = Self {
            controller,
            kind,
            has_mailbox,
            received_at: at,
            is_verified: !kind.needs_proof,
            is_doubted: false,
            has_replied: false,
            asked: None,
            assignee: None,
            is_extended: false,
            is_with_office: false,
            closed: None,
            history: Vec::new(),
            letters: Vec::new(),
            due,
        };
        if kind.course == Course::Refused {
            made.close("refused", "decided", Letter::Answer);
        } else if kind.needs_proof {
            made.write(Letter::Receipt);
        }
        made.go_on();
        made
    }

    pub(crate) fn version(&self) -> usize {
        self.history.len()
    }

    pub(crate) const fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    pub(crate) fn stage(&self) -> &'static str {
        if let Some(closed) = self.closed {
            closed
        } else if self.asked.is_some() {
            "awaiting-requester"
        } else if self.is_with_office || self.is_doubted {
            "with-office"
        } else if self.is_verified {
            "in-progress"
        } else {
            "awaiting-verification"
        }
    }

    /// The stage as the person is told it.
    pub(crate) fn stage_for_requester(&self) -> &'static str {
        match self.stage() {
            "with-office" => "in-progress",
            stage => stage,
        }
    }

    pub(crate) const fn may_be_carried_out(&self) -> bool {
        self.is_verified && !self.is_doubted
    }

    fn write(&mut self, letter: Letter) {
        if self.has_mailbox {
            self.letters.push(letter);
        }
    }

    fn close(&mut self, stage: &'static str, act: &'static str, letter: Letter) {
        self.closed = Some(stage);
        self.history.push(act);
        self.write(letter);
    }

    /// What the product does by itself.
    fn go_on(&mut self) {
        if self.stage() != "in-progress" {
            return;
        }
        match self.kind.course {
            Course::Answered => self.close("answered", "decided", Letter::Answer),
            Course::Office => {
                self.is_with_office = true;
                self.history.push("decided");
                self.write(Letter::Answer);
            }
            Course::Refused => {}
        }
    }

    /// What must come of it if this clerk does it now.
    pub(crate) fn verdict(&self, clerk: &str, action: Action, now: Timestamp) -> Verdict {
        let stage = self.stage();
        match action {
            // A closed request still takes notes.
            Action::Note => Verdict::Done,
            Action::Ask(Ask::Identity) if self.kind.forbids_proof => NOT_SO,
            // Who withdraws a consent or complains is asked for no proof either, and of that each law says its own.
            Action::Ask(Ask::Identity) if !self.kind.needs_proof => {
                if self.is_open() {
                    Verdict::Unsaid
                } else {
                    NOT_NOW_OR_SO
                }
            }
            Action::Extend => self.extension(now),
            // The ground, the parts and the words are looked at before the stage.
            Action::Refuse(ground) if !self.kind.fits.contains(&ground) => NOT_SO,
            Action::ApproveBut => {
                if self.may_be_carried_out() {
                    NOT_SO
                } else {
                    NOT_NOW_OR_SO
                }
            }
            Action::Approve { .. } if !self.may_be_carried_out() => NOT_NOW_OR_SO,
            Action::Approve { words: false } if self.kind.name == "complaint" => NOT_SO,
            _ if !self.is_open() => NOT_NOW,
            Action::Claim => done_if(self.assignee.is_none_or(|assignee| assignee == clerk)),
            Action::Release => done_if(self.assignee == Some(clerk)),
            Action::HandOver(_) | Action::Stop => Verdict::Done,
            Action::Ask(_) => done_if(matches!(stage, "awaiting-verification" | "with-office")),
            Action::RecordReply(ask) => done_if(self.asked.is_some_and(|(asked, _)| asked == ask)),
            Action::VerifyIdentity => done_if(!self.may_be_carried_out()),
            Action::Approve { .. } => done_if(stage == "with-office"),
            // Who asks without any ground is told so before they prove anything.
            Action::Refuse(_) => done_if(matches!(stage, "awaiting-verification" | "with-office")),
        }
    }

    fn extension(&self, now: Timestamp) -> Verdict {
        let margin = SignedDuration::from_hours(24 * 4);
        if !self.is_open() || self.is_extended {
            return NOT_NOW_OR_SO;
        }
        match (self.kind.name, self.controller) {
            // A promise is kept as it was made (`identance.21-b`: fourteen days).
            ("complaint", "identance") => NOT_NOW_OR_SO,
            // What the laws say of a complaint's time, and what a question does to any time, is theirs.
            ("complaint", _) => Verdict::Unsaid,
            _ if self.asked.is_some() => Verdict::Unsaid,
            _ if now >= self.due => NOT_NOW_OR_SO,
            _ if now.saturating_add(margin).is_ok_and(|later| later < self.due) => Verdict::Done,
            _ => Verdict::Unsaid,
        }
    }

    /// Does what the verdict allows.
    pub(crate) fn act(&mut self, clerk: &'static str, action: Action, now: Timestamp) {
        match action {
            Action::Claim => {
                self.assignee = Some(clerk);
                self.history.push("claimed");
            }
            Action::Release => {
                self.assignee = None;
                self.history.push("released");
            }
            Action::HandOver(to) => {
                self.assignee = Some(to);
                self.history.push("handed-over");
            }
            Action::Note => self.history.push("noted"),
            Action::Ask(ask) => {
                self.is_doubted |= ask == Ask::Identity;
                self.asked = Some((ask, now));
                self.history.push("asked");
                self.write(Letter::Question);
            }
            Action::RecordReply(_) => self.reply(),
            Action::VerifyIdentity => self.verify(),
            Action::Extend => {
                self.is_extended = true;
                self.history.push("extended");
                self.write(Letter::Longer);
            }
            Action::Approve { .. } | Action::ApproveBut => {
                self.history.push("ruled");
                self.close("answered", "decided", Letter::Answer);
            }
            Action::Refuse(_) => {
                self.history.push("ruled");
                self.close("refused", "decided", Letter::Answer);
            }
            Action::Stop => self.close("stopped", "stopped", Letter::Closed),
        }
        self.go_on();
    }

    /// The requester answers what they were asked. It shows nothing about who they are.
    pub(crate) fn reply(&mut self) {
        self.asked = None;
        self.has_replied = true;
        self.history.push("replied");
        self.go_on();
    }

    /// They have proved who they are.
    pub(crate) fn verify(&mut self) {
        self.is_verified = true;
        self.is_doubted = false;
        self.asked = self.asked.filter(|(ask, _)| *ask != Ask::Identity);
        self.history.push("verified");
        self.go_on();
    }

    /// They take it back.
    pub(crate) fn withdraw(&mut self) {
        self.close("withdrawn", "withdrawn", Letter::Closed);
    }

    /// It is answered with another.
    pub(crate) fn merge(&mut self) {
        self.close("merged", "merged", Letter::Closed);
    }

    /// What the clock does. Who has written to the office about themselves has done their part.
    pub(crate) fn pass(&mut self, now: Timestamp) {
        let is_over = now.duration_since(self.received_at) >= WINDOW;
        if is_over && self.stage() == "awaiting-verification" && !self.has_replied {
            self.close("lapsed", "lapsed", Letter::Closed);
        }
    }

    /// Whether the answer is late and the office must have been told.
    pub(crate) fn is_late(&self, now: Timestamp) -> bool {
        self.is_open() && self.asked.is_none() && now >= self.due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(1_767_225_600 + day * 86_400).unwrap()
    }

    fn made(name: &str) -> Expected {
        let (_, kind) = kinds("identance").into_iter().find(|(_, kind)| kind.name == name).unwrap();
        Expected::new("identance", kind, true, at(0), at(31))
    }

    #[test]
    fn every_type_begins_where_its_policy_says() {
        let begins = |controller: &'static str| -> Vec<_> {
            let made = |kind| Expected::new(controller, kind, true, at(0), at(31));
            kinds(controller).into_iter().map(|(_, kind)| (kind.name, made(kind).stage())).collect()
        };
        let mut expected = vec![
            ("access", "awaiting-verification"),
            ("erasure", "awaiting-verification"),
            ("rectification", "awaiting-verification"),
            ("restriction", "awaiting-verification"),
            ("objection", "with-office"),
            ("objection-marketing", "answered"),
            ("withdraw-consent", "answered"),
            ("complaint", "with-office"),
            ("portability", "awaiting-verification"),
        ];
        assert_eq!(begins("identance"), expected);
        expected[6].1 = "refused";
        expected[8].1 = "refused";
        assert_eq!(begins("rfa"), expected);
    }

    #[test]
    fn a_doubt_outlives_an_answer_and_ends_with_a_proof() {
        let mut request = made("access");
        request.act("a", Action::Ask(Ask::Identity), at(1));
        assert_eq!(request.stage(), "awaiting-requester");
        request.reply();
        assert_eq!((request.stage(), request.stage_for_requester()), ("with-office", "in-progress"));
        assert_eq!(request.verdict("a", Action::Approve { words: true }, at(1)), NOT_NOW_OR_SO);
        request.act("a", Action::VerifyIdentity, at(2));
        assert_eq!(request.stage(), "answered");
        assert_eq!(request.history, ["asked", "replied", "verified", "decided"]);
        assert_eq!(request.letters, [Letter::Receipt, Letter::Question, Letter::Answer]);
        for action in [Action::Claim, Action::Stop, Action::Refuse("excessive"), Action::VerifyIdentity] {
            assert_eq!(request.verdict("a", action, at(3)), NOT_NOW, "{action:?}");
        }
        assert_eq!(request.verdict("a", Action::Note, at(3)), Verdict::Done);
    }

    #[test]
    fn nobody_takes_what_another_has_taken_on() {
        let mut request = made("complaint");
        request.act("a", Action::Claim, at(1));
        assert_eq!(request.verdict("b", Action::Claim, at(1)), NOT_NOW);
        assert_eq!(request.verdict("b", Action::Release, at(1)), NOT_NOW);
        assert_eq!(request.verdict("b", Action::HandOver("b"), at(1)), Verdict::Done);
        request.act("b", Action::HandOver("b"), at(1));
        assert_eq!(request.verdict("b", Action::Release, at(1)), Verdict::Done);
    }

    #[test]
    fn only_what_nobody_confirms_lapses_and_only_after_the_window() {
        let mut confirmed = made("restriction");
        confirmed.verify();
        let mut answered = made("access");
        answered.act("a", Action::Ask(Ask::Clarification), at(1));
        answered.reply();
        let mut silent = made("access");
        for request in [&mut confirmed, &mut answered, &mut silent] {
            request.pass(at(13));
            assert!(request.is_open());
            request.pass(at(14));
        }
        assert_eq!(confirmed.stage(), "with-office");
        assert_eq!(answered.stage(), "awaiting-verification");
        assert_eq!(silent.stage(), "lapsed");
    }

    #[test]
    fn an_extension_is_told_in_time_and_once() {
        let mut request = made("objection");
        assert_eq!(request.verdict("a", Action::Extend, at(3)), Verdict::Done);
        assert_eq!(request.verdict("a", Action::Extend, at(28)), Verdict::Unsaid);
        assert_eq!(request.verdict("a", Action::Extend, at(31)), NOT_NOW_OR_SO);
        request.act("a", Action::Extend, at(3));
        assert_eq!(request.verdict("a", Action::Extend, at(4)), NOT_NOW_OR_SO);
        assert_eq!(made("complaint").verdict("a", Action::Extend, at(1)), NOT_NOW_OR_SO, "promised in fourteen days");
    }

    #[test]
    fn a_letter_is_known_by_its_subject() {
        for (subject, letter) in [
            ("Acme: we received your privacy request", Some(Letter::Receipt)),
            ("Acme: your privacy request", Some(Letter::Answer)),
            ("Acme: your privacy request is closed", Some(Letter::Closed)),
            ("Acme: your privacy request takes longer", Some(Letter::Longer)),
            ("acme: a privacy request, the answer is overdue", None),
        ] {
            assert_eq!(Letter::of_subject(subject), letter, "{subject}");
        }
    }
}
