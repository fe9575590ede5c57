//! A controller's keys as one environment holds them.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::Arc,
};

use app::{error::PortError, keys::ControllerKeys};
use domain::{
    ids::{ControllerId, Pepper},
    system::SystemsKey,
    token::TokenKey,
};
use ring::{aead::LessSafeKey, hkdf};
use zeroize::Zeroizing;

use super::{
    CONTROLLER_KEY,
    field::{aes, decrypt, encrypt},
};
use crate::random::random_bytes;

/// The version of peppers that are derived from controller keys.
const PEPPER_VERSION: u8 = 1;

/// The length of every secret.
const SECRET_BYTES: usize = 32;

/// The length of a wrapping secret with its version before it.
const WRAP_BYTES: usize = 4 + SECRET_BYTES;

/// The version of the wrapping that is derived from a controller's first secret.
const FIRST_WRAP: u32 = 1;

/// Most controllers whose keys an environment holds at once.
const RINGS_MAX: usize = 256;

/// What KMS wraps for a controller: the secret that its pepper and token keys are derived from, and those under which
/// its keys of fields are wrapped, by version. There are two while they are wrapped again.
pub(super) struct Secrets {
    root: Zeroizing<Vec<u8>>,
    wraps: BTreeMap<u32, Zeroizing<Vec<u8>>>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").field("wraps", &self.wraps.keys()).finish_non_exhaustive()
    }
}

impl Secrets {
    /// Reads what KMS opened: one secret as it was made, or after it those of wrapping.
    pub(super) fn read(plain: &[u8]) -> Result<Self, PortError> {
        let malformed = || PortError::corrupt(CONTROLLER_KEY, "it has another length");
        let (root, rest) = plain.split_at_checked(SECRET_BYTES).ok_or_else(malformed)?;
        let root = Zeroizing::new(root.to_vec());
        let mut wraps = BTreeMap::new();
        if rest.is_empty() {
            wraps.insert(FIRST_WRAP, Zeroizing::new(derived(&root, "habeas wrap 1")?.to_vec()));
        }
        let entries = rest.chunks_exact(WRAP_BYTES);
        if !entries.remainder().is_empty() {
            return Err(malformed());
        }
        for entry in entries {
            let (version, secret) = entry.split_first_chunk::<4>().ok_or_else(malformed)?;
            wraps.insert(u32::from_be_bytes(*version), Zeroizing::new(secret.to_vec()));
        }
        Ok(Self { root, wraps })
    }

    /// What KMS is given to wrap.
    pub(super) fn plain(&self) -> Zeroizing<Vec<u8>> {
        let mut plain = Zeroizing::new(self.root.to_vec());
        for (version, secret) in &self.wraps {
            plain.extend_from_slice(&version.to_be_bytes());
            plain.extend_from_slice(secret);
        }
        plain
    }

    /// The version under which keys are wrapped now: the latest.
    pub(super) fn current(&self) -> u32 {
        self.wraps.keys().next_back().copied().unwrap_or(FIRST_WRAP)
    }

    /// Whether keys may still be wrapped under an earlier version.
    pub(super) fn is_rotating(&self) -> bool {
        self.wraps.len() > 1
    }

    /// Adds a secret of a new version.
    pub(super) fn rotate(&mut self) -> Result<(), PortError> {
        let secret = Zeroizing::new(random_bytes::<SECRET_BYTES>()?);
        self.wraps.insert(self.current() + 1, Zeroizing::new(secret.to_vec()));
        Ok(())
    }

    /// Drops all versions but the latest.
    pub(super) fn settle(&mut self) {
        let current = self.current();
        self.wraps.retain(|version, _| *version == current);
    }

    /// The keys: those that hash and sign each derived under a label of its own, so that none tells of another.
    pub(super) fn ring(&self) -> Result<Ring, PortError> {
        let pepper = |version| {
            Ok::<_, PortError>(Pepper::new(version, &*derived(&self.root, &format!("habeas pepper {version}"))?))
        };
        let earlier = (1..PEPPER_VERSION).map(pepper).collect::<Result<_, _>>()?;
        let pepper = pepper(PEPPER_VERSION)?;
        let tokens = TokenKey::new(&*derived(&self.root, "habeas tokens 1")?);
        let systems = SystemsKey::new(&*derived(&self.root, "habeas systems 1")?);
        let wraps = self.wraps.iter().map(|(version, secret)| Ok((*version, aes(secret, CONTROLLER_KEY)?)));
        let wraps = wraps.collect::<Result<BTreeMap<_, _>, PortError>>()?;
        Ok(Ring { public: Arc::new(ControllerKeys { pepper, earlier, tokens, systems }), wraps })
    }
}

struct Bytes32;

impl hkdf::KeyType for Bytes32 {
    fn len(&self) -> usize {
        SECRET_BYTES
    }
}

fn derived(secret: &[u8], label: &str) -> Result<Zeroizing<[u8; SECRET_BYTES]>, PortError> {
    let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
    let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"habeas").extract(secret);
    root.expand(&[label.as_bytes()], Bytes32)
        .and_then(|key| key.fill(bytes.as_mut()))
        .map_err(|_| PortError::corrupt(CONTROLLER_KEY, "it derives nothing"))?;
    Ok(bytes)
}

