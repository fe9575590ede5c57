//! One slim HTTP client for every AWS service: HTTP/1.1 over rustls with ring and Mozilla's roots,
//! a pool of kept connections, and nothing else (`docs/ARCHITECTURE.md`, the slim start).

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use http::{Request, Response, Uri, header::HOST};
use http_body_util::BodyExt;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// How long a connection may take to stand, TLS included.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_millis(3_100);

/// How long request and answer may take: half of the shortest function's time, so that a connection
/// that died while the environment was frozen leaves time for another attempt.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// Most idle connections kept for one host.
const IDLE_PER_HOST_MAX: usize = 16;

/// A connection's bytes, wherever they go.
pub trait Line: AsyncRead + AsyncWrite + Send + Unpin {}

impl<L: AsyncRead + AsyncWrite + Send + Unpin> Line for L {}

/// Makes connections elsewhere than over the network: to an endpoint in the same process.
pub type Dial = Arc<dyn Fn() -> Box<dyn Line> + Send + Sync>;

/// The client. Clones share their connections.
#[derive(Clone, Default)]
pub struct SlimClient {
    pool: Arc<Pool>,
    dial: Option<Dial>,
    connect_timeout: Option<Duration>,
    read_timeout: Option<Duration>,
}

impl fmt::Debug for SlimClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SlimClient")
    }
}

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the address has no host")]
    NoHost,
    #[error("the connection was not made in time")]
    ConnectTimeout,
    #[error("no answer came in time")]
    ReadTimeout,
    #[error("the connection was not made")]
    Connect(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the connection failed")]
    Broken(#[from] hyper::Error),
    #[error("the request is malformed")]
    Malformed(#[from] http::Error),
    #[error("the answer is longer than what is read")]
    TooLong,
    #[error("the answer is not 200")]
    Status,
}

impl From<Failure> for ConnectorError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::ConnectTimeout | Failure::ReadTimeout => Self::timeout(failure.into()),
            Failure::Connect(_) | Failure::Broken(_) => Self::io(failure.into()),
            Failure::NoHost | Failure::Malformed(_) | Failure::TooLong | Failure::Status => Self::user(failure.into()),
        }
    }
}

/// Scheme and authority: what a connection can be used for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Origin {
    tls: bool,
    host: String,
    port: u16,
}

impl Origin {
    fn of(uri: &Uri) -> Result<Self, Failure> {
        let tls = uri.scheme_str() != Some("http");
        let host = uri.host().ok_or(Failure::NoHost)?.to_owned();
        Ok(Self { tls, host, port: uri.port_u16().unwrap_or(if tls { 443 } else { 80 }) })
    }
}

#[derive(Default)]
struct Pool(Mutex<HashMap<Origin, Vec<SendRequest<SdkBody>>>>);

impl Pool {
    fn take(&self, origin: &Origin) -> Option<SendRequest<SdkBody>> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let connections = idle.get_mut(origin)?;
        // The last one used is the one that most likely still stands.
        while let Some(connection) = connections.pop() {
            if connection.is_ready() {
                return Some(connection);
            }
        }
        None
    }

    fn put(&self, origin: Origin, connection: SendRequest<SdkBody>) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let connections = idle.entry(origin).or_default();
        if connections.len() < IDLE_PER_HOST_MAX {
            connections.push(connection);
        }
    }
}

impl SlimClient {
    /// A client whose connections are made so, whatever their address.
    pub fn dialing(dial: Dial) -> Self {
        Self { dial: Some(dial), ..Self::default() }
    }

    /// Whether it ends in the same process, where nobody asks who calls.
    pub(crate) const fn is_in_process(&self) -> bool {
        self.dial.is_some()
    }

    /// A connection to wherever everything goes in the same process; `None`: it goes over the network.
    pub(crate) fn line(&self) -> Option<Box<dyn Line>> {
        self.dial.as_ref().map(|dial| dial())
    }

    /// Opens a connection to an endpoint and keeps it, so that the first request need not. Best
    /// effort: what fails here shows when the connection is needed.
    pub async fn open(&self, endpoint: &str) {
        let Ok(uri) = endpoint.parse::<Uri>() else { return };
        let Ok(origin) = Origin::of(&uri) else { return };
        if let Ok(connection) = self.connect(&origin).await {
            self.pool.put(origin, connection);
        }
    }

