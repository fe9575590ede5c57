//! A subject's file in the form that is handed out.

use std::collections::BTreeSet;

use app::{
    export::{DisclosureLine, GivenInstructions, SubjectFile},
    records::Content,
    requests::RequestKey,
};
use domain::{dsar::RequestType, ids::Field, policy::Policy, record::Record, sensitive::Sensitive};
use wire::stored::{
    VERSION,
    export::{
        Export, ExportedConsent, ExportedDisclosure, ExportedIdentifier, ExportedInstructions, ExportedRecord,
        ExportedRequest, Facts,
    },
};

/// A file as it is handed out.
pub(super) fn export_of(policy: &Policy, key: &RequestKey, file: &SubjectFile) -> Export {
    Export {
        v: VERSION,
        controller: policy.name.clone(),
        contact: policy.contact_mail.clone(),
        drawn_up_at: file.at.to_string(),
        request: key.request.to_string(),
        asked_for: Some(file.asked_for.to_string()),
        consents: file
            .consents
            .iter()
            .map(|event| ExportedConsent {
                at: event.at.to_string(),
                choices: event
                    .choices
                    .iter()
                    .map(|(purpose, choice)| (purpose.to_string(), choice.as_str().to_owned()))
                    .collect(),
                notice_version: event.notice_version.clone(),
                language: event.language.clone(),
                method: event.method.clone(),
            })
            .collect(),
        requests: file
            .requests
            .iter()
            .map(|(request, state)| ExportedRequest {
                request: request.to_string(),
                asked_for: state.received.request.as_str().to_owned(),
                received_at: state.received.at.to_string(),
                due_at: state.received.due_at.to_string(),
                status: state.status().as_str().to_owned(),
                outcome: state.decided.as_ref().map(|(_, outcome)| outcome.as_str().to_owned()),
            })
            .collect(),
        records: file.records.iter().map(|(record, content)| exported(policy, record, content.as_ref())).collect(),
        disclosures: file.disclosures.iter().map(|line| disclosure(policy, line)).collect(),
        instructions: file.instructions.iter().map(instructions).collect(),
        facts: facts(policy, file),
    }
}

/// What the policy says about what the file holds. A file to take along holds data alone.
fn facts(policy: &Policy, file: &SubjectFile) -> Facts {
    match file.asked_for {
        RequestType::Information => Facts::of_policy(policy),
        RequestType::Portability => Facts::default(),
        _ => {
            let disclosed_to: BTreeSet<_> = file.disclosures.iter().map(|line| &line.recipient).collect();
            Facts::of_held(policy, &file.held, &disclosed_to)
        }
    }
}

fn disclosure(policy: &Policy, line: &DisclosureLine) -> ExportedDisclosure {
    ExportedDisclosure {
        id: line.id.clone(),
        recipient: line.recipient.to_string(),
        title: policy.recipients.get(&line.recipient).map(|rule| rule.title.clone()),
        categories: line.categories.iter().map(ToString::to_string).collect(),
        purpose: line.purpose.to_string(),
        country: line.country.map(|country| country.to_string()),
        at: line.at.to_string(),
        clause: line.clause.to_string(),
    }
}

fn instructions(given: &GivenInstructions) -> ExportedInstructions {
    // Disclosed to the person who gave them.
    let text = |text: &Option<Sensitive<String>>| text.as_ref().map(|text| text.disclose().clone());
    ExportedInstructions {
        request: given.request.to_string(),
        at: given.at.to_string(),
        in_force: given.in_force,
        retention: text(&given.instructions.retention),
        deletion: text(&given.instructions.deletion),
        communication: text(&given.instructions.communication),
    }
}

fn exported(policy: &Policy, record: &Record, content: Option<&Content>) -> ExportedRecord {
    let purpose = policy.purposes.get(&record.purpose);
    let category = policy.categories.get(&record.category);
    let is_withheld = |field: &Field| category.is_some_and(|category| category.withheld.contains(field));
    let fields = || content.into_iter().flat_map(|content| &content.fields);
    // Disclosed to the person it is about.
    ExportedRecord {
        category: record.category.to_string(),
        purpose: record.purpose.to_string(),
        purpose_title: purpose.map(|purpose| purpose.title.clone()),
        lawful_basis: purpose.map(|purpose| purpose.basis.as_str().to_owned()),
        system: record.system.as_str().to_owned(),
        created_at: record.clock.created_at.to_string(),
        kept_until: record.due_at.map(|at| at.to_string()),
        clause: record.clause.to_string(),
        held: record.is_held(),
        identifier: content.and_then(|content| content.identifier.as_ref()).map(|identifier| ExportedIdentifier {
            kind: identifier.kind().as_str().to_owned(),
            value: identifier.value().disclose().clone(),
        }),
        locator: content.map(|content| content.locator.disclose().clone()),
        fields: fields()
            .filter(|(field, _)| !is_withheld(field))
            .map(|(field, value)| (field.to_string(), value.disclose().clone()))
            .collect(),
        withheld: fields()
            .map(|(field, _)| field)
            .filter(|field| is_withheld(field))
            .map(ToString::to_string)
            .collect(),
    }
}
