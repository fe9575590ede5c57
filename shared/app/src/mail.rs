//! Mail.

use domain::sensitive::Sensitive;

use crate::error::PortError;

/// One mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// To whom.
    pub to: Sensitive<String>,
    /// Its subject line. Nothing personal: relays log it.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// Names the mail to the mail service's own events, so that a send in doubt can be settled.
    pub tag: String,
    /// Where it is unsubscribed from by one click (RFC 2369, RFC 8058); `None`: nothing to unsubscribe from.
    pub unsubscribe: Option<String>,
}

/// The port to the mail service.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait Mailer {
    /// Hands a mail over. Exactly once does not exist: callers claim before and confirm after.
    async fn send(&self, mail: &Mail) -> Result<(), PortError>;
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
