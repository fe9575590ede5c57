//! What a certificate is drawn from: the headers behind a link, and the first checkpoint that covers it.

use app::{certificate::EvidenceFiles, chain::Place, error::PortError};
use domain::ids::ControllerId;
use wire::evidence::{Checkpoint, proof::PATH_HEADERS_MAX, read};

/// How many headers are read at once.
const HEADERS_AT_ONCE: u64 = 32;

const EVIDENCE: &str = "the evidence";

/// Evidence from which no certificate can be drawn.
pub fn corrupt() -> PortError {
    PortError::corrupt(EVIDENCE, "no certificate can be drawn from it")
}

/// The headers of a chain from a link on, read as far as they are needed.
#[derive(Debug)]
pub struct Headers {
    first: u64,
    next: Place,
    lines: Vec<String>,
}

impl Headers {
    /// From that link on. Nothing is read yet.
    pub const fn from(link: Place) -> Self {
        Self { first: link.number, next: link, lines: Vec::new() }
    }

    /// Those that were read.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Reads some more; `false`: the chain ends here, or a certificate spells out no more.
    ///
    /// # Errors
    /// [`PortError`].
    pub async fn more<P: EvidenceFiles>(&mut self, ports: &P, controller: &ControllerId) -> Result<bool, PortError> {
        if self.lines.len() >= PATH_HEADERS_MAX {
            return Ok(false);
        }
        let lines = ports.header_lines(controller, self.next, HEADERS_AT_ONCE).await?;
        self.next.number += lines.len() as u64;
        let is_more = !lines.is_empty();
        for line in lines {
            self.lines.push(String::from_utf8(line).map_err(|_| corrupt())?);
        }
        Ok(is_more)
    }

    /// The headers to the first checkpoint that covers a link of theirs, and that checkpoint's file. `None`: there is
    /// none yet, or it lies so far that the path stays with the evidence, where the verifier follows it.
    ///
    /// # Errors
    /// [`PortError`].
    pub async fn to_checkpoint<P: EvidenceFiles>(
        mut self,
        ports: &P,
        controller: &ControllerId,
        link: u64,
    ) -> Result<Option<(Vec<String>, Vec<u8>)>, PortError> {
        let chain = self.next.chain;
        // Heads only grow from one checkpoint to the next.
        let covers = |checkpoint: &Checkpoint| head_of(checkpoint, chain).is_some_and(|head| head >= link);
        let Some((checkpoint, file)) = first_checkpoint(ports, controller, covers).await? else { return Ok(None) };
        let head = head_of(&checkpoint, chain).ok_or_else(corrupt)?;
        let length = usize::try_from(head + 1 - self.first).ok().filter(|length| *length <= PATH_HEADERS_MAX);
        let Some(length) = length else { return Ok(None) };
        while self.lines.len() < length {
            if !self.more(ports, controller).await? {
                return Err(corrupt());
            }
        }
        self.lines.truncate(length);
        Ok(Some((self.lines, file)))
    }
}

/// The last link of a chain that a checkpoint covers.
pub fn head_of(checkpoint: &Checkpoint, chain: u8) -> Option<u64> {
    checkpoint.heads.iter().find(|head| head.chain == chain).map(|head| head.number)
}

/// The first checkpoint of which something holds that holds of all later ones as well, and its file.
///
/// # Errors
/// [`PortError`].
pub async fn first_checkpoint<P: EvidenceFiles>(
    ports: &P,
    controller: &ControllerId,
    holds: impl Fn(&Checkpoint) -> bool,
) -> Result<Option<(Checkpoint, Vec<u8>)>, PortError> {
    let Some(last) = ports.last_checkpoint(controller).await? else { return Ok(None) };
    let (mut low, mut high, mut found) = (1, last, None);
    while low <= high {
        let middle = low + (high - low) / 2;
        let file = ports.checkpoint_file(controller, middle).await?.ok_or_else(corrupt)?;
        let read = read::checkpoint(&file).map_err(|_| corrupt())?;
        if holds(&read.checkpoint) {
            found = Some((read.checkpoint, file));
            high = middle - 1;
        } else {
            low = middle + 1;
        }
    }
    Ok(found)
}
