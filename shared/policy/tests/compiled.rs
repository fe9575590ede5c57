//! The compiled form: what goes in comes out, and the same promises give the same bytes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use domain::{
    dsar::RequestType,
    ids::{Category, ControllerId, Purpose, SystemId},
    lifecycle::FileRules,
    policy::{Office, Period, Policy, Regime, SystemRule, Use},
};
use policy::{BookError, CompileDirError, LoadError, PolicyBook, compile, compile_dir, load};

const BASE: &str = include_str!("base.toml");

fn parse(text: &str) -> Policy {
    policy::parse("acme.toml", text, None).unwrap().policy
}

fn base() -> Policy {
    parse(BASE)
}

/// A folder of this test's own, gone when the test is.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("habeas-policy-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_compiled_policy_loads_as_it_was_parsed() {
    let policy = base();
    let compiled = compile(&policy).unwrap();
    let loaded = load(compiled.bytes()).unwrap();
    assert_eq!(format!("{loaded:?}"), format!("{policy:?}"));
    assert_eq!(compile(&loaded).unwrap(), compiled);
}

#[test]
fn the_hash_is_the_sha256_of_the_bytes() {
    let compiled = compile(&base()).unwrap();
    let digest = ring::digest::digest(&ring::digest::SHA256, compiled.bytes());
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(compiled.hash().as_str(), hex);
    assert_eq!(base().hash, *compiled.hash());
}

#[test]
fn the_order_of_tables_and_the_comments_do_not_change_the_hash() {
    // Everything from the first [[purpose]] on, table by table, backwards; sub-tables stay behind
    // their own.
    let (head, tables) = BASE.split_once("[[purpose]]").unwrap();
    let tables = format!("[[purpose]]{tables}");
    let mut blocks: Vec<String> = Vec::new();
    for block in tables.split("\n\n") {
        match blocks.last_mut() {
            Some(last) if block.starts_with("[retention.") => last.push_str(&format!("\n\n{block}")),
            _ => blocks.push(block.to_owned()),
        }
    }
    // Holds have no names and keep their order; there is one.
    blocks.reverse();
    let text = format!("{head}# Another order.\n{}\n", blocks.join("\n\n"));
    assert_ne!(text, BASE);
    assert_eq!(parse(&text).hash, base().hash);
}

#[test]
fn another_promise_gives_another_hash() {
    for (from, to) in [
        ("P10Y", "P11Y"),
        ("acme.8", "acme.80"),
        ("Bill you", "Bill"),
        ("= 13", "= 12"),
        ("FR = 15", "FR = 14"),
        ("\"marketing\"", "\"profiling\""),
        ("opt_in = \"newsletter\"", "opt_in = \"statistics\""),
        ("threshold = 10", "threshold = 11"),
        ("acme.22", "acme.220"),
        ("never = [\"iban\"]", "never = [\"bic\"]"),
        ("max = \"P1D\"", "max = \"P2D\""),
        ("P14D", "P15D"),
        ("help@acme.fr", "aid@acme.fr"),
        ("CNIL", "Garante"),
        ("Acme Payments", "Acme Loans"),
        ("P30D", "P31D"),
        ("signed-permission", "power-of-attorney"),
        ("processing-agreement", "court-order"),
        ("privacy@mailer.example", "dpo@mailer.example"),
        ("home = [\"FR\"]", "home = [\"BE\"]"),
        ("what = \"tracking\"", "what = \"retaliation\""),
        ("P13M", "P12M"),
        ("web-beacon", "cookie"),
        ("dnt = \"ignore\"", "dnt = \"honour\""),
        ("fraud.closed", "fraud.settled"),
        ("P3M", "P4M"),
        ("A scan of", "A look at"),
        ("establishment = \"FR\"", "establishment = \"FR-57\""),
        ("four_eyes = [\"erasure\"]", "four_eyes = [\"rectification\"]"),
        ("review = [\"erasure\", \"rectification\"]", "review = [\"erasure\"]"),
        ("[40, 75, 90]", "[40, 75, 91]"),
        ("director@acme.fr", "owner@acme.fr"),
        ("https://crm.acme.fr/habeas", "https://crm.acme.fr/habeas/"),
        ("queue = \"https://sqs.eu-west-3", "queue = \"https://sqs.eu-west-1"),
        ("[\"access\", \"erasure\"]", "[\"access\"]"),
        ("https://login.acme.fr", "https://login.acme.com"),
        ("audience = \"habeas\"", "audience = \"acme\""),
        ("verification = \"account\"", "verification = \"mail\""),
    ] {
        assert_ne!(parse(&BASE.replace(from, to)).hash, base().hash, "{from}");
    }
}

