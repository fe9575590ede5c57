//! The daily checkpoint over a controller's chains of evidence: what came since the last one is checked, then where
//! each chain stands is signed.

use domain::{
    evidence::{
        CHAINS,
        merkle::{Hash, NOTHING},
    },
    ids::ControllerId,
};
use jiff::{SignedDuration, Timestamp};

use crate::{chain::Place, error::PortError};

/// How long after a checkpoint the next one is due. It comes even when nothing happened: who has only files learns from
/// it that the end of a chain was not cut off.
pub const SEAL_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// Links that are read at once.
const LINKS_PAGE_MAX: u64 = 64;

/// Most links of one chain that one run checks. A checkpoint covers what was checked; the next one goes on.
pub const CHAIN_LINKS_MAX: u64 = 2_000;

/// A link as it lies there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenLink {
    /// The hash of its header.
    pub hash: Hash,
    /// The hash of the header before it, as it says.
    pub previous: Hash,
    /// Whether it reads, stands where it says it does, and its leaves are those of its header.
    pub is_whole: bool,
}

/// Where a chain ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its last link.
    pub place: Place,
    /// That link's hash.
    pub hash: Hash,
}

/// A checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Its place among the controller's, from 1.
    pub number: u64,
    /// The hash of the one before it.
    pub previous: Hash,
    /// When it was made.
    pub at: Timestamp,
    /// Where each chain that has begun ends, by chain.
    pub heads: Vec<Head>,
}

/// The newest checkpoint, as it lies there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeenCheckpoint {
    /// It reads, and it is signed.
    Sealed {
        /// What it says.
        checkpoint: Checkpoint,
        /// The hash of its first line.
        hash: Hash,
    },
    /// It does not read, does not stand where it says it does, or the present key did not sign it though it says so.
    Broken {
        /// Which one it is, by its name.
        number: u64,
    },
}

/// The port to chains and checkpoints.
#[expect(async_fn_in_trait, reason = "functions run on one thread")]
pub trait Seals {
    /// The number of a chain's newest link. MUST see what was appended before.
    async fn newest_link(&self, controller: &ControllerId, chain: u8) -> Result<Option<u64>, PortError>;

    /// Some links of a chain, from this number on, in order; `None` for one that is not there.
    async fn links(
        &self,
        controller: &ControllerId,
        from: Place,
        count: u64,
    ) -> Result<Vec<Option<SeenLink>>, PortError>;

    /// The newest checkpoint.
    async fn last_checkpoint(&self, controller: &ControllerId) -> Result<Option<SeenCheckpoint>, PortError>;

    /// Signs a checkpoint and writes it where nobody can change or remove it. MUST NOT replace one that stands under
    /// its number: `false` then.
    async fn put_checkpoint(&self, controller: &ControllerId, checkpoint: &Checkpoint) -> Result<bool, PortError>;
}

/// What is wrong with a chain. Nothing is signed over it: who signs a broken chain mends it for the one who broke it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// This checkpoint is not what was written.
    Checkpoint(u64),
    /// A checkpoint names this link, and it is not there.
    Cut(Place),
    /// A checkpoint names this link, and it is another one now.
    Replaced(Place),
    /// A link is missing before others.
    Missing(Place),
    /// This link does not read, or its leaves are not those of its header.
    Torn(Place),
    /// This link does not follow on the one before it.
    Forked(Place),
}

impl Fault {
    /// What it is, for the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Checkpoint(_) => "checkpoint",
            Self::Cut(_) => "cut",
            Self::Replaced(_) => "replaced",
            Self::Missing(_) => "missing",
            Self::Torn(_) => "torn",
            Self::Forked(_) => "forked",
        }
    }

    /// Where it is: a link's chain and number, or a checkpoint's number.
    pub const fn place(self) -> (Option<u8>, u64) {
        match self {
            Self::Checkpoint(number) => (None, number),
            Self::Cut(place)
            | Self::Replaced(place)
            | Self::Missing(place)
            | Self::Torn(place)
            | Self::Forked(place) => (Some(place.chain), place.number),
        }
    }
}

