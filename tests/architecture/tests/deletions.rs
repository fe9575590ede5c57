//! Every place that deletes, and what a hold does to it. A new call that deletes fails here until somebody has said
//! so, with the test that shows it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use architecture_tests::{root, rust_files, sources, without_tests};

/// What deletes, or lets something be deleted: by AWS's interfaces, by an attribute that AWS deletes by, by a port.
const CALLS: [&str; 20] = [
    ".abort_multipart_upload()",
    ".batch_execute_statement()",
    ".batch_write_item()",
    ".delete_bucket",
    ".delete_item()",
    ".delete_object()",
    ".delete_objects()",
    ".delete_records(",
    ".delete_table()",
    ".destroy_day_key(",
    ".destroy_subject_key(",
    ".disable_key()",
    ".execute_statement()",
    ".put_bucket_lifecycle",
    ".schedule_key_deletion()",
    ".update_time_to_live()",
    "\"NoncurrentVersionExpiration\"",
    "\"ttl\"",
    "DELETE FROM",
    "self.delete(&",
];

/// A place that deletes.
struct Place {
    file: &'static str,
    call: &'static str,
    times: usize,
    /// What a hold does there, or why no hold reaches it.
    guard: &'static str,
    /// The tests that show it; none where nothing that a hold keeps is deleted.
    shown_by: &'static [&'static str],
}

