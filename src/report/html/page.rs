//! A page being written. Markup is text of this program; everything else goes
//! through [`Page::text`].

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::map::MapData;
use crate::report::size::{exact, human};
use crate::report::table::text::{printable, shorten};

const STYLE: &str = concat!(
    include_str!("page/page.css"),
    include_str!("page/tables.css"),
    include_str!("page/map.css"),
);

/// One script: its files share a scope of their own, and none of them runs
/// before all are there.
const SCRIPT: &str = concat!(
    "(() => {\n\"use strict\";\n",
    include_str!("page/payload.js"),
    include_str!("page/views.js"),
    include_str!("page/layout.js"),
    include_str!("page/draw.js"),
    include_str!("page/map.js"),
    include_str!("page/search.js"),
    include_str!("page/tables.js"),
    include_str!("page/start.js"),
    "})();\n",
);

/// Patterns and nothing to see: waste and caches must not be told by colour alone.
const PATTERNS: &str = include_str!("page/patterns.svg");

/// Characters of one text; a history entry can be a whole script.
const TEXT: usize = 4_000;

/// A document in the making.
pub(super) struct Page {
    out: String,
}

impl Page {
    /// Begins a document: its head, its title and the line of facts below it.
    pub(super) fn new(kind: &'static str, title: &str, facts: &[String]) -> Self {
        let mut page = Page { out: String::new() };
        page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        page.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '");
        page.out.push_str(&source_hash(STYLE));
        page.raw("'; script-src '");
        page.out.push_str(&source_hash(SCRIPT));
        page.raw("'; base-uri 'none'; form-action 'none'\">\n");
        page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        page.raw("<meta name=\"color-scheme\" content=\"light dark\">\n");
        page.raw(concat!(
            "<meta name=\"generator\" content=\"rslim ",
            env!("CARGO_PKG_VERSION"),
            "\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<title>"
        ));
        page.text(title);
        page.raw("</title>\n<style>");
        page.raw(STYLE);
        page.raw("</style>\n</head>\n<body>\n");
        page.raw(PATTERNS);
        page.raw("<a class=\"skip\" href=\"#main\">To the report</a>\n<header class=\"top\">\n<div>\n<p class=\"kind\">");
        page.raw(kind);
        page.raw("</p>\n<h1>");
        page.text(title);
        page.raw("</h1>\n<ul class=\"facts\">\n");
        for fact in facts {
            page.raw("<li>");
            page.text(fact);
            page.raw("</li>\n");
        }
        page.raw("</ul>\n</div>\n<button type=\"button\" id=\"theme\" hidden>Dark theme</button>\n</header>\n<main id=\"main\">\n");
        page
    }

    /// Ends the document and writes it.
    pub(super) fn finish(mut self, out: &mut dyn Write) -> io::Result<()> {
        self.raw(concat!(
            "</main>\n<footer>Made by rslim ",
            env!("CARGO_PKG_VERSION"),
            ". Sizes are decimal (1 MB is 1,000,000 bytes) and exact where the pointer rests; \
             <code>--format json</code> has every item.</footer>\n<script>"
        ));
        self.raw(SCRIPT);
        self.raw("</script>\n</body>\n</html>\n");
        out.write_all(self.out.as_bytes())
    }

    /// Markup.
    pub(super) fn raw(&mut self, markup: &'static str) {
        self.out.push_str(markup);
    }

    /// Text from anywhere.
    pub(super) fn text(&mut self, text: &str) {
        escape(&mut self.out, text);
    }

    /// Text in which backticks set commands apart.
    pub(super) fn prose(&mut self, text: &str) {
        for (i, part) in text.split('`').enumerate() {
            if i % 2 == 1 {
                self.raw("<code>");
                self.text(part);
                self.raw("</code>");
            } else {
                self.text(part);
            }
        }
    }

    /// A number in markup.
    pub(super) fn digits(&mut self, number: u64) {
        self.out.push_str(&number.to_string());
    }

