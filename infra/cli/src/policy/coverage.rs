//! `habeas policy coverage`: each clause with what makes it true, and what shows that it is.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use ::policy::Tie;
use clap::Args;
use habeas_cli::table::aligned;
use serde_json::{Value, json};

use super::{
    Common, Failure, Outcome,
    clause::{Entry, Status, Tests, tests},
    code,
    folder::Folder,
    print, print_json, suggestion,
};

/// Where the tables of a checkout are.
const TABLES: &str = "docs/coverage";

/// The list of a folder's clauses, if it has one.
const CLAUSES: &str = "clauses.txt";

#[derive(Debug, Args)]
pub(super) struct CoverageArgs {
    /// One controller alone: scantrust.
    #[arg(value_name = "CONTROLLER", conflicts_with = "controller")]
    only: Option<String>,
    /// The same, by name.
    #[arg(long)]
    controller: Option<String>,
    /// Every clause of the texts, one id a line; <dir>/clauses.txt if there is one.
    #[arg(long, value_name = "FILE")]
    clauses: Option<PathBuf>,
    /// Write a table for each controller to a folder.
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, default_missing_value = TABLES, conflicts_with_all = ["check", "json"])]
    markdown: Option<PathBuf>,
    /// Fail too if the tables of a folder are not those that would be written.
    #[arg(long, value_name = "FOLDER", conflicts_with = "json")]
    check: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

/// Every clause of every text.
#[derive(Debug)]
struct Coverage {
    /// In the order of the texts.
    clauses: Vec<Entry>,
    /// Clauses that a scenario shows and that stand nowhere: a slip in the scenario, or a clause that went.
    strays: Vec<(String, String)>,
}

/// A clause's id and its ties.
type Cited<'t> = (String, Vec<&'t Tie>);

/// Joins the ties of each controller, the clauses that must be tied, and the tests.
fn join(ties: &BTreeMap<String, Vec<&Tie>>, listed: &BTreeSet<String>, tests: &Tests) -> Coverage {
    let controller_of = |id: &str| id.split_once('.').map(|(controller, _)| controller.to_owned());
    let mut by_clause: BTreeMap<(String, Vec<Piece>), Cited<'_>> = BTreeMap::new();
    for (controller, ties) in ties {
        for tie in ties {
            let id = tie.clause.as_str();
            let entry = by_clause.entry((controller.clone(), order(id)));
            entry.or_insert_with(|| (id.to_owned(), Vec::new())).1.push(*tie);
        }
    }
    for id in listed {
        if let Some(controller) = controller_of(id).filter(|controller| ties.contains_key(controller)) {
            by_clause.entry((controller, order(id))).or_insert_with(|| (id.clone(), Vec::new()));
        }
    }
    let known: BTreeSet<&str> = by_clause.values().map(|(id, _)| id.as_str()).collect();
    let strays = tests
        .iter()
        .filter(|(id, _)| controller_of(id).is_some_and(|controller| ties.contains_key(&controller)))
        .filter(|(id, _)| !known.contains(id.as_str()))
        .map(|(id, test)| (id.clone(), test.clone()))
        .collect();
    let clauses =
        by_clause.iter().map(|((controller, _), (id, ties))| Entry::of(id, controller, ties, tests)).collect();
    Coverage { clauses, strays }
}

/// A piece of an id, so that 9-a stands before 10-a.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Number(u64, String),
    Text(String),
}

fn order(id: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = id;
    while let Some(first) = rest.chars().next() {
        let is_digit = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(rest.len());
        let (piece, tail) = rest.split_at(end);
        let number = if is_digit { piece.parse().ok() } else { None };
        pieces.push(number.map_or_else(|| Piece::Text(piece.to_owned()), |n| Piece::Number(n, piece.to_owned())));
        rest = tail;
    }
    pieces
}

impl Coverage {
    fn is_complete(&self) -> bool {
        self.strays.is_empty() && self.clauses.iter().all(|entry| entry.status.is_well())
    }

