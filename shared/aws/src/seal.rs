//! Checkpoints of evidence: the chains as they lie in the bucket, and the key that signs where they stand.

use app::{
    chain::Place,
    error::PortError,
    seal::{Checkpoint, Head, Seals, SeenCheckpoint, SeenLink},
};
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::{
    evidence::merkle::{self, Hash},
    ids::ControllerId,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use wire::evidence::{
    self, Checkpoint as CheckpointLine, Head as HeadForm, Signed, VERSION, read,
    trust::{TrustedKey, fingerprint},
};

use crate::{Cloud, evidence::BUCKET, failure::unavailable};

const KEY: &str = "the evidence key";
const CHECKPOINT: &str = "a checkpoint";

/// Links that are read at once.
const READS_AT_ONCE: usize = 8;

/// A link as its file shows it: read as whoever verifies it offline reads it.
fn seen(controller: &ControllerId, place: Place, body: &[u8]) -> SeenLink {
    let torn = || {
        let line = body.split(|byte| *byte == b'\n').next().unwrap_or_default();
        SeenLink { hash: merkle::sha256(line), previous: merkle::NOTHING, is_whole: false }
    };
    let Ok(link) = read::link(body) else { return torn() };
    let is_placed = link.header.controller == controller.as_str()
        && link.header.chain == place.chain
        && link.header.number == place.number;
    match merkle::unhex(&link.header.previous) {
        Some(previous) if is_placed => SeenLink { hash: link.hash, previous, is_whole: true },
        _ => torn(),
    }
}

fn heads_of(forms: &[HeadForm]) -> Option<Vec<Head>> {
    let head_of = |head: &HeadForm| {
        let place = Place { chain: head.chain, number: head.number };
        Some(Head { place, hash: merkle::unhex(&head.hash)? })
    };
    forms.iter().map(head_of).collect()
}

/// A checkpoint as its file shows it; `None` if it is not what was written. A former key is one whose signature nobody
/// here can check any more.
fn read_checkpoint(
    controller: &ControllerId,
    number: u64,
    body: &[u8],
    public: &[u8],
    former_keys: &[String],
) -> Option<(Checkpoint, Hash)> {
    let read = read::checkpoint(body).ok()?;
    let form = &read.checkpoint;
    if form.controller != controller.as_str() || form.number != number {
        return None;
    }
    let key = TrustedKey::new(public)?;
    let line = body.split(|byte| *byte == b'\n').next()?;
    let is_ours = form.key == key.fingerprint;
    let is_good = if is_ours { key.signed(line, &read.signature) } else { former_keys.contains(&form.key) };
    if !is_good {
        return None;
    }
    let (previous, heads) = (merkle::unhex(&form.previous)?, heads_of(&form.heads)?);
    Some((Checkpoint { number, previous, at: read.at, heads }, read.hash))
}

impl Seals for Cloud {
    async fn newest_link(&self, controller: &ControllerId, chain: u8) -> Result<Option<u64>, PortError> {
        self.newest(&evidence::chain_prefix(controller, chain)).await
    }

    async fn links(
        &self,
        controller: &ControllerId,
        from: Place,
        count: u64,
    ) -> Result<Vec<Option<SeenLink>>, PortError> {
        let reads = (from.number..from.number.saturating_add(count)).map(async |number| {
            let place = Place { chain: from.chain, number };
            let body = self.evidence_file(&evidence::link_key(controller, place.chain, number)).await?;
            Ok(body.map(|body| seen(controller, place, &body)))
        });
        stream::iter(reads).buffered(READS_AT_ONCE).try_collect().await
    }

    async fn last_checkpoint(&self, controller: &ControllerId) -> Result<Option<SeenCheckpoint>, PortError> {
        let Some(number) = self.newest(&evidence::checkpoint_prefix(controller)).await? else { return Ok(None) };
        let body = self.evidence_file(&evidence::checkpoint_key(controller, number)).await?;
        let public = self.evidence_public_key().await?;
        let read =
            body.and_then(|body| read_checkpoint(controller, number, &body, public, self.former_evidence_keys()));
        Ok(Some(match read {
            Some((checkpoint, hash)) => SeenCheckpoint::Sealed { checkpoint, hash },
            None => SeenCheckpoint::Broken { number },
        }))
    }

    async fn put_checkpoint(&self, controller: &ControllerId, checkpoint: &Checkpoint) -> Result<bool, PortError> {
        let form = CheckpointLine {
            v: VERSION,
            controller: controller.to_string(),
            number: checkpoint.number,
            previous: merkle::hex(&checkpoint.previous),
            at: checkpoint.at.to_string(),
            heads: checkpoint
                .heads
                .iter()
                .map(|head| HeadForm {
                    chain: head.place.chain,
                    number: head.place.number,
                    hash: merkle::hex(&head.hash),
                })
                .collect(),
            key: fingerprint(self.evidence_public_key().await?),
        };
        let corrupt = |_| PortError::corrupt(CHECKPOINT, "it cannot be written");
        let mut body = serde_json::to_vec(&form).map_err(corrupt)?;
        let signature = BASE64_STANDARD.encode(self.sign_evidence(&merkle::sha256(&body)).await?);
        body.push(b'\n');
        body.extend(serde_json::to_vec(&Signed { signature }).map_err(corrupt)?);
        body.push(b'\n');
        self.put_evidence(&evidence::checkpoint_key(controller, checkpoint.number), body).await
    }
}

impl Cloud {
    async fn evidence_file(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        self.read_object(self.evidence_bucket()?, BUCKET, key, None).await
    }

    /// The public key as its SubjectPublicKeyInfo, asked for once an environment.
    async fn evidence_public_key(&self) -> Result<&[u8], PortError> {
        if let Some(public) = self.evidence_public.get() {
            return Ok(public);
        }
        let got = self.kms().get_public_key().key_id(self.evidence_key_id()?).send().await;
        let got = got.map_err(|error| unavailable(KEY, &error))?;
        let public = got.public_key.ok_or_else(|| PortError::corrupt(KEY, "it has no public part"))?.into_inner();
        Ok(self.evidence_public.get_or_init(|| public))
    }

    async fn sign_evidence(&self, digest: &Hash) -> Result<Vec<u8>, PortError> {
        let signed = self
            .kms()
            .sign()
            .key_id(self.evidence_key_id()?)
            .message(aws_sdk_kms::primitives::Blob::new(*digest))
            .message_type(MessageType::Digest)
            .signing_algorithm(SigningAlgorithmSpec::EcdsaSha256)
            .send()
            .await
            .map_err(|error| unavailable(KEY, &error))?;
        Ok(signed.signature.ok_or_else(|| PortError::corrupt(KEY, "it gave no signature"))?.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use ring::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
    };

    use super::*;

    /// A SubjectPublicKeyInfo up to its point (RFC 5480).
    const P256_BEFORE_ITS_POINT: [u8; 26] = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
        0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ];

    fn controller() -> ControllerId {
        ControllerId::parse("rfa").unwrap()
    }

    fn link(leaves: &[&str]) -> Vec<u8> {
        let header = evidence::Header {
            v: VERSION,
            controller: "rfa".into(),
            chain: 3,
            number: 1,
            previous: merkle::hex(&merkle::NOTHING),
            at: "2026-03-01T00:00:00Z".into(),
            kind: evidence::LinkKind::Events,
            batch: "AAAAAAAAAAAAAAAAAAAAAA".into(),
            intent: None,
            reason: None,
            leaves: leaves.len(),
            root: merkle::hex(&evidence::root_of(leaves.iter().map(|leaf| leaf.as_bytes()))),
        };
        let mut body = serde_json::to_string(&header).unwrap();
        for leaf in leaves {
            body = format!("{body}\n{leaf}");
        }
        format!("{body}\n").into_bytes()
    }

    #[test]
    fn a_link_is_whole_as_it_was_written_and_at_its_own_place_alone() {
        let place = Place { chain: 3, number: 1 };
        let leaf = |of: &[u8]| {
            let commitment = merkle::hex(&merkle::sha256(of));
            format!("{{\"event\":\"consent\",\"at\":\"2026-03-01T00:00:00Z\",\"commitment\":\"{commitment}\"}}")
        };
        let body = link(&[&leaf(b"one"), &leaf(b"other")]);
        let whole = seen(&controller(), place, &body);
        assert!(whole.is_whole && whole.previous == merkle::NOTHING);
        assert!(!seen(&controller(), Place { number: 2, ..place }, &body).is_whole);
        assert!(!seen(&controller(), Place { chain: 4, ..place }, &body).is_whole);
        assert!(!seen(&ControllerId::parse("zentry").unwrap(), place, &body).is_whole);
        assert!(!seen(&controller(), place, b"").is_whole);
        for position in 0..body.len() {
            let mut torn = body.clone();
            torn[position] ^= 1;
            let torn = seen(&controller(), place, &torn);
            assert!(!torn.is_whole || torn.hash != whole.hash, "byte {position}");
        }
    }

    #[test]
    fn a_checkpoint_that_another_key_signed_or_that_was_changed_is_not_taken() {
        let random = SystemRandom::new();
        let key = || {
            let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).unwrap()
        };
        let (ours, theirs) = (key(), key());
        let public_of = |key: &EcdsaKeyPair| [&P256_BEFORE_ITS_POINT[..], key.public_key().as_ref()].concat();
        let public = public_of(&ours);
        let file = |key: &EcdsaKeyPair, of: &[u8]| {
            let form = CheckpointLine {
                v: VERSION,
                controller: "rfa".into(),
                number: 2,
                previous: merkle::hex(&merkle::sha256(b"first")),
                at: "2026-03-01T00:00:00Z".into(),
                heads: vec![HeadForm { chain: 3, number: 1, hash: merkle::hex(&merkle::sha256(b"link")) }],
                key: merkle::hex(&merkle::sha256(of)),
            };
            let line = serde_json::to_string(&form).unwrap();
            let signature = BASE64_STANDARD.encode(key.sign(&random, line.as_bytes()).unwrap());
            format!("{line}\n{}\n", serde_json::to_string(&Signed { signature }).unwrap()).into_bytes()
        };
        let read = |body: &[u8], former: &[String]| read_checkpoint(&controller(), 2, body, &public, former);
        let good = file(&ours, &public);
        let (checkpoint, _) = read(&good, &[]).unwrap();
        assert_eq!(checkpoint.at, "2026-03-01T00:00:00Z".parse::<Timestamp>().unwrap());
        assert_eq!(checkpoint.heads[0].place, Place { chain: 3, number: 1 });

        assert!(read_checkpoint(&controller(), 3, &good, &public, &[]).is_none());
        assert!(read(&file(&theirs, &public), &[]).is_none(), "it only says that it is ours");
        let foreign = public_of(&theirs);
        assert!(read(&file(&theirs, &foreign), &[]).is_none());
        let former = [merkle::hex(&merkle::sha256(&foreign))];
        assert!(read(&file(&theirs, &foreign), &former).is_some(), "the operator vouches for a former key");
        for position in 0..good.len() {
            let mut changed = good.clone();
            changed[position] ^= 1;
            assert!(read(&changed, &[]).is_none(), "byte {position}");
        }
    }
}
