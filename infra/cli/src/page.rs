//! A page as a browser sees it: its form, and where its addresses lead.

/// A form of a page, as far as a browser needs it to submit it unchanged.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PageForm {
    /// Where it is sent.
    pub(crate) action: String,
    /// What it holds unseen.
    pub(crate) hidden: Vec<(String, String)>,
}

impl PageForm {
    /// Reads the first form of a page that is posted.
    pub(crate) fn read(html: &str) -> Option<Self> {
        let (_, rest) = html.split_once("<form")?;
        let (head, rest) = rest.split_once('>')?;
        let (inside, _) = rest.split_once("</form>")?;
        if !attribute(head, "method").is_some_and(|method| method.eq_ignore_ascii_case("post")) {
            return None;
        }
        let hidden = inside
            .split("<input")
            .skip(1)
            .filter_map(|input| input.split_once('>'))
            .filter_map(|(input, _)| Some((attribute(input, "name")?, attribute(input, "value").unwrap_or_default())))
            .collect();
        Some(Self { action: attribute(head, "action").unwrap_or_default(), hidden })
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}="))?;
    let quote = rest.chars().next()?;
    let (value, _) = rest.get(1..)?.split_once(quote)?;
    Some(
        value
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&"),
    )
}

/// An address as a browser resolves it against the page it stands on.
pub(crate) fn resolved(page: &str, target: &str) -> String {
    if target.is_empty() {
        return page.to_owned();
    }
    if target.starts_with("http://") || target.starts_with("https://") {
        return target.to_owned();
    }
    let path = page.split('?').next().unwrap_or_default();
    if target.starts_with('?') {
        return format!("{path}{target}");
    }
    let origin_end = path.find("://").and_then(|scheme| path.get(scheme + 3..)?.find('/').map(|at| at + scheme + 3));
    let origin = path.get(..origin_end.unwrap_or(path.len())).unwrap_or_default();
    if target.starts_with('/') {
        format!("{origin}{target}")
    } else {
        let folder = path.rsplit_once('/').map_or(origin, |(folder, _)| folder);
        format!("{folder}/{target}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_submitted_as_it_stands() {
        let html = r#"<p>x</p><form method="post" action="/c/v1/x?a=1&amp;b=2"><input type="hidden" name="token" value="1~a"><button>Yes</button></form>"#;
        let form = PageForm::read(html).unwrap();
        assert_eq!(form.action, "/c/v1/x?a=1&b=2");
        assert_eq!(form.hidden, [("token".to_owned(), "1~a".to_owned())]);
        assert_eq!(PageForm::read("<form method=\"get\"></form>"), None);
        assert_eq!(PageForm::read("no form"), None);
    }

    #[test]
    fn addresses_resolve_against_their_page() {
        let page = "http://127.0.0.1:8787/c/v1/requests/r/verification?token=t";
        for (target, expected) in [
            ("", page),
            ("/x", "http://127.0.0.1:8787/x"),
            ("?token=u", "http://127.0.0.1:8787/c/v1/requests/r/verification?token=u"),
            ("verification", "http://127.0.0.1:8787/c/v1/requests/r/verification"),
            ("http://localhost/y", "http://localhost/y"),
        ] {
            assert_eq!(resolved(page, target), expected);
        }
    }
}
