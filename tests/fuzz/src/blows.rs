//! How a seed is taken to pieces: at random, and the same way for the same number.

use crate::MARKER;

/// Scraps that are wrong almost everywhere: what other formats, shells and browsers would read, ends of ranges, and
/// text that fools whoever shows it.
const SCRAPS: [&str; 44] = [
    "",
    "\0",
    "\r\n",
    "\r\nBcc: zqx7@example.org\r\n\r\n",
    "\u{202e}zqx7\u{2066}",
    "\u{feff}",
    "\u{fffd}",
    "\u{2028}",
    "\u{85}",
    "{{zqx7}}",
    "${jndi:zqx7}",
    "<script>zqx7</script>",
    "\"><zqx7 onx=1>",
    "'><zqx7>",
    "\"}\n{\"level\":\"ERROR\",\"zqx7\":1}",
    "\\u0000",
    "\\ud800",
    "\\u202e",
    "\\\"",
    "%00",
    "%0d%0a",
    "%",
    "../../zqx7",
    "javascript:zqx7",
    "=zqx7()",
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "-1",
    "0",
    "1e308",
    "18446744073709551616",
    "9223372036854775807",
    "-9223372036854775808",
    "253402300800000",
    "\"+262142-12-31T23:59:59.999999999Z\"",
    "\"-262143-01-01T00:00:00Z\"",
    "\"9999-12-30T22:00:00.999999999Z\"",
    "\"v\":2,",
    "\"zqx7\":1,",
    "~",
    "#",
];

/// Random numbers that begin with a seed (splitmix64).
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice that fall the same way for the same number.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of the numbers below this one, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap_or_default()
    }
}

/// A seed after some blows.
pub fn struck(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seeds[dice.below(seeds.len())].clone();
    for _ in 0..=dice.below(4) {
        strike(&mut bytes, seeds, dice);
    }
    bytes
}

fn strike(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], dice: &mut Dice) {
    let at = dice.below(bytes.len() + 1);
    let to = (at + dice.below(24)).min(bytes.len());
    match dice.below(10) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(at..to)),
        2 => drop(bytes.splice(at..to, SCRAPS[dice.below(SCRAPS.len())].bytes())),
        3 => drop(bytes.splice(at..at, SCRAPS[dice.below(SCRAPS.len())].bytes())),
        4 | 5 => value(bytes, dice),
        6 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << dice.below(8);
            }
        }
        7 => {
            let again = bytes[at..to].repeat(1 + dice.below(3));
            drop(bytes.splice(at..at, again));
        }
        8 => {
            // A part of another seed.
            let other = &seeds[dice.below(seeds.len())];
            let from = dice.below(other.len() + 1);
            let end = (from + dice.below(64)).min(other.len());
            drop(bytes.splice(at..to, other[from..end].iter().copied()));
        }
        _ => {
            let deep = 1 + dice.below(400);
            let opening = [b"[".as_slice(), b"{\"a\":", b"%", MARKER.as_bytes()][dice.below(4)];
            drop(bytes.splice(at..at, opening.repeat(deep)));
        }
    }
}

/// Puts a scrap in the place of a value of JSON: between a colon and what ends it.
fn value(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let colons: Vec<usize> =
        bytes.iter().enumerate().filter(|(_, byte)| matches!(byte, b':' | b'=')).map(|(place, _)| place).collect();
    if colons.is_empty() {
        return;
    }
    let from = colons[dice.below(colons.len())] + 1;
    let rest = bytes[from..].iter().position(|byte| matches!(byte, b',' | b'}' | b']' | b'&'));
    let to = rest.map_or(bytes.len(), |length| from + length);
    let scrap = SCRAPS[dice.below(SCRAPS.len())];
    let scrap = if dice.below(2) == 0 { scrap.to_owned() } else { format!("\"{scrap}\"") };
    drop(bytes.splice(from..to, scrap.into_bytes()));
}
