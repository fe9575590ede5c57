//! Signals: what detectors say. A signal becomes a breach by a person's decision alone: no detector is ever aware of a
//! breach, a controller is (GDPR Art. 33(1); EDPB Guidelines 9/2022, 31 to 34).

use std::{collections::BTreeMap, fmt, net::IpAddr};

use jiff::Timestamp;

use crate::{
    clock::Anchor,
    ids::{BreachId, SignalId, StaffId},
};

/// Longest name of a kind of finding, in bytes.
pub const SIGNAL_KIND_BYTES_MAX: usize = 120;

/// Longest title of a signal, in bytes.
pub const SIGNAL_TITLE_BYTES_MAX: usize = 200;

/// Longest reason of a dismissal, in bytes.
pub const SIGNAL_REASON_BYTES_MAX: usize = 1_000;

/// Longest name that a detector may have for a finding of its own, in bytes.
pub const FINDING_ID_BYTES_MAX: usize = 1_024;

/// Most kinds of things of one finding that are kept with their counts.
pub const SIGNAL_COUNTS_MAX: usize = 20;

/// A signal nobody has decided on is brought up again after so many hours.
pub const SIGNAL_REMINDER_HOURS: i64 = 24;

/// A signal that no mail of its own told of is told of with others after so many hours.
pub const SIGNAL_DIGEST_HOURS: i64 = 1;

/// What stands where a word was taken out.
const TAKEN_OUT: &str = "[…]";

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignalSource {
    /// Amazon GuardDuty.
    GuardDuty,
    /// AWS Security Hub, about what it has from others.
    SecurityHub,
    /// Amazon Macie.
    Macie,
    /// A detector of the controller's own, or its staff.
    Other,
}

impl SignalSource {
    /// Every source.
    pub const ALL: [Self; 4] = [Self::GuardDuty, Self::SecurityHub, Self::Macie, Self::Other];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GuardDuty => "guardduty",
            Self::SecurityHub => "security-hub",
            Self::Macie => "macie",
            Self::Other => "other",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == text)
    }
}

/// How grave the source takes it to be. It says nothing about the risk for people, which a person assesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignalSeverity {
    /// Low.
    Low,
    /// Medium; and what a source gives no known word for, so that somebody looks.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl SignalSeverity {
    /// Every severity, the least first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == text)
    }
}

/// Something that a detector found, as it says it: what of it may be kept, and beside it what serves to sort it alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Who says it.
    pub source: SignalSource,
    /// The source's own name for it. It can hold names of things, so it is hashed and never kept.
    pub id: String,
    /// What kind of finding it is, in the source's words, as [`plain`] leaves them.
    pub what: String,
    /// In a sentence, as [`plain`] leaves it.
    pub title: String,
    /// How grave.
    pub severity: SignalSeverity,
    /// The source's own number or word for it.
    pub score: Option<String>,
    /// In which account of the cloud.
    pub account: Option<String>,
    /// In which region.
    pub region: Option<String>,
    /// The kinds of things that it is about, with how many of each.
    pub resources: BTreeMap<String, u32>,
    /// The kinds of data found in them, with how often.
    pub data: BTreeMap<String, u32>,
    /// The things that it is about, by ARN: to find out whose they are, and never kept.
    pub arns: Vec<String>,
    /// When what was found happened first.
    pub occurred_at: Option<Timestamp>,
    /// When the source found it.
    pub detected_at: Timestamp,
    /// When the source saw it last.
    pub seen_at: Timestamp,
    /// How often it was seen by the source's own count.
    pub count: Option<u32>,
}

/// That a person looked at a signal, and it is no breach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dismissal {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: StaffId,
    /// Why.
    pub reason: String,
}

/// A finding that concerns a controller, and what its staff did about it.
///
/// When it happened, when it was detected and when it arrived here are three times; none of them is awareness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// A keyed hash of the source and its name for the finding.
    pub id: SignalId,
    /// Who says it.
    pub source: SignalSource,
    /// What kind of finding it is.
    pub what: String,
    /// In a sentence.
    pub title: String,
    /// How grave at first.
    pub severity: SignalSeverity,
    /// The source's own number or word for that.
    pub score: Option<String>,
    /// In which account.
    pub account: Option<String>,
    /// In which region.
    pub region: Option<String>,
    /// The kinds of things, with how many of each.
    pub resources: BTreeMap<String, u32>,
    /// The kinds of data, with how often.
    pub data: BTreeMap<String, u32>,
    /// When it happened first.
    pub occurred_at: Option<Timestamp>,
    /// When the source found it.
    pub detected_at: Timestamp,
    /// When it arrived here.
    pub received_at: Timestamp,
    /// How grave since, where that rose, and the source's number for it.
    pub risen: Option<(SignalSeverity, Option<String>)>,
    /// When the source saw it last.
    pub last_seen_at: Timestamp,
    /// How often it was seen.
    pub times_seen: u32,
    /// That it is no breach, and who said so.
    pub dismissed: Option<Dismissal>,
    /// Dismissals that no longer hold, since it became graver or turned out to belong to a breach.
    pub earlier: Vec<Dismissal>,
    /// The breach that it belongs to, and since when.
    pub linked: Option<(BreachId, Timestamp)>,
    /// It counts changes, so that nobody overtakes another.
    pub version: u32,
}

