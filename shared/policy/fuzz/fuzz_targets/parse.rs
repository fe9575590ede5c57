//! Feeds bytes to the parser of policy files, guided by what they reach.

#![no_main]

#[path = "../properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|text: &str| properties::hold(text));
