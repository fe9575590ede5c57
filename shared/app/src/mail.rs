//! Mail.

use domain::{
    announcement::Announcement,
    ids::{BreachId, ChangeId, ControllerId, RequestId, SubjectRef},
    sensitive::Sensitive,
};

use crate::error::{NotTaken, PortError};

/// Longest value of a tag, in bytes: what the mail service takes.
pub const TAG_BYTES_MAX: usize = 256;

/// One mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// In whose name it goes out. The mail service's own events bring it back, so that what becomes of
    /// a mail finds its way to the right one.
    pub controller: ControllerId,
    /// To whom.
    pub to: Sensitive<String>,
    /// Its subject line. Nothing personal: relays log it.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// Names the mail to the mail service's own events, so that a send in doubt can be settled. It reads
    /// as a [`MailTag`].
    pub tag: String,
    /// Where it is unsubscribed from by one click (RFC 2369, RFC 8058); `None`: nothing to unsubscribe from.
    pub unsubscribe: Option<String>,
}

/// The port to the mail service.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait Mailer {
    /// Hands a mail over. Exactly once does not exist: callers claim before and confirm after.
    ///
    /// MUST name the mail to the mail service's events by its controller and its tag, both as
    /// [`tag_value`] writes them.
    async fn send(&self, mail: &Mail) -> Result<(), PortError>;
}

/// What the mail service said to a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handed {
    /// It has it, or nothing was left to hand over.
    Over,
    /// No mail can go to that address, now or later.
    Refused,
}

/// Hands a mail over. An address that is refused is an answer: the same mail would be refused again.
pub(crate) async fn hand_over<P: Mailer>(ports: &P, mail: &Mail) -> Result<Handed, PortError> {
    match ports.send(mail).await {
        Ok(()) => Ok(Handed::Over),
        Err(PortError::NotTaken { why: NotTaken::Address, .. }) => Ok(Handed::Refused),
        Err(error) => Err(error),
    }
}

/// What the account may send.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Allowance {
    /// Mails a second.
    pub per_second: f64,
    /// Mails in 24 hours; `None`: as many as it likes.
    pub per_day: Option<f64>,
    /// Mails that went out in the last 24 hours.
    pub sent: f64,
}

/// Whether the next notice may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Now.
    Now,
    /// Not before some of the last 24 hours' mails are older than that.
    DayFull,
}

/// The port to the pace at which many people are told: other mail, which somebody waits for, goes out beside it.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait SendPace {
    /// Waits until the next notice fits the pace of this environment.
    async fn turn(&self) -> Result<Turn, PortError>;

    /// What the account may send, as known for a minute at most; `None`: nobody here asks.
    async fn allowance(&self) -> Result<Option<Allowance>, PortError>;
}

/// What a claim on one mail finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailClaim {
    /// Nobody has tried: send.
    Fresh,
    /// Somebody tried and did not confirm: send again, told twice at worst, untold never.
    InDoubt,
    /// It was sent.
    Sent,
}

/// A text as the value of a tag: the mail service takes letters, digits, dashes and underscores.
pub fn tag_value(text: &str) -> String {
    let taken = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    text.chars().take(TAG_BYTES_MAX).map(taken).collect()
}

/// Which mail an event of the mail service is about, as its tag says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailTag {
    /// A letter about a request: `request-{id}-{letter}`.
    Request {
        /// Which request.
        request: RequestId,
        /// Which letter: `ack`, `answer`, `e-{number}` to the requester, `office`, `follow-{recipient}` to others.
        letter: String,
    },
    /// A person's notice of a breach or of a change of the notice: `breach-{id}-{subject}`, `change-{id}-{subject}`.
    Notice {
        /// Of what.
        of: Announcement,
        /// Whose.
        subject: SubjectRef,
    },
    /// A warning of a deadline to the office: `deadline-…`.
    Deadline,
    /// The mail to a child's guardian, or the confirmation of a subscription. Its claim stands under the
    /// person, whom the tag does not name: only the number of failures is of use.
    Capture,
}

/// How many characters an identifier has, and the hash in a reference.
const ID_CHARS: usize = 22;

impl MailTag {
    /// The tag of a letter about a request whose claim has this name.
    pub fn of_letter(request: &RequestId, claim: &str) -> String {
        tag_value(&format!("request-{request}-{}", Self::letter_of(claim)))
    }

    /// What a letter is called in a tag, by the name of its claim.
    pub fn letter_of(claim: &str) -> String {
        let (name, rest) = claim.split_at(claim.find('-').unwrap_or(claim.len()));
        tag_value(&format!("{}{rest}", name.to_ascii_lowercase()))
    }

