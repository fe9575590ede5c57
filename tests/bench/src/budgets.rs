//! What each function may take: what was measured when somebody last said that it is right, and some headroom.

use std::{collections::BTreeMap, fs, path::Path};

use serde::{Deserialize, Serialize};

use crate::{
    failure::{Context, Outcome},
    measure::Measured,
};

/// Where they are, from the checkout's root.
pub const PLACE: &str = "tests/bench/budgets.toml";

const HEAD: &str = "\
# What each function took when this was written: `cargo xtask bench --update` writes it, `--check` holds a run against it.
# Sizes and instructions may grow by the headroom; calls and lines of log, both by warm event, may not grow at all.

";

/// The file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budgets {
    headroom_percent: Headroom,
    functions: BTreeMap<String, Budget>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Headroom {
    sizes: u64,
    instructions: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Budget {
    log_lines: f64,
    first_calls: BTreeMap<String, u64>,
    warm_calls: BTreeMap<String, f64>,
    release: Option<Release>,
}

/// What only a release build shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    binary_bytes: u64,
    zip_bytes: u64,
    init_instructions: u64,
    first_instructions: u64,
    warm_instructions: u64,
}

impl Release {
    /// `None` unless everything was measured.
    fn of(one: &Measured) -> Option<Self> {
        let (instructions, zip_bytes) = one.instructions.zip(one.zip_bytes)?;
        Some(Self {
            binary_bytes: one.binary_bytes,
            zip_bytes,
            init_instructions: instructions.init,
            first_instructions: instructions.first,
            warm_instructions: instructions.warm,
        })
    }
}

impl Default for Budgets {
    fn default() -> Self {
        Self { headroom_percent: Headroom { sizes: 3, instructions: 3 }, functions: BTreeMap::new() }
    }
}

impl Budgets {
    /// Reads them.
    ///
    /// # Errors
    /// If they are not there, or do not read.
    pub fn read(checkout: &Path) -> Outcome<Self> {
        let text = fs::read_to_string(checkout.join(PLACE)).cannot(format_args!("read {PLACE}"))?;
        toml::from_str(&text).cannot(format_args!("read {PLACE}"))
    }

