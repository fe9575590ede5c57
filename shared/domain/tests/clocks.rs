//! The statutory clocks: dates computed by hand for every law, and what holds for all of them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use domain::{
    clock::{
        self, Among, Anchor, Asked, Calendar, ClockError, Condition, Due, Duty, Events, Facts, Law, Number, Period,
        RiskOf, Roll, Site, answer, deadline, duty_for, extend, rules,
    },
    dsar::{Ask, RequestType},
    place::Place,
    policy::Regime,
};
use jiff::{Timestamp, ToSpan, Unit, civil::Date, tz::TimeZone};
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    let full = if text.len() == 10 { format!("{text}T12:00:00Z") } else { text.to_owned() };
    full.parse().unwrap()
}

fn law(id: &str) -> Law {
    Law::parse(id).unwrap()
}

/// A controller in that place, or somewhere; its days are those of UTC where the law has no zone of its own.
fn site(place: &str) -> Site {
    let place = (!place.is_empty()).then(|| Place::parse(place).unwrap());
    Site { zone: TimeZone::UTC, place, holidays: true }
}

fn asked(ask: Ask, from: &str, to: Option<&str>) -> Asked {
    Asked { ask, from: at(from), to: to.map(at) }
}

fn told(due: &Due) -> String {
    due.steps.iter().map(|step| format!("{} | {} | {}\n", step.date, step.words, step.article)).collect()
}

#[track_caller]
fn check(due: &Due, last_day: &str) {
    assert_eq!(due.last_day.to_string(), last_day, "{}", told(due));
    assert!(due.steps.iter().all(|step| !step.words.is_empty() && !step.article.is_empty()), "{}", told(due));
}

#[test]
fn every_laws_answer_falls_on_the_day_that_was_worked_out_by_hand() {
    use RequestType::{
        Access, Appeal, Complaint, DoNotSellOrShare, Erasure, LimitSensitive, Rectification, WithdrawConsent,
    };
    for (id, place, request, received, last_day) in [
        // T01: no thirty days, and the month's end where the month is shorter.
        ("eu-gdpr", "", Access, "2024-01-31", "2024-02-29"),
        ("eu-gdpr", "", Erasure, "2025-01-31", "2025-02-28"),
        ("eu-gdpr", "", Access, "2025-08-31", "2025-09-30"),
        ("eu-gdpr", "", Access, "2025-03-05", "2025-04-07"),
        ("eu-gdpr", "DE", Access, "2025-09-03", "2025-10-06"),
        ("eu-gdpr", "FR", Access, "2025-09-03", "2025-10-03"),
        // Good Friday to Easter Monday, and a Christmas that lasts four days.
        ("eu-gdpr", "DE", Access, "2026-03-03", "2026-04-07"),
        ("eu-gdpr", "DE", Access, "2026-11-25", "2026-12-28"),
        ("uk-gdpr", "", Access, "2026-03-02", "2026-04-02"),
        ("uk-gdpr", "GB-SCT", Access, "2025-12-02", "2026-01-05"),
        ("uk-gdpr", "GB-ENG", Access, "2025-12-02", "2026-01-02"),
        ("uk-gdpr", "GB-ENG", Access, "2026-03-03", "2026-04-07"),
        ("uk-gdpr", "GB-SCT", Access, "2026-03-03", "2026-04-06"),
        ("uk-gdpr", "", Access, "2025-11-25", "2025-12-29"),
        ("us-ca", "", Access, "2026-03-02", "2026-04-16"),
        ("us-ca", "", DoNotSellOrShare, "2026-03-02", "2026-03-23"),
        ("us-ca", "", LimitSensitive, "2026-11-20", "2026-12-14"),
        ("us-va", "", Access, "2026-01-15", "2026-03-01"),
        ("us-va", "", Appeal, "2026-01-15", "2026-03-16"),
        ("us-co", "", Access, "2026-01-15", "2026-03-01"),
        ("us-co", "", Appeal, "2026-01-15", "2026-03-01"),
        ("us-ct", "", Access, "2026-01-15", "2026-03-01"),
        ("us-ct", "", WithdrawConsent, "2026-01-15", "2026-01-30"),
        ("us-tx", "", Erasure, "2026-01-15", "2026-03-01"),
        ("us-tx", "", Appeal, "2026-01-15", "2026-03-16"),
        ("us-hipaa", "", Access, "2026-01-15", "2026-02-14"),
        ("us-hipaa", "", Rectification, "2026-01-15", "2026-03-16"),
        ("br-lgpd", "", Access, "2026-01-15", "2026-01-30"),
        ("ca-pipeda", "", Access, "2026-01-15", "2026-02-14"),
        ("ca-qc", "", Access, "2026-01-15", "2026-02-14"),
        // POPIA moves Sundays and holidays, and leaves Saturdays.
        ("za-popia", "", Access, "2026-01-15", "2026-02-14"),
        ("za-popia", "", Access, "2026-01-16", "2026-02-16"),
        ("za-popia", "", Rectification, "2026-03-04", "2026-04-04"),
        ("au", "", Access, "2026-01-15", "2026-02-14"),
        ("in-dpdp", "", Complaint, "2026-01-15", "2026-04-15"),
        ("sg", "", Access, "2026-01-15", "2026-02-14"),
        ("ch", "", Access, "2026-01-15", "2026-02-14"),
        ("kr", "", Access, "2026-01-15", "2026-01-25"),
        // Noon in Greenwich is the 15th in Auckland; Waitangi Day is no working day.
        ("nz", "", Access, "2026-01-14", "2026-02-13"),
        ("th", "", Access, "2026-01-15", "2026-02-14"),
        ("tr", "", Access, "2026-01-15", "2026-02-14"),
    ] {
        let (law, facts) = (law(id), Facts::new(request, at(received)));
        let due = answer(law, duty_for(law, request), &facts, &site(place)).unwrap();
        check(&due, last_day);
        assert_eq!(due.law, law);
    }
}

