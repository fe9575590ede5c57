//! Durations, periods and names in plain English: the one place where a promise becomes a sentence.

use crate::{
    ids::EventName,
    policy::{Action, Country, Period, RetentionRule, VerificationRule},
};
use jiff::SpanFieldwise;

/// To whom a sentence speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// To whoever runs the system: events as the policy file names them, `website.access`.
    Operator,
    /// To the people whose data it is: "the last website access".
    People,
}

/// Up to here numbers are written out.
const NUMBERS: [&str; 13] =
    ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/// A number as prose writes it: words up to twelve, digits from there on.
pub fn number(n: i64) -> String {
    usize::try_from(n).ok().and_then(|n| NUMBERS.get(n)).map_or_else(|| n.to_string(), |word| (*word).to_owned())
}

/// So many of something: "one day", "100 days".
pub fn count(n: i64, one: &str) -> String {
    if n == 1 { format!("one {one}") } else { format!("{} {one}s", number(n)) }
}

/// A duration: "six months", "one year and six months", "30 minutes". Zero is "no time".
pub fn duration(span: &SpanFieldwise) -> String {
    let span = span.0;
    let parts: Vec<String> = [
        (i64::from(span.get_years()), "year"),
        (i64::from(span.get_months()), "month"),
        (i64::from(span.get_weeks()), "week"),
        (i64::from(span.get_days()), "day"),
        (i64::from(span.get_hours()), "hour"),
        (span.get_minutes(), "minute"),
        (span.get_seconds(), "second"),
    ]
    .into_iter()
    .filter(|(n, _)| *n != 0)
    .map(|(n, unit)| count(n, unit))
    .collect();
    if parts.is_empty() { "no time".to_owned() } else { list(&parts, "and") }
}

/// A duration that comes again and again: "every year", "every six months".
pub fn every(span: &SpanFieldwise) -> String {
    let words = duration(span);
    format!("every {}", words.strip_prefix("one ").filter(|unit| !unit.contains(' ')).unwrap_or(&words))
}

/// "a", "a or b", "a, b or c".
pub fn list<T: AsRef<str>>(items: &[T], word: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} {word} {}", most.join(", "), last.as_ref())
        }
    }
}

/// Short forms that are written in capitals.
const ACRONYMS: [&str; 13] = ["db", "zta", "ip", "id", "cv", "os", "url", "vat", "iban", "cvc", "mfa", "gps", "api"];

/// A name of the policy as words: `ip_address` is "IP address".
pub fn name(text: &str) -> String {
    let words: Vec<String> = text
        .split(['.', '-', '_'])
        .filter(|word| !word.is_empty())
        .map(|word| if ACRONYMS.contains(&word) { word.to_ascii_uppercase() } else { word.to_owned() })
        .collect();
    words.join(" ")
}

/// The countries that policies name most; of any other one the code is shown.
const COUNTRIES: [(&str, &str); 62] = [
    ("AD", "Andorra"),
    ("AE", "the United Arab Emirates"),
    ("AR", "Argentina"),
    ("AT", "Austria"),
    ("AU", "Australia"),
    ("BE", "Belgium"),
    ("BG", "Bulgaria"),
    ("BR", "Brazil"),
    ("CA", "Canada"),
    ("CH", "Switzerland"),
    ("CN", "China"),
    ("CY", "Cyprus"),
    ("CZ", "Czechia"),
    ("DE", "Germany"),
    ("DK", "Denmark"),
    ("EE", "Estonia"),
    ("ES", "Spain"),
    ("FI", "Finland"),
    ("FO", "the Faroe Islands"),
    ("FR", "France"),
    ("GB", "the United Kingdom"),
    ("GG", "Guernsey"),
    ("GR", "Greece"),
    ("HK", "Hong Kong"),
    ("HR", "Croatia"),
    ("HU", "Hungary"),
    ("IE", "Ireland"),
    ("IL", "Israel"),
    ("IM", "the Isle of Man"),
    ("IN", "India"),
    ("IS", "Iceland"),
    ("IT", "Italy"),
    ("JE", "Jersey"),
    ("JP", "Japan"),
    ("KR", "South Korea"),
    ("LI", "Liechtenstein"),
    ("LT", "Lithuania"),
    ("LU", "Luxembourg"),
    ("LV", "Latvia"),
    ("MT", "Malta"),
    ("MX", "Mexico"),
    ("MY", "Malaysia"),
    ("NL", "the Netherlands"),
    ("NO", "Norway"),
    ("NZ", "New Zealand"),
    ("PH", "the Philippines"),
    ("PL", "Poland"),
    ("PT", "Portugal"),
    ("RO", "Romania"),
    ("RS", "Serbia"),
    ("SE", "Sweden"),
    ("SG", "Singapore"),
    ("SI", "Slovenia"),
    ("SK", "Slovakia"),
    ("TH", "Thailand"),
    ("TR", "Türkiye"),
    ("TW", "Taiwan"),
    ("UA", "Ukraine"),
    ("US", "the United States"),
    ("UY", "Uruguay"),
    ("VN", "Vietnam"),
    ("ZA", "South Africa"),
];

