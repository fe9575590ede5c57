//! Lambda's side: how an event comes in and how its answer goes out.
//!
//! Parsing, the clock, the log line, the status code and the batch verdict live here once. A
//! function's `main` wires its ports and hands [`serve`] a closure over [`Event`].

pub mod announcement;
pub mod clock;
pub mod env;
pub mod evidence;
mod failure;
pub mod http;
mod image;
mod json;
mod panics;
mod payload;
pub mod queue;
mod reply;
pub mod schedule;
mod serve;
pub mod site;
pub mod stream;
pub mod telemetry;

pub use failure::{Failure, InvocationError};
/// What a function's `main` ends with.
pub use lambda_runtime::Error;
pub use reply::Reply;
pub use serve::{Event, answer, serve};