#[test]
fn the_rules_arrive_as_they_were_written() {
    let policy = base();
    let rule = policy.retention_of(&Category::parse("chat").unwrap(), &Purpose::parse("support").unwrap()).unwrap();
    assert!(matches!(&rule.period, Period::Sliding { duration, .. } if duration.0.get_minutes() == 30));
    let switch = rule.switch.as_ref().unwrap();
    assert!(matches!(&switch.then, Period::Fixed { duration } if duration.0.get_years() == 1));
    assert_eq!(switch.clause.as_str(), "acme.10");
    assert_eq!(policy.accepted_notices, ["2026-01-01", "2025-06-01"]);
    assert_eq!(policy.time_zone.iana_name(), Some("Europe/Paris"));
}

#[test]
fn a_signal_that_the_law_makes_binding_is_honoured_whatever_the_text_says() {
    let text = BASE.replace("gpc = \"honour\"", "gpc = \"ignore\"\nopen = { DNT-GPC-GAP = \"It is not heard.\" }");
    assert!(!parse(&text).signals.honours_gpc);
    assert!(parse(&text.replace("[\"eu-gdpr\"]", "[\"eu-gdpr\", \"us-ca\"]")).signals.honours_gpc);
}

#[test]
fn do_not_track_counts_where_the_text_says_so_alone() {
    let honoured = |said: &str| parse(&BASE.replace("dnt = \"ignore\"\n", said)).signals.honours_dnt;
    assert!(honoured("dnt = \"honour\"\n"));
    assert!(!honoured("dnt = \"ignore\"\n") && !honoured(""));
}

#[test]
fn of_two_denials_the_wider_one_is_obeyed() {
    let narrow = "[[deny]]\nwhat = \"sale\"\nscope = \"directly-identifiable\"\nclause = \"acme.40\"\n\n";
    let wide = "[[deny]]\nwhat = \"sale\"\nclause = \"acme.41\"\n\n";
    for text in [format!("{narrow}{wide}[[deny]]\n"), format!("{wide}{narrow}[[deny]]\n")] {
        let policy = parse(&BASE.replacen("[[deny]]\n", &text, 1));
        assert_eq!(policy.denials[&Use::Sale].clause.as_str(), "acme.41");
    }
    let alone = parse(&BASE.replacen("[[deny]]\n", &format!("{narrow}[[deny]]\n"), 1));
    assert_eq!(alone.denials[&Use::Sale].clause.as_str(), "acme.40");
}

#[test]
fn what_two_must_agree_on_is_looked_at_and_what_counts_at_once_waits_for_nobody() {
    let text = BASE
        .replace("review = [\"erasure\", \"rectification\"]", "review = [\"withdraw-consent\"]")
        .replace("escalation = ", "open = { OFFICE-REVIEW-DELAYS = \"They do not wait.\" }\nescalation = ");
    let office = parse(&text).office;
    assert_eq!(office.review, BTreeSet::from([RequestType::Erasure]));
    assert_eq!(office.four_eyes, BTreeSet::from([RequestType::Erasure]));
}

#[test]
fn a_system_that_names_no_requests_is_asked_about_all_that_can_go_out() {
    let systems = base().systems;
    let asked = |id| &systems[&SystemId::parse(id).unwrap()].requests;
    assert_eq!(*asked("till"), SystemRule::REQUESTS.into());
    assert_eq!(*asked("crm"), BTreeSet::from([RequestType::Access, RequestType::Erasure]));
    assert!(systems[&SystemId::parse("till").unwrap()].categories.is_empty());
}

#[test]
fn an_office_that_names_no_reminders_is_reminded_three_times() {
    let policy = parse(&BASE.replace("reminders = [40, 75, 90]\n", ""));
    assert!(policy.office.reminders.is_empty());
    assert_eq!(policy.office.reminders_in_force(), [50, 80, 95]);
    assert_eq!(base().office.reminders_in_force(), [40, 75, 90]);
}

#[test]
fn every_regime_of_the_domain_can_be_named() {
    for regime in Regime::ALL {
        let text = BASE.replace("[\"eu-gdpr\"]", &format!("[\"{}\"]", regime.as_str()));
        assert_eq!(parse(&text).regimes, [regime]);
    }
}

#[test]
fn a_hold_that_sets_no_day_is_looked_at_after_half_a_year() {
    let policy = parse(&BASE.replace("review_after = \"P3M\"\n", ""));
    assert_eq!(policy.holds[0].review_after.0.get_months(), 6);
}

