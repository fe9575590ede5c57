//! `habeas policy render`.

use ::policy::notice_annex::{html, markdown};
use clap::Args;
use serde_json::json;

use super::{Common, Outcome, code, folder::Folder, print, print_json};

#[derive(Debug, Args)]
pub(super) struct RenderArgs {
    /// The controller's name: scantrust.
    controller: String,
    /// Write a whole HTML page.
    #[arg(long, conflicts_with_all = ["markdown", "json"])]
    html: bool,
    /// Write Markdown, which is what is written without a choice too.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &RenderArgs) -> Outcome {
    let folder = Folder::read(&args.common.dir)?;
    let policy = folder.of(&args.controller)?.policy;
    if args.common.json {
        print_json(&json!({
            "controller": policy.controller.as_str(), "hash": policy.hash.as_str(),
            "markdown": markdown(policy), "html": html(policy),
        }))?;
    } else {
        print(&if args.html { html(policy) } else { markdown(policy) });
    }
    Ok(code(true))
}