const PLACES: [Place; 25] = [
    Place {
        file: "shared/app/src/destruction.rs",
        call: ".delete_records(",
        times: 2,
        guard: "wide holds are read right before, and what they keep is left out, marked or not; it is the one caller",
        shown_by: &[
            "a_deletion_leaves_out_what_a_wide_hold_has_not_marked_yet",
            "a_wide_hold_stops_the_sweep_and_the_erasure_before_its_mark_is_on_any_record",
            "an_incidents_hold_keeps_what_was_exposed_and_lets_go_of_what_came_later",
        ],
    },
    Place {
        file: "shared/aws/src/table/deletion.rs",
        call: "DELETE FROM",
        times: 2,
        guard: "the statement asks that no hold is on the record, at the very moment, or for the mark that no hold comes \
                on any more",
        shown_by: &["a_hold_in_between_wins", "no_hold_finds_half_of_a_record_gone"],
    },
    Place {
        file: "shared/aws/src/table/deletion.rs",
        call: ".batch_execute_statement()",
        times: 1,
        guard: "it carries that statement",
        shown_by: &["a_hold_in_between_wins", "every_record_of_a_long_batch_has_its_answer_in_order"],
    },
    Place {
        file: "shared/aws/src/objects.rs",
        call: ".delete_objects()",
        times: 1,
        guard: "the objects of records that were marked while no hold was on them, with all their versions",
        shown_by: &["no_hold_finds_half_of_a_record_gone", "a_held_records_object_stays_with_all_its_versions"],
    },
    Place {
        file: "shared/aws/src/objects.rs",
        call: ".abort_multipart_upload()",
        times: 1,
        guard: "what was begun to be uploaded in the place of such an object",
        shown_by: &["no_hold_finds_half_of_a_record_gone"],
    },
    Place {
        file: "shared/aws/src/exports.rs",
        call: ".delete_object()",
        times: 1,
        guard: "a copy made for an answer, when the person was erased whole: no record, and none of theirs is held then",
        shown_by: &["a_key_stays_while_a_hold_keeps_what_there_is_about_somebody"],
    },
    Place {
        file: "shared/app/src/logs.rs",
        call: ".destroy_day_key(",
        times: 2,
        guard: "wide holds are read right before a day is closed, and a held day is not; a closed one takes no hold",
        shown_by: &[
            "a_held_day_is_not_closed_and_what_comes_for_it_is_kept",
            "a_hold_that_comes_in_the_middle_of_a_run_finds_the_day_whole_or_closed",
            "a_wide_hold_of_each_scope_keeps_what_it_covers",
        ],
    },
    Place {
        file: "shared/aws/src/table/logs.rs",
        call: "DELETE FROM",
        times: 1,
        guard: "what is left of a day whose key is destroyed: nobody can read it any more",
        shown_by: &["a_day_is_settled_once_nothing_of_it_is_stored_and_what_ttl_left_is_counted"],
    },
    Place {
        file: "shared/aws/src/table/logs.rs",
        call: ".batch_execute_statement()",
        times: 1,
        guard: "it carries that statement",
        shown_by: &["a_day_is_settled_once_nothing_of_it_is_stored_and_what_ttl_left_is_counted"],
    },
    Place {
        file: "shared/aws/src/table/logs.rs",
        call: "\"ttl\"",
        times: 2,
        guard: "a hold on the day takes it away, and its release gives it back",
        shown_by: &["a_hold_keeps_a_day_from_the_sweep_and_from_ttl_until_it_is_released"],
    },
    Place {
        file: "shared/aws/src/table/records.rs",
        call: "\"ttl\"",
        times: 1,
        guard: "a held record has none, and has it back on release",
        shown_by: &["a_hold_takes_the_ttl_away_and_its_release_gives_it_back"],
    },
    Place {
        file: "shared/aws/src/keys.rs",
        call: ".delete_item()",
        times: 2,
        guard: "a subject's key and a day's, where their callers say so",
        shown_by: &["a_key_that_was_made_later_outlives_the_destruction"],
    },
    Place {
        file: "shared/app/src/shred.rs",
        call: ".destroy_subject_key(",
        times: 1,
        guard: "a key stays while a record of its subject stands, so while any is held, while a hold is on the subject, and while a request of theirs is open",
        shown_by: &[
            "a_wide_hold_stops_the_sweep_and_the_erasure_before_its_mark_is_on_any_record",
            "a_key_stays_while_a_hold_keeps_what_there_is_about_somebody",
            "a_key_outlives_its_erasure_while_another_request_is_open_and_goes_with_the_last",
        ],
    },
    Place {
        file: "shared/aws/src/table/mod.rs",
        call: ".delete_item()",
        times: 1,
        guard: "it carries the two below, which name what goes",
        shown_by: &[],
    },
    Place {
        file: "shared/app/src/purge.rs",
        call: "self.delete(&",
        times: 1,
        guard: "a batch of the sweep, by the one place that deletes records",
        shown_by: &["a_wide_hold_stops_the_sweep_and_the_erasure_before_its_mark_is_on_any_record"],
    },
    Place {
        file: "shared/aws/src/table/systems.rs",
        call: "self.delete(&",
        times: 1,
        guard: "the note that a task waits; what was asked for and what came of it stay in the request",
        shown_by: &[],
    },
    Place {
        file: "shared/aws/src/table/challenges.rs",
        call: "self.delete(&",
        times: 1,
        guard: "which code is open: no code and nothing of anybody's",
        shown_by: &[],
    },
    Place {
        file: "shared/aws/src/table/challenges.rs",
        call: "\"ttl\"",
        times: 4,
        guard: "codes that were sent or asked for, and tokens that were shown: keyed hashes and times",
        shown_by: &[],
    },
    Place { file: "shared/aws/src/table/limits.rs", call: "\"ttl\"", times: 1, guard: "a count", shown_by: &[] },
    Place {
        file: "shared/aws/src/system_data.rs",
        call: ".delete_object()",
        times: 1,
        guard: "a copy that a system handed over for an answer: the system keeps its own, and a hold keeps it there",
        shown_by: &["a_legal_hold_keeps_what_a_system_would_erase", "a_system_erases_all_but_what_a_wide_hold_keeps"],
    },
    Place {
        file: "shared/aws/src/evidence.rs",
        call: ".delete_object()",
        times: 1,
        guard: "the note of a batch that is done: its evidence is in the chain, under a lock",
        shown_by: &[],
    },
    Place {
        file: "infra/cli/src/policy/lifecycle.rs",
        call: "\"NoncurrentVersionExpiration\"",
        times: 1,
        guard: "S3 deletes by it what carries a tag, and a hold takes that from every version before its mark is on the record",
        shown_by: &[
            "a_hold_takes_a_file_out_of_s3s_own_reach_for_good",
            "what_s3_deleted_by_itself_is_absent_in_the_evidence",
            "s3_is_never_later_than_the_promise_and_never_earlier_than_said",
        ],
    },
    // Copies that expire by themselves, in the template.
    Place {
        file: "template.yaml",
        call: "TimeToLiveSpecification",
        times: 1,
        guard: "by the attribute of above, which a held record has not",
        shown_by: &["a_hold_takes_the_ttl_away_and_its_release_gives_it_back"],
    },
    Place {
        file: "template.yaml",
        call: "ExpirationInDays",
        times: 4,
        guard: "copies: exports, what systems handed over, what the relay gave up, what is under way; no records",
        shown_by: &["no_lifecycle_rule_deletes_records"],
    },
    Place {
        file: "template.yaml",
        call: "NoncurrentVersionExpiration",
        times: 0,
        guard: "no bucket deletes versions by itself",
        shown_by: &["no_lifecycle_rule_deletes_records"],
    },
];

