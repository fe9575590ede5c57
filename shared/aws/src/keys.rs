//! Keys: KMS wraps a controller's key, it wraps subjects' keys, they seal fields
//! (`docs/DATA_MODEL.md`, fields).

use std::{collections::HashMap, fmt, sync::Arc};

use app::{
    error::PortError,
    keys::{ControllerKeys, Keys},
};
use aws_sdk_dynamodb::{
    operation::{delete_item::DeleteItemError, put_item::PutItemError},
    primitives::Blob,
    types::ReturnValuesOnConditionCheckFailure,
};
use aws_sdk_kms::{primitives::Blob as KmsBlob, types::DataKeySpec};
use domain::{
    ids::{ControllerId, Pepper, SubjectRef},
    system::SystemsKey,
    token::TokenKey,
};
use jiff::Timestamp;
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest, hkdf,
    rand::{SecureRandom, SystemRandom},
};
use zeroize::Zeroizing;

use crate::{
    Cloud,
    failure::unavailable,
    table::{
        Item,
        keys::{ItemKey, controller_partition, subject_partition},
        number, text, time,
    },
};

const TABLE: &str = "the key table";
const KMS: &str = "KMS";
const SUBJECT_KEY: &str = "a subject's key";
const CONTROLLER_KEY: &str = "a controller's key";
const FIELD: &str = "a sealed field";

/// The version of peppers that are derived from controller keys.
const PEPPER_VERSION: u8 = 1;

/// The encryption context under which KMS wraps a controller's key.
const CONTEXT: &str = "habeas:controller";

/// How much of a key's name stands in what it sealed.
const KEY_NAME_BYTES: usize = 8;

/// A controller's keys as one environment holds them: got by one call to KMS, kept until it ends.
struct Ring {
    public: Arc<ControllerKeys>,
    wrap: LessSafeKey,
}

/// The rings of an environment. The lock is held while one is fetched, so that it is fetched once.
#[derive(Default)]
pub(crate) struct KeyRing(tokio::sync::Mutex<HashMap<ControllerId, Arc<Ring>>>);

/// A subject's key, opened. It lives no longer than the call that needs it: a destroyed key must not
/// go on in a warm function.
pub(crate) struct SubjectKey {
    name: [u8; KEY_NAME_BYTES],
    key: LessSafeKey,
}

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubjectKey(…)")
    }
}

impl SubjectKey {
    fn new(wrapped: &[u8], secret: &[u8]) -> Result<Self, PortError> {
        // Each wrapping has a nonce of its own, so its hash names this key and no later one.
        let hash = digest::digest(&digest::SHA256, wrapped);
        let mut name = [0; KEY_NAME_BYTES];
        name.copy_from_slice(&hash.as_ref()[..KEY_NAME_BYTES]);
        Ok(Self { name, key: aes(secret, SUBJECT_KEY)? })
    }

    /// Seals a field of an item: name of the key, nonce, ciphertext.
    pub(crate) fn seal(&self, item: &ItemKey, plain: &[u8]) -> Result<Vec<u8>, PortError> {
        self.seal_in(&associated(item), plain)
    }

    /// Seals something in its place.
    fn seal_in(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, PortError> {
        let mut sealed = self.name.to_vec();
        sealed.extend(encrypt(&self.key, place.as_bytes(), plain)?);
        Ok(sealed)
    }

    /// Opens a field of an item; `None` if it was sealed under a key that has since been destroyed.
    pub(crate) fn open(&self, item: &ItemKey, sealed: &[u8]) -> Result<Option<Vec<u8>>, PortError> {
        self.open_in(&associated(item), sealed)
    }

    /// Opens something in its place, as [`SubjectKey::open`] does.
    fn open_in(&self, place: &str, sealed: &[u8]) -> Result<Option<Vec<u8>>, PortError> {
        let (name, sealed) =
            sealed.split_at_checked(KEY_NAME_BYTES).ok_or_else(|| PortError::corrupt(FIELD, "it is too short"))?;
        if name != self.name {
            return Ok(None);
        }
        decrypt(&self.key, place.as_bytes(), sealed)
            .map(Some)
            .ok_or_else(|| PortError::corrupt(FIELD, "it does not open"))
    }
}

/// A sealed field belongs to its item and can't be moved to another.
fn associated(item: &ItemKey) -> String {
    format!("{}|{}|v1", item.pk(), item.sk())
}

/// So does a sealed object belong to its name.
fn object_place(object: &str) -> String {
    format!("object|{object}|v1")
}

fn aes(secret: &[u8], what: &'static str) -> Result<LessSafeKey, PortError> {
    UnboundKey::new(&AES_256_GCM, secret)
        .map(LessSafeKey::new)
        .map_err(|_| PortError::corrupt(what, "it has another length"))
}

fn random_bytes<const N: usize>() -> Result<[u8; N], PortError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| PortError::unavailable("randomness", "the system gave none"))?;
    Ok(bytes)
}

