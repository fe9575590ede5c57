//! AWS's side of Habeas: [`Cloud`] serves every port of `app` from DynamoDB, S3, SQS, SES and KMS.
//!
//! A function's main is `Cloud::from_env()?` and its use case. What a function never uses is neither
//! built at run time nor linked.

mod accounts;
pub mod client;
mod cloud;
mod evidence;
mod exports;
mod failure;
mod keys;
mod mail;
mod mail_pace;
mod objects;
mod pace;
mod queue;
mod random;
mod seal;
mod system_data;
pub mod table;
mod webhook;

pub use cloud::{Cloud, ConfigError, Service, Settings};
pub use keys::Rotated;
#[cfg(feature = "simulation")]
pub use random::simulate;
