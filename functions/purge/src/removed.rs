//! What DynamoDB's own TTL removed, as the relay tells it.

use app::{destruction::Doomed, purge};
use domain::{
    ids::{Category, Purpose, RecordId, SubjectRef},
    policy::Clause,
};
use edge::{
    queue::{Message, Verdict},
    site,
};
use jiff::Timestamp;
use wire::{
    form::{FormError, time},
    message::{RemovedForm, RemovedMessage},
};

use crate::{Desk, Ports};

pub(crate) async fn certify<P: Ports>(desk: &Desk<P>, message: &Message) -> Result<(), Verdict> {
    let form = message.json::<RemovedMessage>()?;
    let controller = wire::form::controller(&form.controller, "/controller")?;
    site::policy_of(&controller, &desk.policies)?;
    let at = time(&form.at, "/at")?;
    let removed = form.records.iter().map(doomed).collect::<Result<Vec<_>, _>>()?;
    purge::certify_removed(&desk.ports, &controller, at, removed).await?;
    Ok(())
}

fn doomed(form: &RemovedForm) -> Result<Doomed, FormError> {
    let unreadable = |pointer: &'static str| move |_| FormError::new(pointer, "it cannot be read");
    Ok(Doomed {
        subject: SubjectRef::parse(&form.subject).map_err(unreadable("/records/subject"))?,
        record: RecordId::parse(&form.record).map_err(unreadable("/records/record"))?,
        category: Category::parse(&form.category).map_err(unreadable("/records/category"))?,
        purpose: Purpose::parse(&form.purpose).map_err(unreadable("/records/purpose"))?,
        system: form.system()?,
        clause: Clause::new(form.clause.clone()),
        due_at: form.due_at.and_then(|at| Timestamp::from_millisecond(at).ok()),
        salt: form.salt()?,
    })
}
