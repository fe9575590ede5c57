//! What a requester is written about their proof: a one-time code, and what is answered where their proof
//! does not suffice for all that they asked.

use domain::{language::Language, policy::Policy, sensitive::Sensitive, token::Code};

use crate::{
    mail::{Mail, MailTag},
    requests::RequestKey,
};

/// The letter with another code.
pub fn code(policy: &Policy, key: &RequestKey, language: Language, to: Sensitive<String>, code: &Code) -> Mail {
    // Disclosed to the letter that carries it.
    let code = code.disclose();
    let (name, request) = (&policy.name, &key.request);
    let (subject, text) = match language {
        Language::English => (
            format!("{name}: your code"),
            format!(
                "You asked for another code for your privacy request.\n\n{code}\n\nIt works for 30 minutes; earlier \
                 codes do not work any more. If you did not ask for it, do nothing, and tell nobody the code.\n\n\
                 Your request's number is {request}.\n"
            ),
        ),
        Language::German => (
            format!("{name}: Ihr Code"),
            format!(
                "Sie haben einen neuen Code für Ihre Datenschutzanfrage verlangt.\n\n{code}\n\nEr gilt 30 Minuten; \
                 frühere Codes gelten nicht mehr. Wenn Sie ihn nicht verlangt haben, tun Sie nichts und geben Sie den \
                 Code niemandem.\n\nIhre Anfrage hat die Nummer {request}.\n"
            ),
        ),
        Language::French => (
            format!("{name} : votre code"),
            format!(
                "Vous avez demandé un nouveau code pour votre demande.\n\n{code}\n\nIl est valable 30 minutes ; les codes \
                 précédents ne le sont plus. Si vous n’avez rien demandé, ne faites rien et ne donnez ce code à \
                 personne.\n\nVotre demande porte le numéro {request}.\n"
            ),
        ),
    };
    let tag = MailTag::of_letter(request, "CODE");
    Mail { controller: key.controller.clone(), to, subject, text, tag, unsubscribe: None }
}

/// Says first that the specific pieces of data are not handed out, and that the categories are (11 CCR
/// 7024(a)).
pub fn say_categories_instead(letter: &mut Mail, language: Language) {
    let told = match language {
        Language::English => {
            "What you sent does not show clearly enough that it is you who asks, so we hand out no specific pieces of \
             data. We have looked at your request as one for the categories of data instead (11 CCR 7024(a))."
        }
        Language::German => {
            "Ihre Angaben belegen nicht sicher genug, dass Sie selbst anfragen; einzelne Daten geben wir deshalb nicht \
             heraus. Wir beantworten Ihre Anfrage stattdessen nach Kategorien (11 CCR 7024(a))."
        }
        Language::French => {
            "Vos indications n’établissent pas assez sûrement que la demande vient de vous : nous ne communiquons donc \
             aucune donnée précise, et répondons par catégories de données (11 CCR 7024(a))."
        }
    };
    letter.text = format!("{told}\n\n{}", letter.text);
}
