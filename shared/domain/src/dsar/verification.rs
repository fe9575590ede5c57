//! How a requester proves who they are: what the law asks, what the policy asks, and what proves it.
//!
//! The law asks for a certainty; a policy names the means. The stricter of the two counts, so a policy
//! can ask for more than the law and never for less — but where the law forbids to ask at all, nobody
//! asks.

use std::fmt;

use super::{Acting, ActingAs, Received, RequestType, VerifiedBy};
use crate::{
    ids::{Identifier, IdentifierKind, SubjectRef},
    policy::{Clause, Policy, Regime, VerificationRule},
    sensitive::Sensitive,
};

/// Fewest matching points that make a controller reasonably certain (11 CCR 7062(b)).
pub const POINTS_REASONABLE: u8 = 2;

/// Fewest matching points that make it certain to a reasonably high degree, together with a declaration
/// under penalty of perjury (11 CCR 7062(c)).
pub const POINTS_HIGH: u8 = 3;

/// How sure a controller must be of who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// Nothing to prove.
    None,
    /// What is proportionate: the mailbox that the request is about, or a matching point (GDPR Art. 12(6)).
    Proportionate,
    /// A reasonable degree: that mailbox, or two matching points (11 CCR 7062(b)).
    Reasonable,
    /// A reasonably high degree: three matching points and a signed declaration, or the account's own
    /// login (11 CCR 7061, 7062(c)).
    High,
}

/// Who asks for a proof, or forbids to ask for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A law.
    Law(Regime),
    /// The controller's policy.
    Policy,
    /// This product's own floor, where no law of the policy's speaks of it.
    Floor,
}

/// One reason for what is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Whose it is.
    pub source: Source,
    /// The article of law, or the clause of the policy.
    pub article: Clause,
    /// What it comes to, in plain words.
    pub says: &'static str,
}

/// What a requester must prove, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// The least that proves it.
    pub rule: VerificationRule,
    /// Whether they must declare under penalty of perjury to be who they say.
    pub declaration: bool,
    /// Who asks for it, the laws first.
    pub reasons: Vec<Reason>,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Law(regime) => f.write_str(regime.title()),
            Self::Policy => f.write_str("privacy policy"),
            Self::Floor => f.write_str("floor"),
        }
    }
}

/// What a law asks for a type of request: how sure, by which article, in which words. `None` where it
/// does not speak of it.
pub const fn law_asks(regime: Regime, request: RequestType) -> Option<(Certainty, &'static str, &'static str)> {
    if forbids_proof(request) {
        return match regime {
            Regime::EuGdpr | Regime::UkGdpr if matches!(request, RequestType::WithdrawConsent) => {
                Some((Certainty::None, "GDPR Art. 7(3)", "withdrawing is as easy as giving was"))
            }
            Regime::EuGdpr | Regime::UkGdpr => {
                Some((Certainty::None, "GDPR Art. 12(2), 12(6)", "what only stops or tells needs no proof"))
            }
            Regime::UsCa => Some((
                Certainty::None,
                "11 CCR 7026(d), 7027(e), 7060(b)",
                "no opt-out and no limit waits for a verification",
            )),
            Regime::UsCt => Some((Certainty::None, "Conn. Gen. Stat. 42-518(c)(4)", "an opt-out needs no proof")),
            _ => None,
        };
    }
    if matches!(request.default_verification(), VerificationRule::None) {
        return None;
    }
    match (regime, request) {
        (Regime::EuGdpr | Regime::UkGdpr, _) => {
            Some((Certainty::Proportionate, "GDPR Art. 12(6)", "as much as dispels reasonable doubts, and no more"))
        }
        (Regime::UsCa, RequestType::KnowCategories) => {
            Some((Certainty::Reasonable, "11 CCR 7062(b)", "a reasonable degree of certainty"))
        }
        (Regime::UsCa, RequestType::KnowPieces | RequestType::Access | RequestType::Portability) => Some((
            Certainty::High,
            "11 CCR 7061, 7062(c)",
            "a reasonably high degree: three points and a declaration, or the account's login",
        )),
        // Whether two points or three depends on how sensitive the data is: a policy that holds such data
        // says three.
        (Regime::UsCa, RequestType::Erasure | RequestType::Rectification) => {
            Some((Certainty::Reasonable, "11 CCR 7062(d)", "a reasonable degree, a high one for sensitive data"))
        }
        (Regime::UsVa, _) => {
            Some((Certainty::Proportionate, "Va. Code 59.1-577(B)(4)", "commercially reasonable efforts"))
        }
        (Regime::UsCt, _) => {
            Some((Certainty::Proportionate, "Conn. Gen. Stat. 42-518(c)(4)", "commercially reasonable efforts"))
        }
        _ => None,
    }
}