#[test]
fn a_law_without_a_number_says_so_in_its_own_words() {
    for id in ["jp", "in-dpdp"] {
        let facts = Facts::new(RequestType::Access, at("2026-01-15"));
        let error = answer(law(id), Duty::Respond, &facts, &site("")).unwrap_err();
        assert!(matches!(error, ClockError::NoDate { .. }), "{error}");
    }
    let facts = Facts::new(RequestType::Access, at("2026-01-15"));
    let error = answer(law("jp"), Duty::OptOut, &facts, &site("")).unwrap_err();
    assert_eq!(error.to_string(), "APPI (Japan) sets no time to stop selling and sharing");
}

#[test]
fn the_day_of_receipt_is_the_day_in_the_laws_zone_whoever_opened_the_ticket_when() {
    let late = |id: &str, zone: &str, received: &str| {
        let site = Site { zone: TimeZone::get(zone).unwrap(), ..site("") };
        let due = answer(law(id), Duty::Respond, &Facts::new(RequestType::Access, at(received)), &site).unwrap();
        (due.last_day.to_string(), due.at.to_string())
    };
    let day = |last_day: &str, end: &str| (last_day.to_owned(), end.to_owned());
    // 23:30 UTC on 31 August is 1 September in Paris; the last hour there ends at 22:00 UTC in summer.
    let paris = late("eu-gdpr", "Europe/Paris", "2026-08-31T23:30:00Z");
    assert_eq!(paris, day("2026-10-01", "2026-10-01T22:00:00Z"));
    // California counts in California and Britain in Britain, wherever the controller is.
    let california = late("us-ca", "Europe/Paris", "2026-03-02T06:30:00Z");
    assert_eq!(california, day("2026-04-15", "2026-04-16T07:00:00Z"));
    let britain = late("uk-gdpr", "America/Los_Angeles", "2026-03-02T06:30:00Z");
    assert_eq!(britain, day("2026-04-02", "2026-04-02T23:00:00Z"));
}

/// T03: one flag for all laws would be wrong for each of them.
#[test]
fn a_question_suspends_in_the_union_resets_in_britain_and_stops_nothing_elsewhere() {
    use Ask::{Clarification, Identity};
    let due = |id: &str, request, asks: &[Asked]| {
        let facts = Facts { asks: asks.to_vec(), ..Facts::new(request, at("2026-03-02")) };
        answer(law(id), Duty::Respond, &facts, &site("")).unwrap()
    };
    let access = |id: &str, asks: &[Asked]| due(id, RequestType::Access, asks);
    // Five days in between: 2 + 5 April.
    check(&access("eu-gdpr", &[asked(Identity, "2026-03-05", Some("2026-03-10"))]), "2026-04-07");
    check(&access("eu-gdpr", &[asked(Clarification, "2026-03-05", Some("2026-03-10"))]), "2026-04-07");
    check(&access("eu-gdpr", &[asked(Identity, "2026-03-05", Some("2026-03-05T18:00:00Z"))]), "2026-04-02");
    // Only access waits for a clarification.
    let erasure = due("eu-gdpr", RequestType::Erasure, &[asked(Clarification, "2026-03-05", Some("2026-03-10"))]);
    check(&erasure, "2026-04-02");
    // Ten days after receipt is not without undue delay.
    let slow = access("eu-gdpr", &[asked(Identity, "2026-03-12", Some("2026-03-20"))]);
    check(&slow, "2026-04-02");
    assert!(told(&slow).contains("undue delay"), "{}", told(&slow));
    check(&access("eu-gdpr", &[asked(Identity, "2026-03-09", Some("2026-03-20"))]), "2026-04-13");
    // Two questions at a time stop it once.
    let both =
        [asked(Identity, "2026-03-05", Some("2026-03-10")), asked(Clarification, "2026-03-06", Some("2026-03-12"))];
    check(&access("eu-gdpr", &both), "2026-04-09");

    check(&access("uk-gdpr", &[asked(Identity, "2026-03-04", Some("2026-03-20"))]), "2026-04-20");
    let paused = [asked(Clarification, "2026-03-05", Some("2026-03-09"))];
    check(&access("uk-gdpr", &paused), "2026-04-07");
    check(&due("uk-gdpr", RequestType::Erasure, &paused), "2026-04-02");
    // What was asked before the time started takes nothing from it.
    let both = [paused[0], asked(Identity, "2026-03-04", Some("2026-03-20"))];
    check(&access("uk-gdpr", &both), "2026-04-20");
    // A fee starts the time as the proof does, and only there.
    for (id, last_day) in [("uk-gdpr", "2026-04-20"), ("eu-gdpr", "2026-04-02"), ("us-ca", "2026-04-16")] {
        let facts = Facts { fee_paid_at: Some(at("2026-03-20")), ..Facts::new(RequestType::Access, at("2026-03-02")) };
        check(&answer(law(id), Duty::Respond, &facts, &site("")).unwrap(), last_day);
    }
    // The same with its place: the pause ends on the Tuesday after Easter either way.
    let facts = Facts { asks: paused.to_vec(), ..Facts::new(RequestType::Access, at("2026-03-02")) };
    check(&answer(Law::UK_GDPR, Duty::Respond, &facts, &site("GB-ENG")).unwrap(), "2026-04-07");

    for id in ["us-ca", "us-va", "br-lgpd", "ca-pipeda", "za-popia", "ch"] {
        let plain = access(id, &[]);
        let asked = access(id, &[asked(Identity, "2026-03-03", Some("2026-03-20"))]);
        assert_eq!(asked.last_day, plain.last_day, "{}", told(&asked));
        assert!(asked.stands.is_none() && asked.steps.len() > plain.steps.len());
    }
}