/// A country by its name.
pub fn country(country: &Country) -> String {
    let code = country.as_str();
    COUNTRIES.iter().find(|(known, _)| *known == code).map_or_else(|| code.to_owned(), |(_, name)| (*name).to_owned())
}

/// A sentence's first letter in capitals.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// How an event's name is built: what something does to its subject, or a thing that takes place.
enum Told {
    /// `account.closed`: the account is closed. `contract.ended`: the contract has ended.
    Done { subject: String, verb: String, by_itself: bool },
    /// `website.visit`: the website visit.
    Thing(String),
}

fn told(event: &EventName) -> Told {
    const IRREGULAR: [&str; 14] = [
        "withdrawn",
        "sent",
        "left",
        "given",
        "met",
        "paid",
        "made",
        "sold",
        "lost",
        "found",
        "taken",
        "held",
        "agreed",
        "freed",
    ];
    const BY_ITSELF: [&str; 8] = ["ended", "expired", "lapsed", "left", "died", "passed", "happened", "begun"];
    let words = name(event.as_str());
    let (subject, verb) = words.rsplit_once(' ').unwrap_or(("", words.as_str()));
    let is_done = (verb.ends_with("ed") && !verb.ends_with("eed")) || IRREGULAR.contains(&verb);
    if !is_done {
        return Told::Thing(words);
    }
    let subject = if subject.is_empty() { "it".to_owned() } else { format!("the {subject}") };
    Told::Done { subject, verb: verb.to_owned(), by_itself: BY_ITSELF.contains(&verb) }
}

/// An event as a moment: "the account is closed", "the website visit".
pub fn moment(event: &EventName, voice: Voice) -> String {
    match (voice, told(event)) {
        (Voice::Operator, _) => event.to_string(),
        (Voice::People, Told::Thing(words)) => format!("the {words}"),
        (Voice::People, Told::Done { subject, verb, by_itself: true }) => format!("{subject} has {verb}"),
        (Voice::People, Told::Done { subject, verb, by_itself: false }) => format!("{subject} is {verb}"),
    }
}

/// An event as the last of its kind: "the last website visit".
fn last(event: &EventName, voice: Voice) -> String {
    match (voice, told(event)) {
        (Voice::Operator, _) => format!("the last {event}"),
        (Voice::People, Told::Thing(words)) => format!("the last {words}"),
        (Voice::People, Told::Done { subject, verb, by_itself: true }) => {
            format!("the last time that {subject} {verb}")
        }
        (Voice::People, Told::Done { subject, verb, by_itself: false }) => {
            format!("the last time that {subject} was {verb}")
        }
    }
}

/// An event as a condition: "there is a chat message", "the account is closed".
fn condition(event: &EventName, voice: Voice) -> String {
    match (voice, told(event)) {
        (Voice::Operator, _) => format!("{event} comes"),
        (Voice::People, Told::Thing(words)) => {
            let article =
                if words.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
            format!("there is {article} {words}")
        }
        (Voice::People, Told::Done { .. }) => moment(event, voice),
    }
}

/// How long a period lasts; it goes on after "kept": "for six months after the last website visit".
pub fn period(period: &Period, voice: Voice) -> String {
    match period {
        Period::Fixed { duration: span } => format!("for {}", duration(span)),
        Period::Sliding { duration: span, renew_on, max } => {
            let lasts: Vec<String> = renew_on.iter().map(|event| last(event, voice)).collect();
            format!("for {} after {}{}", duration(span), list(&lasts, "or"), at_most(max.as_ref()))
        }
        Period::UntilEvent { events, grace, max } => {
            let moments: Vec<String> = events.iter().map(|event| moment(event, voice)).collect();
            let grace = if grace.0.is_zero() { String::new() } else { format!("{} after ", duration(grace)) };
            let first = if moments.len() > 1 { ", whichever comes first" } else { "" };
            format!("until {grace}{}{first}{}", list(&moments, "or"), at_most(max.as_ref()))
        }
        Period::Indefinite => match voice {
            Voice::Operator => "without an end".to_owned(),
            Voice::People => "without an end, unless you ask for its erasure".to_owned(),
        },
    }
}

fn at_most(max: Option<&SpanFieldwise>) -> String {
    max.map(|max| format!(", at most {} in all", duration(max))).unwrap_or_default()
}

/// How long a rule keeps a record, its switch included; it goes on after "kept".
pub fn kept(rule: &RetentionRule, voice: Voice) -> String {
    let base = period(&rule.period, voice);
    let Some(switch) = &rule.switch else { return base };
    format!("{base}; if {} before that, {}", condition(&switch.on, voice), from_then(&switch.then, voice))
}

/// A switched period, counted from its event.
pub fn from_then(then: &Period, voice: Voice) -> String {
    match then {
        Period::Fixed { .. } | Period::Indefinite => format!("{} from then on", period(then, voice)),
        Period::Sliding { .. } | Period::UntilEvent { .. } => period(then, voice),
    }
}

