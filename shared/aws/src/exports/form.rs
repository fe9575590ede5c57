//! A subject's file in the form that is handed out.

use std::collections::BTreeSet;

use app::{
    export::{DisclosureLine, GivenInstructions, SubjectFile},
    records::Content,
    requests::RequestKey,
};
use domain::{
    consent::GuardianPart, dsar::RequestType, ids::Field, policy::Policy, record::Record, sensitive::Sensitive,
};
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
                guardian: event.guardian.as_ref().map(|part| {
                    match part {
                        GuardianPart::Awaited { .. } => "awaited",
                        GuardianPart::Agreed { .. } => "agreed",
                    }
                    .to_owned()
                }),
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
                status: state.stage().for_requester().as_str().to_owned(),
                outcome: state.decided.as_ref().map(|(_, outcome)| outcome.as_str().to_owned()),
            })
            .collect(),
        records: file.records.iter().map(|(record, content)| exported(policy, record, content.as_ref())).collect(),
        disclosures: file.disclosures.iter().map(|line| disclosure(policy, line)).collect(),
        instructions: file.instructions.iter().map(instructions).collect(),
        systems: file.systems.iter().map(|(system, data)| (system.to_string(), handed_over(data))).collect(),
        facts: facts(policy, file),
    }
}

/// What a system handed over, disclosed to its subject's own file. It was read as an object when it came in.
fn handed_over(data: &Sensitive<String>) -> serde_json::Value {
    serde_json::from_str(data.disclose()).unwrap_or_else(|_| data.disclose().clone().into())
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
        countries: line.countries.iter().map(ToString::to_string).collect(),
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

#[cfg(test)]
mod tests {
    use app::export::WITHHELD;
    use domain::{
        ids::{Category, ControllerId, Ground, Identifier, IdentifierKind, Pepper, Purpose},
        policy::{CategoryRule, Clause, LawfulBasis, Notice, PolicyHash, PurposeRule},
        record::System,
        retention::RetentionClock,
    };
    use jiff::Timestamp;

    use super::*;

    fn policy() -> Policy {
        let notice = Notice { version: "1".into(), language: "en".into(), text_sha256: String::new() };
        let mut policy =
            Policy::new(ControllerId::parse("acme").unwrap(), "Acme".into(), "privacy@acme.example".into(), notice);
        let [email, password] = ["email", "password"].map(|name| Field::parse(name).unwrap());
        let account = Category::parse("account").unwrap();
        let fields = vec![email, password.clone()];
        let mut rule = CategoryRule::new(account.clone(), fields, Clause::new("acme.1"));
        rule.withheld = vec![password];
        rule.sources = vec![Ground::parse("employer").unwrap()];
        policy.categories.insert(account, rule);
        let id = Purpose::parse("contract").unwrap();
        let rule = PurposeRule::new(id.clone(), "Your account".into(), LawfulBasis::Contract, Clause::new("acme.2"));
        policy.purposes.insert(id, rule);
        policy
    }

    fn file(asked_for: RequestType) -> (RequestKey, SubjectFile) {
        let pepper = Pepper::new(1, &[1; 32]);
        let identifier = Identifier::parse(IdentifierKind::Mail, "ada@example.com").unwrap();
        let subject = pepper.subject(&identifier);
        let mut record = Record {
            id: pepper.derive(&["record"]),
            subject: subject.clone(),
            category: Category::parse("account").unwrap(),
            purpose: Purpose::parse("contract").unwrap(),
            system: System::Habeas,
            clock: RetentionClock::new(Timestamp::UNIX_EPOCH),
            due_at: None,
            clause: Clause::new("acme.3"),
            policy: PolicyHash::from_hex(""),
            holds: BTreeSet::new(),
            points: Vec::new(),
            salt: [0; 16],
            revision: 0,
        };
        record.due_at = "2026-06-01T00:00:00Z".parse().ok();
        let values = [("email", "=ada@example.com"), ("password", WITHHELD)];
        let fields = values.map(|(name, value)| (Field::parse(name).unwrap(), Sensitive::new(value.to_owned())));
        let names = fields.iter().map(|(field, _)| field.clone()).collect();
        let content = Content {
            identifier: Some(identifier),
            locator: Sensitive::new("account-1".into()),
            fields: fields.into(),
        };
        let mut file = SubjectFile::new(asked_for, Timestamp::UNIX_EPOCH);
        file.held.insert((record.category.clone(), record.purpose.clone()), names);
        file.records.push((record, Some(content)));
        let controller = ControllerId::parse("acme").unwrap();
        (RequestKey { controller, subject, request: pepper.derive(&["request"]) }, file)
    }

    #[test]
    fn a_copy_says_where_data_comes_from_on_what_it_rests_and_until_when_it_is_kept() {
        let (key, file) = file(RequestType::Access);
        let export = export_of(&policy(), &key, &file);
        let record = &export.records[0];
        assert_eq!(record.kept_until.as_deref(), Some("2026-06-01T00:00:00Z"));
        assert_eq!((&record.fields.len(), record.withheld.as_slice()), (&1, ["password".to_owned()].as_slice()));
        assert_eq!(export.facts.categories[0].sources, ["employer"]);
        let purpose = &export.facts.purposes[0];
        assert_eq!((purpose.lawful_basis.as_str(), purpose.clause.as_str()), ("contract", "acme.2"));
        assert!(export.facts.complaint.is_some() && !export.facts.rights.is_empty());
        let csv = export.to_csv();
        assert!(csv.contains(",email,'=ada@example.com,acme.3\r\n") && !csv.contains(WITHHELD), "{csv}");
    }

    #[test]
    fn a_file_to_take_along_holds_data_alone() {
        let (key, file) = file(RequestType::Portability);
        let export = export_of(&policy(), &key, &file);
        assert_eq!((export.facts, export.records.len()), (Facts::default(), 1));
    }
}
