//! What comes next, in a sentence of the requester's language.

use domain::{
    dsar::{AnswerDue, Ask, NextStep},
    language::Language,
    policy::Policy,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What happens next, or what the requester can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextForm {
    /// `confirm`, `prove-identity`, `answer-question`, `wait`, `late`, `appeal`, `see-other` or `done`.
    pub code: String,
    /// The same in a sentence.
    pub text: String,
    /// Until then, for what ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The request that answers this one, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl NextForm {
    pub(super) fn new(policy: &Policy, step: &NextStep, due: &AnswerDue, language: Language) -> Self {
        Self {
            code: step.as_str().to_owned(),
            text: sentence(policy, step, due, language),
            until: match step {
                NextStep::Confirm { until } | NextStep::Prove { until } | NextStep::Appeal { until } => {
                    Some(until.to_string())
                }
                _ => None,
            },
            request_id: match step {
                NextStep::SeeOther(request) => Some(request.to_string()),
                _ => None,
            },
        }
    }
}

fn sentence(policy: &Policy, step: &NextStep, due: &AnswerDue, language: Language) -> String {
    let (contact, last_day) = (&policy.contact_mail, due.last_day);
    let day = |at: &Timestamp| at.to_zoned(policy.time_zone.clone()).date();
    match (step, language) {
        (NextStep::Confirm { until }, Language::English) => {
            format!("Confirm by {} with the link in our mail that this is your request. Otherwise it ends.", day(until))
        }
        (NextStep::Confirm { until }, Language::German) => format!(
            "Bestätigen Sie bis {} über den Link in unserer E-Mail, dass die Anfrage von Ihnen ist. Sonst endet sie.",
            day(until)
        ),
        (NextStep::Confirm { until }, Language::French) => format!(
            "Confirmez avant le {} par le lien de notre courriel que la demande vient de vous. Sinon, elle prend fin.",
            day(until)
        ),
        (NextStep::Prove { until }, Language::English) => {
            format!("Show us by {} that it is you who asks. Otherwise the request ends.", day(until))
        }
        (NextStep::Prove { until }, Language::German) => {
            format!("Weisen Sie bis {} nach, dass Sie es sind. Sonst endet die Anfrage.", day(until))
        }
        (NextStep::Prove { until }, Language::French) => {
            format!("Prouvez avant le {} que la demande vient de vous. Sinon, elle prend fin.", day(until))
        }
        (NextStep::Answer(Ask::Identity), Language::English) => {
            "We have asked you to show who you are, and wait for your answer.".to_owned()
        }
        (NextStep::Answer(Ask::Identity), Language::German) => {
            "Wir haben Sie gebeten nachzuweisen, wer Sie sind, und warten auf Ihre Antwort.".to_owned()
        }
        (NextStep::Answer(Ask::Identity), Language::French) => {
            "Nous vous avons demandé de prouver votre identité et attendons votre réponse.".to_owned()
        }
        (NextStep::Answer(Ask::Clarification), Language::English) => {
            "We have asked you what exactly you want, and wait for your answer.".to_owned()
        }
        (NextStep::Answer(Ask::Clarification), Language::German) => {
            "Wir haben Sie gefragt, was genau Sie möchten, und warten auf Ihre Antwort.".to_owned()
        }
        (NextStep::Answer(Ask::Clarification), Language::French) => {
            "Nous vous avons demandé ce que vous voulez exactement et attendons votre réponse.".to_owned()
        }
        (NextStep::Wait { .. }, Language::English) => format!("We are working on it and answer by {last_day}."),
        (NextStep::Wait { .. }, Language::German) => format!("Wir arbeiten daran und antworten bis {last_day}."),
        (NextStep::Wait { .. }, Language::French) => {
            format!("Nous y travaillons et répondons au plus tard le {last_day}.")
        }
        (NextStep::Late, Language::English) => {
            format!("Our answer is late: it was due by {last_day}. Write to {contact}, or complain to the authority.")
        }
        (NextStep::Late, Language::German) => format!(
            "Unsere Antwort ist überfällig: Sie hätte bis {last_day} kommen müssen. Schreiben Sie an {contact} oder \
             beschweren Sie sich bei der Aufsichtsbehörde."
        ),
        (NextStep::Late, Language::French) => format!(
            "Notre réponse est en retard : elle était due le {last_day}. Écrivez à {contact} ou adressez une \
             réclamation à l'autorité de contrôle."
        ),
        (NextStep::Appeal { until }, Language::English) => {
            format!("If you disagree, make a request of type appeal about this one by {}.", day(until))
        }
        (NextStep::Appeal { until }, Language::German) => format!(
            "Sind Sie nicht einverstanden, stellen Sie bis {} dazu eine Anfrage der Art appeal (Widerspruch).",
            day(until)
        ),
        (NextStep::Appeal { until }, Language::French) => format!(
            "En cas de désaccord, faites avant le {} une demande de type appeal (recours) sur celle-ci.",
            day(until)
        ),
        (NextStep::SeeOther(request), Language::English) => {
            format!("You asked for the same before: request {request} answers both.")
        }
        (NextStep::SeeOther(request), Language::German) => {
            format!("Sie haben dasselbe schon angefragt: Die Anfrage {request} beantwortet beides.")
        }
        (NextStep::SeeOther(request), Language::French) => {
            format!("Vous aviez déjà demandé la même chose : la demande {request} répond aux deux.")
        }
        (NextStep::Done, Language::English) => "Nothing more is to be done.".to_owned(),
        (NextStep::Done, Language::German) => "Es ist nichts weiter zu tun.".to_owned(),
        (NextStep::Done, Language::French) => "Il n'y a plus rien à faire.".to_owned(),
    }
}
