//! The words of letters and pages, in every language: Fluent messages beside this file, and a function
//! for each of them, so that a message without its arguments does not compile.

use std::sync::OnceLock;

use domain::{
    dsar::{ActingAs, ExtensionGround, RefusalGround, RequestType, Stage},
    language::Language,
    policy::{Policy, Regime},
};
use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use jiff::{Timestamp, civil::Date};
use unic_langid::LanguageIdentifier;

/// The texts of one language.
pub(crate) struct Texts {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Texts").field("language", &self.language).finish_non_exhaustive()
    }
}

/// The files of a language, one for each concern.
const fn sources(language: Language) -> [&'static str; 6] {
    match language {
        Language::English => [
            include_str!("en/common.ftl"),
            include_str!("en/request.ftl"),
            include_str!("en/grounds.ftl"),
            include_str!("en/answer.ftl"),
            include_str!("en/page.ftl"),
            include_str!("en/breach.ftl"),
        ],
        Language::German => [
            include_str!("de/common.ftl"),
            include_str!("de/request.ftl"),
            include_str!("de/grounds.ftl"),
            include_str!("de/answer.ftl"),
            include_str!("de/page.ftl"),
            include_str!("de/breach.ftl"),
        ],
        Language::French => [
            include_str!("fr/common.ftl"),
            include_str!("fr/request.ftl"),
            include_str!("fr/grounds.ftl"),
            include_str!("fr/answer.ftl"),
            include_str!("fr/page.ftl"),
            include_str!("fr/breach.ftl"),
        ],
    }
}

impl Texts {
    /// The texts of a language, read when it is first written in: a function that writes to nobody reads
    /// none, and most write in one language alone.
    pub(crate) fn of(language: Language) -> &'static Self {
        static TEXTS: [OnceLock<Texts>; Language::ALL.len()] = [const { OnceLock::new() }; Language::ALL.len()];
        TEXTS[language as usize].get_or_init(|| Self::read(language))
    }

    fn read(language: Language) -> Self {
        // The locale is what numbers choose their plural form by.
        let locale: LanguageIdentifier = language.as_str().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![locale]);
        // The marks would stand in plain mails as boxes, and everything here is written from left to right.
        bundle.set_use_isolating(false);
        for source in sources(language) {
            // What could be read of a broken file is used; the tests let no broken one pass.
            let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(resource, _)| resource);
            bundle.add_resource_overriding(resource);
        }
        Self { language, bundle }
    }

    /// Writes a message. One that is missing is written in English: the tests let none be missing.
    fn write(&self, id: &str, arguments: &FluentArgs<'_>) -> String {
        let pattern = self.bundle.get_message(id).and_then(|message| message.value());
        match pattern {
            Some(pattern) => {
                let mut errors = Vec::new();
                self.bundle.format_pattern(pattern, Some(arguments), &mut errors).into_owned()
            }
            None if self.language != Language::English => Self::of(Language::English).write(id, arguments),
            None => id.to_owned(),
        }
    }

    fn one_of(&self, family: &str, member: &str) -> String {
        self.write(&format!("{family}_{member}"), &FluentArgs::new())
    }

    /// What is asked for.
    pub(crate) fn request(&self, request: RequestType) -> String {
        self.one_of("request", request.as_str())
    }

    /// A law, as people call it.
    pub(crate) fn law(&self, regime: Regime) -> String {
        self.one_of("law", regime.as_str())
    }

    /// The authority of a law.
    pub(crate) fn authority(&self, regime: Regime) -> String {
        self.one_of("authority", regime.as_str())
    }

    /// Why something is refused.
    pub(crate) fn refusal(&self, ground: RefusalGround) -> String {
        self.one_of("refusal", ground.as_str())
    }

    /// Why an answer takes longer.
    pub(crate) fn extension(&self, ground: ExtensionGround) -> String {
        self.one_of("extension", ground.as_str())
    }

    /// Who made a request for another.
    pub(crate) fn acting(&self, acting: ActingAs) -> String {
        self.one_of("acting", acting.as_str())
    }

    /// Where a request stands, in the word for its person.
    pub(crate) fn stage(&self, stage: Stage) -> String {
        self.one_of("stage", stage.for_requester().as_str())
    }

    /// A day in words: `7 April 2026`, `7. April 2026`, `7 avril 2026`.
    pub(crate) fn day(&self, day: Date) -> String {
        let month = self.one_of("month", &day.month().to_string());
        self.date(day.day(), month, day.year().to_string())
    }

    /// The day of an instant, in the zone of the policy's law.
    pub(crate) fn day_of(&self, policy: &Policy, at: Timestamp) -> String {
        self.day(at.to_zoned(policy.time_zone.clone()).date())
    }

    /// The last day on which something that ends at an instant can still be done.
    pub(crate) fn last_day_before(&self, policy: &Policy, end: Timestamp) -> String {
        self.day_of(policy, end.saturating_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(end))
    }

    /// A source as it is cited in this language. What is no word of a language stays as it is.
    pub(crate) fn cite(&self, source: &str) -> String {
        let source = source.replace("privacy policy", &self.cited_policy());
        // The law of the United Kingdom is cited by its English name everywhere.
        let (gdpr, parts) = (self.cited_gdpr(), source.split("UK GDPR"));
        parts.map(|part| part.replace("GDPR", &gdpr)).collect::<Vec<_>>().join("UK GDPR")
    }
}

