//! The operator's tool as a library: the scenarios of the five controllers and the replay of logs.
//!
//! Everything here looks at a deployed stack from outside: over its HTTP API, its queues, its mail
//! and its buckets. Nothing but [`keys`], [`replan`] and [`restore`] runs any of the functions' code, so what is shown is
//! what they did.

#![recursion_limit = "256"]

pub mod breach;
pub mod clerk;
pub mod client;
pub mod clock;
pub mod cloud;
pub mod cost;
mod direct;
pub mod evidence;
pub mod keys;
mod office;
mod page;
pub mod purge;
pub mod replan;
pub mod replay;
pub mod restore;
pub mod scenarios;
pub mod stack;
pub mod table;
pub mod trouble;
pub mod world;