    /// A size, with the exact bytes at hand.
    pub(super) fn size(&mut self, bytes: u64) {
        self.raw("<data value=\"");
        self.digits(bytes);
        self.raw("\" title=\"");
        self.text(&exact(bytes));
        self.raw("\">");
        self.text(&human(bytes));
        self.raw("</data>");
    }

    /// Begins a section with its heading and a note beside it.
    pub(super) fn section(&mut self, id: &'static str, title: &'static str, note: &str) {
        self.raw("<section id=\"");
        self.raw(id);
        self.raw("\" aria-labelledby=\"");
        self.raw(id);
        self.raw("-title\">\n<h2 id=\"");
        self.raw(id);
        self.raw("-title\">");
        self.raw(title);
        if !note.is_empty() {
            self.raw(" <small>");
            self.text(note);
            self.raw("</small>");
        }
        self.raw("</h2>\n");
    }

    pub(super) fn end_section(&mut self) {
        self.raw("</section>\n");
    }

    /// Links to the sections.
    pub(super) fn contents(&mut self, sections: &[(&'static str, &'static str)]) {
        self.raw("<nav class=\"contents\" aria-label=\"Sections\">\n");
        for (id, title) in sections {
            self.raw("<a href=\"#");
            self.raw(id);
            self.raw("\">");
            self.raw(title);
            self.raw("</a>\n");
        }
        self.raw("</nav>\n");
    }

    /// A figure with its name and what it means.
    pub(super) fn figure(&mut self, name: &'static str, value: &Figure, note: &str) {
        self.raw("<div class=\"figure\"><dt>");
        self.raw(name);
        self.raw("</dt><dd");
        match value {
            Figure::Size(bytes) => {
                self.raw(">");
                self.size(*bytes);
            }
            Figure::Bad(bytes) => {
                self.raw(if *bytes > 0 { " class=\"bad\">" } else { ">" });
                self.size(*bytes);
            }
            Figure::Words(words) => {
                self.raw(">");
                self.text(words);
            }
        }
        self.raw("<p>");
        self.text(note);
        self.raw("</p></dd></div>\n");
    }

    /// The frame of the maps; the script fills it.
    pub(super) fn map(&mut self, data: &MapData, hint: &'static str) {
        self.section("map", "Map", hint);
        self.raw("<noscript><p class=\"note\">The maps need JavaScript. The tables are complete without it.</p></noscript>\n");
        self.raw(include_str!("page/map.html"));
        if let Some(note) = &data.note {
            self.raw("<p class=\"note\">");
            self.text(note);
            self.raw("</p>\n");
        }
        self.end_section();
        self.raw("<script type=\"application/octet-stream\" id=\"payload\">");
        // Base64: letters, digits, +, / and =.
        self.out.push_str(&data.text);
        self.raw("</script>\n");
    }
}

/// What a figure shows.
pub(super) enum Figure {
    Size(u64),
    /// A size that is better small.
    Bad(u64),
    Words(String),
}

/// What a policy calls an inline style or script.
fn source_hash(text: &str) -> String {
    format!(
        "sha256-{}",
        STANDARD.encode(Sha256::digest(text.as_bytes()))
    )
}

/// `text` as HTML text or a quoted attribute.
fn escape(out: &mut String, text: &str) {
    for c in printable(&shorten(text, TEXT)).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        let mut out = String::new();
        escape(
            &mut out,
            "</script><img src=x onerror='a(\"b\")'>&\u{202e}\u{0}\n",
        );
        assert_eq!(
            out,
            "&lt;/script&gt;&lt;img src=x onerror=&#39;a(&quot;b&quot;)&#39;&gt;&amp;\\u{202e}\\u{0}\\n"
        );
    }

    /// What stands between the tags ends at the first end tag in it.
    #[test]
    fn style_and_script_hold_no_end_tag() {
        assert!(!STYLE.contains("</"));
        assert!(!SCRIPT.contains("</"));
        assert!(!SCRIPT.contains("<!--"));
    }
}
