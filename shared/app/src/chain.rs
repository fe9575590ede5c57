//! Chains of evidence: links that are written once, each with the hash of the one before it.

use domain::{
    evidence::{
        CHAINS, DeletionReason, DeletionResult, leaf_place,
        merkle::{self, Hash},
    },
    ids::{BatchId, Category, ControllerId, Purpose},
    policy::Clause,
    record::System,
};
use jiff::{Timestamp, civil::Date};

use crate::error::PortError;

/// A commitment: what it is of cannot be told from it without its salt.
pub type Commitment = Hash;

/// Where a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Which of the controller's chains.
    pub chain: u8,
    /// Its number there, from 1.
    pub number: u64,
}

/// A link that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The batch: the same however often it is delivered, and in which chain it is written.
    pub batch: BatchId,
    /// When what it tells of happened, or was about to.
    pub at: Timestamp,
    /// What it tells.
    pub content: Content,
}

/// What a link tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Records that are about to be deleted, and why.
    Intent(DeletionReason, Vec<Intended>),
    /// What became of the records of an intent, which stands in the same chain.
    Result {
        /// Why they were deleted.
        reason: DeletionReason,
        /// Where the intent stands.
        intent: Place,
        /// The result of each.
        results: Vec<(Commitment, DeletionResult)>,
    },
    /// What happened in the table.
    Events(Vec<Happened>),
    /// Keys that were destroyed.
    Keys(Vec<DestroyedKey>),
}

/// A record that is about to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intended {
    /// The commitment to it.
    pub commitment: Commitment,
    /// What it is.
    pub category: Category,
    /// What it was kept for.
    pub purpose: Purpose,
    /// The clause whose time is up.
    pub clause: Clause,
    /// Where it is.
    pub system: System,
    /// When its time was up.
    pub due_at: Option<Timestamp>,
}

/// Something that happened in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// What: the item's kind, or what became of it, as `removed`.
    pub event: &'static str,
    /// When.
    pub at: Timestamp,
    /// The commitment to the item and what it says.
    pub commitment: Commitment,
    /// Of a record: category, purpose, clause, and when it ends.
    pub record: Option<(Category, Purpose, Clause, Option<Timestamp>)>,
}

/// A key that was destroyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestroyedKey {
    /// The commitment to its name.
    pub commitment: Commitment,
    /// Of a day's key: whose day. `None`: a subject's.
    pub day: Option<(Category, Date)>,
    /// When it was deleted.
    pub at: Timestamp,
    /// From when no copy of it exists.
    pub gone_at: Timestamp,
}

/// The port to the chains.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait Chain {
    /// The place behind the last link. Somebody else may take it meanwhile.
    async fn next(&self, controller: &ControllerId, chain: u8) -> Result<Place, PortError>;

    /// Writes a link in that place, where nobody can change or remove it. Answers whether it stands there.
    ///
    /// MUST be durable before it answers; MUST leave what another wrote there; MUST leave no gap: whoever asks for a
    /// place that is not behind the last link is refused.
    async fn write(&self, controller: &ControllerId, place: Place, link: &Link) -> Result<bool, PortError>;

    /// The batch of the link that stands in that place.
    async fn batch_at(&self, controller: &ControllerId, place: Place) -> Result<Option<BatchId>, PortError>;

    /// Writes a link behind the last one of its batch's chain, however many writers there are. A batch that is
    /// delivered again may be written again: whoever reads the chain counts it once.
    ///
    /// # Errors
    /// [`PortError`]; [`PortError::Conflict`] if others were faster [`CONFLICTS_MAX`] times.
    async fn append_link(&self, controller: &ControllerId, link: &Link) -> Result<Place, PortError> {
        for _ in 0..CONFLICTS_MAX {
            let place = self.next(controller, chain_of(&link.batch)).await?;
            if self.write(controller, place, link).await? {
                return Ok(place);
            }
        }
        Err(PortError::Conflict { what: "a chain of evidence" })
    }
}

/// How often a writer tries a next place when others take its own.
pub const CONFLICTS_MAX: u32 = 64;

/// The chain of a batch.
pub fn chain_of(batch: &BatchId) -> u8 {
    merkle::sha256(batch.as_str().as_bytes())[0] % CHAINS
}

impl Place {
    /// Where a leaf of the link stands, as people are told.
    pub fn leaf(self, position: usize) -> String {
        leaf_place(self.chain, self.number, position)
    }
}
