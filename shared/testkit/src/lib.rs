//! For tests alone: every port in memory, the contract that every adapter keeps, and builders.
//!
//! Nothing of it is in a release binary.

pub mod build;
pub mod contract;
mod memory;
mod promises;
pub mod recipients;

pub use build::policy;
pub use memory::Memory;
pub use promises::consent_side;