/// A controller's keys: got by one call to KMS, kept until the environment ends.
pub(super) struct Ring {
    pub(super) public: Arc<ControllerKeys>,
    wraps: BTreeMap<u32, LessSafeKey>,
}

impl Ring {
    /// Wraps a key that lies there under the latest version, which it answers.
    pub(super) fn wrap(&self, pk: &str, secret: &[u8]) -> Result<(u32, Vec<u8>), PortError> {
        let (version, wrap) =
            self.wraps.last_key_value().ok_or_else(|| PortError::corrupt(CONTROLLER_KEY, "it wraps nothing"))?;
        Ok((*version, encrypt(wrap, pk.as_bytes(), secret)?))
    }

    /// Whether it has the secret of that version.
    pub(super) fn knows(&self, version: u32) -> bool {
        self.wraps.contains_key(&version)
    }

    /// Opens a key that lies there; `None` if it does not open.
    pub(super) fn unwrap(&self, pk: &str, version: u32, wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        decrypt(self.wraps.get(&version)?, pk.as_bytes(), wrapped).map(Zeroizing::new)
    }
}

/// The rings of an environment: so many, the oldest goes first.
#[derive(Default)]
pub(super) struct Rings(VecDeque<(ControllerId, Arc<Ring>)>);

impl Rings {
    pub(super) fn get(&self, controller: &ControllerId) -> Option<Arc<Ring>> {
        let found = self.0.iter().find(|(known, _)| known == controller);
        found.map(|(_, ring)| Arc::clone(ring))
    }

    pub(super) fn insert(&mut self, controller: ControllerId, ring: Arc<Ring>) {
        self.forget(&controller);
        if self.0.len() >= RINGS_MAX {
            self.0.pop_front();
        }
        self.0.push_back((controller, ring));
    }

    pub(super) fn forget(&mut self, controller: &ControllerId) {
        self.0.retain(|(known, _)| known != controller);
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::{Identifier, IdentifierKind};

    use super::*;

    const PK: &str = "C#scantrust#S#1.AAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn each_derived_key_is_another() {
        let ring = Secrets::read(&[7; 32]).unwrap().ring().unwrap();
        let identifier = Identifier::parse(IdentifierKind::Mail, "a@example.com").unwrap();
        let here = ring.public.pepper.subject(&identifier);
        let other = Secrets::read(&[8; 32]).unwrap().ring().unwrap();
        assert_ne!(here, Pepper::new(1, &[7; 32]).subject(&identifier));
        assert_ne!(here, other.public.pepper.subject(&identifier));
    }

    #[test]
    fn secrets_are_read_as_they_were_written_and_nothing_else_is() {
        let mut secrets = Secrets::read(&[7; 32]).unwrap();
        secrets.rotate().unwrap();
        let read = Secrets::read(&secrets.plain()).unwrap();
        assert_eq!(read.plain(), secrets.plain());
        assert_eq!((read.current(), read.is_rotating()), (2, true));
        for length in [0, 16, 31, 33, 67, 69] {
            assert!(Secrets::read(&vec![7; length]).is_err(), "{length}");
        }
    }

    #[test]
    fn a_rotation_opens_what_the_earlier_version_wrapped_until_it_is_settled() {
        let mut secrets = Secrets::read(&[7; 32]).unwrap();
        let before = secrets.ring().unwrap();
        let (version, wrapped) = before.wrap(PK, b"secret").unwrap();
        secrets.rotate().unwrap();
        let during = secrets.ring().unwrap();
        assert_eq!(during.unwrap(PK, version, &wrapped).unwrap().as_slice(), b"secret");
        let (later, again) = during.wrap(PK, b"secret").unwrap();
        assert_eq!((version, later, before.knows(later)), (1, 2, false));
        secrets.settle();
        let after = Secrets::read(&secrets.plain()).unwrap().ring().unwrap();
        assert_eq!(after.unwrap(PK, later, &again).unwrap().as_slice(), b"secret");
        assert!(after.unwrap(PK, version, &wrapped).is_none() && !after.knows(version));
        // Pepper and tokens stay: references and links go on.
        let identifier = Identifier::parse(IdentifierKind::Mail, "a@example.com").unwrap();
        assert_eq!(before.public.pepper.subject(&identifier), after.public.pepper.subject(&identifier));
    }

    #[test]
    fn an_environment_holds_so_many_rings_and_lets_the_oldest_go() {
        let ring = Arc::new(Secrets::read(&[7; 32]).unwrap().ring().unwrap());
        let controller = |n: usize| ControllerId::parse(&format!("c{n}")).unwrap();
        let mut rings = Rings::default();
        for n in 0..=RINGS_MAX {
            rings.insert(controller(n), Arc::clone(&ring));
        }
        assert_eq!(rings.0.len(), RINGS_MAX);
        assert!(rings.get(&controller(0)).is_none() && rings.get(&controller(RINGS_MAX)).is_some());
        rings.insert(controller(RINGS_MAX), ring);
        assert_eq!(rings.0.len(), RINGS_MAX);
    }
}
