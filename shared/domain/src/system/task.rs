//! A task: what one system is asked to do for one request, and how that may end.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use jiff::Timestamp;

use crate::{
    dsar::{Exception, RefusalGround, RequestType},
    ids::{Category, ControllerId, Field, Ground, Identifier, Purpose, RequestId, SystemId},
    policy::{Policy, SystemRule},
    sensitive::Sensitive,
};

/// Names a task: a request goes to a system once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId {
    /// Which request.
    pub request: RequestId,
    /// Which system.
    pub system: SystemId,
}

/// Not the name of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidTask;

impl fmt::Display for InvalidTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("use the task's name as Habeas gave it")
    }
}

impl std::error::Error for InvalidTask {}

impl TaskId {
    /// Reads the name.
    ///
    /// # Errors
    /// [`InvalidTask`] unless it is a request's number, a full stop, and a system's name.
    pub fn parse(text: &str) -> Result<Self, InvalidTask> {
        // A request's number holds no full stop; a system's name may.
        let (request, system) = text.split_once('.').ok_or(InvalidTask)?;
        Ok(Self {
            request: RequestId::parse(request).map_err(|_| InvalidTask)?,
            system: SystemId::parse(system).map_err(|_| InvalidTask)?,
        })
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.request, self.system)
    }
}

/// What a system is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its name: asked twice under one name, it is the same task.
    pub id: TaskId,
    /// Whose system.
    pub controller: ControllerId,
    /// What is asked for.
    pub request: RequestType,
    /// Whom it is about.
    pub identifier: Identifier,
    /// The purposes that it is about; empty: all.
    pub purposes: Vec<Purpose>,
    /// The categories that the policy says are there; empty: any.
    pub categories: BTreeSet<Category>,
    /// What the office refuses: to be left as it is.
    pub except: Vec<Exception>,
    /// What to write instead, where data is to be corrected.
    pub corrections: BTreeMap<Field, Sensitive<String>>,
    /// From when the answer to the person is late.
    pub due_before: Timestamp,
    /// Where the outcome is told.
    pub callback: String,
}

/// What a system says became of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskOutcome {
    /// Done, with so many records.
    Done {
        /// How many.
        records: u32,
    },
    /// It holds nothing about the person.
    NotFound,
    /// It kept so many records.
    Kept {
        /// How many.
        records: u32,
        /// Why.
        ground: RefusalGround,
    },
    /// What it holds, as one JSON object.
    Data(Sensitive<String>),
    /// It could not be done now: it is asked again.
    Failed {
        /// Why, as a code of the system's own.
        reason: Ground,
    },
}

impl TaskOutcome {
    /// The name on the wire.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Done { .. } => "done",
            Self::NotFound => "not-found",
            Self::Kept { .. } => "kept",
            Self::Data(_) => "data",
            Self::Failed { .. } => "failed",
        }
    }

    /// Whether it is an answer to what was asked: who is asked for data hands it over, and nobody else
    /// does.
    pub const fn answers(&self, request: RequestType) -> bool {
        match self {
            Self::Done { .. } => matches!(request, RequestType::Erasure | RequestType::Rectification),
            Self::Data(_) => hands_over(request),
            Self::NotFound | Self::Kept { .. } | Self::Failed { .. } => is_task(request),
        }
    }
}

const fn hands_over(request: RequestType) -> bool {
    matches!(
        request,
        RequestType::Access | RequestType::Portability | RequestType::KnowCategories | RequestType::KnowPieces
    )
}

/// Whether a request of this type can be a system's task: what hands data over (GDPR Art. 15, 20;
/// Cal. Civ. Code § 1798.110), erases (Art. 17; § 1798.105(c)) or corrects (Art. 16; § 1798.106).
pub const fn is_task(request: RequestType) -> bool {
    hands_over(request) || matches!(request, RequestType::Erasure | RequestType::Rectification)
}