    /// Reads a small document from somewhere that is none of AWS's: no redirects, no more bytes than
    /// these, and no more time than for any other call.
    pub(crate) async fn fetch(&self, address: &str, bytes_max: usize) -> Result<bytes::Bytes, Failure> {
        let request = Request::get(address).header("accept", "application/json").body(SdkBody::empty())?;
        let response = self.send_for(request, bytes_max).await?;
        if response.status() != http::StatusCode::OK {
            return Err(Failure::Status);
        }
        response.into_body().bytes().map(bytes::Bytes::copy_from_slice).ok_or(Failure::TooLong)
    }

    async fn connect(&self, origin: &Origin) -> Result<SendRequest<SdkBody>, Failure> {
        if let Some(dial) = &self.dial {
            return spoken(dial()).await;
        }
        let limit = self.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
        tokio::time::timeout(limit, connect(origin)).await.map_err(|_| Failure::ConnectTimeout)?
    }

    async fn send(&self, request: Request<SdkBody>) -> Result<Response<SdkBody>, Failure> {
        self.send_for(request, usize::MAX).await
    }

    async fn send_for(&self, mut request: Request<SdkBody>, bytes_max: usize) -> Result<Response<SdkBody>, Failure> {
        let origin = Origin::of(request.uri())?;
        if let Some(authority) = request.uri().authority()
            && !request.headers().contains_key(HOST)
        {
            let host = http::HeaderValue::from_str(authority.as_str()).map_err(http::Error::from)?;
            request.headers_mut().insert(HOST, host);
        }
        // HTTP/1.1 names the host in its header and the path alone in its first line.
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = path.parse().map_err(http::Error::from)?;
        let limit = self.read_timeout.unwrap_or(READ_TIMEOUT);

        // After a freeze of the environment this lets the pool see which connections were closed.
        tokio::task::yield_now().await;
        if let Some(connection) = self.pool.take(&origin) {
            match self.exchange(&origin, connection, request, (limit, bytes_max)).await {
                Exchanged::Answered(response) => return response,
                // Nothing of it was sent, so sending it on a fresh connection sends it once.
                Exchanged::NotSent(unsent) => request = unsent,
            }
        }
        let connection = self.connect(&origin).await?;
        match self.exchange(&origin, connection, request, (limit, bytes_max)).await {
            Exchanged::Answered(response) => response,
            Exchanged::NotSent(_) => Err(Failure::Connect("a fresh connection closed at once".into())),
        }
    }

    async fn exchange(
        &self,
        origin: &Origin,
        mut connection: SendRequest<SdkBody>,
        request: Request<SdkBody>,
        (limit, bytes_max): (Duration, usize),
    ) -> Exchanged {
        let answer = tokio::time::timeout(limit, async {
            match connection.try_send_request(request).await {
                Ok(response) => Exchanged::Answered(read(response, bytes_max).await),
                Err(mut error) => match error.take_message() {
                    Some(unsent) => Exchanged::NotSent(unsent),
                    None => Exchanged::Answered(Err(error.into_error().into())),
                },
            }
        })
        .await
        .unwrap_or(Exchanged::Answered(Err(Failure::ReadTimeout)));
        if let Exchanged::Answered(Ok(_)) = &answer
            && connection.ready().await.is_ok()
        {
            self.pool.put(origin.clone(), connection);
        }
        answer
    }
}

enum Exchanged {
    Answered(Result<Response<SdkBody>, Failure>),
    NotSent(Request<SdkBody>),
}

async fn read(response: Response<hyper::body::Incoming>, bytes_max: usize) -> Result<Response<SdkBody>, Failure> {
    let (parts, mut body) = response.into_parts();
    let mut bytes = bytes::BytesMut::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            if bytes.len().saturating_add(data.len()) > bytes_max {
                return Err(Failure::TooLong);
            }
            bytes.extend_from_slice(&data);
        }
    }
    let bytes = bytes.freeze();
    Ok(Response::from_parts(parts, SdkBody::from(bytes)))
}

