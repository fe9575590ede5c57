//! What is said to a breach, as arguments and as the API takes it.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use wire::breach::BreachForm;

use super::{read, read_facts};
use crate::{
    clock,
    trouble::{Played, Trouble},
};

/// A declaration: a file, or the least that can be said.
#[derive(Debug, Clone, Args)]
pub(super) struct DeclareArgs {
    /// The declaration as JSON (docs/API.md, Breaches), or - for standard input. The other arguments need no file.
    #[arg(long, conflicts_with_all = ["title", "from", "to", "description", "advice"])]
    file: Option<PathBuf>,
    /// What the register calls it. Nothing personal.
    #[arg(long, required_unless_present = "file")]
    title: Option<String>,
    /// When somebody here became aware of it: 2026-03-01T12:00:00Z.
    #[arg(long)]
    aware: Option<Timestamp>,
    /// When it was detected.
    #[arg(long)]
    detected: Option<Timestamp>,
    /// When it was suspected.
    #[arg(long)]
    suspected: Option<Timestamp>,
    /// Since when data was exposed.
    #[arg(long, required_unless_present = "file")]
    from: Option<Timestamp>,
    /// Until when; left out: until now.
    #[arg(long)]
    to: Option<Timestamp>,
    /// A category of the policy that it reached; several times for several.
    #[arg(long)]
    category: Vec<String>,
    /// What it did to data; several times for several.
    #[arg(long, value_parser = ["confidentiality", "integrity", "availability"])]
    effect: Vec<String>,
    /// What happened, in plain language: people will read it.
    #[arg(long, required_unless_present = "file")]
    description: Option<String>,
    /// What people can do themselves.
    #[arg(long, required_unless_present = "file")]
    advice: Option<String>,
    /// It was only tried.
    #[arg(long)]
    attempt_only: bool,
    /// A signal that it is made from, by its number; several times for several. Without a time of detection, theirs
    /// counts.
    #[arg(long, conflicts_with = "file")]
    from_signal: Vec<String>,
    /// What makes a second try the same breach; left out: every call declares a new one.
    #[arg(long)]
    key: Option<String>,
}

impl DeclareArgs {
    /// The declaration, which is looked at before it is sent.
    pub(super) fn form(&self) -> Played<Value> {
        let form = match &self.file {
            Some(file) => read(file)?,
            None => self.of_arguments(),
        };
        let checked: BreachForm =
            serde_json::from_value(form.clone()).map_err(Trouble::because("read the declaration"))?;
        checked.parse().map_err(|error| Trouble::new(format!("the declaration is not right: {error}")))?;
        Ok(form)
    }

    fn of_arguments(&self) -> Value {
        let times = [("aware", self.aware), ("detected", self.detected), ("suspected", self.suspected)];
        let times = times.into_iter().filter_map(|(name, at)| Some((name.to_owned(), json!(at?.to_string()))));
        let to = self.to.unwrap_or_else(clock::this_second).to_string();
        json!({
            "title": self.title,
            "times": times.collect::<Map<_, _>>(),
            "signals": self.from_signal,
            "facts": {
                "exposed_from": self.from.as_ref().map(ToString::to_string),
                "exposed_to": to,
                "attempt_only": self.attempt_only,
                "effects": self.effect,
                "scope": { "categories": self.category },
                "texts": { "en": { "description": self.description, "advice": self.advice } },
            },
        })
    }

    /// What makes a second try the same breach.
    pub(super) fn key(&self) -> String {
        let once = || format!("cli-{}-{}", clock::now().as_millisecond(), std::process::id());
        self.key.clone().unwrap_or_else(once)
    }
}

/// Which breach, and as it stood when.
#[derive(Debug, Clone, Args)]
pub(super) struct Which {
    /// Its number.
    breach: String,
    /// Only if it has this version still; left out: as it stands now.
    #[arg(long)]
    if_version: Option<u32>,
}