/// Nonce, then ciphertext with its tag.
fn encrypt(key: &LessSafeKey, associated: &[u8], plain: &[u8]) -> Result<Vec<u8>, PortError> {
    let nonce = random_bytes::<NONCE_LEN>()?;
    let mut buffer = plain.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(associated), &mut buffer)
        .map_err(|_| PortError::corrupt(FIELD, "it is too long to seal"))?;
    let mut sealed = nonce.to_vec();
    sealed.append(&mut buffer);
    Ok(sealed)
}

fn decrypt(key: &LessSafeKey, associated: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, ciphertext) = sealed.split_at_checked(NONCE_LEN)?;
    let mut buffer = ciphertext.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let length = key.open_in_place(nonce, Aad::from(associated), &mut buffer).ok()?.len();
    buffer.truncate(length);
    Some(buffer)
}

struct Bytes32;

impl hkdf::KeyType for Bytes32 {
    fn len(&self) -> usize {
        32
    }
}

/// The keys of a controller, each derived under a label of its own: none tells of another.
fn derive(secret: &[u8]) -> Result<Ring, PortError> {
    if secret.len() != 32 {
        return Err(PortError::corrupt(CONTROLLER_KEY, "it has another length"));
    }
    let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"habeas").extract(secret);
    let derived = |label: &str| {
        let mut bytes = Zeroizing::new([0; 32]);
        root.expand(&[label.as_bytes()], Bytes32)
            .and_then(|key| key.fill(bytes.as_mut()))
            .map_err(|_| PortError::corrupt(CONTROLLER_KEY, "it derives nothing"))?;
        Ok::<_, PortError>(bytes)
    };
    let pepper = |version| Ok::<_, PortError>(Pepper::new(version, &*derived(&format!("habeas pepper {version}"))?));
    let earlier = (1..PEPPER_VERSION).map(pepper).collect::<Result<_, _>>()?;
    let pepper = pepper(PEPPER_VERSION)?;
    let tokens = TokenKey::new(&*derived("habeas tokens 1")?);
    let systems = SystemsKey::new(&*derived("habeas systems 1")?);
    let wrap = aes(derived("habeas wrap 1")?.as_ref(), CONTROLLER_KEY)?;
    Ok(Ring { public: Arc::new(ControllerKeys { pepper, earlier, tokens, systems }), wrap })
}

fn wrapped_of(item: &Item, what: &'static str) -> Result<Vec<u8>, PortError> {
    let wrapped = item.get("wrapped").and_then(|wrapped| wrapped.as_b().ok());
    wrapped.map(|wrapped| wrapped.as_ref().to_vec()).ok_or_else(|| PortError::corrupt(what, "it is not there"))
}

impl Keys for Cloud {
    async fn controller(&self, controller: &ControllerId) -> Result<Arc<ControllerKeys>, PortError> {
        Ok(Arc::clone(&self.ring_of(controller).await?.public))
    }

    async fn destroy_subject_key(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        made_until: Timestamp,
    ) -> Result<(), PortError> {
        let deleted = self
            .dynamodb()
            .delete_item()
            .table_name(self.key_table()?)
            .key("pk", text(subject_partition(controller, subject)))
            .condition_expression("attribute_not_exists(pk) OR made_at <= :until")
            .expression_attribute_values(":until", time(made_until))
            .send()
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                // It was made later, for what the person gave since.
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(unavailable(TABLE, &error)),
            },
        }
    }

    fn random(&self) -> Result<[u8; 16], PortError> {
        random_bytes()
    }
}

impl Cloud {
    async fn ring_of(&self, controller: &ControllerId) -> Result<Arc<Ring>, PortError> {
        let mut rings = self.ring.0.lock().await;
        if let Some(ring) = rings.get(controller) {
            return Ok(Arc::clone(ring));
        }
        let ring = Arc::new(self.fetch(controller).await?);
        rings.insert(controller.clone(), Arc::clone(&ring));
        Ok(ring)
    }

