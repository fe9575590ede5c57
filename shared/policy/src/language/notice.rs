//! Reads the notice in force, and what follows when it changes.

use domain::policy::{Notice, NoticeChangeRule};

use super::{
    clauses::{Kind, read_head},
    facts::{Entry, NoticeChangeFacts, NoticeFacts},
    reader::Table,
    report::Report,
};

/// What `[notice]` says.
#[derive(Debug)]
pub(super) struct ReadNotice {
    pub(super) notice: Option<Notice>,
    pub(super) accepted: Vec<String>,
    pub(super) url: Option<String>,
    pub(super) facts: Option<NoticeFacts>,
}

pub(super) fn read_notice(report: &mut Report<'_>, top: &mut Table<'_, '_>) -> Option<ReadNotice> {
    let Some(mut table) = top.table(report, "notice", "[notice]") else {
        if !top.has("notice") {
            let hint = "add [notice] with version, language and text_sha256";
            top.missing(report, "POLICY-MISSING-KEY", "notice", hint);
        }
        return None;
    };
    let id = read_head(report, &mut table, Kind::Notice, false);
    report.call(id, "notice");
    let version = table.need_text(report, "version", "name the version of the notice that people are shown");
    let language = table.need_text(report, "language", "write the language of the text: language = \"en\"");
    let url = table.text(report, "url");
    let hash = table.need_text(report, "text_sha256", "write what sha256sum prints for the text's file");
    let accepted = table.texts(report, "accepted");
    if let Some(language) = &language
        && !is_language(&language.value)
    {
        report.error(
            "POLICY-BAD-NOTICE",
            &language.span,
            "this is no language tag",
            "write it as en, fr or en-GB (BCP 47)",
        );
    }
    if let Some(url) = &url
        && !url.value.starts_with("https://")
        && !url.value.starts_with("http://")
    {
        report.error("POLICY-BAD-NOTICE", &url.span, "this is no web address", "write it with https://");
    }
    let hash = hash.and_then(|hash| {
        if hash.value.len() == 64 && hash.value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Some(hash.value.to_ascii_lowercase());
        }
        let hint = "write the 64 hexadecimal digits that sha256sum prints for the text's file";
        report.error("POLICY-BAD-NOTICE", &hash.span, "this is no SHA-256", hint);
        None
    });
    table.finish(report);
    let mut versions: Vec<String> = version.iter().map(|at| at.value.clone()).collect();
    for other in accepted.map(|at| at.value).unwrap_or_default() {
        if other.value.trim().is_empty() || other.value.chars().any(char::is_control) {
            let hint = "name a version as the controller writes it";
            report.error("POLICY-BAD-NOTICE", &other.span, "this is no version", hint);
        } else if !versions.contains(&other.value) {
            versions.push(other.value);
        }
    }
    report.about(None);
    let facts = version.clone().map(|version| NoticeFacts { table: id, version });
    let notice = version.zip(language).zip(hash).map(|((version, language), text_sha256)| Notice {
        version: version.value,
        language: language.value,
        text_sha256,
    });
    Some(ReadNotice { notice, accepted: versions, url: url.map(|at| at.value), facts })
}

fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    (2..=3).contains(&first.len())
        && first.bytes().all(|byte| byte.is_ascii_lowercase())
        && parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

pub(super) fn read_notice_change(
    report: &mut Report<'_>,
    top: &mut Table<'_, '_>,
) -> Option<Entry<NoticeChangeRule, NoticeChangeFacts>> {
    let mut table = top.table(report, "notice_change", "[notice_change]")?;
    let id = read_head(report, &mut table, Kind::NoticeChange, true);
    report.call(id, "notice change");
    let lead_time = table.duration(report, "lead_time", false);
    let by_mail = table.flag(report, "by_mail").is_some_and(|at| at.value);
    let ask_again = table.flag(report, "ask_again").is_some_and(|at| at.value);
    let stated = table.text(report, "stated");
    let at_once = table.raised(report, "at_once");
    let span = table.span.clone();
    table.finish(report);
    report.about(None);
    let rule = report.clause_of(id).map(|clause| NoticeChangeRule {
        lead_time: lead_time.map(|at| at.value.fieldwise()),
        by_mail,
        ask_again,
        clause,
    });
    Some(Entry { table: id, span, rule, facts: NoticeChangeFacts { stated, at_once } })
}