/// What happens to a breach.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum Deed {
    /// Say when somebody here became aware of it: what most clocks count from.
    Aware {
        #[command(flatten)]
        which: Which,
        /// When; left out: now.
        #[arg(long)]
        at: Option<Timestamp>,
        /// What happened then instead: detected, suspected, determined, and what `habeas clock laws` names.
        #[arg(long, default_value = "aware")]
        what: String,
    },
    /// Say all that is known now, what stayed the same included.
    Facts {
        #[command(flatten)]
        which: Which,
        /// The facts as JSON (docs/API.md, Breaches), or - for standard input.
        #[arg(long)]
        file: PathBuf,
    },
    /// Assess how severe it is, by ENISA's method.
    Assess {
        #[command(flatten)]
        which: Which,
        /// What the data is.
        #[arg(long, value_parser = ["simple", "behavioural", "financial", "sensitive"])]
        data: String,
        /// What its volume, the people and how public or wrong it is add or take away, from -3 to 3.
        #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
        adjustment: i8,
        /// How easily people are identified.
        #[arg(long, value_parser = ["negligible", "limited", "significant", "maximum"])]
        identification: String,
        /// Loss of confidentiality.
        #[arg(long, default_value = "none", value_parser = ["none", "limited", "full"])]
        confidentiality: String,
        /// Loss of integrity.
        #[arg(long, default_value = "none", value_parser = ["none", "limited", "full"])]
        integrity: String,
        /// Loss of availability.
        #[arg(long, default_value = "none", value_parser = ["none", "limited", "full"])]
        availability: String,
        /// It was meant.
        #[arg(long)]
        malicious: bool,
        /// Why these.
        #[arg(long)]
        reason: String,
    },
    /// Decide who is told. Telling each of the people begins at once, and cannot be undone.
    Decide {
        #[command(flatten)]
        which: Which,
        /// The people.
        #[arg(long, value_parser = ["told", "told-in-public", "not-told"])]
        people: String,
        /// Why they are not told.
        #[arg(
            long,
            required_if_eq("people", "not-told"),
            value_parser = ["no-high-risk", "unintelligible", "risk-averted", "investigation"]
        )]
        exemption: Option<String>,
        /// Authorities are not told: a risk is unlikely.
        #[arg(long)]
        no_authority: bool,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Record a notification that went out, which meets its clock.
    Notified {
        #[command(flatten)]
        which: Which,
        /// By which law: eu-gdpr.
        #[arg(long)]
        law: String,
        /// Which duty it meets: authority, controller, early-warning, final-report and what the clocks show.
        #[arg(long, default_value = "authority")]
        duty: String,
        /// To whom it went.
        #[arg(long)]
        to: String,
        /// When; left out: now.
        #[arg(long)]
        at: Option<Timestamp>,
        /// The receiver's reference for it.
        #[arg(long)]
        reference: String,
        /// Of how many entries it told; left out: of all.
        #[arg(long)]
        version: Option<u32>,
    },
    /// Tell nobody more until it is resumed.
    Pause {
        #[command(flatten)]
        which: Which,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Go on telling people.
    Resume {
        #[command(flatten)]
        which: Which,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Tell nobody more, for good.
    Stop {
        #[command(flatten)]
        which: Which,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Write a remark.
    Note {
        #[command(flatten)]
        which: Which,
        /// What. Nothing personal.
        #[arg(long)]
        text: String,
    },
    /// Write down what was learned.
    Lesson {
        #[command(flatten)]
        which: Which,
        /// What.
        #[arg(long)]
        text: String,
        /// On which day somebody looks at it again: 2026-12-31.
        #[arg(long)]
        follow_up_on: Option<jiff::civil::Date>,
    },
    /// Say what came of a lesson.
    FollowUp {
        #[command(flatten)]
        which: Which,
        /// The lesson's number.
        #[arg(long)]
        lesson: u32,
        /// What came of it.
        #[arg(long)]
        text: String,
    },
    /// Nothing is left to do.
    Close {
        #[command(flatten)]
        which: Which,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// There is, after all.
    Reopen {
        #[command(flatten)]
        which: Which,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

impl Deed {
    fn which(&self) -> &Which {
        match self {
            Self::Aware { which, .. }
            | Self::Facts { which, .. }
            | Self::Assess { which, .. }
            | Self::Decide { which, .. }
            | Self::Notified { which, .. }
            | Self::Pause { which, .. }
            | Self::Resume { which, .. }
            | Self::Stop { which, .. }
            | Self::Note { which, .. }
            | Self::Lesson { which, .. }
            | Self::FollowUp { which, .. }
            | Self::Close { which, .. }
            | Self::Reopen { which, .. } => which,
        }
    }

    /// Which version it is meant for; `None`: the one that stands.
    pub(super) fn version(&self) -> Option<u32> {
        self.which().if_version
    }

    /// Which breach, and the act as the API takes it. What names no time happened now.
    pub(super) fn act(&self, now: Timestamp) -> Played<(&str, Value)> {
        let moment = |at: &Option<Timestamp>| at.unwrap_or(now).to_string();
        let telling =
            |state: &str, reason: &String| json!({ "act": "telling-set", "telling": state, "reason": reason });
        let act = match self {
            Self::Aware { at, what, .. } => json!({ "act": "happened", "what": what, "at": moment(at) }),
            Self::Facts { file, .. } => json!({ "act": "facts-changed", "facts": read_facts(file)? }),
            Self::Assess {
                data,
                adjustment,
                identification,
                confidentiality,
                integrity,
                availability,
                malicious,
                reason,
                ..
            } => json!({
                "act": "assessed", "data": data, "adjustment": adjustment, "identification": identification,
                "confidentiality": confidentiality, "integrity": integrity, "availability": availability,
                "malicious": malicious, "reason": reason,
            }),
            Self::Decide { people, exemption, no_authority, reason, .. } => json!({
                "act": "decided", "authority": !no_authority, "people": people, "exemption": exemption, "reason": reason,
            }),
            Self::Notified { law, duty, to, at, reference, version, .. } => json!({
                "act": "notified", "law": law, "duty": duty, "to": to, "at": moment(at), "reference": reference,
                "version": version,
            }),
            Self::Pause { reason, .. } => telling("paused", reason),
            Self::Resume { reason, .. } => telling("running", reason),
            Self::Stop { reason, .. } => telling("stopped", reason),
            Self::Note { text, .. } => json!({ "act": "noted", "text": text }),
            Self::Lesson { text, follow_up_on, .. } => {
                json!({ "act": "lesson", "text": text, "follow_up_on": follow_up_on.map(|day| day.to_string()) })
            }
            Self::FollowUp { lesson, text, .. } => json!({ "act": "followed-up", "lesson": lesson, "text": text }),
            Self::Close { reason, .. } => json!({ "act": "closed", "reason": reason }),
            Self::Reopen { reason, .. } => json!({ "act": "reopened", "reason": reason }),
        };
        Ok((&self.which().breach, act))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use wire::breach::ActForm;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(subcommand)]
        deed: Deed,
    }

    #[derive(Debug, Parser)]
    struct Declaring {
        #[command(flatten)]
        declared: DeclareArgs,
    }

    fn said(words: &str) -> domain::breach::Act {
        let words: Vec<_> = words.split(' ').map(|word| word.replace('_', " ")).collect();
        let line = Line::try_parse_from(std::iter::once("habeas".to_owned()).chain(words)).unwrap();
        let (breach, act) = line.deed.act("2026-03-01T12:00:00Z".parse().unwrap()).unwrap();
        assert_eq!((breach, line.deed.version()), ("B", None));
        serde_json::from_value::<ActForm>(act).unwrap().parse(3).unwrap()
    }

    #[test]
    fn every_deed_is_an_act_that_the_api_takes() {
        use domain::breach::ActKind;
        for (words, kind) in [
            ("aware B", ActKind::Happened),
            ("aware B --what suspected --at 2026-03-01T11:00:00Z", ActKind::Happened),
            (
                "assess B --data financial --adjustment -1 --identification maximum --confidentiality full --malicious --reason They_are_statements.",
                ActKind::Assessed,
            ),
            ("decide B --people told --reason A_high_risk.", ActKind::Decided),
            ("decide B --people told-in-public --reason Nobody_is_known.", ActKind::Decided),
            ("decide B --people not-told --exemption risk-averted --no-authority --reason Wiped.", ActKind::Decided),
            ("notified B --law eu-gdpr --to CNPD --reference 2026-1", ActKind::Notified),
            ("notified B --law eu-gdpr --duty controller --to Acme --reference 7 --version 2", ActKind::Notified),
            ("pause B --reason The_police_asked.", ActKind::TellingSet),
            ("resume B --reason They_are_done.", ActKind::TellingSet),
            ("stop B --reason Enough.", ActKind::TellingSet),
            ("note B --text They_called.", ActKind::Noted),
            ("lesson B --text Lock_the_car.", ActKind::Lesson),
            ("lesson B --text Lock_the_car. --follow-up-on 2026-06-01", ActKind::Lesson),
            ("follow-up B --lesson 4 --text It_is_locked.", ActKind::FollowedUp),
            ("close B --reason Done.", ActKind::Closed),
            ("reopen B --reason Another_one.", ActKind::Reopened),
        ] {
            assert_eq!(said(words).kind(), kind, "{words}");
        }
    }

    #[test]
    fn a_decision_that_people_are_not_told_says_why() {
        let words = ["habeas", "decide", "B", "--people", "not-told", "--reason", "So."];
        assert!(Line::try_parse_from(words).is_err());
    }

    #[test]
    fn a_declaration_by_hand_is_one_that_the_api_takes_and_a_wrong_one_is_not_sent() {
        let declared = |from: &str| {
            let words = [
                "habeas",
                "--title",
                "A lost laptop",
                "--aware",
                "2026-03-01T12:00:00Z",
                "--from",
                from,
                "--to",
                "2026-02-28T12:00:00Z",
                "--category",
                "account",
                "--effect",
                "confidentiality",
                "--description",
                "A laptop was taken.",
                "--advice",
                "Change your password.",
            ];
            Declaring::try_parse_from(words).unwrap().declared.form()
        };
        let form = declared("2026-02-27T12:00:00Z").unwrap();
        assert_eq!(form["facts"]["scope"]["categories"], json!(["account"]));
        let refused = declared("2026-02-28T13:00:00Z").unwrap_err().to_string();
        assert!(refused.contains("/facts/exposed_to: the exposure ends before it starts"), "{refused}");
        assert!(Declaring::try_parse_from(["habeas", "--title", "A lost laptop"]).is_err());
    }
}
