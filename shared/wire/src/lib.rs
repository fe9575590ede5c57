//! Versioned forms of what is sent and stored. A rename in the domain never changes them.

pub mod attestation;
pub mod breach;
pub mod consent;
pub mod detector;
pub mod disclosure;
pub mod evidence;
pub mod form;
pub mod hold;
pub mod mail_event;
pub mod message;
pub mod notice;
pub mod office;
pub mod purge;
pub mod record;
pub mod request;
pub mod signal;
pub mod stored;
pub mod system;
pub mod tracker;
