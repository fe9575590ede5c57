//! The use cases, one file each, beside the port that it needs.
//!
//! A port says what one use case needs, with its duties in MUST; `shared/aws` serves them from AWS,
//! `shared/testkit` from memory, and one contract suite keeps both honest.

/// Names a set of ports: whatever is all of them is that.
#[macro_export]
macro_rules! ports {
    ($(#[$doc:meta])* $public:vis trait $name:ident = $first:ident $(+ $port:ident)*;) => {
        $(#[$doc])*
        $public trait $name: $first $(+ $port)* {}

        impl<P: $first $(+ $port)*> $name for P {}
    };
}

pub mod account_tokens;
pub mod alerts;
pub mod announce;
pub mod attest;
pub mod breach;
pub mod breach_clock;
pub mod breach_register;
pub mod breach_scope;
pub mod breach_telling;
pub mod capture_consent;
pub mod capture_mail;
pub mod certificate;
pub mod chain;
pub mod challenges;
pub mod channel;
pub mod correction;
pub mod deadlines;
pub mod destruction;
pub mod disclose;
pub mod dispatch;
pub mod erasure;
pub mod error;
pub mod export;
pub mod fulfil_request;
pub mod guardian;
pub mod hold_notices;
pub mod hold_rules;
pub mod holds;
pub mod keys;
pub mod letters;
pub mod limits;
pub mod logs;
pub mod mail;
pub mod mail_events;
pub mod notice_change;
pub mod notification;
pub mod office;
pub mod overstay;
pub mod pages;
pub mod post_mortem;
pub mod purge;
pub mod queues;
pub mod read_consents;
pub mod receive_request;
pub mod recipients;
pub mod records;
pub mod replan;
pub mod reply;
pub mod request_clock;
pub mod requests;
pub mod restore;
pub mod seal;
pub mod shred;
pub mod signals;
pub mod stored_counts;
pub mod subscription;
pub mod systems;
pub mod telling;
pub mod told;
pub mod tombstones;
pub mod trackers;
pub mod uses;
pub mod verify;
pub mod walk;