#[test]
fn an_unanswered_question_leaves_the_clock_standing_with_a_day_before_which_nothing_is_due() {
    let due = |id: &str, asks: &[Asked]| {
        let facts = Facts { asks: asks.to_vec(), ..Facts::new(RequestType::Access, at("2026-03-02")) };
        (answer(law(id), Duty::Respond, &facts, &site("")).unwrap(), facts)
    };
    for (id, ask, not_before, answered_later) in [
        ("eu-gdpr", Ask::Identity, "2026-04-02", "2026-04-17"),
        ("uk-gdpr", Ask::Identity, "2026-04-02", "2026-04-20"),
        // The third of April is Good Friday in every part.
        ("uk-gdpr", Ask::Clarification, "2026-04-06", "2026-04-20"),
    ] {
        let (open, _) = due(id, &[asked(ask, "2026-03-05", None)]);
        check(&open, not_before);
        assert_eq!(open.stands.map(|stands| (stands.ask, stands.since)), Some((ask, at("2026-03-05"))));
        assert!(told(&open).contains("the clock stands"), "{}", told(&open));
        let (closed, _) = due(id, &[asked(ask, "2026-03-05", Some("2026-03-20"))]);
        check(&closed, answered_later);
        assert!(closed.stands.is_none());
    }
    let (running, _) = due("us-ca", &[asked(Ask::Identity, "2026-03-05", None)]);
    assert!(running.stands.is_none());
    // A question that comes when the time is up does not bring it back.
    let (late, _) = due("uk-gdpr", &[asked(Ask::Identity, "2026-04-03", None)]);
    assert!(late.stands.is_none());
    check(&late, "2026-04-02");
}

/// T01 and T25.
#[test]
fn an_extension_counts_from_the_first_start_and_only_if_told_in_time() {
    let extended = |id: &str, received: &str, told: &str| {
        let facts = Facts::new(RequestType::Access, at(received));
        extend(law(id), Duty::Respond, &facts, at(told), &site(""))
    };
    for (id, received, told, last_day) in [
        // Three months from 31 January, not two from 28 February.
        ("eu-gdpr", "2026-01-31", "2026-02-20", "2026-04-30"),
        ("eu-gdpr", "2026-01-31", "2026-03-02", "2026-04-30"),
        // The first day falls on a Saturday; the extension does not count from the Monday.
        ("uk-gdpr", "2026-07-15", "2026-08-17", "2026-10-15"),
        ("us-ca", "2026-03-02", "2026-04-16", "2026-05-31"),
        ("us-va", "2026-01-15", "2026-02-01", "2026-04-15"),
        ("us-hipaa", "2026-01-15", "2026-02-01", "2026-03-16"),
        ("ca-pipeda", "2026-01-15", "2026-02-01", "2026-03-16"),
        ("za-popia", "2026-01-15", "2026-02-01", "2026-03-16"),
    ] {
        check(&extended(id, received, told).unwrap(), last_day);
    }
    let late = extended("eu-gdpr", "2026-01-30", "2026-03-03").unwrap_err();
    let (first, told_on) = ("2026-03-02".parse().unwrap(), "2026-03-03".parse().unwrap());
    assert!(
        matches!(late, ClockError::ExtensionTooLate { first: f, told: t, .. } if (f, t) == (first, told_on)),
        "{late}"
    );
    // Told too late it changes nothing, and the steps say so.
    let facts = Facts { extended_at: Some(at("2026-03-03")), ..Facts::new(RequestType::Access, at("2026-01-30")) };
    let due = answer(Law::EU_GDPR, Duty::Respond, &facts, &site("")).unwrap();
    check(&due, "2026-03-02");
    assert!(told(&due).contains("does not count"), "{}", told(&due));
    for id in ["br-lgpd", "ca-qc", "kr", "th", "tr"] {
        assert!(matches!(extended(id, "2026-01-15", "2026-01-16"), Err(ClockError::NoExtension { .. })), "{id}");
    }
    for id in ["ch", "nz"] {
        assert!(matches!(extended(id, "2026-01-15", "2026-01-16"), Err(ClockError::NoDate { .. })), "{id}");
    }
    // Other duties have extensions of their own.
    let facts = Facts::new(RequestType::Appeal, at("2026-01-15"));
    check(&extend(law("us-co"), Duty::Appeal, &facts, at("2026-02-01"), &site("")).unwrap(), "2026-04-30");
    let facts = Facts::new(RequestType::Rectification, at("2026-01-15"));
    check(&extend(law("us-hipaa"), Duty::Correct, &facts, at("2026-02-01"), &site("")).unwrap(), "2026-04-15");
    // A pause lasts through an extension.
    let asks = vec![asked(Ask::Clarification, "2026-03-05", Some("2026-03-09"))];
    let facts = Facts { asks, ..Facts::new(RequestType::Access, at("2026-03-02")) };
    check(&extend(Law::UK_GDPR, Duty::Respond, &facts, at("2026-04-07"), &site("")).unwrap(), "2026-06-08");
}