    fn controllers(&self) -> BTreeSet<&str> {
        self.clauses.iter().map(|entry| entry.controller.as_str()).collect()
    }

    fn count(&self, controller: Option<&str>, status: Status) -> usize {
        let own = |entry: &&Entry| controller.is_none_or(|controller| entry.controller == controller);
        self.clauses.iter().filter(own).filter(|entry| entry.status == status).count()
    }

    /// "40 clauses: 30 enforced, 8 attested, 2 no effect".
    fn totals(&self, controller: Option<&str>) -> String {
        let counts = Status::ALL.map(|status| (self.count(controller, status), status));
        let all: usize = counts.iter().map(|(count, _)| count).sum();
        let named: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, status)| format!("{count} {}", status.as_str()))
            .collect();
        format!("{all} clauses: {}", if named.is_empty() { "none".to_owned() } else { named.join(", ") })
    }

    fn as_json(&self) -> Value {
        let mut totals: BTreeMap<&str, usize> =
            Status::ALL.iter().map(|status| (status.as_str(), self.count(None, *status))).collect();
        totals.insert("clauses", self.clauses.len());
        let strays: Vec<Value> =
            self.strays.iter().map(|(clause, test)| json!({ "clause": clause, "test": test })).collect();
        json!({ "clauses": self.clauses, "totals": totals, "strays": strays })
    }

    fn table(&self) -> String {
        let mut rows = vec![["CLAUSE", "STATUS", "RULE", "TEST"].map(str::to_owned)];
        rows.extend(self.clauses.iter().map(|entry| {
            let dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            [entry.id.clone(), entry.status.as_str().to_owned(), dash(&entry.rule), dash(&entry.test)]
        }));
        format!("{}\n{}\n", aligned(&rows), self.totals(None))
    }

    /// The table of one controller, for the docs.
    fn markdown(&self, controller: &str, name: &str) -> String {
        let mut out = format!(
            "# What keeps each clause: {}\n\nWritten by `habeas policy coverage --markdown`; CI fails when it is out \
             of date.\n\n{}.\n\n| clause | status | what makes it true | what shows it |\n|---|---|---|---|\n",
            cell(name),
            self.totals(Some(controller))
        );
        for entry in self.clauses.iter().filter(|entry| entry.controller == controller) {
            let test = entry.test.as_ref().map(|test| format!("`{test}`")).unwrap_or_default();
            let (id, status) = (cell(&entry.id), entry.status.as_str());
            let _ = writeln!(out, "| {id} | {status} | {} | {test} |", cell(&entry.made_true_by()));
        }
        out
    }

    /// Which clauses lack something, a line each.
    fn gaps(&self) -> Vec<String> {
        let gaps = self.clauses.iter().filter_map(|entry| match entry.status {
            Status::Untested => Some(format!("{}: no scenario shows it ({})", entry.id, entry.rule.as_deref()?)),
            Status::Untied => Some(format!("{}: no table of the policy file cites it", entry.id)),
            Status::Enforced | Status::Attested | Status::NoEffect => None,
        });
        gaps.collect()
    }
}

fn stray(clause: &str, test: &str) -> String {
    format!("{clause}: `{test}` shows a clause that stands nowhere")
}

/// A text as a cell of a Markdown table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;")
}

