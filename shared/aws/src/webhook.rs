//! Webhooks: one signed `POST` to a controller's system, and no way into a private network.
//!
//! A policy's address is the controller's word, and its name server may say anything: so the host is
//! looked up here, every address that it has must be public, and the connection goes to exactly such an
//! address. There is no second look-up between check and connection, no redirect is followed, and no
//! connection is kept.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use app::{
    channel::BreachNotice,
    dispatch::{Dispatch, NotDelivered, Webhooks},
};
use bytes::Bytes;
use domain::system::{SIGNATURE_HEADER, SystemSecret, is_public, signature};
use http::{
    Request, StatusCode, Uri,
    header::{CONNECTION, CONTENT_TYPE, HOST, USER_AGENT},
};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use rustls_pki_types::ServerName;
use serde::Serialize;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use wire::{
    breach::{BreachNoticeForm, NOTICE_VERSION},
    form::SubjectForm,
    system::{HoldNoticeForm, TaskForm},
};

use crate::{
    Cloud,
    client::{self, Line},
};

/// How long look-up, connection and TLS may take together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long all of a call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest head of an answer that is read, in bytes. The body is not read at all: what it says counts for
/// nothing.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// The header that names the task, so that a receiver can log it without reading the body.
const TASK_HEADER: &str = "habeas-task";

/// The header that names a notice: the same one, the same hold, or the same person and the same breach.
const NOTICE_HEADER: &str = "habeas-notice";

/// Which addresses may be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Public hosts, by TLS.
    Public,
    /// Any, by TLS or in the clear: on the local stage, where systems run on the machine itself.
    Anywhere,
}

/// Scheme, host and port of a webhook, checked.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    tls: bool,
    /// Without the brackets of an IPv6 address.
    host: String,
    port: u16,
    authority: String,
    path: String,
}

fn not_delivered(code: impl Into<String>) -> NotDelivered {
    NotDelivered { code: code.into() }
}

impl Target {
    fn of(url: &str, reach: Reach) -> Result<Self, NotDelivered> {
        let uri: Uri = url.parse().map_err(|_| not_delivered("bad-address"))?;
        let tls = match (uri.scheme_str(), reach) {
            (Some("https"), _) => true,
            (Some("http"), Reach::Anywhere) => false,
            _ => return Err(not_delivered("not-https")),
        };
        let authority = uri.authority().ok_or_else(|| not_delivered("bad-address"))?;
        // Whoever may write a name and a password into an address shows another host to people than to us.
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(not_delivered("bad-address"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { tls, host, port, authority: authority.as_str().to_owned(), path })
    }

    /// The addresses to connect to. One that is not public spoils all: a name that leads to both is
    /// somebody's trick.
    async fn addresses(&self, reach: Reach) -> Result<Vec<SocketAddr>, NotDelivered> {
        let found: Vec<SocketAddr> = match self.host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, self.port)],
            Err(_) => tokio::net::lookup_host((self.host.as_str(), self.port))
                .await
                .map_err(|_| not_delivered("no-such-host"))?
                .collect(),
        };
        checked(found, reach)
    }

    async fn open(&self, reach: Reach) -> Result<Stream, NotDelivered> {
        let opened = async {
            let stream = connect(&self.addresses(reach).await?).await?;
            if !self.tls {
                return Ok(Stream::Clear(stream));
            }
            let name = ServerName::try_from(self.host.clone()).map_err(|_| not_delivered("bad-address"))?;
            let connector = client::tls().map_err(|_| not_delivered("tls"))?;
            let stream = connector.connect(name, stream).await.map_err(|_| not_delivered("tls"))?;
            Ok(Stream::Tls(Box::new(stream)))
        };
        tokio::time::timeout(CONNECT_TIMEOUT, opened).await.map_err(|_| not_delivered("connect-timeout"))?
    }

    async fn post(
        self,
        stream: Stream,
        body: String,
        headers: [(&'static str, String); 2],
    ) -> Result<(), NotDelivered> {
        let mut request = Request::post(self.path)
            .header(HOST, self.authority)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, "habeas")
            .header(CONNECTION, "close");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(|_| not_delivered("bad-address"))?;
        let status = match stream {
            Stream::Clear(stream) => send(stream, request).await?,
            Stream::Tls(stream) => send(*stream, request).await?,
            Stream::InProcess(stream) => send(stream, request).await?,
        };
        match status.as_u16() {
            200..=299 => Ok(()),
            300..=399 => Err(not_delivered("redirected")),
            status => Err(not_delivered(format!("http-{status}"))),
        }
    }
}

fn checked(found: Vec<SocketAddr>, reach: Reach) -> Result<Vec<SocketAddr>, NotDelivered> {
    if found.is_empty() {
        return Err(not_delivered("no-such-host"));
    }
    if reach == Reach::Public && !found.iter().all(|address| is_public(address.ip())) {
        return Err(not_delivered("private-address"));
    }
    Ok(found)
}