/// T04.
/// Whoever reads a due date can follow it: each step has its words, its day and the article that says so.
#[test]
fn every_step_to_a_date_cites_the_article_that_moved_it() {
    use Ask::{Clarification, Identity};
    use RequestType::{Access, Erasure};
    let steps = |id: &str, place: &str, request, received: &str, asks: &[Asked]| {
        let facts = Facts { asks: asks.to_vec(), ..Facts::new(request, at(received)) };
        told(&answer(law(id), Duty::Respond, &facts, &site(place)).unwrap())
    };
    let late = [asked(Identity, "2026-05-05", Some("2026-05-10"))];
    let slow = [asked(Identity, "2026-03-12", Some("2026-03-20"))];
    let early = [asked(Identity, "2026-03-05", Some("2026-03-10"))];
    let same_day = [asked(Clarification, "2026-03-05", Some("2026-03-05T18:00:00Z"))];
    let two_open = [asked(Clarification, "2026-03-06", None), asked(Identity, "2026-03-05", None)];
    for (shown, expected) in [
        (
            steps("eu-gdpr", "", Access, "2025-01-31", &[]),
            "2025-01-31 | received, in UTC; that day is not counted | Reg. 1182/71 Art. 3(1)\n\
             2025-02-28 | one month from 2025-01-31 | GDPR Art. 12(3); Reg. 1182/71 Art. 3\n\
             2025-02-28 | that month has no day 31: its last day | Reg. 1182/71 Art. 3(2)(c)\n",
        ),
        (
            steps("eu-gdpr", "", Access, "2025-03-05", &[]),
            "2025-03-05 | received, in UTC; that day is not counted | Reg. 1182/71 Art. 3(1)\n\
             2025-04-05 | one month from 2025-03-05 | GDPR Art. 12(3); Reg. 1182/71 Art. 3\n\
             2025-04-07 | 2025-04-05 is a Saturday: the next working day | Reg. 1182/71 Art. 3(4)\n",
        ),
        (
            steps("eu-gdpr", "", Access, "2026-02-01", &[]),
            "2026-02-01 | received, in UTC; that day is not counted | Reg. 1182/71 Art. 3(1)\n\
             2026-03-01 | one month from 2026-02-01 | GDPR Art. 12(3); Reg. 1182/71 Art. 3\n\
             2026-03-02 | 2026-03-01 is a Sunday: the next working day | Reg. 1182/71 Art. 3(4)\n",
        ),
        (
            steps("eu-gdpr", "DE", Access, "2025-09-03", &[]),
            "2025-09-03 | received, in UTC; that day is not counted | Reg. 1182/71 Art. 3(1)\n\
             2025-10-03 | one month from 2025-09-03 | GDPR Art. 12(3); Reg. 1182/71 Art. 3\n\
             2025-10-06 | 2025-10-03 is a public holiday: the next working day | Reg. 1182/71 Art. 3(4)\n",
        ),
        (
            steps("za-popia", "", Access, "2026-01-16", &[]),
            "2026-01-16 | received, in Africa/Johannesburg; that day is not counted | PAIA s. 56(1)\n\
             2026-02-15 | 30 calendar days from 2026-01-16 | PAIA s. 56(1)\n\
             2026-02-16 | 2026-02-15 is a Sunday: the next working day | POPIA Regulations reg. 1\n",
        ),
        (
            steps("nz", "", Access, "2026-01-14", &[]),
            "2026-01-15 | received, in Pacific/Auckland; that day is not counted | Privacy Act 2020 s. 44\n\
             2026-02-13 | 20 business days after 2026-01-15, weekends not counted, nor the public holidays \
             2026-02-06 \
             | Privacy Act 2020 s. 44\n",
        ),
        (
            steps("nz", "", Access, "2026-03-02", &[]),
            "2026-03-03 | received, in Pacific/Auckland; that day is not counted | Privacy Act 2020 s. 44\n\
             2026-03-31 | 20 business days after 2026-03-03, weekends not counted | Privacy Act 2020 s. 44\n",
        ),
        (
            steps("us-ca", "", Access, "2026-03-02", &early),
            "2026-03-02 | received, in America/Los_Angeles; that day is not counted \
             | 11 CCR 7021(b); Cal. Civ. Code 1798.130(a)(2)(A)\n\
             2026-04-16 | asked on 2026-03-05 who they are: no question stops this clock | 11 CCR 7021(b)\n\
             2026-04-16 | 45 calendar days from 2026-03-02 | 11 CCR 7021(b); Cal. Civ. Code 1798.130(a)(2)(A)\n",
        ),
        (
            steps("us-va", "", Access, "2026-03-02", &early),
            "2026-03-02 | received, in America/New_York; that day is not counted | Va. Code 59.1-577(B)(1)\n\
             2026-04-16 | asked on 2026-03-05 who they are: nothing in this law lets a question stop the clock \
             | Va. Code 59.1-577(B)(1)\n\
             2026-04-16 | 45 calendar days from 2026-03-02 | Va. Code 59.1-577(B)(1)\n",
        ),
        (
            steps("eu-gdpr", "", Access, "2026-03-02", &late),
            "2026-03-02 | received, in UTC; that day is not counted | Reg. 1182/71 Art. 3(1)\n\
             2026-04-02 | asked on 2026-05-05 who they are, after the first time was up: it stops nothing \
             | GDPR Art. 12(3); Reg. 1182/71 Art. 3\n\
             2026-04-02 | one month from 2026-03-02 | GDPR Art. 12(3); Reg. 1182/71 Art. 3\n",
        ),
        (
            steps("eu-gdpr", "", Access, "2026-03-02", &slow),
            "2026-03-02 | received, in UTC; that day is not counted | Reg. 1182/71 Art. 3(1)\n\
             2026-04-02 | asked on 2026-03-12 who they are, more than 7 days after receipt and so not without \
             undue delay: the clock runs on \
             | EDPB Guidelines 01/2022, 157\n\
             2026-04-02 | one month from 2026-03-02 | GDPR Art. 12(3); Reg. 1182/71 Art. 3\n",
        ),
        (
            steps("eu-gdpr", "", Access, "2026-03-02", &early),
            "2026-03-02 | received, in UTC; that day is not counted | Reg. 1182/71 Art. 3(1)\n\
             2026-03-10 | asked on 2026-03-05 who they are and answered on 2026-03-10: the clock stood in between \
             | GDPR Art. 12(6); EDPB Guidelines 01/2022, 157\n\
             2026-04-02 | one month from 2026-03-02 | GDPR Art. 12(3); Reg. 1182/71 Art. 3\n\
             2026-04-07 | five days did not count and come on top | GDPR Art. 12(3); Reg. 1182/71 Art. 3\n",
        ),
        (
            steps("eu-gdpr", "", Access, "2026-03-02", &same_day),
            "2026-03-02 | received, in UTC; that day is not counted | Reg. 1182/71 Art. 3(1)\n\
             2026-03-05 | asked on 2026-03-05 what exactly they want and answered on 2026-03-05: the clock \
             stood in between \
             | GDPR rec. 63; EDPB Guidelines 01/2022, 157\n\
             2026-04-02 | one month from 2026-03-02 | GDPR Art. 12(3); Reg. 1182/71 Art. 3\n",
        ),
        (
            steps("eu-gdpr", "", Erasure, "2026-03-02", &same_day),
            "2026-03-02 | received, in UTC; that day is not counted | Reg. 1182/71 Art. 3(1)\n\
             2026-04-02 | asked on 2026-03-05 what exactly they want: only a request for access waits for that \
             | GDPR Art. 12(3); Reg. 1182/71 Art. 3\n\
             2026-04-02 | one month from 2026-03-02 | GDPR Art. 12(3); Reg. 1182/71 Art. 3\n",
        ),
        (
            steps("uk-gdpr", "", Access, "2026-03-02", &same_day),
            "2026-03-02 | received, in Europe/London; that day is not counted | UK GDPR Art. 12(3), 12A\n\
             2026-03-05 | asked on 2026-03-05 what exactly they want and answered on 2026-03-05: the days from \
             the one to the other, both included, do not count \
             | UK GDPR Art. 12A\n\
             2026-04-02 | one month from 2026-03-02 | UK GDPR Art. 12(3), 12A\n\
             2026-04-03 | one day did not count and come on top | UK GDPR Art. 12(3), 12A\n\
             2026-04-06 | 2026-04-03 is a public holiday: the next working day \
             | ICO, guidance on the right of access\n",
        ),
        (
            steps("uk-gdpr", "", Access, "2026-03-02", &early),
            "2026-03-02 | received, in Europe/London; that day is not counted | UK GDPR Art. 12(3), 12A\n\
             2026-03-10 | asked on 2026-03-05 who they are and shown on 2026-03-10: the time starts then \
             | UK GDPR Art. 12A\n\
             2026-04-10 | one month from 2026-03-10 | UK GDPR Art. 12(3), 12A\n",
        ),
        (
            steps("eu-gdpr", "", Access, "2026-03-02", &two_open),
            "2026-03-02 | received, in UTC; that day is not counted | Reg. 1182/71 Art. 3(1)\n\
             2026-03-05 | asked on 2026-03-05 who they are and not answered: the clock stands \
             | GDPR Art. 12(6); EDPB Guidelines 01/2022, 157\n\
             2026-03-06 | asked on 2026-03-06 what exactly they want and not answered: the clock stands \
             | GDPR rec. 63; EDPB Guidelines 01/2022, 157\n\
             2026-04-02 | one month from 2026-03-02 | GDPR Art. 12(3); Reg. 1182/71 Art. 3\n\
             2026-04-02 | the clock stands since 2026-03-05: not due before this day, and later by every day \
             until the answer \
             | GDPR Art. 12(3); Reg. 1182/71 Art. 3\n",
        ),
        // A question on the last day is in time.
        (
            steps("uk-gdpr", "", Access, "2026-03-02", &[asked(Identity, "2026-04-02", None)]),
            "2026-03-02 | received, in Europe/London; that day is not counted | UK GDPR Art. 12(3), 12A\n\
             2026-04-02 | asked on 2026-04-02 who they are and not shown: the time has not started | UK GDPR Art. 12A\n\
             2026-04-02 | one month from 2026-03-02 | UK GDPR Art. 12(3), 12A\n\
             2026-04-02 | the clock stands since 2026-04-02: not due before this day, and later by every day \
             until the answer \
             | UK GDPR Art. 12(3), 12A\n",
        ),
    ] {
        assert_eq!(shown, expected);
    }
}

