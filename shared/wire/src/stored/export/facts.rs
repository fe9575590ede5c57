//! What the policy says about data that is held: categories with their sources, purposes with their
//! grounds, recipients, times, rights (GDPR Art. 13, 14, 15(1); Cal. Civ. Code § 1798.110(a), § 1798.83).

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    dsar::{self, Complaint, RequestType},
    ids::{Category, Field, Purpose, Recipient},
    policy::{Policy, RecipientRule, RetentionRule},
    words::{self, Voice},
};
use serde::{Deserialize, Serialize};

use crate::{request::ComplaintForm, texts};

/// What is said of incentives: a policy has no word for one, so that it cannot offer any (Cal. Civ. Code
/// § 1798.125(b)(3)).
const INCENTIVES: &str = "The policy states no financial incentive for giving data or leaving it: none is offered.";

/// What the policy says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The notice in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<NoticeFact>,
    /// How the controller is reached (GDPR Art. 13(1)(a), (b)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub office: Option<OfficeFact>,
    /// The categories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<CategoryFact>,
    /// The purposes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<PurposeFact>,
    /// Who may get data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<RecipientFact>,
    /// Uses that are ruled out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ruled_out: Vec<DenialFact>,
    /// What can be asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rights: Vec<RightFact>,
    /// What is offered for data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incentives: Option<String>,
    /// Where to complain (GDPR Art. 15(1)(f)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complaint: Option<ComplaintForm>,
}

/// The notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeFact {
    /// Its version.
    pub version: String,
    /// Its language.
    pub language: String,
    /// The SHA-256 of its text.
    pub text_sha256: String,
}

/// The ways to reach the controller: what arrives by any of them is a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfficeFact {
    /// Its mail addresses.
    pub mails: Vec<String>,
    /// Its postal address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<String>,
    /// Its telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Its data protection officer's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_protection_officer: Option<String>,
    /// Its representative in the Union.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub representative: Option<String>,
}

impl OfficeFact {
    fn of(policy: &Policy) -> Self {
        let office = &policy.office;
        Self {
            mails: std::iter::once(&policy.contact_mail).chain(&office.other_mails).cloned().collect(),
            post: office.post.clone(),
            phone: office.phone.clone(),
            data_protection_officer: office.data_protection_officer.clone(),
            representative: office.representative.clone(),
        }
    }
}

/// A category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryFact {
    /// Its name.
    pub category: String,
    /// The names of its fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// Where it comes from (GDPR Art. 15(1)(g)).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// How long it is kept, by purpose (GDPR Art. 15(1)(d)).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<KeptFact>,
    /// Who may get it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<String>,
    /// Where the policy says so; absent for a category that it no longer names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
}

/// How long a category is kept for a purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFact {
    /// What for.
    pub purpose: String,
    /// How long, in words; absent where the policy no longer keeps it for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how_long: Option<String>,
    /// Where the policy says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
}

/// A purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurposeFact {
    /// Its name.
    pub purpose: String,
    /// What people read.
    pub title: String,
    /// The ground it rests on.
    pub lawful_basis: String,
    /// The kinds of use that it amounts to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<String>,
    /// Where the policy says so.
    pub clause: String,
}

/// Somebody who may get data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientFact {
    /// Their name in the policy.
    pub recipient: String,
    /// Their name, for people.
    pub title: String,
    /// What they are.
    pub role: String,
    /// What they may get; none: every category.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// What for; none: every purpose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<String>,
    /// The purpose whose consent it needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<String>,
    /// The kinds of use that it amounts to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<String>,
    /// Countries where they keep or read it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub countries: Vec<String>,
    /// What safeguards a transfer to them (GDPR Art. 15(2)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mechanism: Option<String>,
    /// Where the policy says so.
    pub clause: String,
}

/// A use that is ruled out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DenialFact {
    /// The use.
    pub what: String,
    /// Purposes for which it is allowed all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    /// The purpose whose consent allows it all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unless_consent: Option<String>,
    /// Where the policy says so.
    pub clause: String,
}