    /// Writes them.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn write(&self, checkout: &Path) -> Outcome<()> {
        let text = toml::to_string(self).cannot("write budgets")?;
        fs::write(checkout.join(PLACE), format!("{HEAD}{text}")).cannot(format_args!("write {PLACE}"))
    }

    /// Takes what was measured as what is right. What was not measured, such as sizes in a debug build, stays as it was.
    pub fn update(&mut self, measured: &[Measured]) {
        for one in measured.iter().filter(|one| one.is_function()) {
            let budget = self.functions.entry(one.name.clone()).or_default();
            budget.log_lines = one.each(one.log_lines);
            budget.first_calls.clone_from(&one.first.calls);
            budget.warm_calls = one.warm_calls().into_iter().map(|(name, each)| (name.to_owned(), each)).collect();
            budget.release = Release::of(one).or(budget.release.take());
        }
    }

    /// What grew beyond its budget, as sentences. Sizes and instructions are those of a release alone.
    pub fn exceeded(&self, measured: &[Measured], is_release: bool) -> Vec<String> {
        let mut exceeded = Vec::new();
        for one in measured.iter().filter(|one| one.is_function()) {
            let Some(budget) = self.functions.get(&one.name) else {
                exceeded.push(format!("{} has no budget: `cargo xtask bench --update` gives it one", one.name));
                continue;
            };
            let mut hold = |what: &str, found: f64, budget: f64, headroom_percent: u64| {
                if found > budget * (1.0 + headroom_percent as f64 / 100.0) {
                    exceeded.push(format!("{}: {what} {found}, budget {budget} + {headroom_percent} %", one.name));
                }
            };
            hold("lines of log an event:", one.each(one.log_lines), budget.log_lines, 0);
            for (name, count) in &one.first.calls {
                let least = budget.first_calls.get(name).copied().unwrap_or_default();
                hold(&format!("{name} in the first event:"), *count as f64, least as f64, 0);
            }
            for (name, each) in one.warm_calls() {
                let least = budget.warm_calls.get(name).copied().unwrap_or_default();
                hold(&format!("{name} an event:"), each, least, 0);
            }
            // Without valgrind, or without zips, there is nothing to compare.
            let Some(found) = Release::of(one).filter(|_| is_release) else { continue };
            let Headroom { sizes, instructions } = self.headroom_percent;
            let Some(release) = &budget.release else {
                exceeded.push(format!("{} has no budget for a release: `cargo xtask bench --update`", one.name));
                continue;
            };
            for (what, found, budget, headroom_percent) in [
                ("bytes of the binary:", found.binary_bytes, release.binary_bytes, sizes),
                ("bytes of the zip:", found.zip_bytes, release.zip_bytes, sizes),
                ("instructions to start:", found.init_instructions, release.init_instructions, instructions),
                (
                    "instructions of the first event:",
                    found.first_instructions,
                    release.first_instructions,
                    instructions,
                ),
                ("instructions of an event:", found.warm_instructions, release.warm_instructions, instructions),
            ] {
                hold(what, found as f64, budget as f64, headroom_percent);
            }
        }
        exceeded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goals::tests::measured;

    fn budgets() -> Budgets {
        let mut budgets = Budgets::default();
        budgets.update(&[measured("purge", 1_000_000), measured("hello", 1), measured("python", 1)]);
        budgets
    }

    #[test]
    fn the_committed_budgets_read_and_name_every_function() {
        let checkout = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let budgets = Budgets::read(checkout).unwrap();
        let names: Vec<&str> = budgets.functions.keys().map(String::as_str).collect();
        assert_eq!(names, crate::subject::FUNCTIONS.map(|(name, _)| name));
        assert!(budgets.functions["consent-capture"].release.is_some());
    }

    #[test]
    fn only_functions_have_budgets_and_they_survive_being_written() {
        let budgets = budgets();
        assert_eq!(budgets.functions.keys().collect::<Vec<_>>(), ["purge"]);
        let text = toml::to_string(&budgets).unwrap();
        assert_eq!(toml::from_str::<Budgets>(&text).unwrap(), budgets);
    }

    #[test]
    fn instructions_may_grow_by_the_headroom_and_not_beyond() {
        let exceeded = |init, is_release| budgets().exceeded(&[measured("purge", init)], is_release);
        assert_eq!(exceeded(1_030_000, true), Vec::<String>::new());
        assert_eq!(exceeded(1_030_001, true).len(), 1);
        assert_eq!(exceeded(1_030_001, false), Vec::<String>::new(), "a debug build's are others");
        assert_eq!(exceeded(1, true), Vec::<String>::new(), "less is no growth");
    }

    #[test]
    fn one_call_more_is_too_many() {
        let mut more = measured("purge", 1_000_000);
        *more.warm.calls.get_mut("dynamodb:PutItem").unwrap() += 1;
        assert_eq!(budgets().exceeded(&[more], false).len(), 1);
        let mut another = measured("purge", 1_000_000);
        another.first.calls.insert("kms:Decrypt".to_owned(), 1);
        another.log_lines = 1;
        assert_eq!(budgets().exceeded(&[another], false).len(), 2);
    }

    #[test]
    fn a_debug_build_keeps_what_a_release_has_shown() {
        let mut budgets = budgets();
        let before = budgets.functions["purge"].release.clone();
        let mut debug = measured("purge", 9);
        debug.instructions = None;
        budgets.update(&[debug]);
        assert!(before.is_some());
        assert_eq!(budgets.functions["purge"].release, before);
    }

    #[test]
    fn a_function_without_a_budget_is_no_free_one() {
        assert_eq!(budgets().exceeded(&[measured("newcomer", 1)], false).len(), 1);
        assert_eq!(budgets().exceeded(&[measured("hello", 9)], true), Vec::<String>::new());
    }
}