#[test]
fn a_period_and_a_condition_are_told_in_the_words_of_the_documents() {
    for (period, iso, words) in [
        (Period::Months(1), Some("P1M"), "one month"),
        (Period::Years(2), Some("P2Y"), "two years"),
        (Period::Days(45), Some("P45D"), "45 calendar days"),
        (Period::BusinessDays(20), Some("P20BD"), "20 business days"),
        (Period::Hours(72), Some("PT72H"), "72 hours"),
        (Period::DaysAfterYearEnd(60), None, "60 days after the end of the year"),
        (Period::AtOnce, Some("P0D"), "at once"),
        (Period::Words("without undue delay"), None, "without undue delay"),
    ] {
        assert_eq!((period.iso().as_deref(), period.to_string().as_str()), (iso, words));
    }
    let residents = Condition::People(Among::Residents, Number::MoreThan(500));
    let of_one_state = Condition::People(Among::OneState, Number::AtLeast(500));
    let everyone = Condition::People(Among::Everyone, Number::FewerThan(500));
    assert_eq!(residents.to_string(), "more than 500 residents");
    assert_eq!(of_one_state.to_string(), "at least 500 residents of one state");
    assert_eq!(everyone.to_string(), "fewer than 500 people");
    let any = Condition::Any(&[Condition::Risk(RiskOf::High), Condition::Grave, Condition::NotAverted]);
    let words = "a high risk, or sensitive or financial data, or an attack, or the harm not averted since";
    assert_eq!(any.to_string(), words);
}

#[test]
fn what_lengthens_a_duty_names_it_and_the_duty_names_what_lengthens_it() {
    let pairs: Vec<_> = Duty::ALL.iter().filter_map(|duty| Some((duty.extends()?, *duty))).collect();
    let expected =
        [(Duty::Respond, Duty::Extend), (Duty::Appeal, Duty::ExtendAppeal), (Duty::Correct, Duty::ExtendCorrection)];
    assert_eq!(pairs, expected);
    for duty in Duty::ALL {
        let longer = expected.iter().find(|(lengthened, _)| lengthened == duty).map(|(_, longer)| *longer);
        assert_eq!(duty.extension(), longer);
    }
}

#[test]
fn receipt_is_confirmed_where_the_law_asks_for_it() {
    let confirm = |id: &str, duty, request, received: &str| {
        answer(law(id), duty, &Facts::new(request, at(received)), &site("")).map(|due| due.last_day.to_string())
    };
    let day = |day: &str| Ok(day.to_owned());
    let of_access = |id, received| confirm(id, Duty::Acknowledge, RequestType::Access, received);
    assert_eq!(of_access("us-ca", "2026-03-02"), day("2026-03-16"));
    // Thanksgiving is free in every calendar; the day after it is California's alone, and counts.
    assert_eq!(of_access("us-ca", "2026-11-20"), day("2026-12-07"));
    let of_complaint = |id, received| confirm(id, Duty::AcknowledgeComplaint, RequestType::Complaint, received);
    assert_eq!(of_complaint("uk-gdpr", "2026-07-01"), day("2026-07-31"));
    for none in [of_access("uk-gdpr", "2026-07-01"), of_complaint("eu-gdpr", "2026-07-01")] {
        assert!(matches!(none, Err(ClockError::NoRule { .. })), "{none:?}");
    }
}