/// Whether nobody may ask for a proof of it: it only stops a use of data, takes back what was given, or
/// tells what the policy says.
const fn forbids_proof(request: RequestType) -> bool {
    request.needs_no_verification() || matches!(request, RequestType::WithdrawConsent)
}

/// Whether a law of Europe gives the right under this very name, so that California's rules for what it
/// calls otherwise do not reach a person of whom nobody knows where they live.
fn is_european(request: RequestType, regimes: &[Regime]) -> bool {
    matches!(request, RequestType::Access | RequestType::Portability)
        && regimes.iter().any(|regime| matches!(regime, Regime::EuGdpr | Regime::UkGdpr))
}

/// What must be proved for a type of request, by the policy and these laws; none: all of the policy's.
pub fn verification_for(policy: &Policy, request: RequestType, regimes: &[Regime]) -> Demand {
    let regimes = if regimes.is_empty() { policy.regimes.as_slice() } else { regimes };
    let mut certainty = Certainty::None;
    let mut reasons = Vec::new();
    for regime in regimes {
        let Some((asks, article, says)) = law_asks(*regime, request) else { continue };
        if *regime == Regime::UsCa && is_european(request, regimes) {
            continue;
        }
        certainty = certainty.max(asks);
        reasons.push(Reason { source: Source::Law(*regime), article: Clause::new(article), says });
    }
    if forbids_proof(request) {
        return Demand { rule: VerificationRule::None, declaration: false, reasons };
    }
    let default = request.default_verification();
    if default != VerificationRule::None && certainty == Certainty::None {
        certainty = Certainty::Proportionate;
        reasons.push(Reason {
            source: Source::Floor,
            article: Clause::new("GDPR Art. 12(6)"),
            says: "what hands out or destroys data is never done unproved",
        });
    }
    let mut asked = VerificationRule::None;
    if let Some(rule) = policy.rights.get(&request).filter(|rule| rule.verification != VerificationRule::None) {
        asked = rule.verification;
        let says = match asked {
            VerificationRule::Account => "the account's login",
            VerificationRule::Points(_) => "matching data points",
            VerificationRule::Mail | VerificationRule::None => "the mailbox that the request is about",
        };
        reasons.push(Reason { source: Source::Policy, article: rule.clause.clone(), says });
    }
    let (rule, declaration) = raise(asked, certainty);
    Demand { rule, declaration, reasons }
}

/// The policy's means, strengthened until it reaches what the law asks. Points stand beside the mailbox,
/// not below it: a policy may ask for them instead.
fn raise(asked: VerificationRule, certainty: Certainty) -> (VerificationRule, bool) {
    use VerificationRule::{Account, Mail, None, Points};
    match (certainty, asked) {
        (Certainty::None, rule) => (rule, false),
        (_, Account) => (Account, false),
        (Certainty::High, None | Mail) => (Points(POINTS_HIGH), true),
        (Certainty::High, Points(points)) => (Points(points.max(POINTS_HIGH)), true),
        (_, None | Mail) => (Mail, false),
        (Certainty::Reasonable, Points(points)) => (Points(points.max(POINTS_REASONABLE)), false),
        (Certainty::Proportionate, Points(points)) => (Points(points.max(1)), false),
    }
}

/// What must be proved that a request is the person's own will, by what they are known by and who asks.
pub fn verification_of(
    policy: &Policy,
    request: RequestType,
    regimes: &[Regime],
    identifier: IdentifierKind,
    acting: Option<&Acting>,
) -> Demand {
    let mut demand = verification_for(policy, request, regimes);
    let named = policy.rights.get(&request).map_or(VerificationRule::None, |rule| rule.verification);
    match acting.map(|acting| acting.role) {
        // A visitor without an account has no mailbox here. Whoever holds the random value of a cookie is the
        // one it was given to, and nothing more could be asked of them (GDPR Art. 11(2), 11 CCR 7062(e);
        // `stationdb.4-g`), unless the policy itself asks for more.
        None if identifier.is_bearer() && named <= VerificationRule::Mail => demand.become_rule(VerificationRule::None),
        None | Some(ActingAs::Guardian) => {}
        // 11 CCR 7063(a): besides the agent's proof the person confirms that they gave the permission.
        // An agent who knows data points proves nothing by them.
        Some(ActingAs::Agent) if demand.rule == VerificationRule::None => {}
        Some(ActingAs::Agent) => demand.become_rule(VerificationRule::Mail),
        // No mailbox confirms a succession: the office decides.
        Some(ActingAs::Successor) => demand.become_rule(VerificationRule::None),
    }
    demand
}

