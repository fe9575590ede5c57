//! Lays a few lines on the base file, as an author would edit it: a table takes the place of the one of
//! its name, a key that of its like, and `# without [breach]` takes one away.

#![allow(dead_code, reason = "the tests that share it use different parts")]

use std::collections::BTreeSet;

/// A policy without findings.
pub(crate) const BASE: &str = include_str!("base.toml");

/// A table of a file with its lines; the first one of a file has no header and holds the top keys.
#[derive(Debug, Clone)]
struct Block {
    lines: Vec<String>,
}

impl Block {
    fn header(&self) -> Option<&str> {
        self.lines.first().map(String::as_str).filter(|line| line.starts_with('['))
    }

    fn value(&self, key: &str) -> Option<&str> {
        self.lines.iter().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix('=')).map(str::trim)
    }

    /// What tells it from the others of its kind: the whole header, or the name of one of many.
    fn name(&self) -> Option<String> {
        let header = self.header()?;
        if !header.starts_with("[[") {
            return Some(header.to_owned());
        }
        let keys: &[&str] = match header {
            "[[retention]]" => &["category", "purpose"],
            "[[right]]" => &["request"],
            "[[role]]" => &["service", "role"],
            "[[deny]]" => &["what"],
            "[[hold]]" => &["reason", "grounds"],
            "[[without_effect]]" => &["clause"],
            _ => &["id"],
        };
        let names = keys.iter().map(|key| self.value(key)).collect::<Option<Vec<_>>>()?;
        Some(format!("{header} {}", names.join(" ")))
    }
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = vec![Block { lines: Vec::new() }];
    for line in text.lines() {
        // A part such as [retention.switch] stays with its table.
        if line.starts_with('[') && !line.trim_start_matches('[').split(']').next().unwrap_or_default().contains('.') {
            blocks.push(Block { lines: Vec::new() });
        }
        blocks.last_mut().unwrap().lines.push(line.to_owned());
    }
    blocks
}

/// Lays a piece on the base file.
pub(crate) fn laid(piece: &str) -> String {
    let mut base = blocks(BASE);
    let mut piece = blocks(piece);
    let top = piece.remove(0);
    for line in &top.lines {
        if let Some(gone) = line.strip_prefix("# without ") {
            let before = base.len();
            base.retain(|block| match block.header() {
                Some(header) => {
                    let named = gone.strip_prefix(header).map(str::trim);
                    !named.is_some_and(|name| {
                        name.is_empty() || block.lines.iter().any(|line| line.ends_with(&format!("= \"{name}\"")))
                    })
                }
                None => true,
            });
            if before == base.len() {
                let head = base.first_mut().unwrap();
                let lines = head.lines.len();
                head.lines.retain(|line| !line.starts_with(&format!("{gone} =")));
                assert!(head.lines.len() < lines, "the base file has no {gone}");
            }
        } else if let Some((key, _)) = line.split_once(" =").filter(|_| !line.starts_with('#')) {
            let head = base.first_mut().unwrap();
            head.lines.retain(|other| !other.starts_with(&format!("{key} =")));
            head.lines.insert(0, line.clone());
        }
    }
    let names: BTreeSet<String> = piece.iter().filter_map(Block::name).collect();
    base.retain(|block| block.name().is_none_or(|name| !names.contains(&name)));
    base.extend(piece);
    let lines: Vec<String> = base.into_iter().flat_map(|block| block.lines).collect();
    lines.join("\n") + "\n"
}