    async fn fetch(&self, controller: &ControllerId) -> Result<Ring, PortError> {
        let pk = controller_partition(controller);
        if let Some(item) = self.key_item(&pk).await? {
            return self.unwrap_controller(controller, wrapped_of(&item, CONTROLLER_KEY)?).await;
        }
        let made = self
            .kms()
            .generate_data_key()
            .key_id(self.key_id()?)
            .key_spec(DataKeySpec::Aes256)
            .encryption_context(CONTEXT, controller.as_str())
            .send()
            .await
            .map_err(|error| unavailable(KMS, &error))?;
        let (Some(secret), Some(wrapped)) = (made.plaintext, made.ciphertext_blob) else {
            return Err(PortError::corrupt(CONTROLLER_KEY, "KMS made none"));
        };
        let secret = Zeroizing::new(secret.into_inner());
        let item = Item::from([
            ("pk".to_owned(), text(pk)),
            ("v".to_owned(), number(1)),
            ("wrapped".to_owned(), aws_sdk_dynamodb::types::AttributeValue::B(Blob::new(wrapped.into_inner()))),
        ]);
        match self.put_key(item).await? {
            None => derive(&secret),
            // Another first user was faster: theirs is the controller's key.
            Some(first) => self.unwrap_controller(controller, wrapped_of(&first, CONTROLLER_KEY)?).await,
        }
    }

    async fn unwrap_controller(&self, controller: &ControllerId, wrapped: Vec<u8>) -> Result<Ring, PortError> {
        let opened = self
            .kms()
            .decrypt()
            .key_id(self.key_id()?)
            .ciphertext_blob(KmsBlob::new(wrapped))
            .encryption_context(CONTEXT, controller.as_str())
            .send()
            .await
            .map_err(|error| unavailable(KMS, &error))?;
        let secret = opened.plaintext.ok_or_else(|| PortError::corrupt(CONTROLLER_KEY, "KMS opened none"))?;
        derive(&Zeroizing::new(secret.into_inner()))
    }

    async fn key_item(&self, pk: &str) -> Result<Option<Item>, PortError> {
        let got = self
            .dynamodb()
            .get_item()
            .table_name(self.key_table()?)
            .key("pk", text(pk))
            .consistent_read(true)
            .send()
            .await;
        got.map(|output| output.item).map_err(|error| unavailable(TABLE, &error))
    }