/// The systems that a request goes to. Where it names purposes, systems are left out of which the policy
/// says what they hold, and keeps none of that for any of these purposes.
pub fn systems_for<'a>(policy: &'a Policy, request: RequestType, purposes: &[Purpose]) -> Vec<&'a SystemRule> {
    let holds = |rule: &SystemRule| {
        purposes.is_empty()
            || rule.categories.is_empty()
            || policy
                .retention
                .keys()
                .any(|(category, purpose)| rule.categories.contains(category) && purposes.contains(purpose))
    };
    let systems = policy.systems.values();
    systems.filter(|rule| is_task(request) && rule.requests.contains(&request) && holds(rule)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_named_by_request_and_system() {
        let text = "AAAAAAAAAAAAAAAAAAAAAA.shop.eu";
        let id = TaskId::parse(text).unwrap();
        assert_eq!((id.to_string().as_str(), id.system.as_str()), (text, "shop.eu"));
        for text in
            ["", ".", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAA.", "AAAAAAAAAAAAAAAAAAAAAA.Shop", "x.shop"]
        {
            assert_eq!(TaskId::parse(text), Err(InvalidTask), "{text}");
        }
    }

    #[test]
    fn a_request_goes_to_the_systems_that_hold_what_it_is_about() {
        let policy = policy_with_systems();
        let names = |request, purposes: &[&str]| -> Vec<String> {
            let purposes: Vec<Purpose> = purposes.iter().map(|name| Purpose::parse(name).unwrap()).collect();
            systems_for(&policy, request, &purposes).into_iter().map(|rule| rule.id.to_string()).collect()
        };
        assert_eq!(names(RequestType::Erasure, &[]), ["crm", "mailer"]);
        assert_eq!(names(RequestType::Access, &[]), ["crm"]);
        assert_eq!(names(RequestType::Rectification, &[]), Vec::<String>::new());
        // A system of which the policy does not say what it holds is always asked.
        assert_eq!(names(RequestType::Erasure, &["service"]), ["mailer"]);
        assert_eq!(names(RequestType::Erasure, &["news"]), ["crm", "mailer"]);
        // A complaint is nobody's task, whatever a policy says.
        assert_eq!(names(RequestType::Complaint, &[]), Vec::<String>::new());
    }

    fn policy_with_systems() -> Policy {
        use crate::policy::{Action, Clause, Notice, Period, RetentionRule, SystemKind};
        let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: String::new() };
        let mut policy = Policy::new(ControllerId::parse("rfa").unwrap(), "RFA".into(), "a@b.example".into(), notice);
        let (category, news) = (Category::parse("contacts").unwrap(), Purpose::parse("news").unwrap());
        let kept = RetentionRule {
            category: category.clone(),
            purpose: news.clone(),
            period: Period::Indefinite,
            switch: None,
            action: Action::Delete,
            exemption: None,
            lifecycle: false,
            clause: Clause::new("1"),
        };
        policy.retention.insert((category.clone(), news), kept);
        let asked = [RequestType::Access, RequestType::Erasure, RequestType::Complaint];
        for (name, categories, requests) in [("crm", vec![category], &asked[..]), ("mailer", Vec::new(), &asked[1..])] {
            let id = SystemId::parse(name).unwrap();
            let rule = SystemRule {
                id: id.clone(),
                title: name.into(),
                kind: SystemKind::Webhook { url: "https://crm.example/habeas".into() },
                categories: categories.into_iter().collect(),
                requests: requests.iter().copied().collect(),
                clause: Clause::new("1"),
            };
            policy.systems.insert(id, rule);
        }
        policy
    }

    #[test]
    fn only_who_is_asked_for_data_hands_it_over() {
        let data = TaskOutcome::Data(Sensitive::new("{}".into()));
        let done = TaskOutcome::Done { records: 1 };
        for request in RequestType::ALL {
            assert_eq!(data.answers(request) || done.answers(request), is_task(request), "{request}");
            assert_eq!(TaskOutcome::NotFound.answers(request), is_task(request), "{request}");
            assert!(!(data.answers(request) && done.answers(request)), "{request}");
        }
    }
}