fn events(list: &[(Anchor, &str)]) -> Events {
    let mut events = Events::new();
    for (anchor, time) in list {
        events.note(*anchor, at(time));
    }
    events
}

#[test]
fn every_breach_clock_ends_when_it_was_worked_out_to_end() {
    use Anchor::{
        Assessment, Awareness, Classification, Detection, Determination, Discovery, IntermediateSent, Materiality,
        Notification, SubjectsTold, Suspicion,
    };
    use Duty::{
        Assess, EarlyWarning, FinalReport, IntermediateReport, KeepRegister, NotifyAuthority, NotifyAuthorityYearly,
        NotifyController, NotifyInDetail, NotifySubjects, Supplement,
    };
    for (id, duty, anchor, from, due) in [
        ("eu-gdpr", NotifyAuthority, Awareness, "2026-01-09T16:30:00Z", "2026-01-12T16:30:00Z"),
        // T02: from a Friday to a Monday, and no weekend moves it.
        ("uk-gdpr", NotifyAuthority, Awareness, "2026-01-08T09:00:00Z", "2026-01-11T09:00:00Z"),
        ("eu-nis2", EarlyWarning, Awareness, "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"),
        ("eu-nis2", NotifyAuthority, Awareness, "2026-03-28T12:00:00Z", "2026-03-31T12:00:00Z"),
        ("eu-nis2", FinalReport, Notification, "2026-01-31T12:00:00Z", "2026-02-28"),
        ("eu-telecom", NotifyAuthority, Detection, "2026-01-09T16:30:00Z", "2026-01-10T16:30:00Z"),
        ("eu-dora", IntermediateReport, Notification, "2026-01-09T16:30:00Z", "2026-01-12T16:30:00Z"),
        ("eu-dora", FinalReport, IntermediateSent, "2026-01-31", "2026-02-28"),
        ("us-ca", NotifySubjects, Discovery, "2026-01-15", "2026-02-14"),
        ("us-ca", NotifyAuthority, SubjectsTold, "2026-01-15", "2026-01-30"),
        ("us-al", NotifySubjects, Determination, "2026-01-15", "2026-03-01"),
        ("us-co", NotifyAuthority, Determination, "2026-01-15", "2026-02-14"),
        ("us-la", NotifyAuthority, SubjectsTold, "2026-01-15", "2026-01-25"),
        ("us-tx", NotifySubjects, Determination, "2026-01-15", "2026-03-16"),
        ("us-tx", NotifyAuthority, Determination, "2026-01-15", "2026-02-14"),
        ("us-sd", NotifySubjects, Discovery, "2026-01-15", "2026-03-16"),
        // Martin Luther King's and Washington's birthdays are no business days.
        ("us-vt", NotifyAuthority, Discovery, "2026-01-15", "2026-02-05"),
        ("us-sec", NotifyAuthority, Materiality, "2026-07-01", "2026-07-08"),
        ("us-banks", NotifyAuthority, Determination, "2026-01-09T16:30:00Z", "2026-01-11T04:30:00Z"),
        ("us-hipaa", NotifySubjects, Discovery, "2026-05-05", "2026-07-04"),
        ("us-hipaa", NotifyAuthorityYearly, Discovery, "2026-05-05", "2027-03-01"),
        ("us-hipaa", NotifyController, Discovery, "2026-05-05", "2026-07-04"),
        ("br-lgpd", NotifyAuthority, Awareness, "2026-04-17", "2026-04-23"),
        ("br-lgpd", Supplement, Notification, "2026-01-15", "2026-02-12"),
        ("br-lgpd", KeepRegister, Anchor::RecordMade, "2026-01-15", "2031-01-15"),
        ("au", Assess, Suspicion, "2026-01-15", "2026-02-14"),
        ("sg", NotifyAuthority, Assessment, "2026-01-09", "2026-01-12"),
        ("in-dpdp", NotifyInDetail, Awareness, "2027-06-01T00:00:00Z", "2027-06-04T00:00:00Z"),
        ("in-cert", NotifyAuthority, Awareness, "2026-01-09T16:30:00Z", "2026-01-09T22:30:00Z"),
        ("jp", EarlyWarning, Awareness, "2026-01-09", "2026-01-12"),
        ("jp", FinalReport, Awareness, "2026-01-15", "2026-02-14"),
        ("kr", NotifySubjects, Awareness, "2026-01-09T16:30:00Z", "2026-01-12T16:30:00Z"),
        ("nz", NotifyAuthority, Awareness, "2026-01-09T16:30:00Z", "2026-01-12T16:30:00Z"),
        ("th", NotifyAuthority, Awareness, "2026-01-09T16:30:00Z", "2026-01-12T16:30:00Z"),
        ("ph", NotifySubjects, Awareness, "2026-01-09T16:30:00Z", "2026-01-12T16:30:00Z"),
        ("tr", NotifyAuthority, Awareness, "2026-01-09T16:30:00Z", "2026-01-12T16:30:00Z"),
    ] {
        let found = deadline(law(id), duty, &events(&[(anchor, from)]), &site("")).unwrap();
        if due.len() == 10 {
            check(&found, due);
        } else {
            assert_eq!((found.at.to_string().as_str(), found.is_instant), (due, true), "{}", told(&found));
        }
    }
    // DORA: four hours from classification, and a day from awareness at the latest.
    let dora =
        |list: &[(Anchor, &str)]| deadline(law("eu-dora"), NotifyAuthority, &events(list), &site("")).map(|due| due.at);
    let (aware, soon, late) = ("2026-01-09T08:00:00Z", "2026-01-09T10:00:00Z", "2026-01-10T07:00:00Z");
    assert_eq!(dora(&[(Awareness, aware), (Classification, soon)]), Ok(at("2026-01-09T14:00:00Z")));
    assert_eq!(dora(&[(Awareness, aware), (Classification, late)]), Ok(at("2026-01-10T08:00:00Z")));
    assert_eq!(dora(&[(Awareness, aware)]), Ok(at("2026-01-10T08:00:00Z")));
    assert!(matches!(dora(&[]), Err(ClockError::NoAnchor { .. })));
}

