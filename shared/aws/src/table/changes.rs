//! Published versions of the notice, and whom they concern.

use app::{
    announce::FoundPage,
    error::{Appended, PortError},
    notice_change::{ChangeStore, NoticeChanges},
};
use domain::{
    ids::{ChangeId, ControllerId, Fingerprint},
    notice::NoticeChange,
};
use jiff::Timestamp;
use wire::stored::{Kind, notice::Change as ChangeForm};

use super::{
    Item, Sorts, form_of, item_of, key_of,
    keys::{CHANGES, ItemKey, controller_partition, subject_partitions},
    text, time, unreadable,
};
use crate::Cloud;

const CHANGE: &str = "a notice change";

fn change_of(item: Item) -> Result<(NoticeChange, Fingerprint), PortError> {
    let ItemKey::Change(_, change) = key_of(&item)? else {
        return Err(PortError::corrupt(CHANGE, "its key is of something else"));
    };
    form_of::<ChangeForm>(CHANGE, item)?.into_change(change).map_err(unreadable(CHANGE))
}

impl NoticeChanges for Cloud {
    async fn changes(&self, controller: &ControllerId) -> Result<Vec<NoticeChange>, PortError> {
        let items = self.query(controller_partition(controller), Sorts::Under(CHANGES.to_owned())).await?;
        let changes = items.into_iter().map(|item| change_of(item).map(|(change, _)| change));
        let mut changes = changes.collect::<Result<Vec<_>, _>>()?;
        changes.sort_by(|a, b| (b.published_at, &b.id).cmp(&(a.published_at, &a.id)));
        Ok(changes)
    }
}

impl ChangeStore for Cloud {
    async fn publish_change(
        &self,
        controller: &ControllerId,
        change: &NoticeChange,
        fingerprint: &Fingerprint,
    ) -> Result<Appended<(NoticeChange, Fingerprint)>, PortError> {
        let key = ItemKey::Change(controller.clone(), change.id.clone());
        match self.put_new(item_of(&key, &ChangeForm::new(change, fingerprint))?).await? {
            Appended::Fresh => Ok(Appended::Fresh),
            Appended::Existing(item) => change_of(item).map(Appended::Existing),
        }
    }

    async fn change(
        &self,
        controller: &ControllerId,
        change: &ChangeId,
    ) -> Result<Option<(NoticeChange, Fingerprint)>, PortError> {
        self.get(&ItemKey::Change(controller.clone(), change.clone())).await?.map(change_of).transpose()
    }

    async fn audience(
        &self,
        controller: &ControllerId,
        at: Timestamp,
        segment: u16,
        from: Option<&str>,
    ) -> Result<FoundPage, PortError> {
        let filter = "begins_with(pk, :subjects) AND (#kind = :consent OR #kind = :record AND \
                      (attribute_not_exists(ends_at) OR ends_at > :at))";
        let values = Item::from([
            (":subjects".to_owned(), text(subject_partitions(controller))),
            (":consent".to_owned(), text(Kind::Consent.as_str())),
            (":record".to_owned(), text(Kind::Record.as_str())),
            (":at".to_owned(), time(at)),
        ]);
        self.found(filter.to_owned(), values, segment, from).await
    }
}