#[test]
fn compiled_bytes_that_break_a_rule_are_refused_with_it() {
    let text = String::from_utf8(compile(&base()).unwrap().bytes().to_vec()).unwrap();
    let refused = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        load(text.replacen(from, to, 1).as_bytes()).unwrap_err()
    };
    assert!(matches!(refused("{\"v\":3", "{\"v\":2"), LoadError::Version(2)));
    assert!(matches!(refused("{\"v\":3", "{\"v\":4,\"new\":0"), LoadError::Version(4)));
    assert!(matches!(refused("{\"v\":3", "{\"v\":3,\"new\":0"), LoadError::Form(_)));
    assert!(matches!(refused("\"acme\"", "\"AC ME\""), LoadError::Name(..)));
    assert!(matches!(refused("Europe/Paris", "Mars/Olympus"), LoadError::Word { what: "time zone", .. }));
    assert!(matches!(refused("P10Y", "P0Y"), LoadError::Word { what: "duration", .. }));
    assert!(matches!(refused("[\"website.access\"]", "[]"), LoadError::Word { .. }));
    assert!(matches!(refused("\"category\":\"chat\"", "\"category\":\"talk\""), LoadError::Undeclared(_)));
    assert!(matches!(refused("\"id\":\"chat\"", "\"id\":\"billing\""), LoadError::Duplicate(_)));
    assert!(matches!(
        refused("\"categories\":[\"newsletter\"]", "\"categories\":[\"letter\"]"),
        LoadError::Undeclared(_)
    ));
    assert!(matches!(
        refused("\"also_needs\":[\"newsletter\"]", "\"also_needs\":[\"letter\"]"),
        LoadError::Undeclared(_)
    ));
    assert!(matches!(refused("\"opt_in\":\"newsletter\"", "\"opt_in\":\"letter\""), LoadError::Undeclared(_)));
    assert!(matches!(refused("\"except\":[\"billing\"]", "\"except\":[\"letter\"]"), LoadError::Undeclared(_)));
    assert!(matches!(refused("\"party\":\"mailer\"", "\"party\":\"nobody\""), LoadError::Undeclared(_)));
    let consents = "{\"consent\":[\"newsletter\",\"statistics\"]}";
    assert!(matches!(refused(consents, "{\"consent\":[\"letter\"]}"), LoadError::Undeclared(_)));
    assert!(matches!(refused(consents, "{\"consent\":[]}"), LoadError::Word { .. }));
    assert!(matches!(refused("\"US\"", "\"us\""), LoadError::Word { what: "country", .. }));
    assert!(matches!(refused("\"uses\":[\"marketing\"]", "\"uses\":[\"spam\"]"), LoadError::Word { what: "use", .. }));
    assert!(matches!(refused("\"establishment\":\"FR\"", "\"establishment\":\"France\""), LoadError::Word { .. }));
    assert!(matches!(refused("[40,75,90]", "[40,75,75]"), LoadError::Word { what: "share of the time", .. }));
    assert!(matches!(refused("[40,75,90]", "[0,75,90]"), LoadError::Word { what: "share of the time", .. }));
    assert!(matches!(refused("\"review\":[\"rectification\",\"erasure\"]", "\"review\":[]"), LoadError::Undeclared(_)));
    assert!(matches!(
        refused("\"four_eyes\":[\"erasure\"]", "\"four_eyes\":[\"withdraw-consent\"]"),
        LoadError::Word { .. }
    ));
    assert!(matches!(refused("https://crm.acme.fr", "https://10.0.0.1"), LoadError::Word { what: "address", .. }));
    assert!(matches!(
        refused("https://login.acme.fr", "http://login.acme.fr"),
        LoadError::Word { what: "address", .. }
    ));
    assert!(matches!(refused("[\"access\",\"erasure\"]", "[\"complaint\"]"), LoadError::Word { .. }));
    let told = "\"release_on\":\"fraud.closed\",";
    assert!(matches!(refused(told, &format!("{told}\"tell\":[\"login\"],")), LoadError::Undeclared(_)));
    assert!(matches!(refused("\"id\":\"till\"", "\"id\":\"crm\""), LoadError::Duplicate(_)));
    let accounts = "\"accounts\":{\"issuer\":\"https://login.acme.fr\",\"audience\":\"habeas\"},";
    assert!(matches!(refused(accounts, ""), LoadError::Undeclared(_)));
    assert!(matches!(load(b""), Err(LoadError::Form(_))));
}

fn id(controller: &str) -> ControllerId {
    ControllerId::parse(controller).unwrap()
}

#[test]
fn what_is_empty_is_not_written() {
    let bare = Policy { office: Office::default(), ..base() };
    for policy in [base(), bare] {
        let text = String::from_utf8(compile(&policy).unwrap().bytes().to_vec()).unwrap();
        assert!(!text.contains("[]") && !text.contains("{}") && !text.contains("null"), "{text}");
    }
}

