//! Which days nobody works on.

use jiff::civil::{Date, Weekday};

use super::{
    ClockError, Law,
    holidays::{CALENDARS, FIRST_YEAR, LAST_YEAR},
    law::EEA,
};
use crate::place::Place;

/// The public holidays that a deadline is held against; without any, weekends alone are free.
///
/// Where several calendars could be meant, as for a controller somewhere in the United Kingdom, a day is free only if
/// it is free by each of them: a deadline may be early, never late. For the same reason a day whose date is an
/// estimate frees nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendar {
    sources: Vec<&'static (&'static str, &'static [&'static str])>,
}

/// What a calendar says of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Day {
    /// People work.
    Working,
    /// A Saturday.
    Saturday,
    /// A Sunday.
    Sunday,
    /// A public holiday.
    Holiday,
}

impl Calendar {
    /// Weekends alone.
    pub const fn weekends() -> Self {
        Self { sources: Vec::new() }
    }

    /// The calendar of a place: its own, its country's, or the days that all parts of its country share; weekends
    /// alone where none is known.
    pub fn of(place: &Place) -> Self {
        let (text, country) = (place.to_string(), place.country());
        let exactly = |name: &str| CALENDARS.iter().find(|(id, _)| *id == name);
        let of_country = exactly(country.as_str());
        let sources: Vec<_> = match exactly(&text) {
            // A state's own holidays stand beside the federal ones, and law does not say which count.
            Some(own) if country.as_str() == "US" && own.0 != "US" => of_country.into_iter().chain([own]).collect(),
            Some(own) => vec![own],
            None if of_country.is_some() => of_country.into_iter().collect(),
            None => CALENDARS
                .iter()
                .filter(|(id, _)| id.split_once('-').is_some_and(|(c, _)| c == country.as_str()))
                .collect(),
        };
        Self { sources }
    }

    /// The calendar by which a law is counted for a controller in that place: a country's law goes by that country,
    /// the Union's by the member state in which the controller acts (Reg. 1182/71 Art. 2(1)).
    pub fn for_law(law: Law, place: Option<&Place>) -> Self {
        match (law.place(), place) {
            (None, Some(place)) if EEA.contains(&place.country().as_str()) => Self::of(place),
            (None, _) => Self::weekends(),
            (Some(own), Some(place)) if own.part().is_none() && own.country() == place.country() => Self::of(place),
            (Some(own), _) => Self::of(&own),
        }
    }

    /// Every calendar that is known, by its place, and whether it holds estimates.
    pub fn known() -> impl Iterator<Item = (&'static str, bool)> {
        CALENDARS.iter().map(|(id, years)| (*id, years.iter().any(|days| days.contains('~'))))
    }

    /// Its name: the place, or the places.
    pub fn name(&self) -> String {
        let names: Vec<&str> = self.sources.iter().map(|(id, _)| *id).collect();
        if names.is_empty() { "weekends".to_owned() } else { names.join(" and ") }
    }

    /// What it says of a day.
    ///
    /// # Errors
    /// [`ClockError::NoHolidays`] for a day outside the years that it covers.
    pub fn day(&self, day: Date) -> Result<Day, ClockError> {
        if self.is_holiday(day)? {
            return Ok(Day::Holiday);
        }
        Ok(match day.weekday() {
            Weekday::Saturday => Day::Saturday,
            Weekday::Sunday => Day::Sunday,
            _ => Day::Working,
        })
    }

