//! HTML in which nothing stands unescaped but literals of this program.

use std::borrow::Cow;

use domain::language::Language;

use crate::letters::body::Block;

/// How our pages look: the system's own type, one column, nothing loaded from anywhere.
const STYLE: &str = "body{font:1.05rem/1.5 system-ui,sans-serif;margin:0;color:#1a1a1a;background:#fff}\
main{max-width:42rem;margin:0 auto;padding:1.5rem 1rem}h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}\
button{font:inherit;padding:.6rem 1.2rem;border:2px solid #14508c;border-radius:.3rem;background:#14508c;color:#fff}\
input,textarea{font:inherit;padding:.5rem;border:2px solid #555;border-radius:.3rem;max-width:100%;box-sizing:border-box}\
label{display:block;margin-bottom:.3rem}blockquote{margin:1rem 0;padding-left:1rem;border-left:.25rem solid #999}\
:focus-visible{outline:3px solid #c05000;outline-offset:2px}p,li,blockquote{overflow-wrap:anywhere}\
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}a{color:#8ec5ff}}";

/// A page while it is written. Markup is literal; everything else is escaped on its way in.
#[derive(Debug)]
pub(super) struct Html(String);

impl Html {
    /// Begins a page with its title, which is its heading too.
    pub(super) fn page(language: Language, title: &str) -> Self {
        let mut page = Self(String::with_capacity(4096));
        page.raw("<!doctype html><html lang=\"").text(language.as_str()).raw(
            "\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
             <meta name=\"referrer\" content=\"no-referrer\"><meta name=\"robots\" content=\"noindex\"><title>",
        );
        page.text(title).raw("</title><style>").raw(STYLE).raw("</style></head><body><main>");
        page.element("h1", title);
        page
    }

    /// Ends it.
    pub(super) fn end(mut self) -> String {
        self.raw("</main></body></html>");
        self.0
    }

    /// Markup of our own.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text, in an element or in a quoted attribute.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.0.push_str(&escape(text));
        self
    }

    /// An element that holds a text.
    pub(super) fn element(&mut self, name: &'static str, text: &str) -> &mut Self {
        self.raw("<").raw(name).raw(">").text(text).raw("</").raw(name).raw(">")
    }

    /// Paragraphs, lists and quotations.
    pub(super) fn blocks(&mut self, blocks: &[Block]) -> &mut Self {
        for block in blocks {
            match block {
                Block::Text(text) => self.element("p", text),
                Block::Quote(words) => {
                    self.raw("<blockquote>");
                    for line in words.lines().filter(|line| !line.trim().is_empty()) {
                        self.element("p", line);
                    }
                    self.raw("</blockquote>")
                }
                Block::List(lines) => {
                    self.raw("<ul>");
                    for line in lines {
                        self.element("li", line);
                    }
                    self.raw("</ul>")
                }
                Block::Link(address) => self.raw("<p>").link(address, address).raw("</p>"),
            };
        }
        self
    }

    /// A link to a page of ours.
    pub(super) fn link(&mut self, address: &str, text: &str) -> &mut Self {
        self.raw("<a href=\"").text(address).raw("\">").text(text).raw("</a>")
    }

    /// Begins a form that is sent to a page of ours.
    pub(super) fn form(&mut self, address: &str) -> &mut Self {
        self.raw("<form method=\"post\" action=\"").text(address).raw("\">")
    }

    /// Ends a form with its button.
    pub(super) fn button(&mut self, text: &str) -> &mut Self {
        self.raw("<p><button type=\"submit\">").text(text).raw("</button></p></form>")
    }
}

/// A value as it may stand in the query of an address (RFC 3986 § 2.3).
pub(super) fn in_query(value: &str) -> String {
    use std::fmt::Write as _;

    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Text as it may stand in HTML, in an element or in a quoted attribute.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_said_stays_text() {
        assert_eq!(escape("a<b>&\"c'"), "a&lt;b&gt;&amp;&quot;c&#39;");
        assert!(matches!(escape("plain"), Cow::Borrowed("plain")));
    }

    #[test]
    fn a_value_in_a_query_stays_one_value() {
        assert_eq!(in_query("aZ0-._~"), "aZ0-._~");
        assert_eq!(in_query("a&b=c#d e/é\""), "a%26b%3Dc%23d%20e%2F%C3%A9%22");
    }
}
