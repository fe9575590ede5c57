//! The shortest history that still breaks: parts of one that does are left out for as long as it does.

use std::collections::BTreeSet;

/// How often a history is run at most while a shorter one is looked for.
const TRIES_MAX: usize = 300;

/// A part of a history, without which it may be a history as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Something that somebody does or that is delivered, by its number.
    Event(u64),
    /// A call that goes wrong, by its number.
    Fault(u64),
}

/// Parts that are left out.
pub type Parts = BTreeSet<Part>;

/// Parts as `HABEAS_WITHOUT` names them: `e3,f17`.
pub fn format(parts: &Parts) -> String {
    let names = parts.iter().map(|part| match part {
        Part::Event(number) => format!("e{number}"),
        Part::Fault(number) => format!("f{number}"),
    });
    names.collect::<Vec<_>>().join(",")
}

/// Reads what [`format`] wrote.
///
/// # Panics
/// If it does not read.
pub fn parse(names: &str) -> Parts {
    let part = |name: &str| {
        let number = || name.get(1..)?.parse().ok();
        let part = match name.get(..1) {
            Some("e") => number().map(Part::Event),
            Some("f") => number().map(Part::Fault),
            _ => None,
        };
        part.unwrap_or_else(|| panic!("HABEAS_WITHOUT names no part of a history: {name:?}"))
    };
    names.split(',').filter(|name| !name.is_empty()).map(part).collect()
}

/// Leaves out more and more of these parts, many at once before one by one, as long as what is left `breaks`; answers
/// what is left out in the end.
pub fn shortest(without: Parts, mut parts: Vec<Part>, mut breaks: impl FnMut(&Parts) -> bool) -> Parts {
    let (mut without, mut tries) = (without, 0);
    // The last first: what comes late depends on the most.
    parts.reverse();
    let mut step = parts.len().next_power_of_two();
    while step > 0 {
        let mut at = 0;
        while at < parts.len() && tries < TRIES_MAX {
            let end = parts.len().min(at + step);
            let mut trial = without.clone();
            trial.extend(&parts[at..end]);
            tries += 1;
            if breaks(&trial) {
                without = trial;
                parts.drain(at..end);
            } else {
                at = end;
            }
        }
        step /= 2;
    }
    without
}
