//! Legal holds, each with a copy in the table that no restore undoes.

use app::{
    error::{Appended, PortError},
    holds::{HOLDS_PAGE, HoldKey, HoldPage, HoldStore, WideHolds},
};
use aws_sdk_dynamodb::types::ReturnValue;
use domain::{
    hold::Hold,
    ids::{ControllerId, HoldId, SubjectRef},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use wire::stored::hold::Hold as HoldForm;

use super::{
    Item, Sorts, Update, Updated,
    due::Cursor,
    form_of, item_of, key_of,
    keys::{HOLDS, ItemKey, clock_shard_of, controller_partition, subject_partition},
    text, time, unreadable,
};
use crate::{Cloud, failure::unavailable};

const WHAT: &str = "a hold";

/// What the table of copies is called in errors.
const COPIES: &str = "the table that outlives restores";

/// Reads under way at once.
const READS_AT_ONCE: usize = 8;

fn place(controller: &ControllerId, key: &HoldKey) -> ItemKey {
    ItemKey::Hold(controller.clone(), key.subject.clone(), key.id.clone())
}

/// Where a hold's copy lies: under the controller, whatever it keeps, so that all are found without a subject.
fn copy_place(controller: &ControllerId, id: &HoldId) -> ItemKey {
    ItemKey::Hold(controller.clone(), None, id.clone())
}

/// Reads a hold, or the copy of one.
pub(crate) fn hold_of(item: Item) -> Result<Hold, PortError> {
    let ItemKey::Hold(_, subject, hold) = key_of(&item)? else {
        return Err(PortError::corrupt(WHAT, "its key is of something else"));
    };
    form_of::<HoldForm>(WHAT, item)?.into_hold(subject, hold).map_err(unreadable(WHAT))
}

impl WideHolds for Cloud {
    async fn wide_holds(&self, controller: &ControllerId) -> Result<Vec<Hold>, PortError> {
        let items = self.query(controller_partition(controller), Sorts::Under(HOLDS.to_owned())).await?;
        items.into_iter().map(hold_of).collect()
    }
}

impl HoldStore for Cloud {
    async fn place_hold(&self, controller: &ControllerId, hold: &Hold) -> Result<Appended<Hold>, PortError> {
        // Before it binds: a table that is restored to a moment in between is bound again by its copy.
        self.copy_hold(controller, hold).await?;
        let mut item = item_of(&place(controller, &HoldKey::from(hold)), &HoldForm::from(hold))?;
        item.insert("due_shard".to_owned(), text(clock_shard_of(hold.id.as_str())));
        item.insert("due_at".to_owned(), time(hold.review_at));
        match self.put_new(item).await? {
            Appended::Fresh => Ok(Appended::Fresh),
            Appended::Existing(item) => hold_of(item).map(Appended::Existing),
        }
    }

    async fn hold(&self, controller: &ControllerId, key: &HoldKey) -> Result<Option<Hold>, PortError> {
        self.get(&place(controller, key)).await?.map(hold_of).transpose()
    }

    async fn note_bound(
        &self,
        controller: &ControllerId,
        id: &HoldId,
        at: Timestamp,
    ) -> Result<Option<Hold>, PortError> {
        self.mark(&copy_place(controller, id), Update::default().set_once("bound_at", time(at))).await
    }

    async fn ask_release(
        &self,
        controller: &ControllerId,
        key: &HoldKey,
        by: &str,
        at: Timestamp,
    ) -> Result<Option<Hold>, PortError> {
        let update = Update::default().set_once("release_asked_at", time(at)).set_once("release_asked_by", text(by));
        self.mark(&place(controller, key), update).await
    }

    async fn withdraw_release(
        &self,
        controller: &ControllerId,
        key: &HoldKey,
        by: &str,
        at: Timestamp,
    ) -> Result<Option<Hold>, PortError> {
        let update = Update::default().remove("release_asked_at").remove("release_asked_by");
        let update = update.set("release_withdrawn_at", time(at)).set("release_withdrawn_by", text(by));
        let condition = "attribute_exists(release_asked_at) AND attribute_not_exists(released_at)";
        self.mark_if(controller, key, update, condition).await
    }

    async fn move_review(
        &self,
        controller: &ControllerId,
        key: &HoldKey,
        review_at: Timestamp,
        by: &str,
        at: Timestamp,
    ) -> Result<Option<Hold>, PortError> {
        let moved = || {
            let update = Update::default().set("review_moved_to", time(review_at));
            update.set("review_moved_at", time(at)).set("review_moved_by", text(by))
        };
        let condition = "attribute_exists(pk) AND attribute_not_exists(released_at) AND \
                         (attribute_not_exists(#review_moved_at) OR #review_moved_at <= :review_moved_at)";
        // The copy first: a table that is restored to a moment in between asks for the review that was meant.
        let copy = copy_place(controller, &key.id);
        let copies = self.tombstone_table()?;
        self.update_in(copies, &copy, moved(), condition, ReturnValue::None).await?;
        self.mark_if(controller, key, moved().set("due_at", time(review_at)), condition).await
    }

    async fn release_hold(
        &self,
        controller: &ControllerId,
        key: &HoldKey,
        by: &str,
        at: Timestamp,
    ) -> Result<Option<Hold>, PortError> {
        // The first release stands: a retry changes neither its time nor its name.
        let release = || Update::default().set_once("released_at", time(at)).set_once("released_by", text(by));
        let update = release().remove("due_shard").remove("due_at");
        let Some(released) = self.mark(&place(controller, key), update).await? else { return Ok(None) };
        // After it: what is placed again by a copy that is behind is kept a little longer, and nothing else.
        self.mark_copy(controller, &key.id, release()).await?;
        Ok(Some(released))
    }

    async fn open_holds(&self, controller: &ControllerId, from: Option<&str>) -> Result<HoldPage, PortError> {
        let page = self
            .dynamodb()
            .query()
            .table_name(self.tombstone_table()?)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :holds)")
            .filter_expression("attribute_not_exists(released_at)")
            .expression_attribute_values(":pk", text(controller_partition(controller)))
            .expression_attribute_values(":holds", text(HOLDS))
            .limit(i32::try_from(HOLDS_PAGE).unwrap_or(i32::MAX))
            .set_exclusive_start_key(from.map(Cursor::read).transpose()?)
            .send()
            .await
            .map_err(|error| unavailable(COPIES, &error))?;
        let next = page.last_evaluated_key.map(Cursor::write).transpose()?;
        let copies = page.items.unwrap_or_default().into_iter().map(hold_of).collect::<Result<Vec<_>, _>>()?;
        // A copy knows which holds there are, and the table how far each is.
        let keys: Vec<HoldKey> = copies.iter().map(HoldKey::from).collect();
        let reads = keys.iter().map(|key| self.hold(controller, key));
        let stored: Vec<Option<Hold>> = stream::iter(reads).buffered(READS_AT_ONCE).try_collect().await?;
        Ok(HoldPage { holds: stored.into_iter().flatten().filter(Hold::is_open).collect(), next })
    }
}

