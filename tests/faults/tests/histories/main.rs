//! Histories of the real functions on an AWS that fails, each checked against what was promised; and the tests of
//! these tests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
// The SDK's futures nest deeper than the compiler's usual limit.
#![recursion_limit = "256"]

mod breaches;
mod consents;
mod contract;
mod guards;
mod letters;
mod notices;
mod office;
mod requests;
mod retention;
mod rollouts;
mod seeds;
mod shorter;
mod stack;
