//! Mail by SES.

use std::time::Duration;

use app::{
    error::{NotTaken, PortError},
    mail::{Mail, Mailer, tag_value},
};
use aws_sdk_sesv2::{
    error::SdkError,
    operation::send_email::SendEmailError,
    types::{Body, Content, Destination, EmailContent, Message, MessageHeader, MessageTag},
};
use tokio::time::sleep;
use wire::mail_event::{CONTROLLER_TAG, NOTICE_TAG};

use crate::{Cloud, failure::unavailable};

const SES: &str = "the mail service";

/// How often a mail is sent that came too fast.
const ROUNDS_MAX: u32 = 3;

/// The first pause before it is sent again; the next one is twice as long.
const PAUSE: Duration = Duration::from_millis(200);

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
        let tag =
            |name, value: &str| MessageTag::builder().name(name).value(tag_value(value)).build().map_err(unwritten);
        let (notice, controller) = (tag(NOTICE_TAG, &mail.tag)?, tag(CONTROLLER_TAG, mail.controller.as_str())?);
        let (message, sender, settings) = (message.build(), self.sender()?, self.configuration_set()?);
        let send = async || {
            let sent = self
                .ses()
                .send_email()
                .from_email_address(sender)
                // Without it nobody hears what becomes of the mail.
                .configuration_set_name(settings)
                // Disclosed to the mail service, which carries it there.
                .destination(Destination::builder().to_addresses(mail.to.disclose()).build())
                .content(EmailContent::builder().simple(message.clone()).build())
                .email_tags(notice.clone())
                .email_tags(controller.clone())
                .send()
                .await;
            sent.map(drop).map_err(|error| refused(&error))
        };
        for round in 1..ROUNDS_MAX {
            match send().await {
                Err(PortError::NotTaken { why: NotTaken::TooFast, .. }) => sleep(PAUSE * 2_u32.pow(round - 1)).await,
                said => return said,
            }
        }
        send().await
    }
}

/// What the mail service's answer to a mail means. Only what it says itself is sure not to have gone out; whatever
/// else happened to the call, nobody knows.
fn refused<R>(error: &SdkError<SendEmailError, R>) -> PortError {
    let Some(said) = error.as_service_error() else { return unavailable(SES, error) };
    match why(said.meta().code().unwrap_or_default(), said.meta().message().unwrap_or_default()) {
        Some(why) => PortError::NotTaken { what: SES, why, code: said.meta().code().map(str::to_owned) },
        None => unavailable(SES, error),
    }
}

/// How the service's words on an address begin that no mail can go to ("Amazon SES email sending errors").
const ADDRESS: [&str; 6] = [
    "Domain contains",
    "Domain ends",
    "Domain starts",
    "Illegal address",
    "Local address contains",
    "Missing final '@domain'",
];

