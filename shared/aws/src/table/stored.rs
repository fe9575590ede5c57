//! How many records are stored, by controller and system.

use std::collections::BTreeMap;

use app::{error::PortError, stored_counts::StoredCounts};
use aws_sdk_dynamodb::types::ReturnValue;
use domain::{ids::ControllerId, record::System};
use wire::stored::{Kind, VERSION, count::StoredCount};

use super::{
    ALWAYS, Sorts, Update, form_of, key_of,
    keys::{ItemKey, STORED, controller_partition},
    number, text,
};
use crate::Cloud;

const WHAT: &str = "a count of records";

impl StoredCounts for Cloud {
    async fn add_stored(&self, controller: &ControllerId, system: &System, by: i64) -> Result<(), PortError> {
        let update = Update::default()
            .set_once("v", number(VERSION))
            .set_once("kind", text(Kind::Stored.as_str()))
            .add("stored", number(by));
        let key = ItemKey::Stored(controller.clone(), system.clone());
        self.update(&key, update, ALWAYS, ReturnValue::None).await.map(drop)
    }

    async fn stored(&self, controller: &ControllerId) -> Result<BTreeMap<System, i64>, PortError> {
        let items = self.query(controller_partition(controller), Sorts::Under(STORED.to_owned())).await?;
        let count_of = |item| {
            let ItemKey::Stored(_, system) = key_of(&item)? else {
                return Err(PortError::corrupt(WHAT, "its key is of something else"));
            };
            let form: StoredCount = form_of(WHAT, item)?;
            Ok((system, form.stored))
        };
        items.into_iter().map(count_of).collect()
    }
}
