//! As much HTTP as two calls need: one in, one out. A real system has its own server and client.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

/// Longest task that is read, in bytes.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// Longest line of a head, in bytes.
const LINE_BYTES_MAX: u64 = 16 * 1024;

/// Most lines of a head.
const LINES_MAX: usize = 100;

/// A request that came in.
pub(crate) struct Request {
    /// The method and the path: `POST /habeas`.
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    reader.take(LINE_BYTES_MAX).read_line(&mut line)?;
    if line.ends_with('\n') { Ok(line.trim_end().to_owned()) } else { Err(invalid("a line is too long")) }
}

fn head(reader: &mut impl BufRead) -> io::Result<(String, Vec<(String, String)>)> {
    let first = line(reader)?;
    let mut headers = Vec::new();
    for _ in 0..LINES_MAX {
        let text = line(reader)?;
        if text.is_empty() {
            return Ok((first, headers));
        }
        let (name, value) = text.split_once(':').ok_or_else(|| invalid("a header has no colon"))?;
        headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
    Err(invalid("there are too many headers"))
}

/// Reads a request.
pub(crate) fn read(stream: &TcpStream) -> io::Result<Request> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(stream);
    let (first, headers) = head(&mut reader)?;
    let line = first.rsplit_once(' ').map(|(line, _)| line.to_owned()).unwrap_or_default();
    let mut request = Request { line, headers, body: Vec::new() };
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    if length > BODY_BYTES_MAX {
        return Err(invalid("the body is too long"));
    }
    request.body.resize(length, 0);
    reader.read_exact(&mut request.body)?;
    Ok(request)
}

/// Answers a request with a status and nothing else.
pub(crate) fn answer(mut stream: &TcpStream, status: &str) -> io::Result<()> {
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

/// Posts a signed body and answers the status.
pub(crate) fn post(url: &str, signature: &str, body: &str) -> io::Result<u16> {
    let (scheme, rest) = url.split_once("://").ok_or_else(|| invalid("the address has no scheme"))?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().map_err(|_| invalid("the port is no number"))?),
        None => (authority, if scheme == "https" { 443 } else { 80 }),
    };
    let stream = TcpStream::connect((host, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let request = format!(
        "POST /{path} HTTP/1.1\r\nhost: {authority}\r\ncontent-type: application/json\r\nhabeas-signature: {signature}\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    if scheme == "http" { exchange(stream, &request) } else { exchange(tls(host, stream)?, &request) }
}

fn tls(host: &str, stream: TcpStream) -> io::Result<impl Read + Write> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = rustls_pki_types::ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let connection = rustls::ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    Ok(rustls::StreamOwned::new(connection, stream))
}

fn exchange(mut stream: impl Read + Write, request: &str) -> io::Result<u16> {
    stream.write_all(request.as_bytes())?;
    let first = line(&mut BufReader::new(stream))?;
    first.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(|| invalid("the answer has no status"))
}
