//! By which policy a controller's records are planned.

use app::{
    error::PortError,
    replan::{Next, Planning, PlanningStore},
};
use domain::{ids::ControllerId, policy::PolicyHash};
use wire::stored::planning::Planned;

use super::{form_of, item_of, keys::ItemKey, unreadable};
use crate::Cloud;

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
        self.put_revised(item_of(&ItemKey::Planned(controller.clone()), &form)?, planning.revision).await
    }
}