/// Why a mail was not taken; `None`: nothing is said about that.
fn why(code: &str, message: &str) -> Option<NotTaken> {
    match code {
        // Which of the two quotas it is, only the words say.
        "TooManyRequestsException" | "Throttling" | "ThrottlingException" | "LimitExceededException" => {
            Some(if message.contains("Daily") { NotTaken::DayFull } else { NotTaken::TooFast })
        }
        // The words alone are read, and not kept: they may quote the address.
        "BadRequestException" | "InvalidParameterValue" | "MessageRejected"
            if ADDRESS.iter().any(|words| message.starts_with(words)) =>
        {
            Some(NotTaken::Address)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::{ids::ControllerId, sensitive::Sensitive};
    use serde_json::{Value, json};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    use super::*;
    use crate::Settings;

    fn mail(unsubscribe: Option<&str>) -> Mail {
        Mail {
            controller: ControllerId::parse("acme.shop").unwrap(),
            to: Sensitive::new("ada@example.com".into()),
            subject: "Acme: your privacy request".into(),
            text: "Hello.\n".into(),
            tag: "request-AAAAAAAAAAAAAAAAAAAA-_-follow-ad.server".into(),
            unsubscribe: unsubscribe.map(Into::into),
        }
    }

    /// The body of one call, which is answered as the mail service answers.
    async fn body_of(stream: &mut TcpStream) -> Value {
        let mut read = Vec::new();
        loop {
            let mut buffer = [0; 4096];
            let count = stream.read(&mut buffer).await.unwrap();
            assert_ne!(count, 0, "the call ended early");
            read.extend_from_slice(&buffer[..count]);
            let text = String::from_utf8_lossy(&read);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or_default() {
                let body = serde_json::from_str(body).unwrap();
                let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 17\r\n\r\n{\"MessageId\":\"1\"}";
                stream.write_all(answer.as_bytes()).await.unwrap();
                return body;
            }
        }
    }

    /// What the mail service is asked for when this mail is sent.
    async fn asked(mail: &Mail) -> Value {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let cloud = Cloud::new(Settings {
            region: "eu-west-1".into(),
            access_key_id: "test".into(),
            secret_access_key: "test".into(),
            endpoint_url: Some(format!("http://{}", listener.local_addr().unwrap())),
            sender: Some("privacy@acme.example".into()),
            configuration_set: Some("habeas-mail".into()),
            ..Settings::default()
        });
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            body_of(&mut stream).await
        };
        let (sent, body) = tokio::join!(cloud.send(mail), server);
        sent.unwrap();
        body
    }

    #[tokio::test]
    async fn a_mail_goes_out_under_the_stacks_settings_with_its_name_and_its_controllers() {
        let body = asked(&mail(None)).await;
        assert_eq!(body["ConfigurationSetName"], "habeas-mail");
        let tags = json!([
            { "Name": "notice", "Value": "request-AAAAAAAAAAAAAAAAAAAA-_-follow-ad-server" },
            { "Name": "controller", "Value": "acme-shop" },
        ]);
        assert_eq!(body["EmailTags"], tags);
        assert_eq!(body["Destination"], json!({ "ToAddresses": ["ada@example.com"] }));
    }

    #[tokio::test]
    async fn a_list_mail_can_be_unsubscribed_from_by_one_click_and_no_other_mail_says_so() {
        let body = asked(&mail(Some("https://privacy.example/u?token=x"))).await;
        let headers = json!([
            { "Name": "List-Unsubscribe", "Value": "<https://privacy.example/u?token=x>" },
            { "Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click" },
        ]);
        assert_eq!(body["Content"]["Simple"]["Headers"], headers);
        // The law tells a person of a breach whether they like it or not: there is no list to leave.
        assert_eq!(asked(&mail(None)).await["Content"]["Simple"].get("Headers"), None);
    }

    #[tokio::test]
    async fn no_mail_goes_out_of_which_nobody_would_hear_again() {
        let cloud = Cloud::new(Settings { sender: Some("privacy@acme.example".into()), ..Settings::default() });
        let PortError::Unavailable { code, .. } = cloud.send(&mail(None)).await.unwrap_err() else {
            panic!("it may pass")
        };
        assert_eq!(code.as_deref(), Some("CONFIGURATION_SET"));
    }

    #[test]
    fn what_the_mail_service_says_of_a_mail_it_does_not_take() {
        for (code, message, expected) in [
            ("TooManyRequestsException", "Maximum sending rate exceeded.", Some(NotTaken::TooFast)),
            ("TooManyRequestsException", "Daily message quota exceeded.", Some(NotTaken::DayFull)),
            ("Throttling", "Daily message quota exceeded.", Some(NotTaken::DayFull)),
            ("LimitExceededException", "", Some(NotTaken::TooFast)),
            ("BadRequestException", "Missing final '@domain'", Some(NotTaken::Address)),
            ("BadRequestException", "Domain contains dot-dot", Some(NotTaken::Address)),
            // About the mail or the account, and not about whom it goes to.
            ("BadRequestException", "Message length is more than 10485760 bytes long", None),
            ("MessageRejected", "Email address is not verified.", None),
            ("NotFoundException", "Configuration set <habeas-mail> does not exist.", None),
            ("InternalFailure", "", None),
            ("", "", None),
        ] {
            assert_eq!(why(code, message), expected, "{code} {message}");
        }
    }

    #[test]
    fn one_click_unsubscribes_unless_the_link_is_too_long_for_a_header() {
        let headers = unsubscribe_headers("https://privacy.example/u");
        assert_eq!(headers[0], ("List-Unsubscribe", "<https://privacy.example/u>".to_owned()));
        assert_eq!(headers[1], ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()));
        assert_eq!(unsubscribe_headers(&"x".repeat(HEADER_BYTES_MAX - 2)).len(), 2);
        assert!(unsubscribe_headers(&"x".repeat(HEADER_BYTES_MAX - 1)).is_empty());
    }
}
