//! What every store of where a purge stands must do.

use app::purge::ACTS_SHOWN_MAX;
use domain::{
    ids::ControllerId,
    purge::{Act, Cause, Control, Deed, State, Tally, Word},
    record::System,
};
use jiff::ToSpan;

use super::{Ports, fresh_controller, now};

fn tally(habeas: u64, s3: u64) -> Tally {
    let mut tally = Tally::default();
    tally.add(&System::Habeas, habeas);
    tally.add(&System::S3, s3);
    tally
}

pub async fn where_a_purge_stands_is_read_as_it_was_written<P: Ports>(ports: &P, controller: &ControllerId) {
    assert_eq!(ports.purge_control(controller).await.unwrap(), Control::default());
    let day = "2040-03-01".parse().unwrap();
    let cause = Cause::Share { system: System::S3, wanted: 9, limit: 7 };
    let states = [State::Stopped { since: now(), cause }, State::Paused { since: now() }, State::Running];
    let controls = states.into_iter().zip(1..).map(|(state, revision)| Control {
        state,
        day,
        today: tally(5, 2),
        days: [("2040-02-29".parse().unwrap(), 12)].into(),
        allowance: (revision == 1).then_some((3, day)),
        revision,
    });
    for control in controls {
        assert!(ports.put_purge_control(controller, &control).await.unwrap());
        assert_eq!(ports.purge_control(controller).await.unwrap(), control);
    }
    assert_eq!(ports.purge_control(&fresh_controller(ports)).await.unwrap(), Control::default());
}

pub async fn of_two_who_change_where_a_purge_stands_one_is_told_so<P: Ports>(ports: &P, controller: &ControllerId) {
    let first = Control { today: tally(1, 0), revision: 1, ..Control::default() };
    let other = Control { today: tally(2, 0), ..first.clone() };
    assert!(ports.put_purge_control(controller, &first).await.unwrap());
    assert!(!ports.put_purge_control(controller, &other).await.unwrap());
    let ahead = Control { revision: 3, ..other };
    assert!(!ports.put_purge_control(controller, &ahead).await.unwrap());
    assert_eq!(ports.purge_control(controller).await.unwrap(), first);
}

pub async fn what_was_done_to_a_purge_stays_the_newest_first<P: Ports>(ports: &P, controller: &ControllerId) {
    let act = |n: i64, deed| Act { at: now() + n.minutes(), by: format!("officer-{n}"), deed, reason: "why".into() };
    let mut acts = vec![
        act(0, Deed::Said(Word::Pause)),
        act(1, Deed::Said(Word::Resume)),
        act(2, Deed::Stopped(Cause::Volume { wanted: 2, limit: 1 })),
        act(3, Deed::Said(Word::Allow(2))),
    ];
    for act in &acts {
        ports.note_purge_act(controller, act).await.unwrap();
    }
    acts.reverse();
    assert_eq!(ports.purge_acts(controller).await.unwrap(), acts);
    // Two at the very same moment both stay.
    ports.note_purge_act(controller, &acts[0]).await.unwrap();
    assert_eq!(ports.purge_acts(controller).await.unwrap().len(), 5);
    for n in 4..60 {
        ports.note_purge_act(controller, &act(n, Deed::Said(Word::Pause))).await.unwrap();
    }
    let shown = ports.purge_acts(controller).await.unwrap();
    assert_eq!((shown.len(), shown[0].by.as_str()), (ACTS_SHOWN_MAX, "officer-59"));
}