macro_rules! messages {
    ($($name:ident($($argument:ident),*);)*) => {
        #[expect(unused_mut, clippy::extra_unused_lifetimes, reason = "some messages have no arguments")]
        impl Texts {
            $(pub(crate) fn $name<'a>(&self, $($argument: impl Into<FluentValue<'a>>),*) -> String {
                let mut arguments = FluentArgs::new();
                $(arguments.set(stringify!($argument), $argument);)*
                self.write(stringify!($name), &arguments)
            })*
        }

        /// Every message that is written by name, with its arguments.
        #[cfg(test)]
        const DECLARED: &[(&str, &[&str])] = &[$((stringify!($name), &[$(stringify!($argument)),*])),*];
    };
}

messages! {
    date(day, month, year);
    subject_received(controller);
    subject_question(controller);
    subject_longer(controller);
    subject_answer(controller);
    subject_closed(controller);
    questions(contact);
    number(number);
    cited_gdpr();
    cited_policy();
    with_source(text, source);
    office_words();

    received(controller, day);
    asked_for(request);
    about_service(service);
    about_request(number);
    about_purposes();
    entered_by_office();
    follows_instructions();
    under_laws(count, laws);
    due(day, law);
    verify_none();
    verify_mail();
    verify_code(code);
    verify_until(day);
    verify_not_yours();
    verify_points(points);
    verify_account();
    verify_office();
    next_carried_out();
    next_review();
    status_page();
    identity_why();
    identity_what();
    identity_use();
    clarification_why();
    clarification_what();
    clarification_free();
    reply_here();
    reply_by_mail(contact);
    reply_until(day);
    effect_stands(law);
    effect_begins_anew(law);
    effect_runs_on(day, law);
    extended(day, before);
    extended_why(reason);

    complaint();
    complaint_attorney_general(law);
    reached(authority, ways);
    court(law);
    complain_to_us(contact, law);
    appeal(contact, law);
    officer(officer);

    answer_copy();
    answer_categories();
    answer_information();
    answer_as_table();
    answer_until(day);
    answer_nothing_to_erase();
    answer_items();
    answer_certificate();
    answer_withdrawn();
    answer_stopped();
    answer_stopped_nothing();
    answer_stopped_until_decided();
    answer_recorded();
    answer_with_office();
    answer_granted();
    answer_granted_restriction();
    answer_granted_appeal();
    answer_granted_complaint();
    answer_corrected();
    answer_recipients_told();
    answer_in_part();
    answer_refused();
    answer_refused_appeal();
    answer_refused_complaint();
    answer_reason(reason, article);
    answer_policy_reason(clause);
    answer_offer(request);
    answer_not_verified();
    item_erased(what, evidence);
    item_kept(what, reason, article);
    item_held(what, article);
    item_refused(what, reason, article);
    item_for_purpose(category, purpose);
    systems();
    system_done(system, records);
    system_not_found(system);
    system_kept(system, records, reason, article);
    system_delivered(system);
    system_given_up(system);
    ended_withdrawn();
    ended_stopped();
    ended_stopped_why();
    ended_merged(number);
    ended_lapsed();
    ended_lapsed_question(day);
    ended_lapsed_safe();
    ended_lapsed_unclear();
    ended_again();
    done_already();
    done_nothing();
    done_stopped(purpose);

    page_title(controller);
    heading_understood();
    heading_law();
    heading_next();
    heading_answer();
    heading_history();
    heading_you_can();
    law_extended(day, reason);
    law_steps();
    law_step(day, law);
    law_late();
    next_confirm();
    next_reply();
    next_nothing();
    answer_mailed();
    take_back();
    take_back_text();
    see_status();
    download();
    download_table();
    see_certificate();
    certificate_title(controller);
    certificate_text();
    certificate_item(what, day, evidence);
    certificate_signed();
    certificate_unsigned();
    certificate_missing();
    certificate_check();
    certificate_download();
    reply_title(controller);
    reply_label();
    reply_button();
    past_received();
    past_confirmed();
    past_asked_identity();
    past_asked_clarification();
    past_replied();
    past_extended();
    past_laws();
    past_interim();
    past_answered();
    past_withdrawn();
    past_stopped();
    past_merged();
    past_lapsed();
    past_mail_failed();
    confirm_title(controller);
    confirm_text();
    confirm_button();
    confirm_code_text();
    confirm_code_label();
    confirm_code_button();
    confirm_not_yours();
    confirmed_title(controller);
    confirmed_text();
    code_wrong();

    breach_subject(controller);
    breach_title();
    breach_reached(controller);
    breach_tried(controller);
    breach_dated(controller, day);
    breach_delayed();
    breach_in_english();
    breach_in_german();
    breach_in_french();
    breach_heading_happened();
    breach_heading_information();
    breach_heading_consequences();
    breach_heading_measures();
    breach_heading_advice();
    breach_heading_contact();
    breach_on(day);
    breach_between(from, to);
    breach_kinds();
    breach_kinds_unknown();
    breach_consequences_unknown();
    breach_measures_unknown();
    breach_advice_none();
    breach_alert_title(controller);
    breach_alert_reached(controller);
    breach_alert_tried(controller);
    alerts_title(controller);
    alerts_none();
    alerts_published(day);
    alerts_updated(day);
    alerts_region();
    alerts_details();
    alerts_dismiss();
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};

    use super::*;

    /// The messages that are written by what they are about.
    fn families() -> Vec<String> {
        let names = |family: &str, members: Vec<&str>| -> Vec<String> {
            members.into_iter().map(|member| format!("{family}_{member}")).collect()
        };
        let stages: BTreeSet<&str> = Stage::ALL.iter().map(|stage| stage.for_requester().as_str()).collect();
        [
            names("request", RequestType::ALL.iter().map(|one| one.as_str()).collect()),
            names("law", Regime::ALL.iter().map(|one| one.as_str()).collect()),
            names("authority", Regime::ALL.iter().map(|one| one.as_str()).collect()),
            names("refusal", RefusalGround::ALL.iter().map(|one| one.as_str()).collect()),
            names("extension", ExtensionGround::ALL.iter().map(|one| one.as_str()).collect()),
            names("acting", ActingAs::ALL.iter().map(|one| one.as_str()).collect()),
            names("stage", stages.into_iter().collect()),
            (1..=12).map(|month| format!("month_{month}")).collect(),
        ]
        .concat()
    }

    fn of_inline(inline: &InlineExpression<&str>, arguments: &mut BTreeSet<String>) {
        match inline {
            InlineExpression::VariableReference { id } => {
                arguments.insert(id.name.to_owned());
            }
            InlineExpression::Placeable { expression } => of_expression(expression, arguments),
            InlineExpression::StringLiteral { .. } | InlineExpression::NumberLiteral { .. } => {}
            other => panic!("not used in our messages: {other:?}"),
        }
    }

    fn of_expression(expression: &Expression<&str>, arguments: &mut BTreeSet<String>) {
        match expression {
            Expression::Inline(inline) => of_inline(inline, arguments),
            Expression::Select { selector, variants } => {
                of_inline(selector, arguments);
                for variant in variants {
                    of_pattern(&variant.value, arguments);
                }
            }
        }
    }

    fn of_pattern(pattern: &Pattern<&str>, arguments: &mut BTreeSet<String>) {
        for element in &pattern.elements {
            if let PatternElement::Placeable { expression } = element {
                of_expression(expression, arguments);
            }
        }
    }

    /// Every message of a language with its arguments.
    fn written(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        let mut messages = BTreeMap::new();
        for source in sources(language) {
            let resource = fluent_syntax::parser::parse(source)
                .unwrap_or_else(|(_, errors)| panic!("{}: {errors:?}", language.as_str()));
            for entry in &resource.body {
                match entry {
                    Entry::Message(message) => {
                        let mut arguments = BTreeSet::new();
                        of_pattern(message.value.as_ref().unwrap(), &mut arguments);
                        let earlier = messages.insert(message.id.name.to_owned(), arguments);
                        assert_eq!(earlier, None, "{} stands twice in {}", message.id.name, language.as_str());
                    }
                    Entry::Term(_) | Entry::Junk { .. } => panic!("{}: {entry:?}", language.as_str()),
                    Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => {}
                }
            }
        }
        messages
    }

    #[test]
    fn every_message_stands_in_every_language_with_its_arguments_and_no_other_does() {
        let set = |arguments: &[&str]| arguments.iter().map(|&argument| argument.to_owned()).collect();
        let mut declared: BTreeMap<String, BTreeSet<String>> =
            DECLARED.iter().map(|(id, arguments)| ((*id).to_owned(), set(arguments))).collect();
        declared.extend(families().into_iter().map(|id| (id, BTreeSet::new())));
        for language in Language::ALL {
            let written = written(language);
            for (id, arguments) in &declared {
                assert_eq!(written.get(id), Some(arguments), "{} {id}", language.as_str());
            }
            let unused: Vec<_> = written.keys().filter(|id| !declared.contains_key(*id)).collect();
            assert!(unused.is_empty(), "{}: nobody writes {unused:?}", language.as_str());
        }
    }

    #[test]
    fn no_language_is_left_in_anothers_words() {
        // Proper names are the same everywhere; sentences are not.
        let english = Texts::of(Language::English);
        let same_everywhere = |id: &str| {
            ["date", "cited_gdpr", "reached", "with_source", "item_refused", "law_step", "confirm_code_label"]
                .contains(&id)
        };
        for language in [Language::German, Language::French] {
            let texts = Texts::of(language);
            for (id, arguments) in DECLARED {
                let values: FluentArgs<'_> = arguments.iter().map(|name| (*name, FluentValue::from("X"))).collect();
                if !same_everywhere(id) {
                    assert_ne!(texts.write(id, &values), english.write(id, &values), "{} {id}", language.as_str());
                }
            }
        }
    }

    #[test]
    fn every_text_is_written_with_what_it_is_given_and_without_marks() {
        for language in Language::ALL {
            let texts = Texts::of(language);
            for (id, arguments) in DECLARED {
                let values: FluentArgs<'_> =
                    arguments.iter().map(|name| (*name, FluentValue::from(format!("<{name}>")))).collect();
                let text = texts.write(id, &values);
                for name in *arguments {
                    // A number chooses between forms; the text has its digits where the form names it.
                    if !matches!(*name, "count") {
                        assert!(text.contains(&format!("<{name}>")), "{} {id}: {text}", language.as_str());
                    }
                }
                assert!(!text.contains(['\u{2068}', '\u{2069}', '{', '}', '$']), "{} {id}: {text}", language.as_str());
                assert!(!text.contains('\n'), "{} {id} is one line: {text}", language.as_str());
            }
        }
    }

    #[test]
    fn dates_are_words_of_the_language() {
        let day = jiff::civil::date(2026, 4, 7);
        let first = jiff::civil::date(2026, 8, 1);
        let words = |language| (Texts::of(language).day(day), Texts::of(language).day(first));
        assert_eq!(words(Language::English), ("7 April 2026".into(), "1 August 2026".into()));
        assert_eq!(words(Language::German), ("7. April 2026".into(), "1. August 2026".into()));
        assert_eq!(words(Language::French), ("7 avril 2026".into(), "1er août 2026".into()));
    }

    #[test]
    fn one_and_several_are_told_apart() {
        let texts = Texts::of(Language::German);
        assert_eq!(texts.system_done("CRM", 1), "CRM: erledigt (1 Datensatz)");
        assert_eq!(texts.system_done("CRM", 2), "CRM: erledigt (2 Datensätze)");
        // French counts nought as one.
        assert!(Texts::of(Language::French).system_done("CRM", 0).ends_with("(0 enregistrement)"));
    }

    #[test]
    fn a_source_is_cited_by_the_name_that_it_has_in_the_language() {
        let source = "GDPR Art. 12(3); UK GDPR Art. 12A";
        assert_eq!(Texts::of(Language::German).cite(source), "DSGVO Art. 12(3); UK GDPR Art. 12A");
        assert_eq!(Texts::of(Language::French).cite(source), "RGPD Art. 12(3); UK GDPR Art. 12A");
        assert_eq!(Texts::of(Language::English).cite("privacy policy, acme.1-a"), "our privacy policy, acme.1-a");
    }

    #[test]
    fn what_is_written_into_a_text_is_never_read_as_one() {
        let hostile = "{ $day } { month_1 } \u{7b}\u{22}x\u{22}\u{7d}";
        assert!(Texts::of(Language::English).questions(hostile).contains(hostile));
    }
}