/// Why something cannot happen to a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignalRefused {
    /// It belongs to a breach.
    Linked,
    /// It was dismissed by somebody else, or for another reason.
    Dismissed,
}

impl fmt::Display for SignalRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Linked => "the signal belongs to a breach already",
            Self::Dismissed => "the signal was dismissed already",
        })
    }
}

impl std::error::Error for SignalRefused {}

impl Signal {
    /// A finding as it arrives for a controller.
    pub fn new(id: SignalId, finding: Finding, received_at: Timestamp) -> Self {
        // A detector's clock can run ahead of whoever carries its word: nothing was found after it arrived.
        let detected_at = finding.detected_at.min(received_at);
        Self {
            id,
            source: finding.source,
            what: finding.what,
            title: finding.title,
            severity: finding.severity,
            score: finding.score,
            account: finding.account,
            region: finding.region,
            resources: finding.resources,
            data: finding.data,
            occurred_at: finding.occurred_at.map(|at| at.min(detected_at)),
            detected_at,
            received_at,
            risen: None,
            last_seen_at: finding.seen_at.min(received_at).max(detected_at),
            times_seen: finding.count.unwrap_or(1).max(1),
            dismissed: None,
            earlier: Vec::new(),
            linked: None,
            version: 0,
        }
    }

    /// How grave the source takes it to be, at its gravest.
    pub fn gravest(&self) -> SignalSeverity {
        self.risen.as_ref().map_or(self.severity, |(severity, _)| *severity)
    }

    /// Whether a person has still to decide.
    pub const fn is_open(&self) -> bool {
        self.linked.is_none() && self.dismissed.is_none()
    }

    /// The signal after the same finding came again; `None`: that says nothing new. Findings come twice and in any
    /// order, and whichever comes first leaves the same.
    ///
    /// A dismissal was about what was known: it no longer holds once the source takes the finding to be graver.
    pub fn seen_again(&self, again: &Self) -> Option<Self> {
        let mut next = self.clone();
        let is_later = again.last_seen_at > self.last_seen_at;
        next.last_seen_at = self.last_seen_at.max(again.last_seen_at);
        next.times_seen = if again.times_seen > 1 {
            self.times_seen.max(again.times_seen)
        } else {
            self.times_seen.saturating_add(u32::from(is_later))
        };
        if again.severity > self.gravest() {
            next.risen = Some((again.severity, again.score.clone()));
            next.earlier.extend(next.dismissed.take());
        }
        (next != *self).then(|| next.changed())
    }

    /// The signal once somebody has said that it is no breach.
    ///
    /// # Errors
    /// [`SignalRefused`] if it belongs to a breach, or somebody else was first. The same word again changes nothing.
    pub fn dismiss(&self, dismissal: Dismissal) -> Result<Self, SignalRefused> {
        match (&self.linked, &self.dismissed) {
            (Some(_), _) => Err(SignalRefused::Linked),
            (None, Some(first)) if first.by == dismissal.by && first.reason == dismissal.reason => Ok(self.clone()),
            (None, Some(_)) => Err(SignalRefused::Dismissed),
            (None, None) => Ok(Self { dismissed: Some(dismissal), ..self.clone() }.changed()),
        }
    }

    /// The signal once it belongs to a breach, dismissed before or not.
    ///
    /// # Errors
    /// [`SignalRefused`] if it belongs to another one. The same breach again changes nothing.
    pub fn link(&self, breach: &BreachId, at: Timestamp) -> Result<Self, SignalRefused> {
        match &self.linked {
            Some((first, _)) if first == breach => Ok(self.clone()),
            Some(_) => Err(SignalRefused::Linked),
            None => {
                let mut next = Self { linked: Some((breach.clone(), at)), ..self.clone() };
                next.earlier.extend(next.dismissed.take());
                Ok(next.changed())
            }
        }
    }

    /// The times that it proposes for a breach that is declared from it. Awareness is never among them.
    pub fn proposed_times(&self) -> [(Anchor, Timestamp); 1] {
        [(Anchor::Detection, self.detected_at)]
    }

    fn changed(mut self) -> Self {
        self.version = self.version.saturating_add(1);
        self
    }
}