/// What a run did for a controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sealing {
    /// The last checkpoint is younger than [`SEAL_EVERY`].
    NotDue {
        /// When it was made.
        last_at: Timestamp,
    },
    /// A checkpoint was made, or a dry run would have made it.
    Sealed {
        /// Which one.
        number: u64,
        /// How many links were checked for it.
        links: u64,
        /// Whether [`CHAIN_LINKS_MAX`] left some for the next one.
        more: bool,
    },
    /// Something is wrong, and nothing was signed.
    Broken {
        /// What.
        fault: Fault,
        /// When the last checkpoint was made that reads.
        last_at: Option<Timestamp>,
    },
}

/// Checks a controller's chains since the last checkpoint, and signs where they stand. A dry run only checks.
///
/// # Errors
/// [`PortError`]: nothing was signed, and the next run begins anew.
pub async fn seal<P: Seals>(
    ports: &P,
    controller: &ControllerId,
    at: Timestamp,
    dry_run: bool,
) -> Result<Sealing, PortError> {
    let (last, hash) = match ports.last_checkpoint(controller).await? {
        None => (None, NOTHING),
        Some(SeenCheckpoint::Sealed { checkpoint, hash }) => (Some(checkpoint), hash),
        Some(SeenCheckpoint::Broken { number }) => {
            return Ok(Sealing::Broken { fault: Fault::Checkpoint(number), last_at: None });
        }
    };
    let last_at = last.as_ref().map(|last| last.at);
    if let Some(last_at) = last_at
        && at.duration_since(last_at) < SEAL_EVERY
    {
        return Ok(Sealing::NotDue { last_at });
    }
    let mut next = Checkpoint { number: 1, previous: hash, at, heads: Vec::new() };
    if let Some(last) = &last {
        next.number = last.number + 1;
    }
    let (mut links, mut more) = (0, false);
    for chain in 0..CHAINS {
        let sealed = last.as_ref().and_then(|last| last.heads.iter().find(|head| head.place.chain == chain));
        let checked = match check(ports, controller, chain, sealed.copied()).await? {
            Ok(checked) => checked,
            Err(fault) => return Ok(Sealing::Broken { fault, last_at }),
        };
        links += checked.links;
        more |= checked.more;
        next.heads.extend(checked.head);
    }
    if !dry_run && !ports.put_checkpoint(controller, &next).await? {
        // Another run of the same hour was first, and checked the same.
        return Ok(Sealing::NotDue { last_at: at });
    }
    Ok(Sealing::Sealed { number: next.number, links, more })
}

struct Checked {
    head: Option<Head>,
    links: u64,
    more: bool,
}

/// Checks one chain from the link that the last checkpoint names, that one included.
async fn check<P: Seals>(
    ports: &P,
    controller: &ControllerId,
    chain: u8,
    sealed: Option<Head>,
) -> Result<Result<Checked, Fault>, PortError> {
    let newest = ports.newest_link(controller, chain).await?.unwrap_or(0);
    let first = sealed.map_or(1, |head| head.place.number);
    if let Some(sealed) = sealed
        && newest < first
    {
        return Ok(Err(Fault::Cut(sealed.place)));
    }
    let last = newest.min(first + CHAIN_LINKS_MAX);
    let (mut head, mut links, mut number) = (None, 0, first);
    while number <= last {
        let count = LINKS_PAGE_MAX.min(last - number + 1);
        let mut page = ports.links(controller, Place { chain, number }, count).await?.into_iter();
        for _ in 0..count {
            let place = Place { chain, number };
            match follow(place, page.next().flatten(), sealed, head) {
                Ok(hash) => head = Some(Head { place, hash }),
                Err(fault) => return Ok(Err(fault)),
            }
            links += 1;
            number += 1;
        }
    }
    Ok(Ok(Checked { head, links, more: last < newest }))
}

