//! Measures functions as processes, without AWS: a Runtime API and an AWS that answers at once, both on loopback, around
//! the very `bootstrap` that is deployed. `cargo xtask bench` builds what it needs and runs it; docs/PERFORMANCE.md says
//! what came out.
//!
//! What depends on the program alone is what counts: instructions, calls, bytes. CPU time is the least of some rounds and
//! shown for comparison; nothing is ever judged by it.

#![expect(
    clippy::disallowed_methods,
    reason = "it hands out deadlines as Lambda does; no product code runs by this clock"
)]

pub mod budgets;
pub mod failure;
pub mod goals;
pub mod http;
pub mod instructions;
pub mod measure;
pub mod null_aws;
pub mod process;
pub mod report;
pub mod runtime_api;
pub mod subject;
pub mod template;
