//! Requests by chance, and what must be true of them.

pub(crate) mod bench;
mod dice;
mod model;
mod play;
mod watch;

pub(crate) use play::{Tally, play};
