//! `habeas breach`: a breach from its declaration to its lessons, over the staff's own routes.

mod acts;
mod drill;
mod signals;
mod told;

use std::{
    io::{IsTerminal as _, Read as _},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use wire::{
    breach::{BreachAnswer, FactsForm, RegisterAnswer},
    evidence::notice::verify_notice,
};

pub use crate::office::Office;
pub use drill::{Drill, DrillArgs, Measured, Step};
pub use told::{breach as told, register as told_register};

use crate::{
    client::{Answer, escaped},
    clock,
    trouble::{Played, Trouble},
};

/// The scope that these routes ask for.
const SCOPE: &str = "breach:write";

/// In which header an export says from where the rest begins.
const CURSOR: &str = "habeas-cursor";

/// Most bytes of a file that is sent.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Whose breach, where, and what about it.
#[derive(Debug, Clone, Args)]
pub struct BreachArgs {
    #[command(flatten)]
    whose: Whose,
    #[command(subcommand)]
    what: What,
}

/// Whose breach, and where.
#[derive(Debug, Clone, Args)]
struct Whose {
    /// Whose breach.
    #[arg(long, global = true)]
    controller: Option<String>,
    /// Where the API of a deployed stack is; the variable HABEAS_TOKEN holds a staff token for it then.
    #[arg(long, global = true)]
    api: Option<String>,
    /// Where a local stack is; `cargo xtask up` writes this file.
    #[arg(long, global = true, default_value = ".habeas/stack.json", conflicts_with = "api")]
    stack_file: PathBuf,
    /// Who says it, on a local stack; in an account the token says so.
    #[arg(long, global = true, default_value = "operator", conflicts_with = "api")]
    name: String,
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// Declare a breach: its clocks start. Nobody is told by it.
    Declare(acts::DeclareArgs),
    /// Show one: clocks with the time left, what is missing, what to do next.
    Show {
        /// Its number.
        breach: String,
    },
    /// Count whose data it reached. Show it again for the numbers.
    Count {
        /// Its number.
        breach: String,
    },
    /// List the register.
    List(ListArgs),
    /// Write the whole register (GDPR Art. 33(5)) to a file or to standard output.
    Export {
        /// The form.
        #[arg(long, default_value = "json", value_parser = ["csv", "json"])]
        format: String,
        /// The file. JSON is one part a line there.
        #[arg(long)]
        to: Option<PathBuf>,
    },
    /// Write a notification to a file: to look at, to sign, to send.
    Notification {
        /// Which breach.
        breach: String,
        /// By which law: eu-gdpr.
        #[arg(long)]
        law: String,
        /// Which duty it meets: authority, supplement, final-report, controller and what the clocks show.
        #[arg(long, default_value = "authority")]
        duty: String,
        /// The form.
        #[arg(long, default_value = "pdf", value_parser = ["html", "pdf", "json"])]
        format: String,
        /// The file.
        #[arg(long)]
        to: PathBuf,
    },
    #[command(flatten)]
    Act(acts::Deed),
    /// Draw the proof of how one person was told, for them or whoever asks: `habeas verify --certificate` checks it.
    Proof(ProofArgs),
    /// List what detectors found: what waits for a decision first.
    Signals {
        /// Those that were decided on as well.
        #[arg(long)]
        all: bool,
    },
    /// Say that a signal is no breach, and why.
    Dismiss {
        /// Which signal, by its number.
        signal: String,
        /// Why it is none: it stays with the signal.
        #[arg(long)]
        reason: String,
    },
    /// Walk the whole path with made-up people of a sandbox controller, and measure each step.
    Drill(DrillArgs),
}

/// Of whom a proof is drawn, and where it goes.
#[derive(Debug, Clone, Args)]
struct ProofArgs {
    /// The breach's number.
    breach: String,
    /// What they are known by.
    #[arg(long, default_value = "mail", value_parser = ["mail", "phone", "account", "cookie", "device", "ip", "session"])]
    kind: String,
    /// The mail address, the number, the account; - reads it from standard input, so that it stands in no history.
    #[arg(long, allow_hyphen_values = true)]
    value: String,
    /// The file; left out: standard output.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Which breaches are listed.
#[derive(Debug, Clone, Args)]
struct ListArgs {
    /// Open ones, closed ones or all.
    #[arg(long, default_value = "open", value_parser = ["open", "closed", "all"])]
    state: String,
    /// What stands in the title, the texts, a receiver's reference, or the number.
    #[arg(long)]
    q: Option<String>,
    /// Declared then or later.
    #[arg(long)]
    since: Option<String>,
    /// Declared before.
    #[arg(long)]
    until: Option<String>,
    /// Of this category of the policy.
    #[arg(long)]
    category: Option<String>,
    /// Assessed as that.
    #[arg(long, value_parser = ["low", "medium", "high", "very-high"])]
    level: Option<String>,
}

impl ListArgs {
    fn query(&self) -> Vec<(&'static str, String)> {
        let maybe = [
            ("q", &self.q),
            ("since", &self.since),
            ("until", &self.until),
            ("category", &self.category),
            ("level", &self.level),
        ];
        let named = maybe.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
        std::iter::once(("state", self.state.clone())).chain(named).collect()
    }
}

impl Office {
    /// Declares a breach. The same key again is the same breach.
    ///
    /// # Errors
    /// Unless it is taken in.
    pub fn declare(&self, form: &Value, key: &str) -> Played<Answer> {
        let key = Some(("idempotency-key", key.to_owned()));
        self.send(SCOPE, "POST", "/breaches", Some(form), key)?.expect(&[200, 201])
    }

    /// A breach as it stands.
    ///
    /// # Errors
    /// If there is none of that number.
    pub fn look(&self, breach: &str) -> Played<Answer> {
        self.send(SCOPE, "GET", &format!("/breaches/{}", escaped(breach)), None, None)?.expect(&[200])
    }

    /// Does something about a breach that has that version.
    ///
    /// # Errors
    /// If it has gone on meanwhile, or it can't happen now.
    pub fn act(&self, breach: &str, version: u32, act: &Value) -> Played<Answer> {
        let path = format!("/breaches/{}/entries", escaped(breach));
        self.send(SCOPE, "POST", &path, Some(act), Some(("if-match", format!("\"{version}\""))))?.expect(&[200])
    }

    /// Has it counted whose data a breach reached: the answer comes at once, the numbers with a later look.
    ///
    /// # Errors
    /// If it is closed.
    pub fn count(&self, breach: &str) -> Played<Answer> {
        self.send(SCOPE, "POST", &format!("/breaches/{}/count", escaped(breach)), None, None)?.expect(&[200, 202])
    }

    /// The proof of how one person was told of a breach.
    ///
    /// # Errors
    /// If they were not told of it, or the evidence does not have it yet.
    pub fn proof(&self, breach: &str, kind: &str, value: &str) -> Played<Answer> {
        let body = json!({ "subject": { "kind": kind, "value": value } });
        let path = format!("/breaches/{}/proof", escaped(breach));
        self.send(SCOPE, "POST", &path, Some(&body), None)?.expect(&[200])
    }

    /// One page of the register.
    ///
    /// # Errors
    /// If the API refuses.
    pub fn register(&self, query: &[(&str, String)]) -> Played<RegisterAnswer> {
        let pairs: Vec<_> = query.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let path = format!("/breaches?{}", pairs.join("&"));
        self.send(SCOPE, "GET", &path, None, None)?.expect(&[200])?.json()
    }

    /// A notification as it is sent out.
    ///
    /// # Errors
    /// If there is none for that law and duty.
    pub fn notification(&self, breach: &str, law: &str, duty: &str, format: &str) -> Played<Answer> {
        let query = format!("law={}&duty={}&format={format}", escaped(law), escaped(duty));
        let path = format!("/breaches/{}/notification?{query}", escaped(breach));
        self.send(SCOPE, "GET", &path, None, None)?.expect(&[200])
    }
}

/// Walks the whole path with made-up people of a sandbox controller.
///
/// # Errors
/// If the controller is no sandbox, or the API does not say. What goes wrong later is a step that failed.
pub fn drill(office: &Office, args: &DrillArgs) -> Played<Drill> {
    drill::run(office, args)
}

/// Does it, and says what came of it. `false`: a drill did not go as it should.
///
/// # Errors
/// If the API cannot be reached or refuses.
pub fn run(args: &BreachArgs) -> Played<(String, bool)> {
    let Whose { controller, api, stack_file, name, .. } = &args.whose;
    let controller = controller.as_deref().ok_or_else(|| Trouble::new("say whose breach: --controller NAME"))?;
    let office = Office::reach(controller, api.as_deref(), stack_file, name)?;
    let said = match &args.what {
        What::Declare(declared) => {
            let form = signals::with_proposals(&office, declared.form()?)?;
            let answer = office.declare(&form, &declared.key())?;
            shown(&answer, args.whose.json)?
        }
        What::Show { breach } => shown(&office.look(breach)?, args.whose.json)?,
        What::Count { breach } => shown(&office.count(breach)?, args.whose.json)?,
        What::Act(deed) => {
            let (breach, act) = deed.act(clock::now())?;
            let version = match deed.version() {
                Some(version) => version,
                None => office.look(breach)?.json::<BreachAnswer>()?.version,
            };
            shown(&office.act(breach, version, &act)?, args.whose.json)?
        }
        What::List(wanted) => list(&office, wanted, args.whose.json)?,
        What::Export { format, to } => export(&office, format, to.as_deref())?,
        What::Notification { breach, law, duty, format, to } => {
            let answer = office.notification(breach, law, duty, format)?;
            std::fs::write(to, &answer.body).map_err(Trouble::because(to.display()))?;
            format!(
                "{} holds the notification. Send it, then: habeas breach notified {breach} --law {law} --duty {duty} \
                 --to NAME --reference REFERENCE\n",
                to.display()
            )
        }
        What::Proof(of) => proof(&office, of)?,
        What::Signals { all } => signals::list(&office, *all, args.whose.json)?,
        What::Dismiss { signal, reason } => signals::dismiss(&office, signal, reason, args.whose.json)?,
        What::Drill(drill) => {
            let report = drill::run(&office, drill)?;
            let said = if args.whose.json { written(&report)? } else { report.to_string() };
            return Ok((said, report.passed()));
        }
    };
    Ok((said, true))
}

fn written(value: &impl serde::Serialize) -> Played<String> {
    let text = serde_json::to_string_pretty(value).map_err(Trouble::because("write the answer"))?;
    Ok(text + "\n")
}

fn shown(answer: &Answer, as_json: bool) -> Played<String> {
    if as_json { Ok(format!("{}\n", answer.text())) } else { Ok(told::breach(&answer.json()?, clock::now())) }
}

/// All that the register has for a query: page by page, whatever is left out between.
fn list(office: &Office, wanted: &ListArgs, as_json: bool) -> Played<String> {
    let mut query = wanted.query();
    let mut whole = office.register(&query)?;
    while let Some(cursor) = whole.cursor.take() {
        query.retain(|(name, _)| *name != "cursor");
        query.push(("cursor", cursor));
        let page = office.register(&query)?;
        whole.read += page.read;
        whole.breaches.extend(page.breaches);
        whole.cursor = page.cursor;
    }
    if as_json { written(&whole) } else { Ok(told::register(&whole, clock::now())) }
}

/// The whole register, part by part.
fn export(office: &Office, format: &str, to: Option<&Path>) -> Played<String> {
    let mut parts = String::new();
    let mut cursor: Option<String> = None;
    loop {
        let from = cursor.as_ref().map(|cursor| format!("&cursor={}", escaped(cursor))).unwrap_or_default();
        let path = format!("/breaches/export?format={format}{from}");
        let part = office.send(SCOPE, "GET", &path, None, None)?.expect(&[200])?;
        parts.push_str(&part.text());
        if format == "json" {
            parts.push('\n');
        }
        match part.header(CURSOR) {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    match to {
        Some(file) => {
            std::fs::write(file, &parts).map_err(Trouble::because(file.display()))?;
            Ok(format!("{} holds the register\n", file.display()))
        }
        None => Ok(parts),
    }
}

/// Draws one person's proof, and says what it shows.
fn proof(office: &Office, of: &ProofArgs) -> Played<String> {
    let value = if of.value == "-" { standard_input()? } else { of.value.clone() };
    let answer = office.proof(&of.breach, &of.kind, value.trim())?;
    let Some(file) = &of.out else { return Ok(format!("{}\n", answer.text())) };
    std::fs::write(file, &answer.body).map_err(Trouble::because(file.display()))?;
    let shown =
        verify_notice(&answer.body, None).map_err(|fault| Trouble::new(format!("it does not hold: {fault}")))?;
    let signed = match shown.checkpoint {
        Some(number) => format!("checkpoint {number} signs it"),
        None => "it is not signed yet: the next checkpoint comes within a day, draw it again then".to_owned(),
    };
    Ok(format!("{} holds the proof: {} at {}; {signed}\n", file.display(), shown.state, shown.at))
}

fn standard_input() -> Played<String> {
    if std::io::stdin().is_terminal() {
        return Err(Trouble::new("- reads standard input, and nothing comes from there"));
    }
    let mut text = String::new();
    std::io::stdin().take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(Trouble::because("-"))?;
    Ok(text)
}

/// What a file holds, or with `-` standard input.
fn read(file: &Path) -> Played<Value> {
    let shown = file.display();
    let mut text = String::new();
    if file == Path::new("-") {
        text = standard_input()?;
    } else {
        let opened = std::fs::File::open(file).map_err(Trouble::because(&shown))?;
        opened.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(Trouble::because(&shown))?;
    }
    serde_json::from_str(&text).map_err(Trouble::because(&shown))
}

/// The facts in a file, which are looked at before they are sent: a mistake is told with its place.
fn read_facts(file: &Path) -> Played<Value> {
    let facts = read(file)?;
    let form: FactsForm = serde_json::from_value(facts.clone()).map_err(Trouble::because(file.display()))?;
    form.parse().map_err(|error| Trouble::new(format!("{}: {error}", file.display())))?;
    Ok(facts)
}
