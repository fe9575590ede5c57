//! Made-up records: the same for the same seed, about nobody.

use std::net::Ipv4Addr;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::world::{record, subject};

/// Over how many days before the start the records are spread.
const SPREAD_DAYS: u64 = 30;

/// Sebastiano Vigna's splitmix64: small, public domain, and the same everywhere.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice that fall the same for the same seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next number below a bound.
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }
}

/// So many records of a web server's kind, from the days before that time.
pub fn records(seed: u64, count: usize, until: Timestamp) -> impl Iterator<Item = Value> {
    let mut dice = Dice::new(seed);
    (0..count).map(move |n| {
        let back = i64::try_from(dice.below(SPREAD_DAYS * 86_400)).unwrap_or_default();
        let at = until.saturating_sub(SignedDuration::from_secs(back)).unwrap_or(until);
        let ip = address(&mut dice);
        let locator = format!("generated/{seed}/{n}");
        let who = subject("ip", &ip);
        match dice.below(10) {
            0 => {
                let fields = json!({ "ip_address": ip, "scan_reason": "check", "device_model": "made-up" });
                record(at, &who, "scan-event", "security.abuse-detection", &locator, &fields)
            }
            1 | 2 => {
                let fields = json!({ "request": "GET /", "agent": "made-up" });
                record(at, &who, "server-logs", "security.abuse-detection", &locator, &fields)
            }
            _ => record(at, &who, "security-ip", "security.abuse-detection", &locator, &json!({ "ip_address": ip })),
        }
    })
}

/// An address of 198.18.0.0/15, which is set aside for benchmarks (RFC 2544).
fn address(dice: &mut Dice) -> String {
    let low = u32::try_from(dice.below(1 << 17)).unwrap_or_default();
    Ipv4Addr::from_bits(Ipv4Addr::new(198, 18, 0, 0).to_bits() | low).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_records() {
        let until: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let one: Vec<_> = records(7, 50, until).collect();
        assert_eq!(one, records(7, 50, until).collect::<Vec<_>>());
        assert_ne!(one, records(8, 50, until).collect::<Vec<_>>());
    }

    #[test]
    fn every_record_reads_as_an_event() {
        let until: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        for event in records(1, 500, until) {
            assert!(wire::record::EventForm::read(event).is_ok());
        }
    }

    #[test]
    fn the_dice_are_the_published_ones() {
        assert_eq!(Dice::new(1_234_567).roll(), 6_457_827_717_110_365_317);
    }
}
