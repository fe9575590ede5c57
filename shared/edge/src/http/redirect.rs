//! Redirects, to pages that were named beforehand and to no others.

use super::Problem;
use crate::{Failure, env};

/// Where a redirect may lead: a page of the list, or an address that we made ourselves.
#[derive(Clone, PartialEq, Eq)]
pub struct Location(String);

impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A presigned address is a key to what it leads to.
        f.write_str("Location(…)")
    }
}

impl Location {
    /// An address that we made ourselves: a presigned download, a status page. Never one that a
    /// client sent; that goes through [`AllowedPages::location`].
    ///
    /// # Errors
    /// A [`Failure`] unless it is an absolute address without blanks and control characters.
    pub fn ours(url: String) -> Result<Self, Failure> {
        if is_absolute(&url) { Ok(Self(url)) } else { Err(Failure::new("a location of ours is no absolute address")) }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_absolute(url: &str) -> bool {
    // Plain HTTP is for the local AWS alone.
    let host = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => rest,
        (None, Some(rest)) if ["127.0.0.1", "localhost"].contains(&host_name(rest)) => rest,
        _ => return false,
    };
    let authority = host.split(['/', '?', '#']).next().unwrap_or_default();
    !authority.is_empty()
        && !authority.contains(['@', '\\'])
        && url.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\' | b'`'))
}

fn host_name(rest: &str) -> &str {
    rest.split(['/', '?', '#', ':']).next().unwrap_or_default()
}

/// The pages to which a form may send people on, from the environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AllowedPages(Vec<String>);

impl AllowedPages {
    /// Reads the variable: absolute addresses, parted by commas. A missing or empty variable allows
    /// no page.
    ///
    /// # Errors
    /// A [`Failure`] if an entry is no absolute address, or has a wildcard.
    pub fn from_env(name: &'static str) -> Result<Self, Failure> {
        Self::parse(&env::optional(name)).map_err(|failure| failure.with_code(name))
    }

    /// Reads a list.
    ///
    /// # Errors
    /// As [`AllowedPages::from_env`].
    pub fn parse(list: &str) -> Result<Self, Failure> {
        let pages: Vec<String> =
            list.split(',').map(str::trim).filter(|page| !page.is_empty()).map(str::to_owned).collect();
        if pages.iter().all(|page| is_absolute(page) && !page.contains('*')) {
            Ok(Self(pages))
        } else {
            Err(Failure::new("an allowed page is no absolute https address, or has a wildcard"))
        }
    }

    /// Where `next` leads, if it is one of the pages, byte for byte. Only the part after `#`, which
    /// no server ever sees, may differ, and only by a plain name. Nothing is parsed or resolved:
    /// browsers and parsers differ over `//evil`, `\evil` and `allowed@evil`, and bytes do not.
    ///
    /// # Errors
    /// [`Problem::page_not_allowed`] for any other text.
    pub fn location(&self, next: &str) -> Result<Location, Problem> {
        if let Some(page) = self.0.iter().find(|page| page.as_str() == next) {
            return Ok(Location(page.clone()));
        }
        let (target, fragment) = next.split_once('#').ok_or_else(Problem::page_not_allowed)?;
        let plain =
            fragment.len() <= 64 && fragment.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        let page = self
            .0
            .iter()
            .map(|page| page.split('#').next().unwrap_or_default())
            .find(|page| plain && *page == target)
            .ok_or_else(Problem::page_not_allowed)?;
        Ok(Location(format!("{page}#{fragment}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages() -> AllowedPages {
        AllowedPages::parse(
            "https://shop.example/thanks, https://shop.example/done?lang=en,http://127.0.0.1:8080/ok#top",
        )
        .unwrap()
    }

    #[test]
    fn a_page_of_the_list_is_allowed_with_any_plain_fragment() {
        for next in [
            "https://shop.example/thanks",
            "https://shop.example/thanks#consent",
            "https://shop.example/done?lang=en",
            "http://127.0.0.1:8080/ok#top",
            "http://127.0.0.1:8080/ok#other",
        ] {
            assert_eq!(pages().location(next).unwrap().as_str(), next);
        }
    }

    #[test]
    fn nothing_else_is_allowed() {
        for next in [
            "",
            "/thanks",
            "//evil.example/thanks",
            "https:/\\evil.example/thanks",
            "https://evil.example/thanks",
            "https://shop.example",
            "https://shop.example/",
            "https://shop.example/thanks/",
            "https://shop.example/thanks/../admin",
            "https://shop.example/thanks?next=https://evil.example",
            "https://shop.example/done",
            "https://shop.example/done?lang=fr",
            "https://SHOP.example/thanks",
            "HTTPS://shop.example/thanks",
            "http://shop.example/thanks",
            "https://shop.example:443/thanks",
            "https://shop.example@evil.example/thanks",
            "https://shop.example/thanks@evil.example",
            "https://evil.shop.example/thanks",
            "https://notshop.example/thanks",
            "https://shop.example.evil.example/thanks",
            "https://shop.example%2eevil.example/thanks",
            "https://shop.example/thanks#<script>",
            "https://shop.example/thanks#a\r\nset-cookie: a=b",
            "https://shop.example/thanks\r\nset-cookie: a=b",
            "https://shop.example/thanks ",
            " https://shop.example/thanks",
            "javascript:alert(1)",
            "javascript://shop.example/thanks%0aalert(1)",
            "data:text/html,x",
            "*",
        ] {
            let problem = pages().location(next).unwrap_err();
            assert_eq!((problem.status, problem.kind), (400, "page-not-allowed"), "{next:?}");
        }
    }

    #[test]
    fn the_list_takes_absolute_addresses_alone() {
        for list in [
            "*",
            "https://*.example/",
            "shop.example",
            "http://shop.example/",
            "https://",
            "https://a@b/",
            "https://a b/",
        ] {
            assert!(AllowedPages::parse(list).is_err(), "{list}");
        }
        assert_eq!(AllowedPages::parse("").unwrap(), AllowedPages::default());
        assert!(AllowedPages::default().location("https://shop.example/thanks").is_err());
    }

    #[test]
    fn an_address_of_ours_is_absolute_and_does_not_print() {
        let location =
            Location::ours("https://bucket.s3.eu-west-1.amazonaws.com/x?X-Amz-Signature=1".to_owned()).unwrap();
        assert_eq!(format!("{location:?}"), "Location(…)");
        for url in ["/x", "http://example.com/", "https://example.com/\r\n", "https://a@b/"] {
            assert!(Location::ours(url.to_owned()).is_err(), "{url}");
        }
    }
}
