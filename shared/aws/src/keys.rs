//! Keys: KMS wraps a controller's key, it wraps subjects' keys, they seal fields
//! (`docs/DATA_MODEL.md`, fields).

mod field;
mod ring;
mod rotation;

use std::sync::Arc;

use app::{
    error::PortError,
    keys::{ControllerKeys, DayKeys, Keys},
};
use aws_sdk_dynamodb::{
    operation::{delete_item::DeleteItemError, put_item::PutItemError},
    primitives::Blob,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use aws_sdk_kms::{primitives::Blob as KmsBlob, types::DataKeySpec};
use domain::ids::{Category, ControllerId, SubjectRef};
use jiff::{Timestamp, civil::Date};
use zeroize::Zeroizing;

pub(crate) use self::field::{FieldKey, object_place};
pub use self::rotation::Rotated;
use self::{
    field::{name_of, named_in},
    ring::{Ring, Rings, Secrets},
};
use crate::{
    Cloud,
    failure::unavailable,
    random::random_bytes,
    table::{
        Item,
        keys::{ItemKey, controller_partition, day_partition, subject_partition},
        number, text, time,
    },
};

const TABLE: &str = "the key table";
const KMS: &str = "KMS";
const FIELD_KEY: &str = "a key of fields";
const CONTROLLER_KEY: &str = "a controller's key";

/// The encryption context under which KMS wraps a controller's key.
const CONTEXT: &str = "habeas:controller";

/// The rings of an environment. The lock is held while one is fetched, so that it is fetched once.
#[derive(Default)]
pub(crate) struct KeyRing(tokio::sync::Mutex<Rings>);

fn bytes(value: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

/// Under which version of its controller's secrets a key is wrapped. One from before it was written has the first.
fn wrap_version(item: &Item) -> Result<u32, PortError> {
    let Some(version) = item.get("wrap") else { return Ok(1) };
    let version = version.as_n().ok().and_then(|version| version.parse().ok());
    version.ok_or_else(|| PortError::corrupt(FIELD_KEY, "its version does not read"))
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

impl DayKeys for Cloud {
    async fn destroy_day_key(
        &self,
        controller: &ControllerId,
        category: &Category,
        day: Date,
    ) -> Result<(), PortError> {
        let pk = day_partition(controller, category, day);
        let deleted = self.dynamodb().delete_item().table_name(self.key_table()?).key("pk", text(pk)).send().await;
        deleted.map(drop).map_err(|error| unavailable(TABLE, &error))
    }
}

impl Cloud {
    async fn ring_of(&self, controller: &ControllerId) -> Result<Arc<Ring>, PortError> {
        let mut rings = self.ring.0.lock().await;
        if let Some(ring) = rings.get(controller) {
            return Ok(ring);
        }
        let ring = Arc::new(self.fetch(controller).await?);
        rings.insert(controller.clone(), Arc::clone(&ring));
        Ok(ring)
    }

    /// A ring that knows a version of wrapping: it is fetched anew if keys were wrapped again meanwhile.
    async fn ring_with(&self, controller: &ControllerId, version: u32) -> Result<Arc<Ring>, PortError> {
        let ring = self.ring_of(controller).await?;
        if ring.knows(version) {
            return Ok(ring);
        }
        self.ring.0.lock().await.forget(controller);
        let ring = self.ring_of(controller).await?;
        if ring.knows(version) {
            return Ok(ring);
        }
        Err(PortError::corrupt(FIELD_KEY, "it is wrapped under a version that is not there"))
    }

    async fn fetch(&self, controller: &ControllerId) -> Result<Ring, PortError> {
        let pk = controller_partition(controller);
        if let Some(item) = self.key_item(&pk).await? {
            return self.open_secrets(controller, &item).await?.ring();
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
            ("wrapped".to_owned(), bytes(wrapped.into_inner())),
        ]);
        match self.put_key(item).await? {
            None => Secrets::read(&secret)?.ring(),
            // Another first user was faster: theirs is the controller's key.
            Some(first) => self.open_secrets(controller, &first).await?.ring(),
        }
    }

    async fn open_secrets(&self, controller: &ControllerId, item: &Item) -> Result<Secrets, PortError> {
        let opened = self
            .kms()
            .decrypt()
            .key_id(self.key_id()?)
            .ciphertext_blob(KmsBlob::new(wrapped_of(item, CONTROLLER_KEY)?))
            .encryption_context(CONTEXT, controller.as_str())
            .send()
            .await
            .map_err(|error| unavailable(KMS, &error))?;
        let plain = opened.plaintext.ok_or_else(|| PortError::corrupt(CONTROLLER_KEY, "KMS opened none"))?;
        Secrets::read(&Zeroizing::new(plain.into_inner()))
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
    ) -> Result<Option<FieldKey>, PortError> {
        self.field_key(controller, &subject_partition(controller, subject)).await
    }

    /// The key of what a category has due on a day; `None` if it is destroyed, or there is none yet.
    pub(crate) async fn day_key(
        &self,
        controller: &ControllerId,
        category: &Category,
        day: Date,
    ) -> Result<Option<FieldKey>, PortError> {
        self.field_key(controller, &day_partition(controller, category, day)).await
    }

    /// The key of what a category has due on a day, made at that time if there is none.
    ///
    /// A caller sees to it that nothing is sealed for a day that has begun: its key is destroyed by then.
    pub(crate) async fn day_key_or_new(
        &self,
        controller: &ControllerId,
        category: &Category,
        day: Date,
        at: Timestamp,
    ) -> Result<FieldKey, PortError> {
        self.field_key_or_new(controller, &day_partition(controller, category, day), at).await
    }

    async fn field_key(&self, controller: &ControllerId, pk: &str) -> Result<Option<FieldKey>, PortError> {
        let Some(item) = self.key_item(pk).await? else { return Ok(None) };
        self.unwrap_key(controller, pk, &item).await.map(Some)
    }

    async fn unwrap_key(&self, controller: &ControllerId, pk: &str, item: &Item) -> Result<FieldKey, PortError> {
        let version = wrap_version(item)?;
        let ring = self.ring_with(controller, version).await?;
        let wrapped = wrapped_of(item, FIELD_KEY)?;
        let secret =
            ring.unwrap(pk, version, &wrapped).ok_or_else(|| PortError::corrupt(FIELD_KEY, "it does not open"))?;
        let named = named_in(item)?;
        let mut key = FieldKey::new(pk, named.unwrap_or_else(|| name_of(&wrapped)), &secret)?;
        key.unnamed = named.is_none().then_some(wrapped);
        Ok(key)
    }

    async fn field_key_or_new(
        &self,
        controller: &ControllerId,
        pk: &str,
        at: Timestamp,
    ) -> Result<FieldKey, PortError> {
        if let Some(item) = self.key_item(pk).await? {
            return self.unwrap_key(controller, pk, &item).await;
        }
        let ring = self.ring_of(controller).await?;
        let secret = Zeroizing::new(random_bytes::<32>()?);
        let (version, wrapped) = ring.wrap(pk, secret.as_ref())?;
        let item = Item::from([
            ("pk".to_owned(), text(pk)),
            ("v".to_owned(), number(1)),
            ("made_at".to_owned(), time(at)),
            // Beside the wrapping, since it stays when the key is wrapped again.
            ("name".to_owned(), bytes(name_of(&wrapped))),
            ("wrapped".to_owned(), bytes(wrapped.as_slice())),
            ("wrap".to_owned(), number(version)),
        ]);
        match self.put_key(item).await? {
            None => FieldKey::new(pk, name_of(&wrapped), secret.as_ref()),
            Some(first) => self.unwrap_key(controller, pk, &first).await,
        }
    }

    /// The subject's key, made at that time if there is none.
    pub(crate) async fn subject_key_or_new(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
        at: Timestamp,
    ) -> Result<FieldKey, PortError> {
        self.field_key_or_new(controller, &subject_partition(controller, subject), at).await
    }

    /// Whether a key stands, and no later one in its place.
    pub(crate) async fn is_standing(&self, key: &FieldKey) -> Result<bool, PortError> {
        let Some(item) = self.key_item(&key.pk).await? else { return Ok(false) };
        Ok(named_in(&item)?.map_or_else(|| wrapped_of(&item, FIELD_KEY).map(|wrapped| name_of(&wrapped)), Ok)?
            == key.name)
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
