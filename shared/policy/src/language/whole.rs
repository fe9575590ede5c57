//! Judges a policy as a whole: what no single table of it shows.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use domain::{
    dsar::RequestType,
    policy::{AgeRule, LawfulBasis, Refusal, Regime, RightRule, VerificationRule},
};

use super::{finding::Report, reader::At};

/// What only the whole policy shows.
pub(super) struct Whole<'p> {
    /// The grounds that its purposes rest on.
    pub(super) bases: BTreeSet<LawfulBasis>,
    /// How many purposes it names.
    pub(super) purposes: usize,
    /// The laws it answers to.
    pub(super) regimes: &'p [Regime],
    /// What it says about requests.
    pub(super) rights: &'p BTreeMap<RequestType, At<RightRule>>,
}

impl Whole<'_> {
    fn rests_on(&self, basis: LawfulBasis) -> bool {
        self.bases.contains(&basis)
    }

    pub(super) fn check(&self, report: &mut Report<'_>, controller: &Range<usize>, age: Option<&At<AgeRule>>) {
        report.about(None);
        if let (1, Some(basis)) = (self.bases.len(), self.bases.first())
            && self.purposes > 1
        {
            report.warn(
                "BASIS-SINGLE",
                controller,
                format!("all {} purposes rest on {}", self.purposes, basis.as_str()),
                "check each purpose: one ground rarely carries them all",
            );
        }
        let unsaid = RequestType::ALL.into_iter().filter(|request| !self.rights.contains_key(request));
        let unsaid: Vec<&str> = unsaid.map(RequestType::as_str).collect();
        if !unsaid.is_empty() {
            report.warn(
                "RIGHT-MISSING",
                controller,
                format!("nothing is said about {}", unsaid.join(", ")),
                "the law's own rules are applied; have the controller's text list the rights (GDPR Art. 13(2)(b))",
            );
        }
        if self.rests_on(LawfulBasis::Consent) && !self.rights.contains_key(&RequestType::WithdrawConsent) {
            report.warn(
                "CONSENT-WITHDRAWAL-WEAK",
                controller,
                "a purpose rests on consent, and nothing says how to withdraw it",
                "add a [[right]] for withdraw-consent (GDPR Art. 7(3)); withdrawals are taken in anyway",
            );
        }
        for (request, at) in self.rights {
            report.about(Some(at.value.clause.clone()));
            if let Some(refusal) = &at.value.refusal {
                self.check_refusal(report, *request, refusal, &at.span);
            } else {
                self.check_verification(report, *request, at.value.verification, &at.span);
            }
        }
        if let Some(age) = age {
            self.check_age(report, age);
        }
        report.about(None);
    }

    fn check_age(&self, report: &mut Report<'_>, age: &At<AgeRule>) {
        report.about(Some(age.value.clause.clone()));
        // GDPR Art. 8(1): 16 unless a member state says less; Data Protection Act 2018 s. 9: 13.
        let floor = if self.regimes.contains(&Regime::EuGdpr) { 16 } else { 13 };
        let covered = age.value.guardian_below.max(age.value.refuse_below).is_some_and(|years| years >= floor);
        let european = self.regimes.iter().any(|regime| matches!(regime, Regime::EuGdpr | Regime::UkGdpr));
        if european && self.rests_on(LawfulBasis::Consent) && !covered {
            report.warn(
                "CHILD-GAP",
                &age.span,
                format!("consents of people below {floor} are taken without a guardian"),
                format!("add guardian_below = {floor}, or the age of the member state (GDPR Art. 8(1))"),
            );
        }
    }

    fn check_refusal(&self, report: &mut Report<'_>, request: RequestType, refusal: &Refusal, span: &Range<usize>) {
        if let Some(offer) = refusal.offer
            && offer != request
            && self.rights.get(&offer).is_some_and(|other| other.value.refusal.is_some())
        {
            let hint = "offer a right that the policy grants";
            report.error("POLICY-CONTRADICTION", span, format!("{offer} is offered instead, but refused too"), hint);
        }
        let given = match request {
            RequestType::WithdrawConsent => {
                if self.rests_on(LawfulBasis::Consent) {
                    report.error(
                        "CONSENT-WITHDRAWAL-WEAK",
                        span,
                        "withdrawal is refused, but a purpose rests on consent",
                        "offer it: consent that cannot be withdrawn is none (GDPR Art. 7(3))",
                    );
                }
                false
            }
            RequestType::Portability => {
                if self.rests_on(LawfulBasis::Consent) || self.rests_on(LawfulBasis::Contract) {
                    report.warn(
                        "RIGHT-REASONING-INCOMPLETE",
                        span,
                        "portability is refused, but a purpose rests on consent or a contract",
                        "offer it for that data (GDPR Art. 20(1)(a))",
                    );
                }
                false
            }
            // GDPR Art. 21(1): against these two grounds only.
            RequestType::Objection => {
                self.rests_on(LawfulBasis::LegitimateInterests) || self.rests_on(LawfulBasis::PublicTask)
            }
            _ => true,
        };
        if given {
            report.warn(
                "RIGHT-UNDERSTATED",
                span,
                format!("{request} is refused to everyone, though the law gives it"),
                "offer it, and refuse single requests with their reasons",
            );
        }
    }

    /// GDPR Art. 12(6), 32: what hands out or destroys data goes only to the person it is about.
    fn check_verification(
        &self,
        report: &mut Report<'_>,
        request: RequestType,
        verification: VerificationRule,
        span: &Range<usize>,
    ) {
        if request.default_verification() == VerificationRule::None {
            return;
        }
        match verification {
            VerificationRule::None if request == RequestType::Restriction => report.warn(
                "VERIFY-UNDER",
                span,
                "anyone can have anyone's data restricted",
                "write verification = \"mail\"",
            ),
            VerificationRule::None => report.error(
                "VERIFY-UNDER",
                span,
                format!("{request} is granted to anyone who asks"),
                "write verification = \"mail\" or { points = 2 } (GDPR Art. 12(6))",
            ),
            // 11 CCR 7062(b), (c): two points for categories and deletion, three for specific pieces.
            VerificationRule::Points(points) if self.regimes.contains(&Regime::UsCa) => {
                let floor = if request == RequestType::Access { 3 } else { 2 };
                if points < floor {
                    report.warn(
                        "VERIFY-UNDER",
                        span,
                        format!("{points} points are too few for {request}"),
                        format!("ask for {floor} (11 CCR 7062)"),
                    );
                }
            }
            VerificationRule::Mail | VerificationRule::Points(_) => {}
        }
    }
}
