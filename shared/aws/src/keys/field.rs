//! Keys that seal fields: what they seal carries their names, so that what an earlier, destroyed key sealed reads
//! as gone, not as corrupt.

use std::fmt;

use app::error::PortError;
use aws_sdk_dynamodb::types::ConditionCheck;
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest,
};

use super::{FIELD_KEY, bytes};
use crate::{
    random::random_bytes,
    table::{Item, keys::ItemKey, text},
};

const FIELD: &str = "a sealed field";

/// How much of a key's name stands in what it sealed.
pub(super) const KEY_NAME_BYTES: usize = 8;

/// A key that seals fields, opened: a subject's, or a day's. It lives no longer than the call that needs it:
/// a destroyed key must not go on in a warm function.
pub(crate) struct FieldKey {
    /// Where it lies in the table of keys.
    pub(super) pk: String,
    pub(super) name: [u8; KEY_NAME_BYTES],
    /// Its wrapping, if its item is from before items carried names.
    pub(super) unnamed: Option<Vec<u8>>,
    key: LessSafeKey,
}

impl fmt::Debug for FieldKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FieldKey(…)")
    }
}

impl FieldKey {
    pub(super) fn new(pk: &str, name: [u8; KEY_NAME_BYTES], secret: &[u8]) -> Result<Self, PortError> {
        Ok(Self { pk: pk.to_owned(), name, unnamed: None, key: aes(secret, FIELD_KEY)? })
    }

    /// That this key stands, and no later one in its place.
    pub(crate) fn stands(&self, key_table: &str) -> Result<ConditionCheck, PortError> {
        let check = ConditionCheck::builder()
            .table_name(key_table)
            .key("pk", text(self.pk.as_str()))
            .expression_attribute_names("#name", "name")
            .expression_attribute_values(":name", bytes(self.name));
        let check = match &self.unnamed {
            None => check.condition_expression("#name = :name"),
            // It may get its name meanwhile, by being wrapped again.
            Some(wrapped) => check
                .condition_expression("#name = :name OR (attribute_not_exists(#name) AND #wrapped = :wrapped)")
                .expression_attribute_names("#wrapped", "wrapped")
                .expression_attribute_values(":wrapped", bytes(wrapped.as_slice())),
        };
        check.build().map_err(|_| PortError::corrupt(FIELD_KEY, "its check cannot be written"))
    }

    /// Seals a field of an item: name of the key, nonce, ciphertext.
    pub(crate) fn seal(&self, item: &ItemKey, plain: &[u8]) -> Result<Vec<u8>, PortError> {
        self.seal_in(&associated(item), plain)
    }

    /// Seals something in its place.
    pub(crate) fn seal_in(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, PortError> {
        let mut sealed = self.name.to_vec();
        sealed.extend(encrypt(&self.key, place.as_bytes(), plain)?);
        Ok(sealed)
    }

    /// Opens a field of an item; `None` if it was sealed under a key that has since been destroyed.
    pub(crate) fn open(&self, item: &ItemKey, sealed: &[u8]) -> Result<Option<Vec<u8>>, PortError> {
        self.open_in(&associated(item), sealed)
    }

    /// Opens something in its place, as [`FieldKey::open`] does.
    pub(super) fn open_in(&self, place: &str, sealed: &[u8]) -> Result<Option<Vec<u8>>, PortError> {
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
pub(crate) fn object_place(object: &str) -> String {
    format!("object|{object}|v1")
}

pub(super) fn aes(secret: &[u8], what: &'static str) -> Result<LessSafeKey, PortError> {
    UnboundKey::new(&AES_256_GCM, secret)
        .map(LessSafeKey::new)
        .map_err(|_| PortError::corrupt(what, "it has another length"))
}

/// Nonce, then ciphertext with its tag.
pub(super) fn encrypt(key: &LessSafeKey, associated: &[u8], plain: &[u8]) -> Result<Vec<u8>, PortError> {
    let nonce = random_bytes::<NONCE_LEN>()?;
    let mut buffer = plain.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(associated), &mut buffer)
        .map_err(|_| PortError::corrupt(FIELD, "it is too long to seal"))?;
    let mut sealed = nonce.to_vec();
    sealed.append(&mut buffer);
    Ok(sealed)
}

pub(super) fn decrypt(key: &LessSafeKey, associated: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, ciphertext) = sealed.split_at_checked(NONCE_LEN)?;
    let mut buffer = ciphertext.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let length = key.open_in_place(nonce, Aad::from(associated), &mut buffer).ok()?.len();
    buffer.truncate(length);
    Some(buffer)
}

/// The name of a key by its first wrapping: each has a nonce of its own, so its hash names this key and no later
/// one.
pub(super) fn name_of(wrapped: &[u8]) -> [u8; KEY_NAME_BYTES] {
    let hash = digest::digest(&digest::SHA256, wrapped);
    let mut name = [0; KEY_NAME_BYTES];
    name.copy_from_slice(&hash.as_ref()[..KEY_NAME_BYTES]);
    name
}

/// The name that an item gives its key. `None`: it is from before items carried names.
pub(super) fn named_in(item: &Item) -> Result<Option<[u8; KEY_NAME_BYTES]>, PortError> {
    let Some(name) = item.get("name") else { return Ok(None) };
    let name = name.as_b().ok().and_then(|name| name.as_ref().try_into().ok());
    name.map(Some).ok_or_else(|| PortError::corrupt(FIELD_KEY, "its name does not read"))
}

#[cfg(test)]
mod tests {
    use domain::ids::{CaptureId, ControllerId, SubjectRef};

    use super::*;

    fn item(id: &str) -> ItemKey {
        let subject = SubjectRef::parse("1.AAAAAAAAAAAAAAAAAAAAAA").unwrap();
        ItemKey::Consent(ControllerId::parse("scantrust").unwrap(), subject, CaptureId::parse(id).unwrap())
    }

    fn field_key(number: u8) -> FieldKey {
        FieldKey::new("C#scantrust#S#1.AAAAAAAAAAAAAAAAAAAAAA", [number; KEY_NAME_BYTES], &[number; 32]).unwrap()
    }

    #[test]
    fn a_sealed_field_opens_in_its_item_alone() {
        let key = field_key(1);
        let (here, there) = (item("AAAAAAAAAAAAAAAAAAAAAA"), item("BBBBBBBBBBBBBBBBBBBBBA"));
        let sealed = key.seal(&here, b"ada@example.com").unwrap();
        assert_eq!(key.open(&here, &sealed).unwrap().unwrap(), b"ada@example.com");
        assert!(key.open(&there, &sealed).is_err());
        assert!(key.open(&here, b"short").is_err());
    }

    #[test]
    fn a_sealed_object_opens_under_its_name_alone() {
        let key = field_key(1);
        let sealed = key.seal_in(&object_place("systems/v1/rfa/a/crm"), b"{}").unwrap();
        assert_eq!(key.open_in(&object_place("systems/v1/rfa/a/crm"), &sealed).unwrap().unwrap(), b"{}");
        assert!(key.open_in(&object_place("systems/v1/rfa/a/shop"), &sealed).is_err());
        assert!(key.open(&item("AAAAAAAAAAAAAAAAAAAAAA"), &sealed).is_err());
    }

    #[test]
    fn what_an_earlier_key_sealed_is_gone_and_not_corrupt() {
        let here = item("AAAAAAAAAAAAAAAAAAAAAA");
        let sealed = field_key(1).seal(&here, b"x").unwrap();
        assert_eq!(field_key(2).open(&here, &sealed).unwrap(), None);
    }
}
