//! Mail by SES.

use app::{
    error::PortError,
    mail::{Mail, Mailer},
};
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageHeader, MessageTag};

use crate::{Cloud, failure::unavailable};

const SES: &str = "the mail service";

/// The tag by which the mail service's events name a mail.
const TAG: &str = "notice";

/// Longest value of a header that the mail service takes, in bytes.
const HEADER_BYTES_MAX: usize = 870;

/// The headers by which a mail program unsubscribes with one click (RFC 2369, RFC 8058). A link that
/// is too long for a header stands in the text alone.
fn unsubscribe_headers(link: &str) -> Vec<(&'static str, String)> {
    let value = format!("<{link}>");
    if value.len() > HEADER_BYTES_MAX {
        return Vec::new();
    }
    vec![("List-Unsubscribe", value), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned())]
}

impl Mailer for Cloud {
    async fn send(&self, mail: &Mail) -> Result<(), PortError> {
        let unwritten = |_| PortError::corrupt("a mail", "it cannot be written");
        let content = |text: &str| Content::builder().data(text).charset("UTF-8").build().map_err(unwritten);
        let mut message = Message::builder()
            .subject(content(&mail.subject)?)
            .body(Body::builder().text(content(&mail.text)?).build());
        for (name, value) in mail.unsubscribe.as_deref().map(unsubscribe_headers).unwrap_or_default() {
            message = message.headers(MessageHeader::builder().name(name).value(value).build().map_err(unwritten)?);
        }
        let tag = MessageTag::builder().name(TAG).value(&mail.tag).build().map_err(unwritten)?;
        let sent = self
            .ses()
            .send_email()
            .from_email_address(self.sender()?)
            // Disclosed to the mail service, which carries it there.
            .destination(Destination::builder().to_addresses(mail.to.disclose()).build())
            .content(EmailContent::builder().simple(message.build()).build())
            .email_tags(tag)
            .send()
            .await;
        sent.map(drop).map_err(|error| unavailable(SES, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_click_unsubscribes_unless_the_link_is_too_long_for_a_header() {
        let headers = unsubscribe_headers("https://privacy.example/u");
        assert_eq!(headers[0], ("List-Unsubscribe", "<https://privacy.example/u>".to_owned()));
        assert_eq!(headers[1], ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()));
        assert_eq!(unsubscribe_headers(&"x".repeat(HEADER_BYTES_MAX - 2)).len(), 2);
        assert!(unsubscribe_headers(&"x".repeat(HEADER_BYTES_MAX - 1)).is_empty());
    }
}
