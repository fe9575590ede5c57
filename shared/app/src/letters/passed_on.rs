//! Letters about a request to others than the requester: recipients who follow a decision, and the
//! office that has something to do.

use std::collections::BTreeSet;

use domain::{
    ids::{Category, Recipient},
    policy::{Policy, RecipientRule},
    sensitive::Sensitive,
};

use crate::{export::DisclosureLine, mail::Mail, recipients::Follow, requests::RequestKey};

/// Tells a recipient what became of data that they got (GDPR Art. 19). It names disclosures by their
/// numbers and never the person: a mail is read on its way.
pub fn follow(
    policy: &Policy,
    key: &RequestKey,
    follow: Follow,
    (recipient, rule): (&Recipient, Option<&RecipientRule>),
    (lines, spared): (&[&DisclosureLine], &BTreeSet<Category>),
    to: Sensitive<String>,
) -> Mail {
    let (what, ask) = match follow {
        Follow::Erase => {
            ("erased", "Please erase your copies of it, and any link to it, and tell those you gave it to.")
        }
        Follow::Restrict => (
            "restricted",
            "Please store your copies of it and use them no more until you hear from us, and tell those you gave it to.",
        ),
        Follow::Correct => (
            "corrected",
            "Please ask us for the corrected data, replace your copies of it, and tell those you gave it to.",
        ),
    };
    let list = lines.iter().map(|line| {
        let categories = line.categories.difference(spared).map(Category::as_str).collect::<Vec<_>>().join(", ");
        format!("- {} ({categories})", line.id)
    });
    let list = list.collect::<Vec<_>>().join("\n");
    let title = rule.map_or(recipient.as_str(), |rule| &rule.title);
    let pass_on = match rule.and_then(|rule| rule.mail.as_ref()) {
        Some(_) => String::new(),
        None => format!("The policy has no address for {title}: please pass this letter on.\n\n"),
    };
    Mail {
        controller: policy.controller.clone(),
        to,
        subject: format!("{}: data that you received was {what}", policy.name),
        text: format!(
            "{pass_on}To {title}.\n\n{} {what} personal data that it had disclosed to you, at the request of the person concerned. \
             {ask} (GDPR Art. 19.)\n\nThe disclosures, by their numbers in our log:\n\n{list}\n\n\
             If this proves impossible, answer this mail or write to {}.\n\nOur reference is {}.\n",
            policy.name, policy.contact_mail, key.request
        ),
        tag: format!("request-{}-follow-{}", key.request, recipient),
        unsubscribe: None,
    }
}

/// What the office has to do about a request that the system cannot carry out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// The controller of that service has to get it (GDPR Art. 28(3)(e)).
    PassOn,
    /// Somebody has died, and left instructions that have to be read.
    AfterDeath,
}

/// Tells the controller's own office of a request that waits for it, by its number alone.
pub fn task(policy: &Policy, key: &RequestKey, task: Task, detail: &str) -> Mail {
    let (what, do_what) = match task {
        Task::PassOn => {
            ("a request to pass on", "A request came in for a service in which you act for another controller")
        }
        Task::AfterDeath => (
            "instructions to carry out",
            "A person has died who left instructions for their data, which have to be read",
        ),
    };
    Mail {
        controller: policy.controller.clone(),
        to: Sensitive::new(policy.contact_mail.clone()),
        subject: format!("{}: {what}", policy.name),
        text: format!("{do_what}.\n\n{detail}\n\nNumber: {}\n", key.request),
        tag: format!("request-{}-office", key.request),
        unsubscribe: None,
    }
}