#[test]
fn a_controller_is_aware_once_its_processor_tells_it() {
    let mut events = events(&[(Anchor::ProcessorAwareness, "2026-01-09T10:00:00Z")]);
    let due = |events: &Events| deadline(Law::EU_GDPR, Duty::NotifyAuthority, events, &site(""));
    assert!(matches!(due(&events), Err(ClockError::NoAnchor { anchor: Anchor::Awareness, .. })));
    events.processor_informed_controller(at("2026-01-10T09:00:00Z"));
    assert_eq!(due(&events).unwrap().at, at("2026-01-13T09:00:00Z"));
    // What it knew before it was told counts from then.
    events.note(Anchor::Awareness, at("2026-01-10T08:00:00Z"));
    assert_eq!(due(&events).unwrap().at, at("2026-01-13T08:00:00Z"));
    let own = deadline(Law::EU_GDPR, Duty::NotifyController, &events, &site(""));
    assert!(matches!(own, Err(ClockError::NoDate { words: "without undue delay", .. })));
}

#[test]
fn a_few_days_of_the_unions_hold_two_working_days() {
    let due = |place: &str, from: &str| {
        deadline(law("eu-telecom"), Duty::Supplement, &events(&[(Anchor::Notification, from)]), &site(place)).unwrap()
    };
    check(&due("", "2026-01-05"), "2026-01-08");
    // Friday, Saturday, Sunday: the second working day is the Monday, and in France the Tuesday after Easter.
    check(&due("", "2026-04-02"), "2026-04-06");
    check(&due("FR", "2026-04-02"), "2026-04-07");
    check(&due("", "2026-01-09"), "2026-01-13");
    // A second working day that is the last one already moves nothing.
    let saturday = due("", "2026-01-10");
    check(&saturday, "2026-01-13");
    assert!(!told(&saturday).contains("two working days"), "{}", told(&saturday));
    assert!(told(&due("", "2026-01-09")).contains("two working days"));
}

/// GDPR Art. 21(3); Reg. 1182/71 Art. 3(5) speaks of two days or more.
#[test]
fn what_must_stop_at_once_stops_at_once_in_the_union_too() {
    let facts = Facts::new(RequestType::ObjectionMarketing, at("2026-01-09"));
    check(&answer(Law::EU_GDPR, Duty::Unsubscribe, &facts, &site("")).unwrap(), "2026-01-09");
}

#[test]
fn hours_run_by_the_unions_regulation_in_the_union_and_by_their_own_article_elsewhere() {
    let aware = events(&[(Anchor::Awareness, "2026-01-15")]);
    let last = |id: &str| deadline(law(id), Duty::NotifyAuthority, &aware, &site("")).unwrap().steps.pop().unwrap();
    assert_eq!(last("eu-gdpr").article.as_str(), "GDPR Art. 33(1); Reg. 1182/71 Art. 3");
    assert_eq!(last("uk-gdpr").article.as_str(), "UK GDPR Art. 33(1)");
}

#[test]
fn a_place_without_a_calendar_of_its_own_has_its_countrys() {
    let calendar = |place: &str| Calendar::of(&Place::parse(place).unwrap());
    assert_eq!(calendar("FR-IDF").name(), "FR");
    assert_eq!(Calendar::weekends().name(), "weekends");
}

#[test]
fn past_the_years_whose_holidays_are_known_there_is_an_error_that_says_which() {
    let facts = Facts::new(RequestType::Access, at("2032-12-15"));
    let error = answer(Law::EU_GDPR, Duty::Respond, &facts, &site("FR")).unwrap_err();
    assert_eq!(error.to_string(), "the holidays of FR are known from 2024 to 2032, and 2033-01-15 lies outside");
    // Weekends need no data, and neither does a clock that moves nothing.
    check(&answer(Law::EU_GDPR, Duty::Respond, &facts, &site("")).unwrap(), "2033-01-17");
    check(&answer(Law::US_CA, Duty::Respond, &facts, &site("US-CA")).unwrap(), "2033-01-29");
    let blind = Site { holidays: false, ..site("FR") };
    check(&answer(Law::EU_GDPR, Duty::Respond, &facts, &blind).unwrap(), "2033-01-17");
    let end = Facts::new(RequestType::Access, Timestamp::MAX);
    assert_eq!(answer(Law::EU_GDPR, Duty::Respond, &end, &site("")), Err(ClockError::OutOfCalendar));
}

/// Every law with a number to answer by, and what it asks in answer to a request.
fn clocks() -> impl Strategy<Value = (Law, RequestType)> {
    (prop::sample::select(Regime::ALL.to_vec()), prop::sample::select(RequestType::ALL.to_vec()))
        .prop_map(|(regime, request)| (Law::of(regime), request))
        .prop_filter("a number", |(law, request)| {
            let duty = duty_for(*law, *request);
            rules().any(|rule| rule.law == *law && rule.duty == duty && !matches!(rule.period, Period::Words(_)))
        })
}

/// Seconds of the years whose holidays are known, but for the last months.
fn times() -> impl Strategy<Value = Timestamp> {
    (1_704_153_600_i64..1_956_528_000).prop_map(|second| Timestamp::from_second(second).unwrap())
}