/// The code of what runs, without comments and tests, which stand at the end of their file.
fn code() -> BTreeMap<String, String> {
    let root = root();
    // The others know nobody who deletes, as the tests of dependencies show.
    let files = sources(&["shared/app/src", "shared/aws/src", "shared/edge/src", "functions", "infra/cli/src"]);
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let lines = without_tests(&text).lines().filter(|line| !line.trim_start().starts_with("//"));
        (path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned(), lines.collect::<Vec<_>>().join("\n"))
    };
    files.into_iter().map(read).collect()
}

fn listed() -> BTreeMap<(&'static str, &'static str), usize> {
    let of_code = PLACES.iter().filter(|place| place.file != "template.yaml");
    of_code.map(|place| ((place.file, place.call), place.times)).collect()
}

#[test]
fn every_place_that_deletes_is_known_with_what_a_hold_does_there() {
    let code = code();
    assert!(code.len() > 100, "the sources are where they were");
    let mut found = BTreeMap::new();
    for (file, text) in &code {
        for call in CALLS {
            // A call may stand over two lines, as rustfmt breaks it.
            let times = text.matches(call).count();
            if times > 0 {
                found.insert((file.as_str(), call), times);
            }
        }
    }
    assert_eq!(found, listed(), "say in this file what a hold does there, and which test shows it");
    assert!(PLACES.iter().all(|place| !place.guard.is_empty()));
}

#[test]
fn each_test_that_is_named_stands() {
    let files = rust_files(&["shared", "functions", "tests"]);
    let sources: Vec<String> = files.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let named: BTreeSet<&str> = PLACES.iter().flat_map(|place| place.shown_by).copied().collect();
    for name in named {
        // A sentence of the contract is generic over its ports.
        let stands = |text: &String| text.contains(&format!("fn {name}(")) || text.contains(&format!("fn {name}<"));
        assert!(sources.iter().any(stands), "no test says that {name}");
    }
}

#[test]
fn the_statements_that_delete_records_ask_for_holds() {
    let code = code();
    let deletion = &code["shared/aws/src/table/deletion.rs"];
    let acts: Vec<_> =
        deletion.lines().filter(|line| line.contains("(\"DELETE FROM\"") || line.contains("(\"UPDATE\"")).collect();
    assert_eq!(acts.len(), 3, "{acts:?}");
    for act in acts {
        assert!(act.contains("holds IS MISSING") || act.contains("purging = true"), "{act}");
        assert!(act.contains("::DeleteMarked") || act.contains("holds IS MISSING"), "{act}");
    }
}

#[test]
fn no_lifecycle_rule_deletes_records() {
    let template = fs::read_to_string(root().join("template.yaml")).unwrap();
    for place in PLACES.iter().filter(|place| place.file == "template.yaml") {
        let lines = template.lines().filter(|line| !line.trim_start().starts_with('#'));
        assert_eq!(
            lines.filter(|line| line.contains(place.call)).count(),
            place.times,
            "{}: {}",
            place.call,
            place.guard
        );
    }
    // A resource begins with two blanks and its name.
    let begins = |line: &str| line.starts_with("  ") && !line[2..].starts_with([' ', '#']);
    let mut resource = String::new();
    let mut expiring = BTreeSet::new();
    for line in template.lines() {
        if line.len() > 2 && begins(line) {
            resource = line.trim().trim_end_matches(':').to_owned();
        } else if line.contains("ExpirationInDays") {
            expiring.insert(resource.clone());
        }
    }
    assert!(!expiring.contains("RecordsBucket") && expiring.len() == 4, "{expiring:?}");
}
