//! The one place that draws what nobody may guess: keys, nonces, salts, numbers.

use app::error::PortError;
use ring::rand::{SecureRandom, SystemRandom};

/// Random bytes from the operating system.
///
/// # Errors
/// [`PortError`] if it gives none.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], PortError> {
    #[cfg(feature = "simulation")]
    if let Some(bytes) = simulation::drawn() {
        return Ok(bytes);
    }
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| PortError::unavailable("randomness", "the system gave none"))?;
    Ok(bytes)
}

#[cfg(feature = "simulation")]
pub use simulation::simulate;

/// What a history draws, so that its seed repeats it. What is released has no such feature.
#[cfg(feature = "simulation")]
mod simulation {
    use std::cell::Cell;

    use ring::digest::{Context, SHA256};

    thread_local! {
        /// The seed, and how many blocks were drawn from it.
        static DRAWN: Cell<Option<(u64, u64)>> = const { Cell::new(None) };
    }

    /// Draws what this thread draws from now on from a seed: for tests that a seed repeats to the byte.
    pub fn simulate(seed: u64) {
        DRAWN.set(Some((seed, 0)));
    }

    pub(super) fn drawn<const N: usize>() -> Option<[u8; N]> {
        let (seed, mut number) = DRAWN.get()?;
        let mut bytes = [0; N];
        for block in bytes.chunks_mut(SHA256.output_len()) {
            let mut hash = Context::new(&SHA256);
            hash.update(&seed.to_le_bytes());
            hash.update(&number.to_le_bytes());
            block.copy_from_slice(&hash.finish().as_ref()[..block.len()]);
            number += 1;
        }
        DRAWN.set(Some((seed, number)));
        Some(bytes)
    }
}