/// What is done with a record when its time is up; it goes on after "it".
pub const fn action(action: Action) -> &'static str {
    match action {
        Action::Delete => "is deleted",
        Action::Anonymise => "is made anonymous",
        Action::Aggregate => "goes into totals and is deleted",
        Action::Archive => "goes to the archive that the law asks for",
    }
}

/// How a requester is verified; it goes on after "verified".
pub fn verification(rule: VerificationRule) -> String {
    match rule {
        VerificationRule::None => "by nothing: no proof is asked for".to_owned(),
        VerificationRule::Mail => "by a link that is sent to the mail address".to_owned(),
        VerificationRule::Points(points) => {
            format!("by {} that match what is stored", count(points.into(), "detail"))
        }
        VerificationRule::Account => "by signing in to the account".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        ids::{Category, Purpose},
        policy::{Clause, Switch},
    };
    use jiff::{Span, ToSpan};

    use super::*;

    fn event(name: &str) -> EventName {
        EventName::parse(name).unwrap()
    }

    fn sliding(span: Span, event_name: &str, max: Option<Span>) -> Period {
        Period::Sliding { duration: span.fieldwise(), renew_on: vec![event(event_name)], max: max.map(Span::fieldwise) }
    }

    fn until(events: &[&str], grace: Span, max: Option<Span>) -> Period {
        Period::UntilEvent {
            events: events.iter().map(|name| event(name)).collect(),
            grace: grace.fieldwise(),
            max: max.map(Span::fieldwise),
        }
    }

    #[test]
    fn durations_read_as_people_say_them() {
        for (span, words) in [
            (Span::new(), "no time"),
            (1.day(), "one day"),
            (100.days(), "100 days"),
            (6.months(), "six months"),
            (12.months(), "twelve months"),
            (13.months(), "13 months"),
            (1.year().months(6), "one year and six months"),
            (30.minutes(), "30 minutes"),
            (1.hour().minutes(30), "one hour and 30 minutes"),
            (2.weeks(), "two weeks"),
            (1.year().months(2).days(3), "one year, two months and three days"),
        ] {
            assert_eq!(duration(&span.fieldwise()), words);
        }
        assert_eq!(every(&1.year().fieldwise()), "every year");
        assert_eq!(every(&1.year().months(6).fieldwise()), "every one year and six months");
    }

    #[test]
    fn periods_read_as_people_say_them() {
        for (rule, operator, people) in [
            (Period::Fixed { duration: 100.days().fieldwise() }, "for 100 days", "for 100 days"),
            (
                sliding(6.months(), "website.visit", None),
                "for six months after the last website.visit",
                "for six months after the last website visit",
            ),
            (
                sliding(6.months(), "account.used", Some(13.months())),
                "for six months after the last account.used, at most 13 months in all",
                "for six months after the last time that the account was used, at most 13 months in all",
            ),
            (until(&["account.closed"], Span::new(), None), "until account.closed", "until the account is closed"),
            (
                until(&["zta.use-ended"], 7.days(), None),
                "until seven days after zta.use-ended",
                "until seven days after the ZTA use has ended",
            ),
            (
                until(&["session.ended", "consent.withdrawn"], Span::new(), Some(1.day())),
                "until session.ended or consent.withdrawn, whichever comes first, at most one day in all",
                "until the session has ended or the consent is withdrawn, whichever comes first, at most one day in all",
            ),
            (Period::Indefinite, "without an end", "without an end, unless you ask for its erasure"),
        ] {
            assert_eq!(period(&rule, Voice::Operator), operator);
            assert_eq!(period(&rule, Voice::People), people);
        }
    }

    #[test]
    fn a_switch_is_told_with_the_event_that_brings_it() {
        let rule = RetentionRule {
            category: Category::parse("chat-ip").unwrap(),
            purpose: Purpose::parse("chat.messaging").unwrap(),
            period: sliding(30.minutes(), "website.access", None),
            switch: Some(Switch {
                on: event("chat.message"),
                then: Period::Fixed { duration: 1.year().fieldwise() },
                clause: Clause::new("x"),
            }),
            action: Action::Delete,
            exemption: None,
            lifecycle: false,
            clause: Clause::new("x"),
        };
        assert_eq!(
            kept(&rule, Voice::People),
            "for 30 minutes after the last website access; if there is a chat message before that, for one year \
             from then on"
        );
        assert_eq!(
            kept(&rule, Voice::Operator),
            "for 30 minutes after the last website.access; if chat.message comes before that, for one year from \
             then on"
        );
    }

    #[test]
    fn names_become_words() {
        assert_eq!(name("ip_address"), "IP address");
        assert_eq!(name("trackers.behaviour-analytics"), "trackers behaviour analytics");
        assert_eq!(capitalised("élan"), "Élan");
        assert_eq!(capitalised(""), "");
        assert_eq!(moment(&event("feed"), Voice::People), "the feed");
        assert_eq!(moment(&event("ended"), Voice::People), "it has ended");
    }
}