/// Something that can be asked for (GDPR Art. 15(1)(e)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RightFact {
    /// The type of request.
    pub request: String,
    /// Whether it is carried out.
    pub offered: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How soon the controller promises an answer, where that is sooner than the law asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_within: Option<String>,
    /// Where the policy says so; absent: by law.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
}

/// What is held: the names of the fields, by category and purpose.
pub type Held = BTreeMap<(Category, Purpose), BTreeSet<Field>>;

impl Facts {
    /// Everything that the policy says, whoever asks.
    pub fn of_policy(policy: &Policy) -> Self {
        let categories = policy.categories.values().map(|rule| {
            let kept = policy.retention.keys().filter(|(category, _)| *category == rule.id);
            category(policy, &rule.id, rule.fields.iter(), kept.map(|(_, purpose)| purpose))
        });
        Self {
            categories: categories.collect(),
            purposes: policy.purposes.keys().filter_map(|id| purpose(policy, id)).collect(),
            recipients: policy.recipients.values().map(recipient).collect(),
            ..Self::of_every_answer(policy)
        }
    }

    /// What the policy says about what is held of somebody, and about those to whom it was disclosed.
    pub fn of_held(policy: &Policy, held: &Held, disclosed_to: &BTreeSet<&Recipient>) -> Self {
        let categories: BTreeSet<&Category> = held.keys().map(|(category, _)| category).collect();
        let purposes: BTreeSet<&Purpose> = held.keys().map(|(_, purpose)| purpose).collect();
        let may_get = |rule: &RecipientRule| {
            let by_category = rule.categories.is_empty() || categories.iter().any(|id| rule.categories.contains(*id));
            (!held.is_empty() && by_category) || disclosed_to.contains(&rule.id)
        };
        Self {
            categories: categories
                .iter()
                .map(|id| {
                    let of_category = || held.iter().filter(|((category, _), _)| category == *id);
                    let fields: BTreeSet<&Field> = of_category().flat_map(|(_, fields)| fields).collect();
                    category(policy, id, fields.into_iter(), of_category().map(|((_, purpose), _)| purpose))
                })
                .collect(),
            purposes: purposes.into_iter().filter_map(|id| purpose(policy, id)).collect(),
            recipients: policy.recipients.values().filter(|rule| may_get(rule)).map(recipient).collect(),
            ..Self::of_every_answer(policy)
        }
    }

    fn of_every_answer(policy: &Policy) -> Self {
        let notice = &policy.notice;
        Self {
            notice: Some(NoticeFact {
                version: notice.version.clone(),
                language: notice.language.clone(),
                text_sha256: notice.text_sha256.clone(),
            }),
            office: Some(OfficeFact::of(policy)),
            ruled_out: policy
                .denials
                .values()
                .map(|denial| DenialFact {
                    what: denial.what.as_str().to_owned(),
                    except: texts(&denial.except),
                    unless_consent: denial.unless_consent.as_ref().map(ToString::to_string),
                    clause: denial.clause.to_string(),
                })
                .collect(),
            rights: RequestType::ALL.into_iter().filter_map(|request| right(policy, request)).collect(),
            incentives: Some(INCENTIVES.to_owned()),
            complaint: Some(Complaint::of(policy).into()),
            ..Self::default()
        }
    }
}

fn category<'a>(
    policy: &Policy,
    id: &Category,
    fields: impl Iterator<Item = &'a Field>,
    purposes: impl Iterator<Item = &'a Purpose>,
) -> CategoryFact {
    let rule = policy.categories.get(id);
    let may_get = policy.recipients.values();
    let may_get = may_get.filter(|rule| rule.categories.is_empty() || rule.categories.contains(id));
    CategoryFact {
        category: id.to_string(),
        fields: fields.map(ToString::to_string).collect(),
        sources: rule.iter().flat_map(|rule| &rule.sources).map(ToString::to_string).collect(),
        kept: purposes
            .map(|purpose| {
                let rule = policy.retention_of(id, purpose);
                KeptFact {
                    purpose: purpose.to_string(),
                    how_long: rule.map(how_long),
                    clause: rule.map(|rule| rule.clause.to_string()),
                }
            })
            .collect(),
        recipients: may_get.map(|rule| rule.id.to_string()).collect(),
        clause: rule.map(|rule| rule.clause.to_string()),
    }
}

