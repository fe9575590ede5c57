//! The annex as Markdown.

use super::{Block, Document, Inline, Table};

pub(super) fn write(document: &Document) -> String {
    let mut out = format!("# {}\n\n{}\n", escaped(&document.title), line(&document.intro));
    for section in &document.sections {
        out.push_str(&format!("\n## {}\n", section.title));
        for block in &section.blocks {
            out.push('\n');
            match block {
                Block::Paragraph(inlines) => {
                    out.push_str(&line(inlines));
                    out.push('\n');
                }
                Block::List(items) => {
                    for item in items {
                        out.push_str(&format!("- {}\n", line(item)));
                    }
                }
                Block::Table(table) => write_table(&mut out, table),
            }
        }
    }
    out
}

fn write_table(out: &mut String, table: &Table) {
    out.push_str(&format!("| {} |\n|{}\n", table.head.join(" | "), "---|".repeat(table.head.len())));
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(|cell| line(cell)).collect();
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
}

fn line(inlines: &[Inline]) -> String {
    inlines
        .iter()
        .map(|inline| match inline {
            Inline::Text(text) | Inline::Phone(text) => escaped(text),
            Inline::Clause(id) => escaped(id),
            Inline::Mail(address) => escaped(address),
            Inline::Link(url) => escaped(url),
        })
        .collect()
}

/// Escapes whatever Markdown or HTML would take for its own; a line break would end a table's row.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '!' | '~' => out.extend(['\\', letter]),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            letter if letter.is_whitespace() || letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_policy_is_taken_for_markdown() {
        assert_eq!(escaped("a|b *c* <d>\n# e [f](g)"), "a\\|b \\*c\\* &lt;d&gt; \\# e \\[f\\](g)");
        assert_eq!(escaped("a\u{0}b\u{a0}c"), "a b c");
    }
}