pub(super) fn run(args: &CoverageArgs) -> Outcome {
    let folder = Folder::read(&args.common.dir)?;
    if let Some(refused) = folder.refused() {
        return Err(Failure::new(refused));
    }
    let only = args.only.as_deref().or(args.controller.as_deref());
    if let Some(controller) = only {
        folder.of(controller)?;
    }
    let wanted = |controller: &str| only.is_none_or(|wanted| wanted == controller);
    let mut ties: BTreeMap<String, Vec<&Tie>> = BTreeMap::new();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for valid in folder.valid().filter(|valid| wanted(valid.policy.controller.as_str())) {
        let controller = valid.policy.controller.to_string();
        ties.entry(controller.clone()).or_default().extend(&valid.file.ties);
        names.insert(controller, valid.policy.name.clone());
    }
    let listed = read_clauses(args)?;
    let coverage = join(&ties, &listed, &tests());
    let tables = || -> BTreeMap<String, String> {
        names.iter().map(|(controller, name)| (controller.clone(), coverage.markdown(controller, name))).collect()
    };
    let mut is_well = coverage.is_complete();
    if args.common.json {
        print_json(&coverage.as_json())?;
    } else if let Some(to) = &args.markdown {
        write(to, &tables())?;
        print(&format!(
            "{} tables written to {}\n{}\n",
            coverage.controllers().len(),
            to.display(),
            coverage.totals(None)
        ));
    } else if let Some(there) = &args.check {
        let stale = stale(there, &tables(), only.is_none())?;
        for path in &stale {
            eprintln!("out of date: {path} (`habeas policy coverage --markdown` writes it)");
        }
        for gap in coverage.gaps() {
            eprintln!("{gap}");
        }
        is_well &= stale.is_empty();
        print(&format!("{}\n", coverage.totals(None)));
    } else {
        print(&coverage.table());
    }
    for (clause, test) in &coverage.strays {
        eprintln!("{}", stray(clause, test));
    }
    Ok(code(is_well))
}

/// The clauses that must be tied.
fn read_clauses(args: &CoverageArgs) -> Result<BTreeSet<String>, Failure> {
    let path = match &args.clauses {
        Some(path) => path.clone(),
        None => args.common.dir.join(CLAUSES),
    };
    if args.clauses.is_none() && !path.exists() {
        return Ok(BTreeSet::new());
    }
    let text = fs::read_to_string(&path).map_err(Failure::at(&path))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.map(str::to_owned).collect())
}

fn write(to: &Path, tables: &BTreeMap<String, String>) -> Result<(), Failure> {
    fs::create_dir_all(to).map_err(Failure::at(to))?;
    for (controller, table) in tables {
        let path = to.join(format!("{controller}.md"));
        fs::write(&path, table).map_err(Failure::at(&path))?;
    }
    Ok(())
}

/// The tables of a folder that are not as they would be written; with `all`, those too whose controller has gone.
fn stale(there: &Path, tables: &BTreeMap<String, String>, all: bool) -> Result<Vec<String>, Failure> {
    let mut stale = Vec::new();
    for (controller, table) in tables {
        let path = there.join(format!("{controller}.md"));
        if fs::read_to_string(&path).ok().as_ref() != Some(table) {
            stale.push(path.display().to_string());
        }
    }
    if all && there.is_dir() {
        for entry in fs::read_dir(there).map_err(Failure::at(there))? {
            let path = entry.map_err(Failure::at(there))?.path();
            let controller = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            let is_table = path.extension().is_some_and(|extension| extension == "md");
            if is_table && controller != "README" && !tables.contains_key(&controller) {
                stale.push(path.display().to_string());
            }
        }
    }
    Ok(stale)
}

/// The nearest clause that a folder knows.
pub(super) fn nearest(folder: &Folder, clause: &str) -> String {
    let known: BTreeSet<&str> =
        folder.valid().flat_map(|valid| &valid.file.ties).map(|tie| tie.clause.as_str()).collect();
    suggestion(clause, known)
}

#[cfg(test)]
mod tests {
    use ::policy::TieKind;
    use domain::policy::Clause;
    use jiff::ToSpan;

    use super::*;

    fn tie(clause: &str, rule: &str, kind: TieKind) -> Tie {
        Tie { clause: Clause::new(clause), line: 1, rule: rule.to_owned(), kind }
    }

    fn attested() -> TieKind {
        TieKind::Attested { evidence: "the report".to_owned(), renew_every: 1.year().fieldwise() }
    }

