//! What scenarios do with the privacy office again and again: bring it a request, have it decided, and
//! read what the person is written.

use jiff::{Timestamp, ToSpan, civil::Date};
use serde_json::{Value, json};
use wire::request::{AcknowledgementForm, StatusForm};

use super::{acts::merge, zoned};
use crate::{
    clerk::{Clerk, Seen},
    client::Answer,
    cloud::Mail,
    trouble::{Played, Trouble},
    world::World,
};

/// A rest day is followed by another one for so long at the most: Christmas or Easter and a weekend, and one
/// day for a law that counts in another zone.
const REST_DAYS_MAX: i64 = 7;

/// Somebody of the office of this run: whatever is theirs in the list is of this run alone.
pub(super) fn clerk<'w>(world: &'w World, controller: &str, name: &str) -> Clerk<'w> {
    world.as_clerk(controller, &format!("{name}-{}", world.run))
}

/// Makes a request that a person of the office decides: confirmed by mail, where that is asked.
pub(super) fn brought(
    world: &World,
    controller: &str,
    address: &str,
    form: &Value,
) -> Played<(AcknowledgementForm, Seen)> {
    let request = world.ask(controller, form)?;
    if request.verification == "mail" {
        world.confirm_by_mail(address, &request)?;
    }
    let seen = clerk(world, controller, "desk").at_stage(&request.request_id, "with-office")?;
    Ok((request, seen))
}

/// Has it decided, and waits until that is carried out.
pub(super) fn decided(
    world: &World,
    clerk: &Clerk<'_>,
    request: &AcknowledgementForm,
    ruling: Value,
) -> Played<StatusForm> {
    clerk.does(&request.request_id, &decide(ruling))?;
    world.closed(request)
}

/// The action of a decision: `{"ruling": "approve"}`, with a `ground`, with parts under `except`, with words.
pub(super) fn decide(ruling: Value) -> Value {
    let mut action = json!({ "action": "decide" });
    merge(&mut action, ruling);
    action
}

/// Why an action is not done, by the code of its problem; `done` if it is.
pub(super) fn refusal(answer: &Answer) -> String {
    answer.problem().unwrap_or_else(|| if answer.status < 300 { "done".to_owned() } else { answer.said() })
}

/// Whether a day is so many months after a receipt, in that zone, or the first working day behind it.
pub(super) fn is_months_after(day: &str, received: &str, months: i64, zone: &str) -> Played<bool> {
    let received: Timestamp = received.parse().map_err(Trouble::because("received_at"))?;
    let day: Date = day.parse().map_err(Trouble::because("a due date"))?;
    let count = Trouble::because("count months");
    let first = zoned(received, zone)?.date().checked_add(months.months()).map_err(count)?;
    let last = first.checked_add(REST_DAYS_MAX.days()).map_err(Trouble::because("count rest days"))?;
    Ok((first..=last).contains(&day))
}

/// Whether a day is so many days after a receipt, in that zone.
pub(super) fn is_days_after(day: &str, received: &str, days: i64, zone: &str) -> Played<bool> {
    let received: Timestamp = received.parse().map_err(Trouble::because("received_at"))?;
    let last = zoned(received, zone)?.date().checked_add(days.days()).map_err(Trouble::because("count days"))?;
    Ok(day == last.to_string())
}

/// The parts of a letter that must stand in it and do not.
pub(super) fn missing<'a>(mail: &Mail, parts: &[&'a str]) -> Vec<&'a str> {
    parts.iter().copied().filter(|part| !mail.text.contains(part)).collect()
}

/// What a row says of a letter.
pub(super) fn letter_said(missing: &[&str]) -> String {
    if missing.is_empty() { "all of it stands in the letter".to_owned() } else { format!("NOT IN IT: {missing:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_ends_on_its_day_or_on_the_working_day_behind_it() {
        let received = "2026-11-30T23:30:00Z";
        for (day, months, zone, is_due) in [
            ("2026-12-30", 1, "UTC", true),
            ("2027-01-04", 1, "UTC", true),
            ("2026-12-29", 1, "UTC", false),
            ("2027-01-07", 1, "UTC", false),
            ("2026-12-30", 1, "Europe/Paris", false),
            ("2027-02-28", 3, "UTC", true),
            ("2027-01-01", 1, "Europe/Paris", true),
        ] {
            assert_eq!(is_months_after(day, received, months, zone).unwrap(), is_due, "{day} {zone}");
        }
    }

    #[test]
    fn a_decision_is_an_action_with_its_ruling() {
        let action = decide(json!({ "ruling": "refuse", "ground": "excessive" }));
        assert_eq!(action, json!({ "action": "decide", "ruling": "refuse", "ground": "excessive" }));
    }
}