    /// The name of a letter's claim.
    pub fn claim_of(letter: &str) -> String {
        // A letter about an entry of the history: `e7`.
        if let Some(number) = letter.strip_prefix('e').filter(|rest| rest.parse::<u32>().is_ok()) {
            return format!("E-{number}");
        }
        let (name, rest) = letter.split_at(letter.find('-').unwrap_or(letter.len()));
        format!("{}{rest}", name.to_ascii_uppercase())
    }

    /// Reads a tag. `None`: it is on no mail of ours.
    pub fn parse(tag: &str) -> Option<Self> {
        let (kind, rest) = tag.split_once('-')?;
        match kind {
            "request" => {
                // An identifier may hold dashes, so it is told by its length.
                let (request, letter) = (rest.get(..ID_CHARS)?, rest.get(ID_CHARS..)?.strip_prefix('-')?);
                let request = RequestId::parse(request).ok()?;
                (!letter.is_empty() && letter.len() <= TAG_BYTES_MAX && tag_value(letter) == letter)
                    .then(|| Self::Request { request, letter: letter.to_owned() })
            }
            "breach" | "change" => {
                let (id, subject) = (rest.get(..ID_CHARS)?, rest.get(ID_CHARS..)?.strip_prefix('-')?);
                let of = match kind {
                    "breach" => Announcement::Breach(BreachId::parse(id).ok()?),
                    _ => Announcement::Change(ChangeId::parse(id).ok()?),
                };
                // The dot of a reference went into the tag as a dash.
                let subject = SubjectRef::parse(&subject.replacen('-', ".", 1)).ok()?;
                Some(Self::Notice { of, subject })
            }
            "deadline" => Some(Self::Deadline),
            "guardian" | "subscription" => Some(Self::Capture),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "AA-_AAAAAAAAAAAAAAAA-w";

    fn request(letter: &str) -> Option<MailTag> {
        Some(MailTag::Request { request: RequestId::parse(ID).ok()?, letter: letter.to_owned() })
    }

    #[test]
    fn a_letters_tag_leads_back_to_its_request_and_its_claim() -> Result<(), domain::ids::InvalidId> {
        let id = RequestId::parse(ID)?;
        for (claim, letter) in
            [("ACK", "ack"), ("E-12", "e-12"), ("OFFICE", "office"), ("FOLLOW-ad-server", "follow-ad-server")]
        {
            let tag = MailTag::of_letter(&id, claim);
            assert_eq!(tag, format!("request-{ID}-{letter}"));
            assert_eq!(MailTag::parse(&tag), request(letter));
            assert_eq!(MailTag::letter_of(claim), letter);
            assert_eq!(MailTag::claim_of(letter), claim);
        }
        Ok(())
    }

    #[test]
    fn a_notices_tag_leads_back_to_its_person() -> Result<(), domain::ids::InvalidId> {
        let subject = SubjectRef::parse(&format!("12.{ID}"))?;
        let of = Announcement::Breach(BreachId::parse(ID)?);
        let tag = tag_value(&format!("breach-{ID}-{subject}"));
        assert_eq!(MailTag::parse(&tag), Some(MailTag::Notice { of, subject: subject.clone() }));
        let of = Announcement::Change(ChangeId::parse(ID)?);
        let tag = tag_value(&format!("change-{ID}-{subject}"));
        assert_eq!(MailTag::parse(&tag), Some(MailTag::Notice { of, subject }));
        Ok(())
    }

    #[test]
    fn a_tag_that_is_none_of_ours_is_none() {
        for tag in [
            "",
            "-",
            "request",
            "request-",
            "newsletter-7",
            "Request-x-ack",
            &format!("request-{ID}"),
            &format!("request-{ID}-"),
            &format!("request-{ID}ack"),
            &format!("request-{ID}-ack#2-DECIDED"),
            &format!("request-{ID}-é"),
            &format!("request-é{ID}-ack"),
            &format!("request-{}-ack", "*".repeat(22)),
            &format!("breach-{ID}-{ID}"),
            &format!("breach-{ID}-x-{ID}"),
            &format!("change-{ID}"),
        ] {
            assert_eq!(MailTag::parse(tag), None, "{tag}");
        }
        assert_eq!(MailTag::parse("deadline-breach-x-missed"), Some(MailTag::Deadline));
        assert_eq!(MailTag::parse(&format!("guardian-{ID}")), Some(MailTag::Capture));
    }

    #[test]
    fn a_tags_value_is_what_the_mail_service_takes() {
        assert_eq!(tag_value("a.b c/é_1-2"), "a-b-c--_1-2");
        assert_eq!(tag_value(&"x".repeat(999)).len(), TAG_BYTES_MAX);
    }
}
