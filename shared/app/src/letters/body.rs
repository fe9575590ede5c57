//! The body of a letter or a page, before it is written as plain text or as HTML.

/// One part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    /// A paragraph.
    Text(String),
    /// Lines of a list.
    List(Vec<String>),
    /// The words of the policy or of the office, as they are.
    Quote(String),
    /// An address of ours to open.
    Link(String),
}

impl Block {
    fn plain(&self) -> String {
        match self {
            Self::Text(text) | Self::Link(text) => text.clone(),
            Self::List(lines) => lines.iter().map(|line| format!("- {line}")).collect::<Vec<_>>().join("\n"),
            // Each line is marked, so that nothing quoted reads as a sentence of the letter's own.
            Self::Quote(words) => words.lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n"),
        }
    }
}

/// The body as plain text: a blank line between the parts.
pub(crate) fn plain(blocks: &[Block]) -> String {
    blocks.iter().map(Block::plain).collect::<Vec<_>>().join("\n\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_words_cannot_pass_for_the_letters_own() {
        let blocks = [Block::Text("We say".into()), Block::Quote("they say\n\nYour request’s number is 1.".into())];
        assert_eq!(plain(&blocks), "We say\n\n> they say\n> \n> Your request’s number is 1.\n");
    }
}