impl Demand {
    fn become_rule(&mut self, rule: VerificationRule) {
        self.rule = rule;
        self.declaration = false;
    }
}

/// What somebody shows of who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof<'a> {
    /// They opened the link that was sent to the mailbox of this person.
    Link(&'a SubjectRef),
    /// They typed the code that was sent to the mailbox of this person.
    Code(&'a SubjectRef),
    /// So many points match what is stored about the person of the request.
    Points(u8),
    /// The controller's own issuer says that they are logged in as the person of this account, or as the
    /// person of this mailbox.
    Account {
        /// Whom the account's name refers to.
        account: &'a SubjectRef,
        /// Whom the mail address refers to that the issuer has verified, if it has.
        mail: Option<&'a SubjectRef>,
    },
    /// Somebody of the office saw who they are.
    Office,
}

/// A proof that proves nothing for this request. Callers answer alike whatever is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoProof;

impl fmt::Display for NoProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this does not prove who made the request")
    }
}

impl std::error::Error for NoProof {}

/// Whether a proof shows that a request about this person is theirs.
///
/// Every means goes through here: a proof of one identifier opens nothing of another. A request about a
/// telephone number is not verified by a mailbox, whoever wrote that address beside the number.
///
/// # Errors
/// [`NoProof`].
pub fn proves(received: &Received, about: &SubjectRef, proof: Proof<'_>) -> Result<VerifiedBy, NoProof> {
    let rule = received.verification;
    let by_mailbox = rule == VerificationRule::Mail && received.identifier == IdentifierKind::Mail;
    let by_agent = received.acting.as_ref().is_some_and(|acting| acting.role == ActingAs::Agent);
    match proof {
        Proof::Link(of) if by_mailbox && of == about => Ok(VerifiedBy::Mail),
        Proof::Code(of) if by_mailbox && of == about => Ok(VerifiedBy::Code),
        Proof::Points(matched) => match rule {
            VerificationRule::Points(needed) if matched >= needed && !by_agent => Ok(VerifiedBy::Points(matched)),
            _ => Err(NoProof),
        },
        // The account's own login is as good as any other means (11 CCR 7061(a)).
        Proof::Account { account, mail } => {
            let of = match received.identifier {
                IdentifierKind::Account => Some(account),
                IdentifierKind::Mail => mail,
                _ => None,
            };
            if rule != VerificationRule::None && of == Some(about) { Ok(VerifiedBy::Account) } else { Err(NoProof) }
        }
        Proof::Office if rule != VerificationRule::None => Ok(VerifiedBy::Office),
        Proof::Link(_) | Proof::Code(_) | Proof::Office => Err(NoProof),
    }
}

/// The mailbox to which a link or a code may go: the one that the request is about, and no other that
/// somebody wrote beside it.
pub fn proof_mailbox<'a>(received: &Received, identifier: Option<&'a Identifier>) -> Option<&'a Sensitive<String>> {
    let by_mail = received.verification == VerificationRule::Mail && received.identifier == IdentifierKind::Mail;
    identifier.filter(|_| by_mail).and_then(Identifier::mail)
}

/// What is answered where the points do not suffice: of the specific pieces of data nothing, but the
/// request is looked at as one for categories, if they suffice for that (11 CCR 7024(a)).
pub fn answered_instead(received: &Received, matched: u8) -> Option<RequestType> {
    let by_agent = received.acting.as_ref().is_some_and(|acting| acting.role == ActingAs::Agent);
    match received.verification {
        VerificationRule::Points(needed) if matched < needed && !by_agent => {
            let is_pieces = received.request == RequestType::KnowPieces;
            (is_pieces && matched >= POINTS_REASONABLE).then_some(RequestType::KnowCategories)
        }
        _ => None,
    }
}

/// What is answered to a request that is verified: what was asked, or the less that its proof allows.
pub fn answered_as(received: &Received, verified: Option<VerifiedBy>) -> RequestType {
    match verified {
        Some(VerifiedBy::Points(matched)) => answered_instead(received, matched).unwrap_or(received.request),
        _ => received.request,
    }
}
