//! Every rule has a plain sentence under the name that the ties of a file give it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rich;

use std::path::Path;

use domain::policy::{Office, Period, Policy, Switch, Use};
use jiff::ToSpan;
use policy::{TieKind, check_file, plain::sentences, policy_files};
use rich::{category, clause, event, purpose, span};

#[test]
fn every_tie_of_the_five_files_has_its_sentence() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/policies");
    for path in policy_files(&folder).unwrap() {
        let file = check_file(&path, None).unwrap();
        let sentences = sentences(file.policy.as_ref().unwrap());
        for tie in file.ties {
            let is_known = sentences.contains_key(&tie.rule);
            assert_eq!(is_known, !matches!(tie.kind, TieKind::NoEffect { .. }), "{} in {}", tie.rule, path.display());
        }
    }
}

#[test]
fn the_sentences_say_what_the_functions_do() {
    let sentences = sentences(&rich::policy());
    for (label, sentence) in [
        (
            "retention chat-ip for chat",
            "chat-ip is kept for chat for 30 minutes after the last website.access; if chat.message comes before \
             that, for one year from then on; then it is deleted.",
        ),
        (
            "retention chat-ip for chat, after the switch",
            "Once chat.message has come while chat-ip is kept for chat, it is kept for one year from then on.",
        ),
        (
            "retention chat-ip for chat, exempt from erasure",
            "A request for erasure does not reach chat-ip kept for chat (GDPR Art. 17(3)(b)): The law makes us keep \
             the address for a year.",
        ),
        (
            "purpose newsletter.beacon",
            "newsletter.beacon (“See who reads it”) rests on consent: it starts when it is given and stops when it \
             is withdrawn; it also needs the consent to newsletter; only with pseudonymised; it counts as tracking.",
        ),
        (
            "category invoice",
            "invoice holds name, amount and card_number and no other field; no export shows card_number; card_code \
             is never stored.",
        ),
        (
            "right erasure",
            "erasure is offered, verified by two details that match what is stored and answered within 14 days.",
        ),
        (
            "office",
            "Besides privacy@acme.example the controller is reached: old@acme.example; by post at 1 Rue de la Paix, \
             Paris; by telephone at +33 1 23 45 67 89; through its data protection officer (dpo@acme.example); through \
             its representative (Acme Europe, Dublin). A person looks at requests for rectification and erasure first; \
             on erasure two must agree. It is reminded at 60 and 90 percent of the time for an answer; near the end \
             board@acme.example is written to as well.",
        ),
        (
            "system crm",
            "crm (“Customer relations”) may hold account and address and is asked by webhook about access and erasure.",
        ),
        ("accounts", "Whoever holds a token of https://login.acme.example for habeas holds that account."),
        (
            "right portability",
            "portability is refused (NO_PORTABILITY): no other service could take it. Offered instead: access.",
        ),
        ("age", "Nobody below 13 is taken; below 16 a guardian must agree; in France below 15."),
        (
            "recipient partner",
            "Partner (controller) may get address for newsletter, by consent to newsletter, on recipient-request; \
             each disclosure is logged.",
        ),
        ("transfer", "Data may be in Germany and France without more, elsewhere only under standard-clauses."),
        ("tracker session", "session may be set until the browser is closed, without consent: no login without it."),
        (
            "hold investigation",
            "A hold (investigation) on fraud is placed by staff, or by suspicious-activity.identified, released by \
             staff, or by investigation.closed, and looked at again after 90 days at the latest. When an event places \
             one, crm hears of whom it concerns, and later of its release.",
        ),
        ("attestation encryption", "Somebody vouches every year: Backups are encrypted. Evidence: the audit report."),
    ] {
        assert_eq!(sentences.get(label).map(String::as_str), Some(sentence));
    }
}

/// What is said of one thing when the rich policy is changed.
fn said_of(label: &str, change: impl FnOnce(&mut Policy)) -> String {
    let mut policy = rich::policy();
    change(&mut policy);
    sentences(&policy).remove(label).unwrap()
}

#[test]
fn an_office_is_reminded_at_its_own_shares_or_at_the_usual_ones() {
    let usual = " It is reminded at 50, 80 and 95 percent of the time for an answer; near the end board@acme.example is \
                 written to as well.";
    for (reminders, escalation, expected) in [
        (&[60, 90][..], None, " It is reminded at 60 and 90 percent of the time for an answer."),
        (&[], Some("board@acme.example"), usual),
        (&[], None, ""),
    ] {
        let sentence = said_of("office", |policy| {
            policy.office = Office {
                reminders: reminders.to_vec(),
                escalation: escalation.into_iter().map(str::to_owned).collect(),
                ..Office::default()
            };
        });
        assert_eq!(sentence, format!("Requests and questions go to privacy@acme.example.{expected}"));
    }
}

#[test]
fn a_denial_says_what_it_leaves_open() {
    let denied = "Data is never used for profiling";
    assert_eq!(said_of("deny profiling", |_| {}), format!("{denied}."));
    let open = said_of("deny profiling", |policy| {
        let denial = policy.denials.get_mut(&Use::Profiling).unwrap();
        denial.except.insert(purpose("billing"));
        denial.unless_consent = Some(purpose("newsletter"));
    });
    assert_eq!(open, format!("{denied}, except for billing, unless there is a consent to newsletter."));
}

#[test]
fn what_has_no_end_is_not_said_to_be_deleted_unless_a_switch_brings_one() {
    let label = "retention invoice for billing";
    let key = (category("invoice"), purpose("billing"));
    let endless = |policy: &mut Policy| policy.retention.get_mut(&key).unwrap().period = Period::Indefinite;
    assert_eq!(said_of(label, endless), "invoice is kept for billing without an end.");
    let switched = said_of(label, |policy| {
        endless(policy);
        policy.retention.get_mut(&key).unwrap().switch = Some(Switch {
            on: event("account.closed"),
            then: Period::Fixed { duration: span(1.year()) },
            clause: clause("closed"),
        });
    });
    assert!(switched.ends_with("for one year from then on; then it is deleted."), "{switched}");
}
