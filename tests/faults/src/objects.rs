//! S3, as far as the adapters call it: objects with versions, conditional writes, listings.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::endpoint::{Answer, Request};

/// One version of an object; without a body it is a delete marker.
#[derive(Debug, Clone)]
pub struct Version {
    /// Its id.
    pub id: String,
    /// What it holds.
    pub body: Option<Vec<u8>>,
}

/// The buckets of one account.
#[derive(Debug, Default)]
pub struct Buckets {
    buckets: BTreeMap<String, BTreeMap<String, Vec<Version>>>,
    versions: u64,
    /// Most entries of a listing, whatever was asked for.
    pub page_max: usize,
    /// A switch for tests of the tests: what is put into this bucket is thanked for and lost.
    pub swallows: Option<&'static str>,
    /// Another: a write replaces what stands there.
    pub overwrites: bool,
    /// Another: versions are said to be deleted, and stay.
    pub keeps: bool,
}

fn refused(status: u16, code: &str) -> Answer {
    Answer::xml(status, format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A part of an address, as it was before it was encoded.
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What stands between two tags, each time.
fn between<'a>(text: &'a str, tag: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    text.split(&open).skip(1).filter_map(|rest| rest.split(&close).next()).collect()
}

impl Buckets {
    /// The objects that stand in a bucket.
    pub fn objects(&self, bucket: &str) -> impl Iterator<Item = (&str, &[u8])> {
        let all = self.buckets.get(bucket).into_iter().flatten();
        all.filter_map(|(key, versions)| Some((key.as_str(), versions.last()?.body.as_deref()?)))
    }

    /// Every byte that lies anywhere, with the bucket and the name it lies under.
    pub fn everything(&self) -> impl Iterator<Item = (String, &[u8])> {
        self.buckets.iter().flat_map(|(bucket, objects)| {
            objects.iter().flat_map(move |(key, versions)| {
                versions
                    .iter()
                    .map(move |version| (format!("{bucket}/{key}"), version.body.as_deref().unwrap_or_default()))
            })
        })
    }

    /// How many versions of an object lie in a bucket, delete markers among them.
    pub fn versions(&self, bucket: &str, key: &str) -> usize {
        self.buckets.get(bucket).and_then(|objects| objects.get(key)).map_or(0, Vec::len)
    }

    /// Puts an object there, as somebody else's system does.
    pub fn put(&mut self, bucket: &str, key: &str, body: Option<Vec<u8>>) {
        self.versions += 1;
        let version = Version { id: format!("v{}", self.versions), body };
        self.buckets.entry(bucket.to_owned()).or_default().entry(key.to_owned()).or_default().push(version);
    }

    /// Carries out one call. Of versions to be deleted, as many as `turned_away` are refused.
    pub fn call(&mut self, request: &Request, turned_away: usize) -> Answer {
        let path = request.path.trim_start_matches('/');
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let (bucket, key) = (decoded(bucket), decoded(key));
        let asked = |name: &str| request.query.contains_key(name);
        match (request.method.as_str(), key.is_empty()) {
            ("PUT", false) if !asked("tagging") => self.put_object(request, &bucket, &key),
            ("GET", false) => self.get_object(request, &bucket, &key),
            ("DELETE", false) if asked("tagging") => Answer::xml(204, String::new()),
            ("DELETE", false) if !asked("uploadId") && !asked("versionId") => {
                self.put(&bucket, &key, None);
                Answer::xml(204, String::new())
            }
            ("GET", true) if asked("list-type") => self.list(request, &bucket),
            ("GET", true) if asked("versions") => self.list_versions(request, &bucket),
            ("GET", true) if asked("uploads") => Answer::xml(
                200,
                "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>".into(),
            ),
            ("POST", true) if asked("delete") => self.delete_versions(request, &bucket, turned_away),
            _ => panic!("S3's {} {} {:?} is not served here", request.method, request.path, request.query),
        }
    }

    fn put_object(&mut self, request: &Request, bucket: &str, key: &str) -> Answer {
        assert!(!request.headers.contains_key("x-amz-copy-source"), "copies are not served here");
        assert!(!request.headers.contains_key("x-amz-decoded-content-length"), "signed chunks are not read here");
        let stands = self.buckets.get(bucket).and_then(|objects| objects.get(key)?.last()?.body.as_ref()).is_some();
        if stands && request.headers.contains_key("if-none-match") && !self.overwrites {
            return refused(412, "PreconditionFailed");
        }
        if self.swallows != Some(bucket) {
            self.put(bucket, key, Some(request.body.clone()));
        }
        Answer::xml(200, String::new()).with("etag", "\"e\"")
    }

    fn get_object(&self, request: &Request, bucket: &str, key: &str) -> Answer {
        let found = self.buckets.get(bucket).and_then(|objects| objects.get(key)?.last()?.body.as_ref());
        let Some(body) = found else { return refused(404, "NoSuchKey") };
        let Some(range) = request.headers.get("range") else {
            return Answer { status: 200, headers: Vec::new(), body: body.clone() };
        };
        let ends = range.trim_start_matches("bytes=").split_once('-');
        let ends = ends.and_then(|(from, to)| Some((from.parse::<usize>().ok()?, to.parse::<usize>().ok()?)));
        let (from, to) = ends.unwrap_or_else(|| panic!("a range {range}"));
        let to = (to + 1).min(body.len());
        let Some(part) = body.get(from..to).filter(|part| !part.is_empty()) else {
            return refused(416, "InvalidRange");
        };
        let answer = Answer { status: 206, headers: Vec::new(), body: part.to_vec() };
        answer.with("content-range", &format!("bytes {from}-{}/{}", to - 1, body.len()))
    }

    fn list(&self, request: &Request, bucket: &str) -> Answer {
        let of = |name: &str| request.query.get(name).map(String::as_str);
        assert!(of("delimiter").is_none(), "folders are not listed here");
        let prefix = of("prefix").unwrap_or_default();
        let most = of("max-keys").and_then(|most| most.parse().ok()).unwrap_or(1_000_usize);
        let most = if self.page_max == 0 { most } else { most.min(self.page_max) };
        let after = of("continuation-token").or(of("start-after")).unwrap_or_default();
        let all = self.objects(bucket).filter(|(key, _)| key.starts_with(prefix) && *key > after);
        let mut keys: Vec<&str> = all.map(|(key, _)| key).take(most + 1).collect();
        let more = keys.len() > most;
        keys.truncate(most);
        let mut listing = format!("<ListBucketResult><IsTruncated>{more}</IsTruncated>");
        if let (true, Some(last)) = (more, keys.last()) {
            let _ = write!(listing, "<NextContinuationToken>{}</NextContinuationToken>", escaped(last));
        }
        for key in keys {
            let _ = write!(listing, "<Contents><Key>{}</Key></Contents>", escaped(key));
        }
        Answer::xml(200, listing + "</ListBucketResult>")
    }

    fn list_versions(&self, request: &Request, bucket: &str) -> Answer {
        let prefix = request.query.get("prefix").map(String::as_str).unwrap_or_default();
        let mut listing = "<ListVersionsResult><IsTruncated>false</IsTruncated>".to_owned();
        let objects = self.buckets.get(bucket).into_iter().flatten().filter(|(key, _)| key.starts_with(prefix));
        for (key, versions) in objects {
            for version in versions.iter().rev() {
                let tag = if version.body.is_some() { "Version" } else { "DeleteMarker" };
                let (key, id) = (escaped(key), &version.id);
                let _ = write!(listing, "<{tag}><Key>{key}</Key><VersionId>{id}</VersionId></{tag}>");
            }
        }
        Answer::xml(200, listing + "</ListVersionsResult>")
    }

    fn delete_versions(&mut self, request: &Request, bucket: &str, turned_away: usize) -> Answer {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let objects = self.buckets.entry(bucket.to_owned()).or_default();
        let mut refused = String::new();
        for (position, object) in between(&body, "Object").into_iter().enumerate() {
            let (keys, ids) = (between(object, "Key"), between(object, "VersionId"));
            let (Some(key), Some(id)) = (keys.first(), ids.first()) else { panic!("no version: {object}") };
            if position < turned_away {
                let _ = write!(refused, "<Error><Key>{key}</Key><Code>InternalError</Code></Error>");
            } else if let Some(versions) = objects.get_mut(*key).filter(|_| !self.keeps) {
                versions.retain(|version| version.id != **id);
            }
        }
        objects.retain(|_, versions| !versions.is_empty());
        Answer::xml(200, format!("<DeleteResult>{refused}</DeleteResult>"))
    }
}
