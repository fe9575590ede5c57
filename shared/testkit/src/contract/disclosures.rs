//! What every log of disclosures keeps.

use super::*;

fn expected(disclosure: &Disclosure, references: &References) -> LoggedDisclosure {
    LoggedDisclosure { disclosure: disclosure.clone(), references: Some(references.clone()) }
}

pub async fn a_retried_disclosure_answers_what_stands<P: Ports>(ports: &P, controller: &ControllerId) {
    let (first, texts) = disclosure(&subject(ADA), "key-1", now());
    assert_eq!(ports.append_disclosure(controller, &first, &texts).await.unwrap(), Appended::Fresh);
    assert_eq!(ports.append_disclosure(controller, &first, &texts).await.unwrap(), Appended::Existing(first.clone()));
    // The same key with another content meets the first one, whose fingerprint tells.
    let (mut other, _) = disclosure(&subject(ADA), "key-1", days(now(), 1));
    other.fingerprint = id("another form");
    other.recipient = recipient("analyst");
    let met = ports.append_disclosure(controller, &other, &References::new()).await.unwrap();
    assert_eq!(met, Appended::Existing(first.clone()));
    assert_eq!(ports.disclosures(controller, &subject(ADA)).await.unwrap(), [expected(&first, &texts)]);
}

pub async fn of_many_disclosures_at_once_exactly_one_is_fresh<P: Ports>(ports: &P, controller: &ControllerId) {
    let (one, texts) = disclosure(&subject(ADA), "key-1", now());
    let appended = join_all((0..8).map(|_| ports.append_disclosure(controller, &one, &texts))).await;
    let fresh = appended.iter().filter(|appended| matches!(appended, Ok(Appended::Fresh))).count();
    let met = appended.iter().filter(|appended| matches!(appended, Ok(Appended::Existing(_)))).count();
    assert_eq!((fresh, met), (1, 7));
}

pub async fn every_disclosure_of_a_subject_is_seen_at_once_the_earliest_first<P: Ports>(
    ports: &P,
    controller: &ControllerId,
) {
    let mut all = Vec::new();
    for n in [3, 1, 2] {
        let (mut one, mut texts) = disclosure(&subject(ADA), &format!("key-{n}"), days(now(), n));
        if n == 2 {
            // As little as one can be.
            texts = References::new();
            (one.references, one.ground, one.mechanism, one.onward_from) = Default::default();
        }
        ports.append_disclosure(controller, &one, &texts).await.unwrap();
        all.push(expected(&one, &texts));
        all.sort_by_key(|logged| logged.disclosure.occurred_at);
        assert_eq!(ports.disclosures(controller, &subject(ADA)).await.unwrap(), all);
    }
    assert!(ports.disclosures(controller, &subject("bob@example.com")).await.unwrap().is_empty());
    assert!(ports.disclosures(&fresh_controller(ports), &subject(ADA)).await.unwrap().is_empty());
}

pub async fn a_disclosure_is_read_where_it_was_written<P: Ports>(ports: &P, controller: &ControllerId) {
    let (one, texts) = disclosure(&subject(ADA), "key-1", now());
    ports.append_disclosure(controller, &one, &texts).await.unwrap();
    let whose = subject(ADA);
    assert_eq!(ports.disclosure(controller, Some(&whose), &one.id).await.unwrap(), Some(one.clone()));
    assert_eq!(ports.disclosure(controller, Some(&whose), &id("another")).await.unwrap(), None);
    assert_eq!(ports.disclosure(controller, Some(&subject("bob@example.com")), &one.id).await.unwrap(), None);
    assert_eq!(ports.disclosure(controller, None, &one.id).await.unwrap(), None);
    assert_eq!(ports.disclosure(&fresh_controller(ports), Some(&whose), &one.id).await.unwrap(), None);
}

pub async fn a_total_is_logged_once_and_under_nobody<P: Ports>(ports: &P, controller: &ControllerId) {
    let (mut total, _) = disclosure(&subject(ADA), "key-1", now());
    total.whose = Whose::Total { people: 12 };
    (total.references, total.countries, total.mechanism) = Default::default();
    let none = References::new();
    assert_eq!(ports.append_disclosure(controller, &total, &none).await.unwrap(), Appended::Fresh);
    assert_eq!(ports.append_disclosure(controller, &total, &none).await.unwrap(), Appended::Existing(total.clone()));
    assert_eq!(ports.disclosure(controller, None, &total.id).await.unwrap(), Some(total));
    assert!(ports.disclosures(controller, &subject(ADA)).await.unwrap().is_empty());
}

pub async fn what_references_say_goes_with_the_subjects_key<P: Ports>(ports: &P, controller: &ControllerId) {
    let (one, texts) = disclosure(&subject(ADA), "key-1", now());
    ports.append_disclosure(controller, &one, &texts).await.unwrap();
    ports.destroy_subject_key(controller, &subject(ADA), days(now(), 1)).await.unwrap();
    let gone = LoggedDisclosure { references: None, ..expected(&one, &texts) };
    assert_eq!(ports.disclosures(controller, &subject(ADA)).await.unwrap(), std::slice::from_ref(&gone));
    // What comes later is under a key of its own.
    let (later, texts) = disclosure(&subject(ADA), "key-2", days(now(), 2));
    ports.append_disclosure(controller, &later, &texts).await.unwrap();
    assert_eq!(ports.disclosures(controller, &subject(ADA)).await.unwrap(), [gone, expected(&later, &texts)]);
}
