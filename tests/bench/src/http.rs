//! As much of HTTP/1.1 as a server on loopback needs: whole requests in, whole answers out, connections kept.

use std::io::{Read, Write};

/// Longest request that is read, in bytes.
const REQUEST_BYTES_MAX: usize = 64 << 20;

/// One request.
#[derive(Debug, Default)]
pub struct Request {
    /// `POST`.
    pub method: String,
    /// With its query.
    pub path: String,
    headers: Vec<(String, String)>,
    /// Without what carried it.
    pub body: Vec<u8>,
}

impl Request {
    /// The first header of that name, which is written in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// One connection, read request by request.
#[derive(Debug)]
pub struct Connection<S> {
    stream: S,
    read: Vec<u8>,
}

impl<S: Read + Write> Connection<S> {
    /// A connection from which nothing was read.
    pub const fn new(stream: S) -> Self {
        Self { stream, read: Vec::new() }
    }

    /// The next request; `None` when the client has gone, or said what is no request.
    pub fn request(&mut self) -> Option<Request> {
        let line = self.line()?;
        let mut words = line.split(' ').map(str::to_owned);
        let mut request = Request { method: words.next()?, path: words.next()?, ..Request::default() };
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':')?;
            request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        if request.header("transfer-encoding").is_some_and(|coding| coding.contains("chunked")) {
            request.body = self.chunks()?;
        } else if let Some(length) = request.header("content-length") {
            request.body = self.bytes(length.parse().ok()?)?;
        }
        Some(request)
    }

    /// Writes an answer: `status` with its words, headers beside the length, the body. `false` if nobody reads it.
    pub fn answer(&mut self, status: &str, headers: &[(&str, &str)], body: &[u8]) -> bool {
        let mut answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            answer.push_str(&format!("{name}: {value}\r\n"));
        }
        answer.push_str("\r\n");
        let mut answer = answer.into_bytes();
        answer.extend_from_slice(body);
        self.stream.write_all(&answer).and_then(|()| self.stream.flush()).is_ok()
    }

    fn chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let length = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
            if length == 0 {
                // Trailers, and the empty line behind them.
                while !self.line()?.is_empty() {}
                return Some(body);
            }
            body.extend(self.bytes(length)?);
            self.line()?;
        }
    }

    fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.read.windows(2).position(|at| at == b"\r\n") {
                let line = self.bytes(end)?;
                self.bytes(2)?;
                return String::from_utf8(line).ok();
            }
            self.fill()?;
        }
    }

    fn bytes(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.read.len() < count {
            self.fill()?;
        }
        Some(self.read.drain(..count).collect())
    }

    fn fill(&mut self) -> Option<()> {
        let mut more = [0; 16 << 10];
        let count = self.stream.read(&mut more).ok().filter(|count| *count > 0)?;
        self.read.extend_from_slice(&more[..count]);
        (self.read.len() <= REQUEST_BYTES_MAX).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Cursor};

    use super::*;

    /// Hands out what was said in small pieces, and keeps what is answered.
    struct Talk(Cursor<Vec<u8>>, Vec<u8>);

    impl Read for Talk {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let piece = buffer.len().min(7);
            self.0.read(&mut buffer[..piece])
        }
    }

    impl Write for Talk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn requests_are_read_one_after_another_however_they_are_cut() {
        let said = "POST /a?b=c HTTP/1.1\r\nX-Amz-Target: T.Op\r\ncontent-length: 5\r\n\r\nhelloGET /next HTTP/1.1\r\n\r\n\
                    PUT /c HTTP/1.1\r\nTransfer-Encoding: aws-chunked, chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
        let mut connection = Connection::new(Talk(Cursor::new(said.into()), Vec::new()));
        let first = connection.request().unwrap();
        assert_eq!((first.method.as_str(), first.path.as_str(), &first.body[..]), ("POST", "/a?b=c", &b"hello"[..]));
        assert_eq!(first.header("x-amz-target"), Some("T.Op"));
        assert_eq!(connection.request().unwrap().path, "/next");
        assert_eq!(connection.request().unwrap().body, b"abcde");
        assert!(connection.request().is_none(), "the client has gone");
        assert!(connection.answer("200 OK", &[("a", "b")], b"x"));
        assert_eq!(connection.stream.1, b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\na: b\r\n\r\nx");
    }
}