impl Cloud {
    /// The holds on a subject, released ones too.
    pub(super) async fn holds_of(
        &self,
        controller: &ControllerId,
        subject: &SubjectRef,
    ) -> Result<Vec<Hold>, PortError> {
        let items = self.query(subject_partition(controller, subject), Sorts::Under(HOLDS.to_owned())).await?;
        items.into_iter().map(hold_of).collect()
    }

    /// Changes a hold that stands there; answers it as it is then.
    async fn mark(&self, key: &ItemKey, update: Update) -> Result<Option<Hold>, PortError> {
        match self.update(key, update, "attribute_exists(pk)", ReturnValue::AllNew).await? {
            Updated::Done(item) => hold_of(item).map(Some),
            Updated::Refused(_) => Ok(None),
        }
    }

    /// Changes a hold if that holds of it; answers it as it is then, changed or not, or `None` if there is none.
    async fn mark_if(
        &self,
        controller: &ControllerId,
        key: &HoldKey,
        update: Update,
        condition: &str,
    ) -> Result<Option<Hold>, PortError> {
        match self.update(&place(controller, key), update, condition, ReturnValue::AllNew).await? {
            Updated::Done(item) => hold_of(item).map(Some),
            Updated::Refused(stands) => stands.map(hold_of).transpose(),
        }
    }

    async fn copy_hold(&self, controller: &ControllerId, hold: &Hold) -> Result<(), PortError> {
        let item = item_of(&copy_place(controller, &hold.id), &HoldForm::copy_of(hold))?;
        self.put_new_in(self.tombstone_table()?, item).await.map(drop)
    }

    async fn mark_copy(&self, controller: &ControllerId, id: &HoldId, update: Update) -> Result<(), PortError> {
        // A hold from before there were copies has none.
        let key = copy_place(controller, id);
        self.update_in(self.tombstone_table()?, &key, update, "attribute_exists(pk)", ReturnValue::None).await.map(drop)
    }
}
