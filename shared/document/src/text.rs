//! Text as it may stand in a document.

/// Whether a character does something else than be read: controls, marks that turn the direction of what follows
/// (a reader would see another text than the one that stands there), and what Unicode says is none.
const fn is_unseen(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}'
        | '\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
}

/// A text without what cannot be read: lines end in `\n`, a tabulator is a blank, and controls are left out.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => plain.push('\n'),
            '\t' => plain.push(' '),
            c if is_unseen(c) => {}
            c => plain.push(c),
        }
    }
    plain
}

/// The lines of a text that hold something.
pub(crate) fn paragraphs(text: &str) -> Vec<String> {
    plain(text).split('\n').map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// A text on one line.
pub(crate) fn line(text: &str) -> String {
    paragraphs(text).join(" ")
}

/// A text on one line where one must stand: a reader's window and a standard ask for a title.
pub(crate) fn named(text: &str) -> String {
    Some(line(text)).filter(|text| !text.is_empty()).unwrap_or_else(|| "\u{2013}".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_left_out() {
        assert_eq!(plain("a\r\nb\u{2028}c\td\0\u{1b}[31m"), "a\nb\nc d[31m");
        assert_eq!(plain("user\u{202e}fdp.exe\u{2066}x\u{200f}"), "userfdp.exex");
        // Joiners belong to words of some scripts.
        assert_eq!(plain("\u{646}\u{645}\u{6cc}\u{200c}\u{62e}"), "\u{646}\u{645}\u{6cc}\u{200c}\u{62e}");
        assert_eq!(line(" one \n\n two "), "one two");
    }
}