    fn is_holiday(&self, day: Date) -> Result<bool, ClockError> {
        if self.sources.is_empty() {
            return Ok(false);
        }
        let year = usize::try_from(day.year() - FIRST_YEAR).ok();
        let mark = format!("{:02}{:02}", day.month(), day.day());
        let mut is_holiday = true;
        for (_, years) in &self.sources {
            let days = year.and_then(|year| years.get(year)).ok_or_else(|| ClockError::NoHolidays {
                calendar: self.name(),
                first: FIRST_YEAR,
                last: LAST_YEAR,
                day,
            })?;
            is_holiday &= days.split_ascii_whitespace().any(|one| one == mark);
        }
        Ok(is_holiday)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(place: &str, date: &str) -> Result<Day, ClockError> {
        Calendar::of(&Place::parse(place).unwrap()).day(date.parse().unwrap())
    }

    #[test]
    fn known_holidays_are_known_where_they_are_kept_and_nowhere_else() {
        for (place, date, expected) in [
            ("DE", "2025-10-03", Day::Holiday),
            ("FR", "2025-10-03", Day::Working),
            ("FR", "2026-07-14", Day::Holiday),
            ("DE", "2026-07-14", Day::Working),
            ("GB-SCT", "2026-01-02", Day::Holiday),
            ("GB-ENG", "2026-01-02", Day::Working),
            ("GB-ENG", "2026-04-06", Day::Holiday),
            ("GB-SCT", "2026-04-06", Day::Working),
            ("GB-NIR", "2026-07-13", Day::Holiday),
            ("GB-WLS", "2027-12-27", Day::Holiday),
            // The fourth of July 2026 is a Saturday: the day before is free.
            ("US", "2026-07-03", Day::Holiday),
            ("US", "2025-07-04", Day::Holiday),
            ("ZA", "2026-12-16", Day::Holiday),
            ("NZ", "2026-07-10", Day::Holiday),
            ("JP", "2026-02-23", Day::Holiday),
            ("CA-QC", "2026-06-24", Day::Holiday),
            ("CA", "2026-06-24", Day::Working),
            ("BR", "2026-11-20", Day::Holiday),
            ("CH", "2025-08-01", Day::Holiday),
            // The Union and its neighbours, one day each.
            ("AT", "2026-10-26", Day::Holiday),
            ("PL", "2026-11-11", Day::Holiday),
            ("NO", "2027-05-17", Day::Holiday),
            ("IE", "2026-03-17", Day::Holiday),
            ("SE", "2028-06-06", Day::Holiday),
            // A Land's own holidays do not count.
            ("DE-BY", "2026-01-06", Day::Working),
            ("FR", "2026-04-04", Day::Saturday),
            ("FR", "2026-04-12", Day::Sunday),
        ] {
            assert_eq!(day(place, date), Ok(expected), "{place} {date}");
        }
    }

    #[test]
    fn without_a_part_only_what_all_parts_share_is_free() {
        assert_eq!(day("GB", "2026-12-25"), Ok(Day::Holiday));
        assert_eq!(day("GB", "2026-01-02"), Ok(Day::Working), "Scotland alone");
        assert_eq!(day("GB", "2026-04-06"), Ok(Day::Working), "all but Scotland");
        // Columbus Day is federal and not California's; Cesar Chavez Day the other way round.
        assert_eq!(day("US-CA", "2026-10-12"), Ok(Day::Working));
        assert_eq!(day("US-CA", "2026-03-31"), Ok(Day::Working));
        assert_eq!(day("US-CA", "2026-11-26"), Ok(Day::Holiday));
    }

    #[test]
    fn an_estimated_holiday_frees_nobody() {
        assert_eq!(day("SG", "2026-02-17"), Ok(Day::Holiday));
        assert_eq!(day("SG", "2032-01-14"), Ok(Day::Working));
        let estimated: Vec<_> = Calendar::known().filter(|(_, estimated)| *estimated).map(|(id, _)| id).collect();
        assert_eq!(estimated, ["IN", "SG"]);
    }

    #[test]
    fn the_years_are_covered_whole_and_those_beyond_are_an_error() {
        let years = usize::try_from(LAST_YEAR - FIRST_YEAR + 1).unwrap();
        assert!(CALENDARS.is_sorted_by_key(|(id, _)| *id));
        for (id, lines) in CALENDARS {
            assert_eq!(lines.len(), years, "{id}");
            assert!(lines.iter().all(|days| days.contains("0101") || *id == "IN"), "{id}");
            assert!(
                lines.iter().all(|days| days.split(' ').map(|day| day.trim_start_matches('~')).is_sorted()),
                "{id}"
            );
        }
        for date in ["2023-12-29", "2033-01-03"] {
            let outside = day("FR", date);
            assert!(
                matches!(&outside, Err(ClockError::NoHolidays { calendar, .. }) if calendar == "FR"),
                "{outside:?}"
            );
        }
        assert_eq!(Calendar::weekends().day("2050-01-03".parse().unwrap()), Ok(Day::Working));
        assert_eq!(Calendar::of(&Place::parse("PH").unwrap()).name(), "weekends");
    }

    #[test]
    fn the_unions_law_goes_by_the_controllers_country_and_every_other_by_its_own() {
        let place = |text: &str| Place::parse(text).unwrap();
        for (law, where_, name) in [
            (Law::EU_GDPR, None, "weekends"),
            (Law::EU_GDPR, Some("FR"), "FR"),
            (Law::EU_GDPR, Some("NO"), "NO"),
            (Law::EU_GDPR, Some("US-CA"), "weekends"),
            (Law::UK_GDPR, None, "GB-ENG and GB-NIR and GB-SCT and GB-WLS"),
            (Law::UK_GDPR, Some("GB-SCT"), "GB-SCT"),
            (Law::UK_GDPR, Some("FR"), "GB-ENG and GB-NIR and GB-SCT and GB-WLS"),
            (Law::US_CA, Some("US-NY"), "US and US-CA"),
        ] {
            assert_eq!(Calendar::for_law(law, where_.map(place).as_ref()).name(), name);
        }
    }
}
