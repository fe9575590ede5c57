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

/// Whether a member says what its absence says, so that it is left out.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Things by their names, in their order.
pub(crate) fn texts<T: ToString>(things: impl IntoIterator<Item = T>) -> Vec<String> {
    things.into_iter().map(|thing| thing.to_string()).collect()
}
