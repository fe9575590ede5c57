//! What the office can do to a request.

use super::{Ask, ExtensionGround, Ruling};
use crate::{
    ids::{RequestId, StaffId, SystemId},
    policy::Regime,
};

/// What somebody of the office does to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Takes it on.
    Claim,
    /// Gives it back.
    Release,
    /// Hands it to somebody else.
    HandOver(StaffId),
    /// Asks the requester.
    Ask(Ask),
    /// Writes down what the requester answered otherwise than on the page.
    RecordReply(Ask),
    /// Has seen who the requester is.
    VerifyIdentity,
    /// Keeps a note.
    Note,
    /// Tells the person that the answer takes longer.
    Extend(ExtensionGround),
    /// Sets whose law counts.
    ChangeRegimes(Vec<Regime>),
    /// Decides.
    Decide(Ruling),
    /// Agrees to what a colleague proposed.
    Approve,
    /// Does not.
    SendBack,
    /// Answers it with another request.
    Merge(RequestId),
    /// Ends it.
    Stop,
    /// Goes on without one of the controller's systems.
    GiveUpTask(SystemId),
}
