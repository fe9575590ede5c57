//! The languages in which people are written to.

/// A language of letters and pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Language {
    /// English, where nothing else is asked for.
    #[default]
    English,
    /// German.
    German,
    /// French.
    French,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 3] = [Self::English, Self::German, Self::French];

    /// The tag (BCP 47).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
        }
    }

    /// The language of a tag, by its first part: `de-AT` is German. `None` for one that is not spoken here.
    pub fn of(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.as_str().eq_ignore_ascii_case(primary))
    }

    /// The first language of an `Accept-Language` header that is spoken here (RFC 9110 § 12.5.4), by
    /// its order alone: browsers write the weights in descending order.
    pub fn accepted(header: &str) -> Option<Self> {
        header.split(',').find_map(|part| Self::of(part.split(';').next().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::Language::{self, *};

    /// RFC 9110 § 12.5.4.
    #[test]
    fn a_page_is_in_the_first_language_asked_for_that_is_spoken_here() {
        assert_eq!(
            (Language::of("de-AT"), Language::of(" FR_ca "), Language::of("nl")),
            (Some(German), Some(French), None)
        );
        assert_eq!(Language::accepted("nl, fr;q=0.8, en;q=0.5"), Some(French));
        assert_eq!(Language::accepted("nl;q=0.9, *"), None);
    }
}