async fn connect(origin: &Origin) -> Result<SendRequest<SdkBody>, Failure> {
    let stream = TcpStream::connect((origin.host.as_str(), origin.port))
        .await
        .map_err(|error| Failure::Connect(error.into()))?;
    // A request is one small write; waiting to fill a packet costs 40 ms.
    stream.set_nodelay(true).map_err(|error| Failure::Connect(error.into()))?;
    if !origin.tls {
        return spoken(stream).await;
    }
    let name = ServerName::try_from(origin.host.clone()).map_err(|error| Failure::Connect(error.into()))?;
    spoken(tls()?.connect(name, stream).await.map_err(|error| Failure::Connect(error.into()))?).await
}

/// Speaks HTTP/1.1 over a connection that stands.
async fn spoken(line: impl Line + 'static) -> Result<SendRequest<SdkBody>, Failure> {
    let (sender, connection) = http1::handshake(TokioIo::new(line)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

pub(crate) fn tls() -> Result<&'static TlsConnector, Failure> {
    static CONNECTOR: OnceLock<TlsConnector> = OnceLock::new();
    if let Some(connector) = CONNECTOR.get() {
        return Ok(connector);
    }
    // Ring, and Mozilla's roots compiled in: the default provider's entropy and the system's
    // certificates cost more than all else that a cold start does.
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::Connect(error.into()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(CONNECTOR.get_or_init(|| TlsConnector::from(Arc::new(config))))
}

impl HttpConnector for SlimClient {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let response = client.send(request).await?;
            HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

impl HttpClient for SlimClient {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Self {
            pool: Arc::clone(&self.pool),
            dial: self.dial.clone(),
            connect_timeout: settings.connect_timeout(),
            read_timeout: settings.read_timeout(),
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

    async fn get(client: &SlimClient, port: u16) -> Result<http::StatusCode, Failure> {
        let request = Request::get(format!("http://127.0.0.1:{port}/")).body(SdkBody::empty()).unwrap();
        client.send(request).await.map(|response| response.status())
    }

    #[tokio::test]
    async fn one_connection_serves_many_requests() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            for _ in 0..3 {
                let mut buffer = [0; 1024];
                assert_ne!(stream.read(&mut buffer).await.unwrap(), 0);
                stream.write_all(ANSWER).await.unwrap();
            }
        });
        let client = SlimClient::default();
        for _ in 0..3 {
            assert_eq!(get(&client, port).await.unwrap(), 200);
        }
        server.await.unwrap();
    }

    #[tokio::test]
    async fn a_connection_that_was_closed_while_idle_is_replaced() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut buffer = [0; 1024];
                assert_ne!(stream.read(&mut buffer).await.unwrap(), 0);
                stream.write_all(ANSWER).await.unwrap();
            }
        });
        let client = SlimClient::default();
        assert_eq!(get(&client, port).await.unwrap(), 200);
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(get(&client, port).await.unwrap(), 200);
        server.await.unwrap();
    }

    #[tokio::test]
    async fn an_answer_that_never_comes_is_a_timeout() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = SlimClient { read_timeout: Some(Duration::from_millis(50)), ..SlimClient::default() };
        assert!(matches!(get(&client, port).await, Err(Failure::ReadTimeout)));
    }

    #[tokio::test]
    async fn a_document_is_read_whole_or_not_at_all() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = format!("http://127.0.0.1:{}/keys", listener.local_addr().unwrap().port());
        let server = tokio::spawn(async move {
            for answer in [ANSWER, ANSWER, b"HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n"] {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut buffer = [0; 1024];
                assert_ne!(stream.read(&mut buffer).await.unwrap(), 0);
                stream.write_all(answer).await.unwrap();
            }
        });
        let read = async |bytes_max| SlimClient::default().fetch(&place, bytes_max).await;
        assert_eq!(&read(2).await.unwrap()[..], b"ok");
        assert!(matches!(read(1).await, Err(Failure::TooLong)));
        assert!(matches!(read(2).await, Err(Failure::Status)), "it follows nobody elsewhere");
        server.await.unwrap();
    }

    #[tokio::test]
    async fn a_server_that_does_not_speak_tls_is_no_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(ANSWER).await.unwrap();
        });
        let request = Request::get(format!("https://127.0.0.1:{port}/")).body(SdkBody::empty()).unwrap();
        assert!(matches!(SlimClient::default().send(request).await, Err(Failure::Connect(_))));
        server.await.unwrap();
    }

    #[tokio::test]
    async fn opening_a_connection_to_nowhere_fails_nothing() {
        SlimClient::default().open("http://127.0.0.1:1").await;
        SlimClient::default().open("no address").await;
    }
}
