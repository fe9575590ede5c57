//! By which policy a controller's records are planned.

use app::{
    error::PortError,
    replan::{Next, Planning, PlanningStore},
};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use domain::{ids::ControllerId, policy::PolicyHash};
use wire::stored::planning::Planned;

use super::{TABLE, form_of, item_of, keys::ItemKey, number, unreadable};
use crate::{Cloud, failure::unavailable};

const WHAT: &str = "a planning";

fn planning_of(form: Planned) -> Result<Planning, PortError> {
    let next = form.next().map_err(unreadable(WHAT))?;
    let next = next.map(|(policy, since, walk)| Next { policy: PolicyHash::from_hex(policy), since, walk });
    Ok(Planning { policy: form.policy.map(PolicyHash::from_hex), next, revision: form.rev })
}

impl PlanningStore for Cloud {
    async fn planning(&self, controller: &ControllerId) -> Result<Planning, PortError> {
        match self.get(&ItemKey::Planned(controller.clone())).await? {
            Some(item) => planning_of(form_of::<Planned>(WHAT, item)?),
            None => Ok(Planning::default()),
        }
    }

    async fn put_planning(&self, controller: &ControllerId, planning: &Planning) -> Result<bool, PortError> {
        let next = planning.next.as_ref().map(|next| (next.policy.as_str().to_owned(), next.since, next.walk));
        let form = Planned::new(planning.policy.as_ref().map(PolicyHash::as_str), next, planning.revision);
        let put = self
            .dynamodb()
            .put_item()
            .table_name(self.table()?)
            .set_item(Some(item_of(&ItemKey::Planned(controller.clone()), &form)?))
            .condition_expression("attribute_not_exists(pk) OR #rev = :before")
            .expression_attribute_names("#rev", "rev")
            .expression_attribute_values(":before", number(planning.revision.saturating_sub(1)))
            .send()
            .await;
        match put {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(unavailable(TABLE, &error)),
            },
        }
    }
}
