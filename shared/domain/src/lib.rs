//! The rules of Habeas: what the law and a controller's policy demand, as pure functions.
//!
//! Nothing here does I/O, reads a clock or draws a random number: time, keys and salts arrive as
//! arguments, so that a year of retention is tested in milliseconds.

pub mod adequacy;
pub mod announcement;
pub mod attestation;
pub mod breach;
pub mod clock;
pub mod consent;
pub mod disclosure;
pub mod dsar;
pub mod evidence;
pub mod hold;
pub mod ids;
pub mod language;
pub mod lifecycle;
pub mod limits;
pub mod log;
pub mod mail;
pub mod notice;
pub mod place;
pub mod policy;
pub mod purge;
pub mod record;
pub mod regime;
pub mod retention;
pub mod sensitive;
pub mod signal;
pub mod standing;
pub mod system;
pub mod token;
pub mod tombstone;
pub mod tracker;
pub mod walk;
pub mod words;
