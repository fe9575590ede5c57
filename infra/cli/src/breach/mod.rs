//! `habeas breach`: what detectors found, and the breaches that are declared from it, over the staff's own routes.

mod signals;

use clap::{Args, Subcommand};

use crate::trouble::Played;

/// What about breaches.
#[derive(Debug, Clone, Args)]
pub struct BreachArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// List what detectors found: what waits for a decision first.
    Signals(signals::SignalsArgs),
    /// Say that a signal is no breach, and why.
    Dismiss(signals::DismissArgs),
    /// Declare a breach from signals.
    Declare(signals::DeclareArgs),
}

/// Does it, and says what came of it.
///
/// # Errors
/// If the API cannot be reached or refuses.
pub fn run(args: &BreachArgs) -> Played<String> {
    match &args.what {
        What::Signals(args) => signals::list(args),
        What::Dismiss(args) => signals::dismiss(args),
        What::Declare(args) => signals::declare(args),
    }
}
