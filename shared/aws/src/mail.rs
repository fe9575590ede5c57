//! Mail by SES.

use app::{
    error::PortError,
    mail::{Mail, Mailer},
};
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageTag};

use crate::{Cloud, failure::unavailable};

const SES: &str = "the mail service";

/// The tag by which the mail service's events name a mail.
const TAG: &str = "notice";

impl Mailer for Cloud {
    async fn send(&self, mail: &Mail) -> Result<(), PortError> {
        let unwritten = |_| PortError::corrupt("a mail", "it cannot be written");
        let content = |text: &str| Content::builder().data(text).charset("UTF-8").build().map_err(unwritten);
        let message = Message::builder()
            .subject(content(&mail.subject)?)
            .body(Body::builder().text(content(&mail.text)?).build())
            .build();
        let tag = MessageTag::builder().name(TAG).value(&mail.tag).build().map_err(unwritten)?;
        let sent = self
            .ses()
            .send_email()
            .from_email_address(self.sender()?)
            // Disclosed to the mail service, which carries it there.
            .destination(Destination::builder().to_addresses(mail.to.disclose()).build())
            .content(EmailContent::builder().simple(message).build())
            .email_tags(tag)
            .send()
            .await;
        sent.map(drop).map_err(|error| unavailable(SES, &error))
    }
}