/// Whether a link follows on the one before it; its hash.
fn follow(place: Place, seen: Option<SeenLink>, sealed: Option<Head>, before: Option<Head>) -> Result<Hash, Fault> {
    let is_sealed = sealed.is_some_and(|head| head.place == place);
    let Some(seen) = seen else {
        return Err(if is_sealed { Fault::Cut(place) } else { Fault::Missing(place) });
    };
    if let Some(sealed) = sealed.filter(|_| is_sealed)
        && sealed.hash != seen.hash
    {
        return Err(Fault::Replaced(place));
    }
    if !seen.is_whole {
        return Err(Fault::Torn(place));
    }
    // Before the link that a checkpoint names lies what an earlier run checked.
    let previous = if is_sealed { seen.previous } else { before.map_or(NOTHING, |head| head.hash) };
    if seen.previous == previous { Ok(seen.hash) } else { Err(Fault::Forked(place)) }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use domain::evidence::merkle::sha256;

    use super::*;

    /// One chain, as it lies there, and the checkpoints over it.
    #[derive(Default)]
    struct Bucket {
        links: RefCell<Vec<Option<SeenLink>>>,
        checkpoints: RefCell<Vec<Checkpoint>>,
        is_broken: bool,
    }

    const CHAIN: u8 = 3;

    impl Bucket {
        fn append(&self, count: usize) {
            for _ in 0..count {
                let mut links = self.links.borrow_mut();
                let previous = links.last().and_then(Option::as_ref).map_or(NOTHING, |link| link.hash);
                let hash = sha256(format!("link {}", links.len()).as_bytes());
                links.push(Some(SeenLink { hash, previous, is_whole: true }));
            }
        }
    }

    impl Seals for Bucket {
        async fn newest_link(&self, _: &ControllerId, chain: u8) -> Result<Option<u64>, PortError> {
            let length = self.links.borrow().len() as u64;
            Ok((chain == CHAIN && length > 0).then_some(length))
        }

        async fn links(&self, _: &ControllerId, from: Place, count: u64) -> Result<Vec<Option<SeenLink>>, PortError> {
            let links = self.links.borrow();
            let first = usize::try_from(from.number).unwrap() - 1;
            Ok((first..).take(usize::try_from(count).unwrap()).map(|at| links.get(at).cloned().flatten()).collect())
        }

        async fn last_checkpoint(&self, _: &ControllerId) -> Result<Option<SeenCheckpoint>, PortError> {
            Ok(self.checkpoints.borrow().last().map(|last| {
                if self.is_broken {
                    return SeenCheckpoint::Broken { number: last.number };
                }
                SeenCheckpoint::Sealed { checkpoint: last.clone(), hash: sha256(&last.number.to_be_bytes()) }
            }))
        }

        async fn put_checkpoint(&self, _: &ControllerId, checkpoint: &Checkpoint) -> Result<bool, PortError> {
            self.checkpoints.borrow_mut().push(checkpoint.clone());
            Ok(true)
        }
    }

    fn day(number: i64) -> Timestamp {
        Timestamp::from_second(1_772_323_200 + number * 86_400).unwrap()
    }

    async fn run(bucket: &Bucket, at: Timestamp) -> Sealing {
        seal(bucket, &ControllerId::parse("rfa").unwrap(), at, false).await.unwrap()
    }

    async fn fault(bucket: &Bucket) -> Fault {
        let before = bucket.checkpoints.borrow().len();
        let Sealing::Broken { fault, .. } = run(bucket, day(9)).await else { panic!("nothing was found") };
        assert_eq!(bucket.checkpoints.borrow().len(), before, "nothing is signed over a fault");
        fault
    }

    /// Four links, a checkpoint over them, four more.
    async fn sealed() -> Bucket {
        let bucket = Bucket::default();
        bucket.append(4);
        assert_eq!(run(&bucket, day(0)).await, Sealing::Sealed { number: 1, links: 4, more: false });
        bucket.append(4);
        bucket
    }

    fn place(number: u64) -> Place {
        Place { chain: CHAIN, number }
    }

    #[tokio::test]
    async fn a_checkpoint_comes_each_day_even_when_nothing_happened() {
        let bucket = sealed().await;
        let later = day(1) - SignedDuration::from_secs(1);
        assert_eq!(run(&bucket, later).await, Sealing::NotDue { last_at: day(0) });
        // The link that the last checkpoint names is checked again.
        assert_eq!(run(&bucket, day(1)).await, Sealing::Sealed { number: 2, links: 5, more: false });
        assert_eq!(run(&bucket, day(2)).await, Sealing::Sealed { number: 3, links: 1, more: false });
        {
            let checkpoints = bucket.checkpoints.borrow();
            assert_eq!(checkpoints[0].previous, NOTHING);
            assert_eq!(checkpoints[1].previous, sha256(&1_u64.to_be_bytes()));
            assert_eq!(checkpoints[2].heads[0].place, place(8));
            assert_eq!(checkpoints[1].heads, checkpoints[2].heads);
        }

        let empty = Bucket::default();
        assert_eq!(run(&empty, day(0)).await, Sealing::Sealed { number: 1, links: 0, more: false });
        assert!(empty.checkpoints.borrow()[0].heads.is_empty());
    }

    #[tokio::test]
    async fn a_dry_run_signs_nothing() {
        let bucket = sealed().await;
        let controller = ControllerId::parse("rfa").unwrap();
        let sealing = seal(&bucket, &controller, day(1), true).await.unwrap();
        assert_eq!(sealing, Sealing::Sealed { number: 2, links: 5, more: false });
        assert_eq!(bucket.checkpoints.borrow().len(), 1);
    }

    #[tokio::test]
    async fn a_cut_end_is_seen_down_to_the_last_checkpoint() {
        let bucket = sealed().await;
        bucket.links.borrow_mut().truncate(3);
        assert_eq!(fault(&bucket).await, Fault::Cut(place(4)));
        let gone = sealed().await;
        gone.links.borrow_mut()[3] = None;
        assert_eq!(fault(&gone).await, Fault::Cut(place(4)));
    }

    #[tokio::test]
    async fn what_came_since_the_last_checkpoint_must_follow_link_by_link() {
        let changed = sealed().await;
        changed.links.borrow_mut()[3].as_mut().unwrap().hash = sha256(b"another");
        assert_eq!(fault(&changed).await, Fault::Replaced(place(4)));
        let missing = sealed().await;
        missing.links.borrow_mut()[5] = None;
        assert_eq!(fault(&missing).await, Fault::Missing(place(6)));
        let torn = sealed().await;
        torn.links.borrow_mut()[6].as_mut().unwrap().is_whole = false;
        assert_eq!(fault(&torn).await, Fault::Torn(place(7)));
        let forked = sealed().await;
        forked.links.borrow_mut()[7].as_mut().unwrap().previous = sha256(b"another");
        assert_eq!(fault(&forked).await, Fault::Forked(place(8)));
        let begun_elsewhere = Bucket::default();
        begun_elsewhere.append(2);
        begun_elsewhere.links.borrow_mut()[0].as_mut().unwrap().previous = sha256(b"another");
        assert_eq!(fault(&begun_elsewhere).await, Fault::Forked(place(1)));
    }

    #[tokio::test]
    async fn nothing_follows_on_a_checkpoint_that_is_not_what_was_written() {
        let bucket = Bucket { is_broken: true, ..sealed().await };
        assert_eq!(fault(&bucket).await, Fault::Checkpoint(1));
    }

    #[tokio::test]
    async fn a_long_chain_is_checked_in_parts_and_each_part_is_sealed() {
        let bucket = Bucket::default();
        let all = usize::try_from(CHAIN_LINKS_MAX).unwrap() + 10;
        bucket.append(all);
        let Sealing::Sealed { number: 1, links, more: true } = run(&bucket, day(0)).await else {
            panic!("all at once")
        };
        assert!(links > CHAIN_LINKS_MAX && links < all as u64);
        assert!(matches!(run(&bucket, day(1)).await, Sealing::Sealed { number: 2, more: false, .. }));
        assert_eq!(bucket.checkpoints.borrow()[1].heads[0].place, place(all as u64));
    }
}