/// What of a text may be kept: one line of it, of at most so many bytes, without the words that look like a mail
/// address, a network address or the name of a resource. Detectors put them into titles.
pub fn plain(text: &str, bytes_max: usize) -> String {
    let mut kept = String::new();
    // Whatever controls a terminal or a log is a blank here.
    for word in
        text.split(|c: char| c.is_whitespace() || c.is_control() || is_format(c)).filter(|word| !word.is_empty())
    {
        let word = if is_name(word) { TAKEN_OUT } else { word };
        let blank = if kept.is_empty() { "" } else { " " };
        let room = bytes_max.saturating_sub(kept.len() + blank.len());
        let end = (0..=word.len().min(room)).rev().find(|end| word.is_char_boundary(*end)).unwrap_or_default();
        if end == 0 {
            break;
        }
        kept.push_str(blank);
        kept.push_str(&word[..end]);
        if end < word.len() {
            break;
        }
    }
    kept
}

/// Characters that nobody sees and that change how the others are shown.
const fn is_format(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Whether a word looks like the name of a person or a thing.
fn is_name(word: &str) -> bool {
    let is_address = |part: &str| {
        let part = part.trim_matches(|c: char| !c.is_ascii_hexdigit() && c != ':');
        let host = part.rsplit_once(':').map_or(part, |(host, _)| host);
        part.parse::<IpAddr>().is_ok() || host.parse::<IpAddr>().is_ok()
    };
    word.contains('@') || word.contains("arn:") || word.split(['/', '=', ',', ';', '(', ')', '[', ']']).any(is_address)
}

/// Whether one of a controller's resources is meant: an account by its twelve digits, or things by how their ARNs
/// begin.
pub fn concerns(resource: &str, account: Option<&str>, arns: &[String]) -> bool {
    if resource.starts_with("arn:") {
        arns.iter().any(|arn| arn.starts_with(resource))
    } else {
        account == Some(resource) || arns.iter().any(|arn| arn.split(':').nth(4) == Some(resource))
    }
}

/// Whether a text names resources of a controller: twelve digits, or the beginning of an ARN.
pub fn is_resource(text: &str) -> bool {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_arn = text.starts_with("arn:aws") && text.split(':').nth(2).is_some_and(|service| !service.is_empty());
    is_account || (is_arn && text.len() <= 512 && text.bytes().all(|byte| byte.is_ascii_graphic()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Pepper;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn finding(severity: SignalSeverity, seen: &str) -> Finding {
        Finding {
            source: SignalSource::GuardDuty,
            id: "1".into(),
            what: "Exfiltration:S3/AnomalousBehavior".into(),
            title: String::new(),
            severity,
            score: None,
            account: Some("111122223333".into()),
            region: None,
            resources: BTreeMap::new(),
            data: BTreeMap::new(),
            arns: Vec::new(),
            occurred_at: Some(at("2026-03-01T09:00:00Z")),
            detected_at: at("2026-03-01T10:00:00Z"),
            seen_at: at(seen),
            count: None,
        }
    }

    fn signal(severity: SignalSeverity, seen: &str) -> Signal {
        let id = Pepper::new(1, &[7; 32]).derive(&["guardduty", "1"]);
        Signal::new(id, finding(severity, seen), at("2026-03-02T00:00:00Z"))
    }

    fn dismissal(by: &str) -> Dismissal {
        let by = StaffId::parse(by).unwrap();
        Dismissal { at: at("2026-03-02T01:00:00Z"), by, reason: "A test of ours.".into() }
    }

    fn breach(name: &str) -> BreachId {
        Pepper::new(1, &[7; 32]).derive(&[name])
    }

    #[test]
    fn a_finding_that_comes_twice_says_nothing_new() {
        let first = signal(SignalSeverity::High, "2026-03-01T10:00:00Z");
        assert_eq!(first.seen_again(&signal(SignalSeverity::High, "2026-03-01T10:00:00Z")), None);
        assert_eq!(first.seen_again(&signal(SignalSeverity::Medium, "2026-03-01T09:59:00Z")), None);
        let again = first.seen_again(&signal(SignalSeverity::High, "2026-03-01T11:00:00Z")).unwrap();
        assert_eq!((again.times_seen, again.last_seen_at, again.version), (2, at("2026-03-01T11:00:00Z"), 1));
        assert_eq!(again.detected_at, first.detected_at);
        // Where the source counts by itself, its count is taken over and never goes back.
        let counted = |count| Signal { times_seen: count, ..signal(SignalSeverity::High, "2026-03-01T12:00:00Z") };
        let seven = again.seen_again(&counted(7)).unwrap();
        assert_eq!((seven.times_seen, seven.seen_again(&counted(3))), (7, None));
    }

    #[test]
    fn a_dismissed_signal_is_opened_again_by_a_graver_word_alone() {
        let first = signal(SignalSeverity::Medium, "2026-03-01T10:00:00Z");
        let dismissed = first.dismiss(dismissal("officer-1")).unwrap();
        assert!(!dismissed.is_open());
        let same = dismissed.seen_again(&signal(SignalSeverity::Medium, "2026-03-01T11:00:00Z")).unwrap();
        assert!(!same.is_open());
        let graver = same.seen_again(&signal(SignalSeverity::Critical, "2026-03-01T12:00:00Z")).unwrap();
        assert!(graver.is_open());
        assert_eq!((graver.gravest(), graver.severity), (SignalSeverity::Critical, SignalSeverity::Medium));
        assert_eq!(graver.earlier, [dismissal("officer-1")]);
        let closed = graver.dismiss(dismissal("officer-2")).unwrap();
        assert_eq!(closed.seen_again(&signal(SignalSeverity::High, "2026-03-01T12:00:00Z")), None);
    }

    #[test]
    fn a_signal_belongs_to_one_breach_even_if_it_was_dismissed() {
        let first = signal(SignalSeverity::High, "2026-03-01T10:00:00Z").dismiss(dismissal("officer-1")).unwrap();
        let linked = first.link(&breach("a"), at("2026-03-03T00:00:00Z")).unwrap();
        assert_eq!((linked.dismissed.is_none(), linked.earlier.len()), (true, 1));
        assert_eq!(linked.link(&breach("a"), at("2026-03-04T00:00:00Z")).unwrap(), linked);
        assert_eq!(linked.link(&breach("b"), at("2026-03-04T00:00:00Z")), Err(SignalRefused::Linked));
        assert_eq!(linked.dismiss(dismissal("officer-1")), Err(SignalRefused::Linked));
    }

    #[test]
    fn of_two_who_dismiss_the_second_is_told_so_unless_it_is_the_same_word() {
        let first = signal(SignalSeverity::High, "2026-03-01T10:00:00Z").dismiss(dismissal("officer-1")).unwrap();
        let again = Dismissal { at: at("2026-03-09T00:00:00Z"), ..dismissal("officer-1") };
        assert_eq!(first.dismiss(again).unwrap(), first);
        assert_eq!(first.dismiss(dismissal("officer-2")), Err(SignalRefused::Dismissed));
    }

    #[test]
    fn nothing_was_found_after_it_arrived_and_awareness_is_never_proposed() {
        let late = finding(SignalSeverity::High, "2026-03-09T00:00:00Z");
        let id = signal(SignalSeverity::High, "2026-03-01T10:00:00Z").id;
        let ahead = Signal::new(id, late, at("2026-03-01T09:30:00Z"));
        assert_eq!((ahead.detected_at, ahead.last_seen_at), (ahead.received_at, ahead.received_at));
        assert_eq!(ahead.proposed_times(), [(Anchor::Detection, ahead.detected_at)]);
    }

    #[test]
    fn what_names_somebody_or_something_is_taken_out_of_a_title() {
        for (text, kept) in [
            ("API calls by ada@example.com from 203.0.113.7.", "API calls by […] from […]"),
            ("from [2001:db8::1]:443 to 10.0.0.1:22", "from […] to […]"),
            ("arn:aws:s3:::people is public", "[…] is public"),
            ("one\r\n2026-03-01 ERROR two\u{1b}[31m\u{202e}x", "one 2026-03-01 ERROR two [31m x"),
            ("  <b>5 objects</b>  ", "<b>5 objects</b>"),
            ("UnauthorizedAccess:EC2/TorClient", "UnauthorizedAccess:EC2/TorClient"),
            ("", ""),
        ] {
            assert_eq!(plain(text, SIGNAL_TITLE_BYTES_MAX), kept, "{text:?}");
        }
        assert_eq!(plain(&"é".repeat(300), 7), "ééé");
        assert_eq!(plain("a\u{1f600} b", 4), "a", "what was cut off is the end");
        assert!(plain(&"word ".repeat(300), SIGNAL_TITLE_BYTES_MAX).len() <= SIGNAL_TITLE_BYTES_MAX);
    }

    #[test]
    fn a_controllers_resources_are_accounts_and_beginnings_of_arns() {
        let arns =
            [String::from("arn:aws:s3:::acme-people/x"), String::from("arn:aws:rds:eu-west-1:444455556666:db:x")];
        for (resource, concerned) in [
            ("arn:aws:s3:::acme-", true),
            ("arn:aws:s3:::other-", false),
            ("111122223333", true),
            ("444455556666", true),
            ("777788889999", false),
        ] {
            assert!(is_resource(resource), "{resource}");
            assert_eq!(concerns(resource, Some("111122223333"), &arns), concerned, "{resource}");
        }
        for text in ["", "arn:", "arn:aws:", "arn:aws::", "1111222233334", "11112222333a", "s3://x", "arn:aws:s3:::a b"]
        {
            assert!(!is_resource(text), "{text}");
        }
    }
}
