//! What the office is written about signals of detectors.

use domain::{policy::Policy, sensitive::Sensitive, signal::Signal};

use crate::mail::{Mail, tag_value};

/// What to do about a signal, and why soon.
fn decide(policy: &Policy) -> String {
    let controller = &policy.controller;
    format!(
        "A detector cannot know whether this is a breach of personal data: decide it.\n\n\
         It is one, or may be: habeas breach declare --controller {controller} --from-signal NUMBER …\n\
         It is none: habeas breach dismiss NUMBER --controller {controller} --reason …\n\
         All that wait: habeas breach signals --controller {controller}\n\n\
         The time for notices begins when you are reasonably certain (GDPR Art. 33(1)). Until then the law asks you to \
         find out without delay.\n"
    )
}

fn line(signal: &Signal) -> String {
    format!("{}  {:8}  {}  {}", signal.id, signal.gravest().as_str(), signal.detected_at, signal.title)
}

/// Tells the office of one signal.
pub fn signal(policy: &Policy, signal: &Signal) -> Mail {
    let severity = signal.gravest().as_str();
    let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "not known".to_owned());
    let again = if signal.risen.is_some() { "It became graver than it was at first.\n" } else { "" };
    let occurred = signal.occurred_at.map_or_else(|| "not known".to_owned(), |at| at.to_string());
    Mail {
        controller: policy.controller.clone(),
        to: Sensitive::new(policy.contact_mail.clone()),
        subject: format!("{}: a detector found something ({severity})", policy.controller),
        text: format!(
            "{}\n\n{again}Number: {}\nKind: {}\nSeverity: {severity}\nAccount: {}\nRegion: {}\nHappened first: {occurred}\n\
             Detected: {}\n\n{}",
            signal.title,
            signal.id,
            signal.what,
            known(&signal.account),
            known(&signal.region),
            signal.detected_at,
            decide(policy),
        ),
        tag: tag_value(&format!("deadline-signal-{}-{severity}", signal.id)),
        unsubscribe: None,
    }
}

/// Tells the office of the signals that wait for a decision, the gravest first.
pub fn signals(policy: &Policy, waiting: &[Signal], has_more: bool, hour: &str) -> Mail {
    let lines = waiting.iter().map(line).collect::<Vec<_>>().join("\n");
    let more = if has_more { "\nand more" } else { "" };
    Mail {
        controller: policy.controller.clone(),
        to: Sensitive::new(policy.contact_mail.clone()),
        subject: format!("{}: signals of detectors wait for a decision", policy.controller),
        text: format!("These wait for somebody to decide, the gravest first.\n\n{lines}{more}\n\n{}", decide(policy)),
        tag: tag_value(&format!("deadline-signals-{hour}")),
        unsubscribe: None,
    }
}
