//! The annex as a page.

use super::{Block, Document, Inline, Table};

/// The page's own look: a readable line, tables that scroll by themselves, the reader's colours.
const STYLE: &str = "\
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
table { border-collapse: collapse; }
caption { text-align: left; font-weight: bold; padding: .5rem 0; }
th, td { border: 1px solid; padding: .25rem .5rem; text-align: left; vertical-align: top; }
.table { overflow-x: auto; margin: 1rem 0; }
.skip { position: absolute; left: -999rem; }
.skip:focus { position: static; }
";

pub(super) fn write(document: &Document) -> String {
    let title = escaped(&document.title);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the content</a>\n\
         <header>\n<h1>{title}</h1>\n<p>{}</p>\n</header>\n<nav aria-label=\"Contents\">\n<ul>\n",
        line(&document.intro)
    );
    for section in &document.sections {
        out.push_str(&format!("<li><a href=\"#{}\">{}</a></li>\n", section.id, escaped(section.title)));
    }
    out.push_str("</ul>\n</nav>\n<main id=\"main\">\n");
    for section in &document.sections {
        let (id, title) = (section.id, escaped(section.title));
        out.push_str(&format!("<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{title}</h2>\n"));
        for (number, block) in section.blocks.iter().enumerate() {
            match block {
                Block::Paragraph(inlines) => out.push_str(&format!("<p>{}</p>\n", line(inlines))),
                Block::List(items) => {
                    out.push_str("<ul>\n");
                    for item in items {
                        out.push_str(&format!("<li>{}</li>\n", line(item)));
                    }
                    out.push_str("</ul>\n");
                }
                Block::Table(table) => write_table(&mut out, table, &format!("{id}-{number}")),
            }
        }
        out.push_str("</section>\n");
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn write_table(out: &mut String, table: &Table, id: &str) {
    // A region that scrolls must be reachable by keyboard, and so must have a name.
    out.push_str(&format!("<section class=\"table\" aria-labelledby=\"{id}\" tabindex=\"0\">\n<table>\n"));
    out.push_str(&format!("<caption id=\"{id}\">{}</caption>\n<thead>\n<tr>", escaped(&table.caption)));
    for head in &table.head {
        out.push_str(&format!("<th scope=\"col\">{}</th>", escaped(head)));
    }
    out.push_str("</tr>\n</thead>\n<tbody>\n");
    for row in &table.rows {
        out.push_str("<tr>");
        for (number, cell) in row.iter().enumerate() {
            let cell = line(cell);
            out.push_str(&if number == 0 {
                format!("<th scope=\"row\">{cell}</th>")
            } else {
                format!("<td>{cell}</td>")
            });
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n</section>\n");
}

fn line(inlines: &[Inline]) -> String {
    inlines
        .iter()
        .map(|inline| match inline {
            Inline::Text(text) => escaped(text),
            Inline::Clause(id) => format!("<code>{}</code>", escaped(id)),
            Inline::Mail(address) => format!("<a href=\"mailto:{0}\">{0}</a>", escaped(address)),
            // An address of any other kind could run in the page.
            Inline::Link(url) if !(url.starts_with("https://") || url.starts_with("http://")) => escaped(url),
            Inline::Link(url) => format!("<a href=\"{0}\">{0}</a>", escaped(url)),
            Inline::Phone(number) => {
                let digits: String = number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
                format!("<a href=\"tel:{digits}\">{}</a>", escaped(number))
            }
        })
        .collect()
}

/// Escapes text for an element's content and for an attribute in double quotes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // No control character but white space may stand in HTML.
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_policy_is_taken_for_html() {
        assert_eq!(escaped("<b a=\"x\">&'\u{0}"), "&lt;b a=&quot;x&quot;&gt;&amp;&#39; ");
    }
}
