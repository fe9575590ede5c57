//! Every record of a controller, page by page, and how far walks through them have come.

use app::{
    error::PortError,
    walk::{Progress, RecordPage, RecordScan, WALK_SEGMENTS, Walks},
};
use aws_sdk_dynamodb::types::ReturnValue;
use domain::{
    ids::ControllerId,
    walk::{Job, Turn},
};
use wire::stored::{Kind, walk::Walk};

use super::{
    Item, TABLE, Update, Updated,
    due::Cursor,
    fields_of, form_of,
    keys::{ItemKey, subject_partitions},
    number,
    records::record_of,
    text, time, unreadable,
};
use crate::{Cloud, failure::unavailable};

const WALK: &str = "a walk";

/// Items that one page of a scan looks at.
const SCAN_ITEMS: i32 = 1_000;

/// What a record says but its content, which a walk has no use for.
const FIELDS: &str = "pk, sk, v, #kind, category, purpose, #system, created_at, renewals, renewals_switched, firsts, ends_at, #clause, \
                      #policy, holds, points, salt, rev";

fn progress_of(item: Item, segment: u16) -> Result<Progress, PortError> {
    let form: Walk = form_of(WALK, item)?;
    Ok(Progress {
        at: form.began_at().map_err(unreadable(WALK))?,
        turn: Turn { segment, hop: form.hop },
        tally: form.tally().map_err(unreadable(WALK))?,
        from: form.from,
        seen: form.seen,
        changed: form.changed,
        unreadable: form.unreadable,
        is_done: form.done,
    })
}

fn form_of_progress(progress: &Progress) -> Walk {
    Walk {
        seen: progress.seen,
        changed: progress.changed,
        unreadable: progress.unreadable,
        ..Walk::new(progress.at, progress.turn.hop, progress.from.clone(), progress.is_done).counting(&progress.tally)
    }
}

fn update_to(progress: &Progress) -> Result<Update, PortError> {
    let mut fields = fields_of(&form_of_progress(progress))?;
    let names = ["v", "kind", "at", "hop", "from", "seen", "changed", "unreadable", "counts", "last", "done"];
    Ok(names.into_iter().fold(Update::default(), |update, name| update.put(name, fields.remove(name))))
}

impl RecordScan for Cloud {
    async fn scan_records(
        &self,
        controller: &ControllerId,
        segment: u16,
        from: Option<&str>,
    ) -> Result<RecordPage, PortError> {
        let names = [("#kind", "kind"), ("#system", "system"), ("#clause", "clause"), ("#policy", "policy")];
        let names = names.map(|(placeholder, name)| (placeholder.to_owned(), name.to_owned()));
        let page = self
            .dynamodb()
            .scan()
            .table_name(self.table()?)
            // What is written before a hold or a policy is must be seen by the walk that comes after it.
            .consistent_read(true)
            .filter_expression("#kind = :record AND begins_with(pk, :subjects)")
            .projection_expression(FIELDS)
            .set_expression_attribute_names(Some(names.into()))
            .expression_attribute_values(":record", text(Kind::Record.as_str()))
            .expression_attribute_values(":subjects", text(subject_partitions(controller)))
            .total_segments(i32::from(WALK_SEGMENTS))
            .segment(i32::from(segment))
            .limit(SCAN_ITEMS)
            .set_exclusive_start_key(from.map(Cursor::read).transpose()?)
            .send()
            .await
            .map_err(|error| unavailable(TABLE, &error))?;
        let items = page.items.unwrap_or_default();
        let found = items.len();
        let records: Vec<_> = items.into_iter().filter_map(|item| record_of(item).ok()).collect();
        let unreadable = (found - records.len()) as u64;
        Ok(RecordPage { records, unreadable, next: page.last_evaluated_key.map(Cursor::write).transpose()? })
    }
}

impl Walks for Cloud {
    async fn begin_segment(&self, controller: &ControllerId, job: &Job, progress: &Progress) -> Result<(), PortError> {
        let key = ItemKey::Walk(controller.clone(), job.clone(), progress.turn.segment);
        let condition = "attribute_not_exists(pk) OR #at < :at";
        self.update(&key, update_to(progress)?, condition, ReturnValue::None).await.map(drop)
    }

    async fn segment(&self, controller: &ControllerId, job: &Job, segment: u16) -> Result<Option<Progress>, PortError> {
        let item = self.get(&ItemKey::Walk(controller.clone(), job.clone(), segment)).await?;
        item.map(|item| progress_of(item, segment)).transpose()
    }

    async fn note_segment(
        &self,
        controller: &ControllerId,
        job: &Job,
        hop: u32,
        progress: &Progress,
    ) -> Result<bool, PortError> {
        let key = ItemKey::Walk(controller.clone(), job.clone(), progress.turn.segment);
        let update = update_to(progress)?
            .with("read_at", time(progress.at))
            .with("read_hop", number(hop))
            .with("open", aws_sdk_dynamodb::types::AttributeValue::Bool(false));
        let condition = "#at = :read_at AND #hop = :read_hop AND #done = :open";
        let noted = self.update(&key, update, condition, ReturnValue::None).await?;
        Ok(matches!(noted, Updated::Done(_)))
    }
}
