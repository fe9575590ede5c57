//! Policy files: what a controller promises, written in TOML, checked, compiled and loaded.
//!
//! Two halves that never meet at run time:
//!
//! - The operator's half (feature `compiler`): [`parse`] reads the TOML language (see
//!   [`language`]), reports every mistake of a file at once with its place, and gives a
//!   [`domain::policy::Policy`] only if the file is consistent. [`compile_dir`] does so for a folder.
//! - The function's half: [`PolicyBook::open`] reads the compiled form, which travels with the
//!   code as a Lambda layer. It needs neither the TOML parser nor the diagnostics.
//!
//! The compiled form is one JSON object a controller, `{"v":3,…}`, with its keys and lists in a
//! fixed order: the same promises give the same bytes, and their SHA-256 is the policy's hash that
//! stands on every record made under it.

mod address;
mod book;
mod compiled;
#[cfg(feature = "compiler")]
mod dir;
mod duration;
#[cfg(feature = "compiler")]
pub mod language;
#[cfg(feature = "compiler")]
pub mod lints;

pub use book::{BookError, PolicyBook};
pub use compiled::{CompiledPolicy, LoadError, NoZoneName, compile, load};
#[cfg(feature = "compiler")]
pub use dir::{CheckedFile, CompileDirError, check, check_file, compile_dir, policy_files};
#[cfg(feature = "compiler")]
pub use language::{By, Finding, Level, POLICY_BYTES_MAX, Parsed, Status, Texts, Tie, TieKind, parse, render};

#[cfg(feature = "compiler")]
pub mod diff;
#[cfg(feature = "compiler")]
pub mod notice_annex;
#[cfg(feature = "compiler")]
pub mod plain;
#[cfg(feature = "compiler")]
mod shown;
#[cfg(feature = "compiler")]
pub mod simulate;
