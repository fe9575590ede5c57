//! What a replay found and did, in numbers.

use std::{collections::BTreeMap, fmt};

use app::restore::Replayed;
use serde::Serialize;

use super::RestoreReplayArgs;

/// A replay's result. It holds numbers, and nothing of anybody.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The form's version.
    pub v: u8,
    /// The restored table.
    pub table: String,
    /// The table that is given up, if anything was carried over from it.
    pub from: Option<String>,
    /// Whether it only looked.
    pub dry_run: bool,
    /// What was carried over, by what it is.
    pub carried_over: BTreeMap<&'static str, usize>,
    /// Items of the table that is given up which no key of ours names.
    pub unknown: usize,
    /// What happened to people after the backup, noted again.
    pub events_noted: usize,
    /// Erasures that were applied again.
    pub erasures: usize,
    /// Records of theirs that had come back.
    pub records_found: usize,
    /// Of these, the ones that nobody could read: their key is gone.
    pub records_unreadable: usize,
    /// Of these, the ones that a wide hold keeps for now.
    pub records_kept_by_holds: usize,
    /// Records that were erased again.
    pub records_erased: usize,
    /// Consents that were taken back again.
    pub consents_withdrawn: usize,
    /// Holds that stand again.
    pub holds_placed: usize,
    /// Holds that are released again.
    pub holds_released: usize,
    /// Records whose holds were put right.
    pub records_held: usize,
    /// Records that were due.
    pub records_due: usize,
    /// Of these, the ones that are deleted.
    pub records_purged: usize,
    /// Of these, the ones that wait for a controller's paused or stopped purge.
    pub records_waiting: usize,
    /// Records that could not be deleted.
    pub failed: usize,
    /// Erasures of controllers that have no policy here.
    pub without_policy: usize,
    /// What no replay brings back.
    pub not_brought_back: Vec<&'static str>,
}

impl Report {
    pub(super) fn new(
        args: &RestoreReplayArgs,
        carried_over: BTreeMap<&'static str, usize>,
        unknown: usize,
        events_noted: usize,
        replayed: &Replayed,
    ) -> Self {
        let mut not_brought_back =
            vec!["changes of records after the backup: corrections, and clocks moved by nothing carried over"];
        if args.from.is_none() {
            not_brought_back.insert(
                0,
                "consents, withdrawals, requests, events, disclosures and records after the backup: --from OLD_TABLE carries them over",
            );
        }
        Self {
            v: 1,
            table: args.table.clone(),
            from: args.from.clone(),
            dry_run: args.dry_run,
            carried_over,
            unknown,
            events_noted,
            erasures: replayed.erasures,
            records_found: replayed.found,
            records_unreadable: replayed.unreadable,
            records_kept_by_holds: replayed.held,
            records_erased: replayed.erased,
            consents_withdrawn: replayed.withdrawn,
            holds_placed: replayed.holds_placed,
            holds_released: replayed.holds_released,
            records_held: replayed.records_held,
            records_due: replayed.due,
            records_purged: replayed.purged,
            records_waiting: replayed.waiting,
            failed: replayed.failed,
            without_policy: replayed.without_policy,
            not_brought_back,
        }
    }

    /// Whether the table may be used: nothing is left that another run, or somebody, has to see to.
    pub const fn is_complete(&self) -> bool {
        !self.dry_run && self.failed == 0 && self.without_policy == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.dry_run { "looked at" } else { "replayed on" };
        writeln!(f, "{verb} {}", self.table)?;
        if let Some(from) = &self.from {
            let items: Vec<_> = self.carried_over.iter().map(|(what, count)| format!("{count} {what}")).collect();
            let items = if items.is_empty() { "nothing".to_owned() } else { items.join(", ") };
            writeln!(f, "carried  {items} from {from}; {} events noted again", self.events_noted)?;
            if self.unknown > 0 {
                writeln!(f, "         {} items there are none of ours, and stay", self.unknown)?;
            }
        }
        let (placed, released) = (self.holds_placed, self.holds_released);
        writeln!(
            f,
            "holds    {placed} placed again, {released} released again, {} records put right",
            self.records_held
        )?;
        writeln!(
            f,
            "erasures {} applied again: {} records had come back, {} of them unreadable; {} erased, {} kept by wide holds",
            self.erasures, self.records_found, self.records_unreadable, self.records_erased, self.records_kept_by_holds
        )?;
        writeln!(f, "consents {} taken back again", self.consents_withdrawn)?;
        writeln!(f, "due      {}, of which {} are deleted", self.records_due, self.records_purged)?;
        if self.records_waiting > 0 {
            writeln!(f, "         {} wait: the purge of their controller is paused or stopped", self.records_waiting)?;
        }
        if self.failed > 0 {
            writeln!(f, "failed   {}: run it again", self.failed)?;
        }
        if self.without_policy > 0 {
            writeln!(f, "skipped  {} erasures of controllers without a policy here", self.without_policy)?;
        }
        for what in &self.not_brought_back {
            writeln!(f, "missing  {what}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(dry_run: bool, from: Option<&str>, replayed: &Replayed) -> Report {
        let args = RestoreReplayArgs {
            table: "restored".into(),
            from: from.map(str::to_owned),
            policies: "infra/policies".into(),
            stack_file: None,
            dry_run,
            json: false,
        };
        Report::new(&args, BTreeMap::from([("consents", 2)]), 0, 3, replayed)
    }

    #[test]
    fn a_replay_is_complete_once_nothing_failed() {
        let done = Replayed { erasures: 2, erased: 1, ..Replayed::default() };
        assert!(report(false, None, &done).is_complete());
        assert!(!report(true, None, &done).is_complete(), "a dry run did nothing");
        assert!(!report(false, None, &Replayed { failed: 1, ..done.clone() }).is_complete());
        assert!(!report(false, None, &Replayed { without_policy: 1, ..done }).is_complete());
    }

    #[test]
    fn a_report_says_what_it_cannot_bring_back() {
        let alone = report(false, None, &Replayed::default()).to_string();
        assert!(alone.contains("withdrawals, requests"), "{alone}");
        let carried = report(false, Some("old"), &Replayed::default()).to_string();
        assert!(carried.contains("2 consents from old; 3 events") && !carried.contains("withdrawals, requests"));
    }
}