#[test]
fn a_policy_says_where_files_are_copied_and_which_may_go_by_themselves() {
    let kind = (Category::parse("billing").unwrap(), Purpose::parse("billing").unwrap());
    let mut free = Policy { replicas: BTreeMap::new(), ..base() };
    let rule = free.retention.get_mut(&kind).unwrap();
    (rule.exemption, rule.lifecycle) = (None, true);
    assert_eq!(FileRules::of(&free), FileRules { free: [kind].into(), ..FileRules::default() });
    let copied = FileRules::of(&base());
    assert_eq!(
        copied.replicas.iter().map(|replica| replica.bucket.as_str()).collect::<Vec<_>>(),
        ["acme-records-copy"]
    );
    assert!(copied.free.is_empty());
}

#[test]
fn a_folder_is_compiled_read_and_cleared_of_what_is_stale() {
    let (from, to) = (Folder::new("from"), Folder::new("to"));
    fs::write(from.0.join("acme.toml"), BASE).unwrap();
    fs::write(from.0.join("other.toml"), BASE.replace("\"acme\"", "\"other\"")).unwrap();
    fs::write(to.0.join("package.json"), "{}").unwrap();
    compile_dir(&from.0, &to.0).unwrap();
    assert!(to.0.join("other.json").exists());

    fs::remove_file(from.0.join("other.toml")).unwrap();
    compile_dir(&from.0, &to.0).unwrap();
    assert!(!to.0.join("other.json").exists(), "a stale policy stays");
    assert!(to.0.join("package.json").exists(), "a foreign file is gone");

    fs::remove_file(to.0.join("package.json")).unwrap();
    let book = PolicyBook::open(&to.0).unwrap();
    assert_eq!(book.get(&id("acme")).unwrap().unwrap().hash, base().hash);
    assert!(book.get(&id("nobody")).unwrap().is_none());
    assert_eq!(book.controllers().map(ControllerId::as_str).collect::<Vec<_>>(), ["acme"]);
}

#[test]
fn a_policy_is_read_once_when_it_is_asked_for() {
    let (from, to) = (Folder::new("once-from"), Folder::new("once-to"));
    fs::write(from.0.join("acme.toml"), BASE).unwrap();
    compile_dir(&from.0, &to.0).unwrap();
    let (book, later) = (PolicyBook::open(&to.0).unwrap(), PolicyBook::open(&to.0).unwrap());
    let shared = book.clone();
    let policy = book.get(&id("acme")).unwrap().unwrap();
    fs::remove_file(to.0.join("acme.json")).unwrap();
    assert!(std::ptr::eq(policy, book.get(&id("acme")).unwrap().unwrap()));
    assert!(std::ptr::eq(policy, shared.all().unwrap()[0]), "a clone reads again");
    for _ in 0..2 {
        assert!(matches!(later.get(&id("acme")), Err(BookError::Unreadable { .. })), "it is nobody's policy");
    }
}

#[test]
fn a_broken_policy_is_refused_to_whoever_asks_for_it_or_for_all() {
    let (from, to) = (Folder::new("broken-from"), Folder::new("broken-to"));
    fs::write(from.0.join("acme.toml"), BASE).unwrap();
    compile_dir(&from.0, &to.0).unwrap();
    fs::copy(to.0.join("acme.json"), to.0.join("other.json")).unwrap();
    fs::write(to.0.join("third.json"), "{}").unwrap();
    let book = PolicyBook::open(&to.0).unwrap();
    assert!(book.get(&id("acme")).unwrap().is_some());
    for _ in 0..2 {
        assert!(matches!(book.get(&id("other")), Err(BookError::Misnamed(_))), "it speaks for another controller");
        assert!(matches!(book.get(&id("third")), Err(BookError::Refused { .. })));
        assert!(book.all().is_err());
    }
    fs::write(to.0.join("No Name.json"), "{}").unwrap();
    assert!(matches!(PolicyBook::open(&to.0), Err(BookError::Misnamed(_))));
}

#[test]
fn a_folder_with_one_bad_file_is_not_compiled_at_all() {
    let (from, to) = (Folder::new("bad-from"), Folder::new("bad-to"));
    fs::write(from.0.join("acme.toml"), BASE).unwrap();
    fs::write(from.0.join("second.toml"), BASE).unwrap();
    let Err(CompileDirError::Refused(files)) = compile_dir(&from.0, &to.0) else { panic!("compiled") };
    assert_eq!(files.iter().filter(|file| file.is_refused()).count(), 1);
    assert_eq!(fs::read_dir(&to.0).unwrap().count(), 0);
    assert!(matches!(PolicyBook::open(&to.0), Err(BookError::Empty(_))));
    assert!(matches!(compile_dir(&to.0, &from.0), Err(CompileDirError::Empty(_))));
    assert!(matches!(PolicyBook::open(&to.0.join("none")), Err(BookError::Unreadable { .. })));
}
