//! Habeas' signatures: HMAC-SHA256 over `{seconds}.{body}` with the bytes of the secret as the key, in a
//! header `habeas-signature: t={seconds},v1={hex}`.

use ring::hmac;

/// How far a signature's time may lie from the clock, in seconds.
pub(crate) const WINDOW_SECONDS: i64 = 300;

fn key(secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())
}

fn signed(seconds: &str, body: &[u8]) -> Vec<u8> {
    [seconds.as_bytes(), b".", body].concat()
}

/// Signs a body.
pub(crate) fn sign(secret: &str, seconds: i64, body: &[u8]) -> String {
    let seconds = seconds.to_string();
    let tag = hmac::sign(&key(secret), &signed(&seconds, body));
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={seconds},v1={hex}")
}

/// Whether a body was signed with the secret, within the window. There may be several `v1`: while Habeas
/// renews a secret it signs with both.
pub(crate) fn verify(secret: &str, now_seconds: i64, header: &str, body: &[u8]) -> bool {
    let parts = || header.split(',').filter_map(|part| part.split_once('='));
    let Some((_, seconds)) = parts().find(|(name, _)| *name == "t") else { return false };
    let Ok(at) = seconds.parse::<i64>() else { return false };
    if now_seconds.abs_diff(at) > WINDOW_SECONDS.unsigned_abs() {
        return false;
    }
    let tags = parts().filter(|(name, _)| *name == "v1").filter_map(|(_, hex)| unhex(hex));
    // ring compares in constant time.
    tags.map(|tag| hmac::verify(&key(secret), &signed(seconds, body), &tag)).any(|fits| fits.is_ok())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    (0..32).map(|n| u8::from_str_radix(text.get(n * 2..n * 2 + 2)?, 16).ok()).collect()
}
