//! Rotation: a new secret for a controller, under which its keys of fields are wrapped again. What they sealed stays
//! as it is, and so do their names; pepper and token keys stay too, since references and links hang on them.

use std::collections::HashMap;

use app::error::PortError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_kms::primitives::Blob as KmsBlob;
use domain::ids::ControllerId;
use jiff::{SignedDuration, Timestamp};

use super::{
    CONTEXT, CONTROLLER_KEY, FIELD_KEY, KMS, TABLE, bytes,
    field::name_of,
    ring::{Ring, Secrets},
    wrap_version, wrapped_of,
};
use crate::{
    Cloud,
    failure::unavailable,
    table::{Item, keys::controller_partition, number, text, time, time_in},
};

/// How long an earlier secret stays. A warm function may still wrap under it; Lambda ends every environment within
/// hours ("Lambda execution environment lifecycle").
const EARLIER_FOR: SignedDuration = SignedDuration::from_hours(24);

/// How far a rotation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotated {
    /// The version under which keys are wrapped now.
    pub version: u32,
    /// How many this run wrapped again.
    pub wrapped: u64,
    /// From when the earlier secret may go: a run after that ends the rotation. `None`: it is gone.
    pub ends_at: Option<Timestamp>,
}

impl Cloud {
    /// Wraps a controller's keys under a new secret, itself wrapped by the KMS key's current material. It may be
    /// stopped and begun again at any time: what is wrapped already is left alone, and all is readable throughout.
    ///
    /// The first run makes the secret and wraps the keys; one a day later drops the earlier secret.
    ///
    /// # Errors
    /// [`PortError`] if the controller has no keys, or a call failed.
    pub async fn rotate_keys(&self, controller: &ControllerId, at: Timestamp) -> Result<Rotated, PortError> {
        let (mut secrets, mut item) = self.secrets(controller).await?;
        if !secrets.is_rotating() {
            secrets.rotate()?;
            item = self.store_secrets(controller, &secrets, &item, at).await?;
        }
        let (version, ring) = (secrets.current(), secrets.ring()?);
        let mut wrapped = self.wrap_all(controller, &ring, version).await?;
        let ends_at = rotated_at(&item)?.checked_add(EARLIER_FOR).unwrap_or(Timestamp::MAX);
        if at < ends_at {
            return Ok(Rotated { version, wrapped, ends_at: Some(ends_at) });
        }
        // Whoever could wrap under the earlier secret has ended: what is found now is all there will be.
        wrapped += self.wrap_all(controller, &ring, version).await?;
        secrets.settle();
        self.store_secrets(controller, &secrets, &item, at).await?;
        Ok(Rotated { version, wrapped, ends_at: None })
    }

    async fn secrets(&self, controller: &ControllerId) -> Result<(Secrets, Item), PortError> {
        let item = self.key_item(&controller_partition(controller)).await?;
        let item = item.ok_or_else(|| PortError::corrupt(CONTROLLER_KEY, "there is none yet"))?;
        Ok((self.open_secrets(controller, &item).await?, item))
    }

    /// Stores secrets in the place of those that were read; answers the item as it stands then.
    async fn store_secrets(
        &self,
        controller: &ControllerId,
        secrets: &Secrets,
        read: &Item,
        at: Timestamp,
    ) -> Result<Item, PortError> {
        let wrapped = self
            .kms()
            .encrypt()
            .key_id(self.key_id()?)
            .plaintext(KmsBlob::new(secrets.plain().to_vec()))
            .encryption_context(CONTEXT, controller.as_str())
            .send()
            .await
            .map_err(|error| unavailable(KMS, &error))?;
        let wrapped = wrapped.ciphertext_blob.ok_or_else(|| PortError::corrupt(CONTROLLER_KEY, "KMS wrapped none"))?;
        let values = HashMap::from([
            (":wrapped".to_owned(), bytes(wrapped.into_inner())),
            (":read".to_owned(), bytes(wrapped_of(read, CONTROLLER_KEY)?)),
            (":at".to_owned(), time(at)),
            (":v".to_owned(), number(2)),
        ]);
        let pk = controller_partition(controller);
        self.update_key(&pk, "SET #wrapped = :wrapped, rotated_at = :at, v = :v", values)
            .await?
            .ok_or(PortError::Conflict { what: CONTROLLER_KEY })
    }

    /// Wraps again each key that is under another version; answers how many.
    async fn wrap_all(&self, controller: &ControllerId, ring: &Ring, version: u32) -> Result<u64, PortError> {
        let mut count = 0;
        let mut from = None;
        loop {
            let page = self
                .dynamodb()
                .scan()
                .table_name(self.key_table()?)
                .consistent_read(true)
                .filter_expression("begins_with(pk, :keys) AND (attribute_not_exists(wrap) OR wrap <> :version)")
                .expression_attribute_values(":keys", text(format!("{}#", controller_partition(controller))))
                .expression_attribute_values(":version", number(version))
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| unavailable(TABLE, &error))?;
            for item in page.items() {
                count += u64::from(self.wrap_again(ring, item).await?);
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(count);
            }
        }
    }

    /// Wraps a key again, if it stands as it was read: one that was destroyed meanwhile stays destroyed.
    async fn wrap_again(&self, ring: &Ring, item: &Item) -> Result<bool, PortError> {
        let pk = item.get("pk").and_then(|pk| pk.as_s().ok());
        let pk = pk.ok_or_else(|| PortError::corrupt(FIELD_KEY, "it has no place"))?;
        let wrapped = wrapped_of(item, FIELD_KEY)?;
        let secret = ring
            .unwrap(pk, wrap_version(item)?, &wrapped)
            .ok_or_else(|| PortError::corrupt(FIELD_KEY, "it does not open"))?;
        let (version, again) = ring.wrap(pk, &secret)?;
        let values = HashMap::from([
            (":wrapped".to_owned(), bytes(again)),
            (":read".to_owned(), bytes(wrapped.as_slice())),
            (":version".to_owned(), number(version)),
            (":name".to_owned(), bytes(name_of(&wrapped))),
        ]);
        let set = "SET #wrapped = :wrapped, wrap = :version, #name = if_not_exists(#name, :name)";
        Ok(self.update_key(pk, set, values).await?.is_some())
    }

    /// Changes a key's item if its wrapping is the one that was read; answers the item then.
    async fn update_key(&self, pk: &str, set: &str, values: Item) -> Result<Option<Item>, PortError> {
        // Both words are DynamoDB's own; it refuses a name that goes unused.
        let names = ["name", "wrapped"].into_iter().filter(|name| set.contains(&format!("#{name}")));
        let names = names.map(|name| (format!("#{name}"), name.to_owned())).collect();
        let done = self
            .dynamodb()
            .update_item()
            .table_name(self.key_table()?)
            .key("pk", text(pk))
            .update_expression(set)
            .condition_expression("#wrapped = :read")
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .return_values(aws_sdk_dynamodb::types::ReturnValue::AllNew)
            .send()
            .await;
        match done {
            Ok(output) => Ok(output.attributes),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(None),
                _ => Err(unavailable(TABLE, &error)),
            },
        }
    }
}

fn rotated_at(item: &Item) -> Result<Timestamp, PortError> {
    time_in(item, "rotated_at").ok_or_else(|| PortError::corrupt(CONTROLLER_KEY, "it does not say when it was rotated"))
}
