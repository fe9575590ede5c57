//! The page: one file that loads nothing, runs nothing and prints well.

use crate::{
    Block, Document,
    text::{line, paragraphs},
};

/// The system's own type, one column, dark or light as the reader likes; on paper black on white, with no row and no
/// heading torn from what follows.
const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;margin:0;color:#1a1a1a;background:#fff}\
main{max-width:52rem;margin:0 auto;padding:1.5rem 1rem}h1{font-size:1.6rem;line-height:1.25;margin:0 0 .3rem}\
h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:1px solid #999;padding-bottom:.2rem}p{margin:.4rem 0}\
.sub,footer{color:#555}.note{border-left:.3rem solid #14508c;background:#eef3f9;padding:.5rem 1rem;margin:1rem 0}\
.note h2{border:0;margin:.2rem 0;font-size:1rem}table{border-collapse:collapse;width:100%;table-layout:fixed}\
th,td{text-align:start;vertical-align:top;padding:.4rem .6rem .4rem 0;border-bottom:1px solid #ddd}\
th{width:32%;font-weight:600}td p:first-child,th p:first-child{margin-top:0}\
p,li,td,th,h1,h2{overflow-wrap:anywhere}footer{margin-top:2rem;font-size:.85rem}\
@media(max-width:36rem){th,td{display:block;width:auto}th{border:0;padding-bottom:0}}\
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}.sub,footer{color:#bbb}\
.note{background:#1d2733;border-color:#8ec5ff}th,td{border-color:#444}}\
@media print{@page{size:A4;margin:20mm}body{font-size:10pt;color:#000;background:#fff}main{max-width:none;padding:0}\
h1,h2{break-after:avoid}tr,.note{break-inside:avoid}.sub,footer{color:#333}.note{background:none}\
th,td{border-color:#ddd}}";

/// A document as a page of HTML. Nothing stands in it unescaped but markup of this file.
pub fn html(document: &Document) -> String {
    let mut page = Page(String::with_capacity(8_192));
    page.raw("<!doctype html><html lang=\"").text(&document.language).raw(
        "\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"referrer\" content=\"no-referrer\"><meta name=\"robots\" content=\"noindex\"><title>",
    );
    page.text(&document.title).raw("</title><style>").raw(STYLE).raw("</style></head><body><main><header>");
    page.element("h1", &document.title);
    page.raw("<p class=\"sub\" dir=\"auto\">").text(&document.subtitle).raw("</p></header>");
    for block in &document.blocks {
        page.block(block);
    }
    page.raw("<footer><p dir=\"auto\">").text(&document.author).raw("</p><p dir=\"auto\">");
    page.text(&document.reference).raw("</p></footer></main></body></html>");
    page.0
}

struct Page(String);

impl Page {
    fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        for c in line(text).chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c => self.0.push(c),
            }
        }
        self
    }

    /// An element that holds a text, which runs in the direction of its own script and turns nothing around it.
    fn element(&mut self, name: &'static str, text: &str) -> &mut Self {
        self.raw("<").raw(name).raw(" dir=\"auto\">").text(text).raw("</").raw(name).raw(">")
    }

    fn paragraphs(&mut self, text: &str) -> &mut Self {
        for paragraph in paragraphs(text) {
            self.element("p", &paragraph);
        }
        self
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(text) => {
                self.element("h2", text);
            }
            Block::Text(text) => {
                self.paragraphs(text);
            }
            Block::List(lines) => {
                self.raw("<ul>");
                for line in lines {
                    self.element("li", line);
                }
                self.raw("</ul>");
            }
            Block::Table(rows) => {
                self.raw("<table><tbody>");
                for row in rows {
                    self.raw("<tr><th scope=\"row\" dir=\"auto\">").text(&row.label).raw("</th><td>");
                    for value in &row.values {
                        self.paragraphs(value);
                    }
                    self.raw("</td></tr>");
                }
                self.raw("</tbody></table>");
            }
            Block::Note(heading, lines) => {
                self.raw("<section class=\"note\">").element("h2", heading);
                for line in lines {
                    self.paragraphs(line);
                }
                self.raw("</section>");
            }
        }
    }
}
