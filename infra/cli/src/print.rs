//! What the tool says on standard output.

use std::io::Write as _;

use habeas_cli::trouble::{Played, Trouble};
use serde::Serialize;

/// Writes a text; a reader that has gone away, as `| head` does, is no error.
pub(crate) fn print(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// Writes a value as JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Played {
    let text = serde_json::to_string_pretty(value).map_err(Trouble::because("write the answer"))?;
    print(&format!("{text}\n"));
    Ok(())
}