fn purpose(policy: &Policy, id: &Purpose) -> Option<PurposeFact> {
    let rule = policy.purposes.get(id)?;
    Some(PurposeFact {
        purpose: rule.id.to_string(),
        title: rule.title.clone(),
        lawful_basis: rule.basis.as_str().to_owned(),
        uses: rule.uses.iter().map(|kind| kind.as_str().to_owned()).collect(),
        clause: rule.clause.to_string(),
    })
}

fn recipient(rule: &RecipientRule) -> RecipientFact {
    RecipientFact {
        recipient: rule.id.to_string(),
        title: rule.title.clone(),
        role: rule.role.as_str().to_owned(),
        categories: texts(&rule.categories),
        purposes: texts(&rule.purposes),
        consent: rule.consent.as_ref().map(ToString::to_string),
        uses: rule.uses.iter().map(|kind| kind.as_str().to_owned()).collect(),
        countries: texts(&rule.countries),
        mechanism: rule.mechanism.map(|mechanism| mechanism.as_str().to_owned()),
        clause: rule.clause.to_string(),
    }
}

fn right(policy: &Policy, request: RequestType) -> Option<RightFact> {
    let rule = policy.rights.get(&request);
    // Instructions for after death bind nobody who does not promise it.
    if request == RequestType::PostMortem && !dsar::offers_post_mortem(policy) && rule.is_none() {
        return None;
    }
    let refusal = rule.and_then(|rule| rule.refusal.as_ref());
    Some(RightFact {
        request: request.to_string(),
        offered: refusal.is_none(),
        reason: refusal.map(|refusal| refusal.text.clone()),
        answered_within: rule.and_then(|rule| rule.respond_within.as_ref()).map(words::duration),
        clause: rule.map(|rule| rule.clause.to_string()),
    })
}