/// Connects to the first of the addresses that answers.
async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, NotDelivered> {
    for address in addresses {
        if let Ok(stream) = TcpStream::connect(address).await {
            return Ok(stream);
        }
    }
    Err(not_delivered("no-connection"))
}

async fn send<S>(stream: S, request: Request<Full<Bytes>>) -> Result<StatusCode, NotDelivered>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| not_delivered("broken-connection"))?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(|_| not_delivered("no-answer"))?;
        Ok(response.status())
    };
    // Driven here and dropped with the answer, so that nothing of a slow body is waited for.
    tokio::pin!(connection, exchange);
    tokio::select! {
        biased;
        answer = &mut exchange => answer,
        _ = &mut connection => exchange.await,
    }
}

/// A connection to a system.
enum Stream {
    Clear(TcpStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
    /// One that ends in the same process.
    InProcess(Box<dyn Line>),
}

/// What is sent: the body that is signed, and the header that names it.
pub(crate) fn written(what: Dispatch<'_>) -> Result<(String, (&'static str, String)), NotDelivered> {
    fn json<T: Serialize>(form: &T) -> Result<String, NotDelivered> {
        serde_json::to_string(form).map_err(|_| not_delivered("unwritable"))
    }
    Ok(match what {
        Dispatch::Task(task) => (json(&TaskForm::new(task))?, (TASK_HEADER, task.id.to_string())),
        Dispatch::Hold(notice) => (json(&HoldNoticeForm::new(notice))?, (NOTICE_HEADER, notice.hold.to_string())),
        Dispatch::Breach(notice) => (json(&notice_form(notice))?, (NOTICE_HEADER, notice.id.to_string())),
    })
}

fn notice_form(notice: &BreachNotice) -> BreachNoticeForm {
    BreachNoticeForm {
        v: NOTICE_VERSION,
        what: BreachNoticeForm::TYPE.to_owned(),
        notice: notice.id.to_string(),
        controller: notice.controller.to_string(),
        breach: notice.breach.to_string(),
        subject: SubjectForm::disclosing(&notice.identifier),
        language: notice.language.as_str().to_owned(),
        title: notice.subject.clone(),
        text: notice.text.clone(),
        texts_language: notice.texts_language.as_str().to_owned(),
        texts: (&notice.texts).into(),
        sent_at: notice.sent_at.to_string(),
    }
}