fn sites() -> impl Strategy<Value = Site> {
    let places = ["", "FR", "DE", "GB", "GB-ENG", "GB-SCT", "US-CA", "ZA", "NZ", "SG", "JP"];
    let zones = ["UTC", "Europe/Paris", "America/Los_Angeles", "Pacific/Auckland"];
    (prop::sample::select(places.to_vec()), prop::sample::select(zones.to_vec()))
        .prop_map(|(place, zone)| Site { zone: TimeZone::get(zone).unwrap(), ..site(place) })
}

fn asks() -> impl Strategy<Value = Vec<(Ask, i64, Option<i64>)>> {
    let ask = prop::sample::select(Ask::ALL.to_vec());
    prop::collection::vec((ask, 0_i64..80, prop::option::of(0_i64..40)), 0..4)
}

fn facts(request: RequestType, received_at: Timestamp, asks: &[(Ask, i64, Option<i64>)]) -> Facts {
    let hours = |from: Timestamp, days: i64| from + (days * 24).hours();
    let asks = asks.iter().map(|(ask, after, took)| {
        let from = hours(received_at, *after);
        Asked { ask: *ask, from, to: took.map(|took| hours(from, took)) }
    });
    Facts { asks: asks.collect(), ..Facts::new(request, received_at) }
}

proptest! {
    #[test]
    fn nothing_is_due_before_its_receipt(
        (law, request) in clocks(), received in times(), asks in asks(), site in sites()
    ) {
        let due = answer(law, duty_for(law, request), &facts(request, received, &asks), &site).unwrap();
        prop_assert!(due.at > received);
        prop_assert!(due.last_day >= received.to_zoned(site.zone_of(law)).date());
        // The first late instant begins the day after the last one.
        prop_assert_eq!(due.at.to_zoned(site.zone_of(law)).date(), due.last_day.tomorrow().unwrap());
    }

    #[test]
    fn what_comes_later_is_not_due_sooner(
        (law, request) in clocks(), received in times(), later in 0_i64..5_000_000, site in sites()
    ) {
        let due = |at| answer(law, duty_for(law, request), &Facts::new(request, at), &site).unwrap().at;
        prop_assert!(due(received) <= due(received + later.seconds()));
    }

    #[test]
    fn a_question_shortens_nothing_and_neither_does_an_extension(
        (law, request) in clocks(), received in times(), asks in asks(), told in 0_i64..120, site in sites()
    ) {
        let duty = duty_for(law, request);
        let plain = answer(law, duty, &Facts::new(request, received), &site).unwrap();
        let facts = facts(request, received, &asks);
        let asked = answer(law, duty, &facts, &site).unwrap();
        prop_assert!(asked.at >= plain.at);
        let told_at = received + (told * 24).hours();
        let extended = answer(law, duty, &Facts { extended_at: Some(told_at), ..facts.clone() }, &site).unwrap();
        prop_assert!(extended.at >= asked.at);
        // It counts if and only if it would be granted.
        let granted = extend(law, duty, &facts, told_at, &site);
        prop_assert_eq!(granted.map(|due| due.last_day).unwrap_or(asked.last_day), extended.last_day);
    }

    #[test]
    fn the_same_history_gives_the_same_date_in_whatever_order_it_is_told(
        (law, request) in clocks(), received in times(), asks in asks(), site in sites()
    ) {
        let facts = facts(request, received, &asks);
        let mut turned = facts.clone();
        turned.asks.reverse();
        let due = |facts: &Facts| answer(law, duty_for(law, request), facts, &site);
        prop_assert_eq!(due(&facts), due(&facts));
        prop_assert_eq!(due(&facts).unwrap().last_day, due(&turned).unwrap().last_day);
    }

    #[test]
    fn holidays_only_ever_move_a_date_later(
        (law, request) in clocks(), received in times(), site in sites()
    ) {
        let facts = Facts::new(request, received);
        let due = |site: &Site| answer(law, duty_for(law, request), &facts, site).unwrap().last_day;
        let blind = Site { holidays: false, ..site.clone() };
        prop_assert!(due(&blind) <= due(&site));
    }

    #[test]
    fn hours_are_hours_across_every_change_of_clock(received in times(), site in sites()) {
        for rule in rules() {
            let Period::Hours(hours) = rule.period else { continue };
            let mut events = Events::new();
            events.note(rule.anchor, received);
            // Where a duty has two rows, only the other one's event is missing.
            let due = deadline(rule.law, rule.duty, &events, &site).unwrap();
            prop_assert_eq!((due.at - received).total(Unit::Hour).unwrap(), f64::from(hours));
        }
    }

    #[test]
    fn a_last_day_that_moves_is_a_working_day_and_business_days_are_as_many_as_the_law_says(
        received in times(), site in sites()
    ) {
        for rule in rules().filter(|rule| !matches!(rule.period, Period::Words(_) | Period::Hours(_))) {
            if rule.duty.is_of_requests() && rule.duty.extends().is_some() {
                continue;
            }
            let mut events = Events::new();
            events.note(rule.anchor, received);
            let due = match deadline(rule.law, rule.duty, &events, &site) {
                Ok(due) => due,
                Err(ClockError::NoHolidays { .. }) => continue,
                Err(error) => panic!("{error}"),
            };
            let calendar = clock::Calendar::for_law(rule.law, site.place.as_ref());
            let works = |day: Date| calendar.day(day) == Ok(clock::Day::Working);
            match rule.roll {
                Roll::WorkingDay => prop_assert!(works(due.last_day), "{}", told(&due)),
                Roll::SundayOrHoliday => {
                    let kind = calendar.day(due.last_day).unwrap();
                    prop_assert!(matches!(kind, clock::Day::Working | clock::Day::Saturday));
                }
                Roll::No => {}
            }
            if let Period::BusinessDays(n) = rule.period {
                let start = received.to_zoned(site.zone_of(rule.law)).date();
                let days = start.series(1.day()).skip(1).take_while(|day| *day <= due.last_day);
                prop_assert_eq!(days.filter(|day| works(*day)).count(), usize::from(n));
                prop_assert!(works(due.last_day));
            }
        }
    }
}
