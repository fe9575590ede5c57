//! Versions as entity tags (RFC 9110 section 8.8.3): how often something has changed.

use super::{Problem, Request};

/// The `ETag` of something that has changed so often.
pub(super) fn version_tag(version: impl Into<u64>) -> String {
    format!("\"{}\"", version.into())
}

/// Reads a tag that [`version_tag`] wrote.
fn version_of(tag: &str) -> Option<u32> {
    let digits = tag.strip_prefix('"')?.strip_suffix('"')?;
    let version: u32 = digits.parse().ok()?;
    // One tag for one version: neither `"+1"` nor `"01"`.
    (version_tag(version) == tag).then_some(version)
}

impl Request {
    /// The one version that the request is meant for, by its `If-Match`.
    ///
    /// # Errors
    /// 428 without one, for several, and for `*`: whoever has not looked must not act.
    pub fn if_match(&self) -> Result<u32, Problem> {
        let mut values = self.headers("if-match");
        match (values.next(), values.next()) {
            (None, _) => Err(Problem::precondition_required("The header If-Match is missing.")),
            (Some(tag), None) => version_of(tag.trim_matches([' ', '\t'])).ok_or_else(|| {
                Problem::precondition_required("The header If-Match does not name one version, as \"7\".")
            }),
            (Some(_), Some(_)) => Err(Problem::precondition_required("The header If-Match stands twice.")),
        }
    }

    /// Whether the client has what is known by that tag, by its `If-None-Match`.
    pub(super) fn has_tag(&self, tag: &str) -> bool {
        let tags = self.headers("if-none-match").flat_map(|value| value.split(','));
        // RFC 9110 section 13.1.2: a weak tag will do here.
        tags.map(|known| known.trim_matches([' ', '\t'])).any(|known| known.strip_prefix("W/").unwrap_or(known) == tag)
    }

    /// Whether the client has that version already, by its `If-None-Match`.
    pub fn has_version(&self, version: u32) -> bool {
        self.has_tag(&version_tag(version))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::http::{Problem, request::tests::request_of};

    #[test]
    fn an_action_is_meant_for_one_version() {
        for (tag, expected) in [
            ("\"7\"", Some(7)),
            (" \"0\" ", Some(0)),
            ("*", None),
            ("7", None),
            ("\"07\"", None),
            ("\"+7\"", None),
            ("\"-1\"", None),
            ("W/\"7\"", None),
            ("\"7\", \"8\"", None),
            ("\"4294967296\"", None),
            ("", None),
        ] {
            let version = request_of(json!({ "headers": { "If-Match": tag } })).if_match();
            assert_eq!(version.map_err(|problem| problem.status), expected.ok_or(428), "{tag}");
        }
        assert_eq!(request_of(json!({})).if_match().unwrap_err().kind, "version-needed");
    }

    #[test]
    fn what_the_client_has_is_not_sent_again() {
        for (tags, expected) in
            [("\"7\"", true), ("W/\"7\"", true), ("\"6\", \"7\"", true), ("\"8\"", false), ("*", false), ("7", false)]
        {
            let request = request_of(json!({ "headers": { "if-none-match": tags } }));
            assert_eq!(request.has_version(7), expected, "{tags}");
        }
    }

    #[test]
    fn whoever_was_too_slow_learns_the_version_that_stands() {
        let response = Problem::precondition_failed(8).to_response(false);
        assert_eq!((response.status(), response.header("etag")), (412, Some("\"8\"")));
    }
}
