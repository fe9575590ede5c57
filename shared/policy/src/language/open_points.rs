//! What a text leaves open and its policy file declares instead.

use std::{collections::BTreeMap, ops::Range};

use super::{
    finding::Report,
    reader::{Table, parse_word},
};

/// What a text can leave open, by the codes of the clause register, for `confirm`.
const OPEN_POINTS: &[(&str, &str)] = &[
    ("AGG-THRESHOLD-UNDEFINED", "the text sets no threshold for totals"),
    ("BASIS-CONFLICT", "two clauses give different lawful bases"),
    ("BASIS-EPRIVACY", "the text rests access to a device on legitimate interests, where consent is needed"),
    ("BASIS-MISSING", "the text names no lawful basis"),
    ("BASIS-QUESTION", "the text names a contract, but the person may not be party to it"),
    ("BREACH-NO-NUMBER", "the text promises to tell of breaches without saying how soon"),
    ("BREACH-OVERBROAD", "the text promises to tell of mere attempts, wider than the law asks"),
    ("CAT-CONFLICT", "another clause contradicts this list of data"),
    ("CAT-OPEN-LIST", "the text leaves the list of data open"),
    ("CHILD-CONFLICT", "the text's rules on children disagree"),
    ("CONSENT-BUNDLED", "the text asks one consent for several purposes"),
    ("CONSENT-WITHDRAWAL-WEAK", "the text names no way of its own to withdraw consent"),
    ("CONTACT-MISMATCH", "the text names two domains for its contact"),
    ("CONTACT-MISSING", "the text names no address"),
    ("CONTACT-REDACTED", "the text's address is obfuscated"),
    ("CONTACT-SUSPECT", "the domain of the text's address looks misspelt"),
    ("COOKIE-CONFLICT", "the text's statements on cookies disagree"),
    ("LAW-STALE", "the law has moved since the text"),
    ("PCI-SAD", "a card's security code must not be kept after authorisation"),
    ("PURPOSE-BROAD", "the purpose is too broad to decide"),
    ("PURPOSE-CREEP", "data given for one purpose is used for another"),
    ("REF-MISSING", "the text refers to a table or notice that is not there"),
    ("RET-ANCHOR-AMBIGUOUS", "the event that starts or ends the period can be read in more than one way"),
    ("RET-CONFLICT", "two clauses disagree about the period"),
    ("RET-COOKIE-LIFETIME-MISSING", "the text gives a persistent cookie no lifetime"),
    ("RET-EVENT-MAY-NEVER-FIRE", "the event that ends the period may never happen for some people"),
    ("RET-EXCEPTION-OPEN", "the text's list of exceptions is open"),
    ("RET-INDEFINITE", "the text keeps it for ever"),
    ("RET-MISSING", "the text gives no period"),
    ("RET-NO-COMPLETION-BOUND", "the text says when deletion may start, not when it is done"),
    ("RET-SCOPE-UNCLEAR", "it is unclear which data the text's period covers"),
    ("RET-STATUTORY-UNSTATED", "a known statutory period is not mentioned"),
    ("RET-UNBOUNDED", "the text gives neither a number nor an event that can be decided"),
    ("RET-VAGUE-TERM", "the text gives a vague word where a period should stand"),
    ("RIGHT-CONFLICT", "the text gives the right in two scopes"),
    ("RIGHT-OVERPROMISE", "the text promises more than another clause or the law allows"),
    ("ROLE-CONFLICT", "the text states the controller's role in two ways"),
    ("VERIFY-UNDER", "the text's verification is weaker than the law's floor for some requests"),
];

/// The values that the text leaves open and the file declares, by the code of the open point.
#[derive(Debug, Default)]
pub(super) struct OpenPoints {
    by_code: BTreeMap<&'static str, (Range<usize>, Vec<String>)>,
}

impl OpenPoints {
    pub(super) fn read(&mut self, report: &mut Report<'_>, table: &mut Table<'_, '_>, what: impl Into<String>) {
        let Some(codes) = table.texts(report, "confirm") else {
            return;
        };
        let what = what.into();
        for code in codes.value {
            let words: Vec<&str> = OPEN_POINTS.iter().map(|(code, _)| *code).collect();
            let known = |text: &str| OPEN_POINTS.iter().find(|(code, _)| *code == text).map(|(code, _)| *code);
            if let Some(code) = parse_word(report, "confirm", &code, "POLICY-UNKNOWN-CODE", &words, known) {
                self.by_code.entry(code.value).or_insert((code.span, Vec::new())).1.push(what.clone());
            }
        }
    }

    pub(super) fn report(self, report: &mut Report<'_>) {
        report.about(None);
        for (code, (span, whats)) in self.by_code {
            let meaning = OPEN_POINTS.iter().find(|(known, _)| *known == code).map_or("", |(_, meaning)| *meaning);
            report.warn(
                code,
                &span,
                format!("{meaning}: {}", whats.join(", ")),
                "the file declares what stands here: have the controller confirm it, then take `confirm` away",
            );
        }
    }
}
