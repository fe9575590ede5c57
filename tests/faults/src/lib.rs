//! AWS in this process, with its faults: what the histories in `tests/` run the real functions against.
//!
//! The functions speak to it as they speak to AWS: through the SDK's own clients, over HTTP. It serves what the adapters
//! call and panics at anything else; the ports' contract (`testkit::contract_tests!`) holds it to what AWS does.

// The SDK's futures nest deeper than the compiler's usual limit.
#![recursion_limit = "256"]

pub mod behind;
pub mod endpoint;
pub mod expression;
pub mod filter;
pub mod history;
pub mod log;
pub mod objects;
pub mod seed;
pub mod services;
pub mod shorter;
pub mod table;
pub mod world;