/// How long a rule keeps a record, and whether an erasure ends that.
fn how_long(rule: &RetentionRule) -> String {
    let kept = words::kept(rule, Voice::People);
    match &rule.exemption {
        Some(exemption) => format!("{kept}; an erasure does not end that: {}", exemption.reason),
        None => kept,
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        ids::{ControllerId, Ground},
        policy::{
            CategoryRule, Clause, Denial, LawfulBasis, Notice, Period, PurposeRule, RecipientRole, Refusal,
            RetentionRule, RightRule, Use, VerificationRule,
        },
    };
    use jiff::{SpanFieldwise, ToSpan};

    use super::*;

    fn clause(name: &str) -> Clause {
        Clause::new(format!("acme.{name}"))
    }

    fn recipient_rule(name: &str, categories: &[&Category]) -> RecipientRule {
        RecipientRule {
            id: Recipient::parse(name).unwrap(),
            title: name.to_uppercase(),
            role: RecipientRole::Processor,
            categories: categories.iter().map(|id| (*id).clone()).collect(),
            purposes: BTreeSet::new(),
            grounds: BTreeSet::new(),
            needs: BTreeSet::new(),
            consent: None,
            uses: BTreeSet::new(),
            countries: BTreeSet::new(),
            mechanism: None,
            mail: None,
            clause: clause(name),
        }
    }

    fn policy() -> Policy {
        let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: String::new() };
        let mut policy =
            Policy::new(ControllerId::parse("acme").unwrap(), "Acme".into(), "privacy@acme.example".into(), notice);
        let (log, cv) = (Category::parse("log").unwrap(), Category::parse("cv").unwrap());
        let security = Purpose::parse("security").unwrap();
        for id in [&log, &cv] {
            let fields = vec![Field::parse("ip_address").unwrap(), Field::parse("device").unwrap()];
            let mut rule = CategoryRule::new(id.clone(), fields, clause(id.as_str()));
            rule.sources = vec![Ground::parse("observed").unwrap()];
            policy.categories.insert(id.clone(), rule);
        }
        let rule =
            PurposeRule::new(security.clone(), "Finding abuse".into(), LawfulBasis::LegitimateInterests, clause("use"));
        policy.purposes.insert(security.clone(), rule);
        let rule = RetentionRule {
            category: log.clone(),
            purpose: security.clone(),
            period: Period::Fixed { duration: SpanFieldwise(100.days()) },
            switch: None,
            action: domain::policy::Action::Delete,
            exemption: None,
            lifecycle: false,
            clause: clause("kept"),
        };
        policy.retention.insert((log.clone(), security), rule);
        for rule in
            [recipient_rule("anyone", &[]), recipient_rule("hosting", &[&log]), recipient_rule("hiring", &[&cv])]
        {
            policy.recipients.insert(rule.id.clone(), rule);
        }
        let denial = Denial { what: Use::Sale, except: BTreeSet::new(), unless_consent: None, clause: clause("sale") };
        policy.denials.insert(Use::Sale, denial);
        let refusal = Refusal { code: "NO".into(), text: "nothing to take along".into(), offer: None };
        for (request, refusal) in [(RequestType::Portability, Some(refusal)), (RequestType::Information, None)] {
            let rule = RightRule {
                request,
                refusal,
                verification: VerificationRule::None,
                respond_within: Some(SpanFieldwise(30.days())),
                clause: clause(request.as_str()),
            };
            policy.rights.insert(request, rule);
        }
        policy
    }

    fn names(facts: &Facts) -> (Vec<&str>, Vec<&str>) {
        let categories = facts.categories.iter().map(|fact| fact.category.as_str());
        (categories.collect(), facts.recipients.iter().map(|fact| fact.recipient.as_str()).collect())
    }

    #[test]
    fn a_question_about_the_policy_is_answered_with_all_of_it() {
        let facts = Facts::of_policy(&policy());
        assert_eq!(names(&facts), (vec!["cv", "log"], vec!["anyone", "hiring", "hosting"]));
        let log = &facts.categories[1];
        assert_eq!(log.sources, ["observed"]);
        assert_eq!(log.recipients, ["anyone", "hosting"]);
        assert_eq!(log.kept[0].how_long.as_deref(), Some("for 100 days"));
        assert_eq!(facts.purposes[0].lawful_basis, "legitimate-interests");
        assert_eq!(facts.ruled_out[0].what, "sale");
        assert_eq!(facts.incentives.as_deref(), Some(INCENTIVES));
        let right = |request: &str| facts.rights.iter().find(|right| right.request == request);
        assert_eq!(right("information").unwrap().answered_within.as_deref(), Some("30 days"));
        assert_eq!(right("portability").unwrap().reason.as_deref(), Some("nothing to take along"));
        assert!(right("access").unwrap().offered && right("access").unwrap().clause.is_none(), "by law");
        assert!(right("post-mortem").is_none(), "no law makes this controller follow instructions");
    }

    #[test]
    fn an_answer_about_a_person_names_what_is_held_and_nothing_else() {
        let policy = policy();
        let [log, cv] = ["log", "cv"].map(|name| Category::parse(name).unwrap());
        let security = Purpose::parse("security").unwrap();
        let held = Held::from([((log, security.clone()), BTreeSet::from([Field::parse("ip_address").unwrap()]))]);
        let facts = Facts::of_held(&policy, &held, &BTreeSet::new());
        assert_eq!(names(&facts), (vec!["log"], vec!["anyone", "hosting"]));
        assert_eq!(facts.categories[0].fields, ["ip_address"], "the fields that are held, not those that may be");
        // Who got something is named, whatever is held now.
        let hiring = Recipient::parse("hiring").unwrap();
        let facts = Facts::of_held(&policy, &Held::new(), &BTreeSet::from([&hiring]));
        assert_eq!(names(&facts), (vec![], vec!["hiring"]));
        // A category that the policy names no more is shown as it is kept.
        let held = Held::from([((Category::parse("old").unwrap(), security), BTreeSet::new())]);
        let facts = Facts::of_held(&policy, &held, &BTreeSet::new());
        assert_eq!((facts.categories[0].clause.clone(), facts.categories[0].kept[0].how_long.clone()), (None, None));
        assert!(!names(&facts).1.contains(&cv.as_str()));
    }
}
