//! What the child of the breach's benchmark does: it registers people, declares a breach, and runs breach-notify's handler
//! for the messages that stream-relay and the function itself would send.

use app::{
    announce::Announcements,
    breach::{self, DeclareBreach},
};
use aws::Cloud;
use breach_notify::Desk;
use domain::{
    announcement::{Announcement, NoticeCounts},
    breach::{Act, Actor, Decision, Entry, Facts, PeopleAre, Texts},
    clock::Anchor,
    ids::{Category, StaffId},
};
use edge::{Event, clock::TimeGuard};
use jiff::{Timestamp, ToSpan};
use policy::PolicyBook;
use serde_json::json;
use wire::message::{AnnouncementStep, BreachMessage, RecordsMessage, TELL_SUBJECTS_MAX};

use crate::{
    local,
    work::{MESSAGES_A_BATCH, Meter, Queue, REGISTER, done_all, message},
};

pub(crate) const PLAN: &str = "plan";
pub(crate) const TELL: &str = "tell";

/// People of one message of records.
const PEOPLE_A_MESSAGE: usize = 50;

const EXPOSED_AT: &str = "2026-01-15T00:00:00Z";
const DECLARED_AT: &str = "2026-03-01T00:00:00Z";

/// Plans and tells so many people, and says of each what it took.
pub(crate) fn work(people: usize) {
    edge::telemetry::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let policies = local::policies();
    let cloud = || Cloud::from_env().unwrap().with_file_rules(edge::site::file_rules(&policies));
    runtime.block_on(async {
        let guard = TimeGuard::from_env();
        let meter = Meter::start();
        register(&retention_track::Desk { ports: cloud(), policies: policies.clone(), guard }, people).await;
        meter.stop(REGISTER);
        let desk = Desk { ports: cloud(), policies: policies.clone() };
        let policy = policies.all().unwrap()[0];
        let at: Timestamp = DECLARED_AT.parse().unwrap();
        let id = declared(policy, &desk.ports, at).await;
        let of = Announcement::Breach(id.clone());
        let body = |step| serde_json::to_string(&BreachMessage::new(&policy.controller, &id, at, step)).unwrap();

        let meter = Meter::start();
        let scope = message("scope".to_owned(), body(AnnouncementStep::Scope));
        done_all(breach_notify::handle(&desk, Event::Queue(vec![scope])).await.unwrap());
        drain(&desk).await;
        meter.stop(PLAN);
        let notices = desk.ports.notices(&policy.controller, &of).await.unwrap();
        assert_eq!(notices.len(), people, "everybody is found");

        let subjects: Vec<String> = notices.into_iter().map(|notice| notice.subject.to_string()).collect();
        let bodies: Vec<String> =
            subjects.chunks(TELL_SUBJECTS_MAX).map(|some| body(AnnouncementStep::tell(some.to_vec()))).collect();
        // The first call of all reads what a warm environment has read.
        let meter = Meter::start();
        for batch in bodies.chunks(MESSAGES_A_BATCH) {
            let messages = batch.iter().map(|body| message("tell".to_owned(), body.clone())).collect();
            done_all(breach_notify::handle(&desk, Event::Queue(messages)).await.unwrap());
        }
        drain(&desk).await;
        meter.stop(TELL);
        let counts = desk.ports.counts(&policy.controller, &of).await.unwrap();
        let sent = u64::try_from(people).unwrap();
        assert_eq!(counts, NoticeCounts { sent, ..NoticeCounts::default() }, "everybody is told");
    });
}

/// What breach-notify has sent itself, until there is no more.
async fn drain(desk: &Desk<Cloud>) {
    let queue = Queue::of("BREACH_QUEUE_URL");
    while let Some((message, receipt)) = queue.receive() {
        done_all(breach_notify::handle(desk, Event::Queue(vec![message])).await.unwrap());
        queue.delete(&receipt);
    }
}

async fn declared(policy: &domain::policy::Policy, ports: &Cloud, at: Timestamp) -> domain::ids::BreachId {
    let exposed_at: Timestamp = EXPOSED_AT.parse().unwrap();
    let texts = Texts { description: "A copy was public.".into(), advice: "Change it.".into(), ..Texts::default() };
    let mut facts = Facts::new(exposed_at, at, texts);
    facts.scope.categories = [Category::parse("account").unwrap()].into();
    let officer = StaffId::parse("officer").unwrap();
    let form = DeclareBreach {
        title: "A measurement".into(),
        times: vec![(Anchor::Awareness, at)],
        facts,
        signals: [].into(),
        declared_by: officer.clone(),
        key: "measured".into(),
        at,
    };
    let id = breach::declare(policy, ports, form).await.unwrap().breach.id;
    let decision = Decision { authority: true, people: PeopleAre::Told, reason: "A measurement.".into() };
    let entry = Entry { at, by: Actor::Staff(officer), act: Act::Decided(decision) };
    breach::act(policy, ports, &id, 0, entry).await.unwrap();
    id
}

/// One record of each.
async fn register(desk: &retention_track::Desk<Cloud>, people: usize) {
    let controller = PolicyBook::controllers(&desk.policies).next().unwrap().to_string();
    let made_at: Timestamp = EXPOSED_AT.parse().unwrap();
    let event = |n: usize| {
        json!({
            "type": "record",
            "occurred_at": (made_at + i64::try_from(n).unwrap().seconds()).to_string(),
            "subject": { "kind": "mail", "value": format!("person-{n}@example.com") },
            "category": "account", "purpose": "account", "locator": format!("account-{n}"),
            "fields": { "name": format!("Name {n}"), "city": "Grenoble" },
        })
    };
    let firsts: Vec<usize> = (0..people).step_by(PEOPLE_A_MESSAGE).collect();
    for batch in firsts.chunks(MESSAGES_A_BATCH) {
        let message = |first: &usize| {
            let events = (*first..people.min(first + PEOPLE_A_MESSAGE)).map(event).collect();
            let form = RecordsMessage { v: 1, controller: controller.clone(), events, withdrawn: vec![], walk: None };
            message(format!("m-{first}"), serde_json::to_string(&form).unwrap())
        };
        let messages = batch.iter().map(message).collect();
        done_all(retention_track::handle(desk, Event::Queue(messages)).await.unwrap());
    }
}