impl Webhooks for Cloud {
    async fn post(
        &self,
        url: &str,
        what: Dispatch<'_>,
        secrets: &[SystemSecret],
        at: Timestamp,
    ) -> Result<(), NotDelivered> {
        let (body, named) = written(what)?;
        let signature = signature(secrets, at, body.as_bytes());
        let reach = if self.is_local() { Reach::Anywhere } else { Reach::Public };
        let headers = [(SIGNATURE_HEADER, signature), named];
        let call = async {
            let target = Target::of(url, reach)?;
            let stream = match self.http().line() {
                Some(line) => Stream::InProcess(line),
                None => target.open(reach).await?,
            };
            target.post(stream, body, headers).await
        };
        tokio::time::timeout(CALL_TIMEOUT, call).await.map_err(|_| not_delivered("timeout"))?
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    async fn call(
        url: &str,
        body: String,
        headers: [(&'static str, String); 2],
        reach: Reach,
    ) -> Result<(), NotDelivered> {
        let target = Target::of(url, reach)?;
        let stream = target.open(reach).await?;
        target.post(stream, body, headers).await
    }

    fn code<T: std::fmt::Debug>(result: Result<T, NotDelivered>) -> String {
        result.unwrap_err().code
    }

    #[test]
    fn only_https_and_a_plain_host_are_addresses() {
        for (url, expected) in [
            ("http://crm.example/", "not-https"),
            ("ftp://crm.example/", "not-https"),
            ("file:///etc/passwd", "bad-address"),
            ("gopher://127.0.0.1:25/", "not-https"),
            ("//crm.example/", "not-https"),
            ("/habeas", "not-https"),
            ("https://crm.example@10.0.0.1/", "bad-address"),
            ("https://a:b@crm.example/", "bad-address"),
            ("https://", "bad-address"),
            ("https:// crm.example/", "bad-address"),
            ("https://crm.example/\r\nx: y", "bad-address"),
        ] {
            assert_eq!(code(Target::of(url, Reach::Public)), expected, "{url}");
        }
        let target = Target::of("https://[2606:4700::1111]:8443/a?b=c", Reach::Public).unwrap();
        assert_eq!((target.host.as_str(), target.port, target.path.as_str()), ("2606:4700::1111", 8443, "/a?b=c"));
        assert!(!Target::of("http://127.0.0.1:8080/", Reach::Anywhere).unwrap().tls);
    }

    #[tokio::test]
    async fn an_address_that_is_not_public_is_never_called() {
        // These reach the machine itself, however they are written.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1", "0.0.0.0"]
        {
            let refused = call(&format!("https://{host}:{port}/"), String::new(), headers(), Reach::Public).await;
            assert_eq!(code(refused), "private-address", "{host}");
        }
        // Other spellings of an address are no names either: nothing resolves them, or to what is refused.
        for host in ["2130706433", "0x7f000001", "0177.0.0.1", "127.1"] {
            let refused = call(&format!("https://{host}:{port}/"), String::new(), headers(), Reach::Public).await;
            assert!(matches!(code(refused).as_str(), "private-address" | "no-such-host"), "{host}");
        }
        let accepted = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(accepted.is_err(), "somebody connected");
    }

    #[test]
    fn a_name_that_leads_to_a_private_address_too_is_refused() {
        let of =
            |addresses: &[&str]| checked(addresses.iter().map(|text| text.parse().unwrap()).collect(), Reach::Public);
        assert_eq!(of(&["1.1.1.1:443", "[2606:4700::1111]:443"]).unwrap().len(), 2);
        assert_eq!(code(of(&["1.1.1.1:443", "10.0.0.1:443"])), "private-address");
        assert_eq!(code(of(&[])), "no-such-host");
    }

    fn headers() -> [(&'static str, String); 2] {
        [(SIGNATURE_HEADER, "t=1,v1=00".to_owned()), (TASK_HEADER, "x".to_owned())]
    }

    /// Answers one call and tells what was asked.
    async fn serve(answer: &'static [u8]) -> (u16, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut text = Vec::new();
            while !text.ends_with(b"{}") {
                let mut buffer = [0; 1024];
                let count = stream.read(&mut buffer).await.unwrap();
                text.extend_from_slice(&buffer[..count]);
            }
            stream.write_all(answer).await.unwrap();
            // The body of the answer never ends.
            tokio::time::sleep(Duration::from_millis(200)).await;
            String::from_utf8(text).unwrap()
        });
        (port, asked)
    }

    #[tokio::test]
    async fn a_call_says_who_signed_what_and_waits_for_no_body() {
        let (port, asked) = serve(b"HTTP/1.1 202 Accepted\r\ncontent-length: 99999999\r\n\r\nx").await;
        let url = format!("http://127.0.0.1:{port}/habeas?a=b");
        call(&url, "{}".into(), headers(), Reach::Anywhere).await.unwrap();
        let asked = asked.await.unwrap();
        assert!(asked.starts_with("POST /habeas?a=b HTTP/1.1\r\n"), "{asked}");
        for line in [
            format!("host: 127.0.0.1:{port}"),
            "habeas-signature: t=1,v1=00".into(),
            "habeas-task: x".into(),
            "content-type: application/json".into(),
            "content-length: 2".into(),
        ] {
            assert!(asked.contains(&format!("{line}\r\n")), "{line}: {asked}");
        }
    }

    #[tokio::test]
    async fn every_answer_but_a_success_is_a_failure_and_no_redirect_is_followed() {
        for (answer, expected) in [
            (&b"HTTP/1.1 307 x\r\nlocation: http://127.0.0.1/\r\n\r\n"[..], "redirected"),
            (b"HTTP/1.1 404 x\r\n\r\n", "http-404"),
            (b"HTTP/1.1 503 x\r\n\r\n", "http-503"),
            (b"nonsense\r\n\r\n", "no-answer"),
        ] {
            let (port, _asked) = serve(answer).await;
            let url = format!("http://127.0.0.1:{port}/");
            assert_eq!(code(call(&url, "{}".into(), headers(), Reach::Anywhere).await), expected);
        }
    }

    #[tokio::test]
    async fn a_head_without_end_is_not_read_to_its_end() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nx: ").await.unwrap();
            while stream.write_all(&[b'x'; 1024]).await.is_ok() {}
        });
        let url = format!("http://127.0.0.1:{port}/");
        assert_eq!(code(call(&url, "{}".into(), headers(), Reach::Anywhere).await), "no-answer");
    }

    #[tokio::test]
    async fn a_host_that_never_greets_is_given_up_after_three_seconds() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://127.0.0.1:{}/", listener.local_addr().unwrap().port());
        assert_eq!(code(call(&url, "{}".into(), headers(), Reach::Anywhere).await), "connect-timeout");
    }

    #[tokio::test]
    async fn nobody_at_the_address_and_no_tls_are_failures_of_their_own() {
        assert_eq!(code(call("http://127.0.0.1:1/", "{}".into(), headers(), Reach::Anywhere).await), "no-connection");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://127.0.0.1:{}/", listener.local_addr().unwrap().port());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        });
        assert_eq!(code(call(&url, "{}".into(), headers(), Reach::Anywhere).await), "tls");
        let nobody = "https://no-such-host.invalid/";
        assert_eq!(code(call(nobody, "{}".into(), headers(), Reach::Anywhere).await), "no-such-host");
    }
}
