//! Time passes: the clock watch, the office's list, and the next date of every request.

use habeas_cli::trouble::{Played, Trouble};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{
    bench::{Asked, Bench},
    model::{CONTROLLERS, Verdict},
    play::{DueMoves, Game, expect, later},
};

/// Most pages of a list that are read.
const PAGES_MAX: usize = 2_000;

impl<B: Bench> Game<'_, B> {
    /// Lets time pass, and the clock watch run at its end.
    pub(super) fn pass_time(&mut self) -> Played<bool> {
        let range = self.dice.weighted(&[(4, (1, 24)), (4, (24, 72)), (3, (96, 120)), (1, (24 * 15, 120))]);
        let (least, more) = range.unwrap_or((1, 1));
        let hours = i64::try_from(least + self.dice.below(more)).unwrap_or(1);
        let by = SignedDuration::from_hours(hours);
        if by > self.time_left() {
            return Ok(false);
        }
        self.now = later(self.now, by);
        self.note(format!("{hours} hours pass, and the clock watch runs"));
        self.bench.watch(self.now)?;
        for n in 0..self.requests.len() {
            let (was_open, now) = (self.requests[n].expected.is_open(), self.now);
            self.change(n, |expected| expected.pass(now));
            if was_open && !self.requests[n].expected.is_open() {
                self.look(n, DueMoves::NotSooner)?;
            }
        }
        self.look_for_warnings()?;
        if self.requests.iter().any(|made| made.expected.is_late(self.now)) {
            self.count("lateness", Verdict::Done);
        }
        self.look_at_next_dates(Some(self.now))?;
        Ok(true)
    }

    /// The office was told of every answer that is late.
    fn look_for_warnings(&self) -> Played {
        let mails = self.bench.mails()?;
        for (n, made) in self.requests.iter().enumerate().filter(|(_, made)| made.expected.is_late(self.now)) {
            let is_warning = |text: &str| text.contains(&made.id) && text.contains("overdue");
            if !mails.iter().any(|mail| is_warning(&mail.text)) {
                let due = made.expected.due;
                return Err(Trouble::new(format!("request {n} is late since {due}, and nobody at the office knows")));
            }
        }
        Ok(())
    }

    /// Whatever is open is looked at again by itself, after that time; whatever is closed is not.
    pub(super) fn look_at_next_dates(&self, after: Option<Timestamp>) -> Played {
        for (n, made) in self.requests.iter().enumerate() {
            let next = self.bench.next(made.expected.controller, &made.id)?;
            let is_right = if made.expected.is_open() {
                next.is_indexed && next.at.is_some_and(|at| after.is_none_or(|after| at > after))
            } else {
                !next.is_indexed && next.at.is_none()
            };
            if !is_right {
                let stage = made.expected.stage();
                return Err(Trouble::new(format!("request {n} is {stage}, and its next date is {next:?}")));
            }
        }
        Ok(())
    }

    /// The office's lists hold each of the model's requests once, in the order of their due dates.
    pub(super) fn look_at_lists(&self, limit: usize, is_open: bool) -> Played {
        for controller in CONTROLLERS {
            let mut last = Trouble::new("nothing is listed");
            let listed = self.bench.wait("the office's list", || match self.compare(controller, limit, is_open) {
                Ok(()) => Ok(Some(())),
                Err(trouble) => {
                    last = trouble;
                    Ok(None)
                }
            });
            // The index of the list is a moment behind the table.
            listed.map_err(|_| last)?;
        }
        Ok(())
    }

    fn compare(&self, controller: &'static str, limit: usize, is_open: bool) -> Played {
        let lines = self.list(controller, limit, is_open)?;
        let dues: Vec<Timestamp> =
            lines.iter().filter_map(|line| line["due_before"].as_str()).filter_map(|due| due.parse().ok()).collect();
        if dues.len() != lines.len() || !dues.is_sorted() {
            return Err(Trouble::new(format!("the list of {controller} is not in the order of its dates: {dues:?}")));
        }
        for (n, made) in self.requests.iter().enumerate() {
            let expected = &made.expected;
            let count = usize::from(expected.controller == controller && expected.is_open() == is_open);
            let mine: Vec<_> = lines.iter().filter(|line| line["request_id"] == made.id.as_str()).collect();
            if mine.len() != count {
                let stands = expected.stage();
                return Err(Trouble::new(format!("request {n} is {stands} and stands {} times in a list", mine.len())));
            }
            for line in mine {
                let is_right = line["stage"] == expected.stage()
                    && line["type"] == expected.kind.name
                    && line["version"].as_u64() == u64::try_from(expected.version()).ok()
                    && line["assignee"].as_str() == expected.assignee
                    && line["due_before"].as_str().and_then(|due| due.parse().ok()) == Some(expected.due);
                if !is_right {
                    return Err(Trouble::new(format!("request {n} must be {expected:?}, and is listed as {line}")));
                }
            }
        }
        Ok(())
    }

    /// Reads a list page by page.
    fn list(&self, controller: &str, limit: usize, is_open: bool) -> Played<Vec<Value>> {
        let state = if is_open { "open" } else { "closed" };
        let (mut lines, mut cursor) = (Vec::new(), String::new());
        for _ in 0..PAGES_MAX {
            let asked = Asked::new("GET", "staff/requests", controller, None)
                .by("clerk-a", "requests:read", controller)
                .query(format!("state={state}&limit={limit}{cursor}"));
            let heard = self.call(asked)?;
            expect(&heard, &[200])?;
            let page = heard.body["requests"].as_array().cloned().unwrap_or_default();
            if page.len() > limit {
                return Err(Trouble::new(format!("a page of at most {limit} lines has {}", page.len())));
            }
            lines.extend(page);
            match heard.body["cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(lines),
            }
        }
        Err(Trouble::new("the list has more pages than are read here"))
    }
}