    fn joined(ties: &[Tie], listed: &[&str], shown: &[&str]) -> Coverage {
        let ties = BTreeMap::from([("acme".to_owned(), ties.iter().collect())]);
        let tests = shown.iter().map(|clause| ((*clause).to_owned(), format!("habeas play --clause {clause}")));
        join(&ties, &listed.iter().map(|id| (*id).to_owned()).collect(), &tests.collect())
    }

    fn statuses(coverage: &Coverage) -> Vec<(&str, &str)> {
        coverage.clauses.iter().map(|entry| (entry.id.as_str(), entry.status.as_str())).collect()
    }

    #[test]
    fn each_clause_has_the_status_that_its_ties_and_its_test_give() {
        let none = || TieKind::NoEffect { reason: "binds nobody".to_owned() };
        let ties = [
            tie("acme.1", "right access", TieKind::Rule),
            tie("acme.2", "right erasure", TieKind::Rule),
            tie("acme.3", "attestation x", attested()),
            tie("acme.4", "without effect", none()),
            tie("acme.5", "right access", TieKind::Rule),
            tie("acme.5", "attestation x", attested()),
            tie("acme.6", "right access", TieKind::Rule),
            tie("acme.6", "attestation x", attested()),
        ];
        let coverage = joined(&ties, &["acme.4", "acme.7", "other.1"], &["acme.1", "acme.3", "acme.5", "other.9"]);
        assert_eq!(
            statuses(&coverage),
            [
                ("acme.1", "enforced"),
                ("acme.2", "untested"),
                ("acme.3", "attested"),
                ("acme.4", "no effect"),
                ("acme.5", "enforced"),
                ("acme.6", "attested"),
                ("acme.7", "untied"),
            ]
        );
        assert!(!coverage.is_complete());
        assert_eq!(coverage.gaps().len(), 2, "another controller's clauses and tests are not this folder's");
        assert_eq!(coverage.clauses[4].rule.as_deref(), Some("right access; attestation x"));
        assert_eq!(coverage.totals(None), "7 clauses: 2 enforced, 2 attested, 1 no effect, 1 untested, 1 untied");
    }

    #[test]
    fn a_test_of_a_clause_that_stands_nowhere_is_a_gap() {
        let ties = [tie("acme.1", "right access", TieKind::Rule)];
        let coverage = joined(&ties, &[], &["acme.1", "acme.9"]);
        assert!(!coverage.is_complete());
        assert_eq!(coverage.strays, [("acme.9".to_owned(), "habeas play --clause acme.9".to_owned())]);
        assert!(joined(&ties, &[], &["acme.1"]).is_complete());
    }

    #[test]
    fn clauses_stand_in_the_order_of_their_text() {
        let ids = ["acme.10-a", "acme.9-b", "acme.1.2-b", "acme.1.10-a", "acme.9-a"];
        let ties = ids.map(|id| tie(id, "right access", TieKind::Rule));
        let coverage = joined(&ties, &[], &ids);
        let order: Vec<&str> = coverage.clauses.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(order, ["acme.1.2-b", "acme.1.10-a", "acme.9-a", "acme.9-b", "acme.10-a"]);
    }

    #[test]
    fn a_table_names_evidence_reasons_and_tests() {
        let ties = [
            tie("acme.1", "right access", TieKind::Rule),
            tie("acme.2", "attestation a|b", attested()),
            tie("acme.3", "without effect", TieKind::NoEffect { reason: "binds\nnobody".to_owned() }),
        ];
        let table = joined(&ties, &[], &["acme.1"]).markdown("acme", "Acme");
        for row in [
            "3 clauses: 1 enforced, 1 attested, 1 no effect.",
            "| acme.1 | enforced | right access | `habeas play --clause acme.1` |",
            "| acme.2 | attested | attestation a\\|b: the report. Renewed every year. |  |",
            "| acme.3 | no effect | binds nobody |  |",
        ] {
            assert!(table.contains(row), "{row} is not in\n{table}");
        }
    }
}