    /// Writes a key unless one stands there; answers the one that does.
    async fn put_key(&self, item: Item) -> Result<Option<Item>, PortError> {
        let put = self
            .dynamodb()
            .put_item()
            .table_name(self.key_table()?)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match put {
            Ok(_) => Ok(None),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => failed
                    .item
                    .clone()
                    .map(Some)
                    .ok_or_else(|| PortError::corrupt(TABLE, "a refused write did not show its item")),
                _ => Err(unavailable(TABLE, &error)),
            },
        }
    }

    /// The subject's key; `None` if there is none any more, or none yet.
    pub(crate) async fn subject_key(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
    ) -> Result<Option<SubjectKey>, PortError> {
        let pk = subject_partition(controller, subject);
        let Some(item) = self.key_item(&pk).await? else { return Ok(None) };
        self.unwrap_subject(controller, &pk, &item).await.map(Some)
    }

    async fn unwrap_subject(&self, controller: &ControllerId, pk: &str, item: &Item) -> Result<SubjectKey, PortError> {
        let ring = self.ring_of(controller).await?;
        let wrapped = wrapped_of(item, SUBJECT_KEY)?;
        let secret = decrypt(&ring.wrap, pk.as_bytes(), &wrapped)
            .map(Zeroizing::new)
            .ok_or_else(|| PortError::corrupt(SUBJECT_KEY, "it does not open"))?;
        SubjectKey::new(&wrapped, &secret)
    }

    /// The subject's key, made at that time if there is none.
    async fn subject_key_or_new(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        at: Timestamp,
    ) -> Result<SubjectKey, PortError> {
        let pk = subject_partition(controller, subject);
        if let Some(item) = self.key_item(&pk).await? {
            return self.unwrap_subject(controller, &pk, &item).await;
        }
        let ring = self.ring_of(controller).await?;
        let secret = Zeroizing::new(random_bytes::<32>()?);
        let wrapped = encrypt(&ring.wrap, pk.as_bytes(), secret.as_ref())?;
        let item = Item::from([
            ("pk".to_owned(), text(pk.as_str())),
            ("v".to_owned(), number(1)),
            ("made_at".to_owned(), time(at)),
            ("wrapped".to_owned(), aws_sdk_dynamodb::types::AttributeValue::B(Blob::new(wrapped.clone()))),
        ]);
        match self.put_key(item).await? {
            None => SubjectKey::new(&wrapped, secret.as_ref()),
            Some(first) => self.unwrap_subject(controller, &pk, &first).await,
        }
    }

    /// Seals a field of an item under its subject's key, which is made at that time if there is none.
    pub(crate) async fn seal(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        item: &ItemKey,
        plain: &[u8],
        at: Timestamp,
    ) -> Result<Vec<u8>, PortError> {
        self.subject_key_or_new(controller, subject, at).await?.seal(item, plain)
    }

    /// Seals an object of a bucket under a subject's key, as [`Cloud::seal`] does a field.
    pub(crate) async fn seal_object(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        object: &str,
        plain: &[u8],
        at: Timestamp,
    ) -> Result<Vec<u8>, PortError> {
        self.subject_key_or_new(controller, subject, at).await?.seal_in(&object_place(object), plain)
    }

    /// Opens an object; `None` if the key it was sealed under is gone.
    pub(crate) async fn open_object(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        object: &str,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, PortError> {
        match self.subject_key(controller, subject).await? {
            Some(key) => key.open_in(&object_place(object), sealed),
            None => Ok(None),
        }
    }

    /// Opens a field of an item; `None` if the key it was sealed under is gone.
    pub(crate) async fn open(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        item: &ItemKey,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, PortError> {
        match self.subject_key(controller, subject).await? {
            Some(key) => key.open(item, sealed),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::CaptureId;

    use super::*;

    fn item(id: &str) -> ItemKey {
        let subject = SubjectRef::parse("1.AAAAAAAAAAAAAAAAAAAAAA").unwrap();
        ItemKey::Consent(ControllerId::parse("scantrust").unwrap(), subject, CaptureId::parse(id).unwrap())
    }

    #[test]
    fn a_sealed_field_opens_in_its_item_alone() {
        let key = SubjectKey::new(b"wrapped", &[1; 32]).unwrap();
        let (here, there) = (item("AAAAAAAAAAAAAAAAAAAAAA"), item("BBBBBBBBBBBBBBBBBBBBBA"));
        let sealed = key.seal(&here, b"ada@example.com").unwrap();
        assert_eq!(key.open(&here, &sealed).unwrap().unwrap(), b"ada@example.com");
        assert!(key.open(&there, &sealed).is_err());
        assert!(key.open(&here, b"short").is_err());
    }

    #[test]
    fn a_sealed_object_opens_under_its_name_alone() {
        let key = SubjectKey::new(b"wrapped", &[1; 32]).unwrap();
        let sealed = key.seal_in(&object_place("systems/v1/rfa/a/crm"), b"{}").unwrap();
        assert_eq!(key.open_in(&object_place("systems/v1/rfa/a/crm"), &sealed).unwrap().unwrap(), b"{}");
        assert!(key.open_in(&object_place("systems/v1/rfa/a/shop"), &sealed).is_err());
        assert!(key.open(&item("AAAAAAAAAAAAAAAAAAAAAA"), &sealed).is_err());
    }

    #[test]
    fn what_an_earlier_key_sealed_is_gone_and_not_corrupt() {
        let here = item("AAAAAAAAAAAAAAAAAAAAAA");
        let sealed = SubjectKey::new(b"first", &[1; 32]).unwrap().seal(&here, b"x").unwrap();
        assert_eq!(SubjectKey::new(b"second", &[2; 32]).unwrap().open(&here, &sealed).unwrap(), None);
    }

    #[test]
    fn each_derived_key_is_another() {
        let ring = derive(&[7; 32]).unwrap();
        let identifier = domain::ids::Identifier::parse(domain::ids::IdentifierKind::Mail, "a@example.com").unwrap();
        let here = ring.public.pepper.subject(&identifier);
        assert_ne!(here, Pepper::new(1, &[7; 32]).subject(&identifier));
        assert_ne!(here, derive(&[8; 32]).unwrap().public.pepper.subject(&identifier));
        assert!(derive(&[7; 16]).is_err());
    }
}
