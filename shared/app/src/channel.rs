//! Another way to tell people of a breach: whoever has no mail address, and another identifier here, is told by a
//! system of the controller's own, which is handed a signed notice.

use domain::{
    breach::{Incident, Texts},
    ids::{BreachId, ControllerId, Identifier, NoticeId, SubjectRef},
    language::Language,
    policy::{Policy, SystemKind},
};
use jiff::Timestamp;

use crate::{
    dispatch::{Dispatch, Webhooks},
    error::PortError,
    keys::Keys,
    letters,
    systems::{self, SystemStates},
};

/// How often the message of a person is received before nobody tries the channel again: the queue hands a message out
/// three times, and the last time people are told in public.
pub const CHANNEL_RECEIVES_MAX: u32 = 3;

/// What a system of the controller's is handed, so that it tells one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreachNotice {
    /// The same whenever this person is told of this breach: what makes a second one harmless.
    pub id: NoticeId,
    /// Whose.
    pub controller: ControllerId,
    /// Which breach.
    pub breach: BreachId,
    /// The language of the letter.
    pub language: Language,
    /// Whom to tell.
    pub identifier: Identifier,
    /// The letter's subject line.
    pub subject: String,
    /// The letter, as it would be mailed.
    pub text: String,
    /// The language of the controller's own words: another one where they were not translated.
    pub texts_language: Language,
    /// The controller's own words, for a channel that has no room for a letter.
    pub texts: Texts,
    /// When it was sent.
    pub sent_at: Timestamp,
}

/// One try to tell somebody by the channel.
#[derive(Debug, Clone, Copy)]
pub struct Try {
    /// What the clock says: a signature counts for minutes alone.
    pub now: Timestamp,
    /// Whether nobody tries again after this.
    pub is_last: bool,
}

/// Hands the notice of one person to the policy's channel; `false`: there is none, or nobody tries it again, and the
/// person can only be told in public.
///
/// # Errors
/// [`PortError::Unavailable`] if the system did not take it: it is tried again. The identifier is in no error.
pub async fn hand_over<P: Keys + SystemStates + Webhooks>(
    policy: &Policy,
    ports: &P,
    incident: &Incident,
    (subject, identifier, language): (&SubjectRef, &Identifier, Language),
    attempt: Try,
) -> Result<bool, PortError> {
    let rule = policy.breach.channel.as_ref().and_then(|channel| policy.systems.get(channel));
    let Some((rule, SystemKind::Webhook { url })) = rule.map(|rule| (rule, &rule.kind)) else { return Ok(false) };
    if attempt.is_last {
        return Ok(false);
    }
    let keys = ports.controller(&policy.controller).await?;
    let (_, secrets) = systems::secrets(policy, ports, &rule.id, attempt.now).await?;
    let breach = &incident.breach.id;
    let (line, text) = letters::breach::letter(policy, incident, language, attempt.now);
    let texts = incident.facts().texts_in(language);
    let (texts_language, texts) = texts.map(|(language, texts)| (language, texts.for_people())).unwrap_or_default();
    let notice = BreachNotice {
        id: keys.pepper.derive(&[breach.as_str(), subject.as_str()]),
        controller: policy.controller.clone(),
        breach: breach.clone(),
        language,
        identifier: identifier.clone(),
        subject: line,
        text,
        texts_language,
        texts,
        sent_at: attempt.now,
    };
    match ports.post(url, Dispatch::Breach(&notice), &secrets, attempt.now).await {
        Ok(()) => Ok(true),
        Err(failure) => {
            let code = failure.code.clone();
            Err(PortError::unavailable("a system that tells people of breaches", failure).with_code(Some(code)))
        }
    }
}
