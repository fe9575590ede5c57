//! The controller's systems: how each does, and the tasks that wait for it.

use app::{error::PortError, systems::SystemStates};
use domain::{
    ids::{ControllerId, SystemId},
    system::{SystemState, TaskId},
};
use jiff::Timestamp;
use wire::stored::system::{OpenTask, System};

use super::{
    Sorts, form_of, item_of, key_of,
    keys::{ItemKey, controller_partition, tasks_of},
    unreadable,
};
use crate::Cloud;

const WHAT: &str = "a system";
const TASK: &str = "an open task";

impl SystemStates for Cloud {
    async fn system_state(&self, controller: &ControllerId, system: &SystemId) -> Result<SystemState, PortError> {
        let item = self.get(&ItemKey::System(controller.clone(), system.clone())).await?;
        match item {
            Some(item) => form_of::<System>(WHAT, item)?.into_state().map_err(unreadable(WHAT)),
            None => Ok(SystemState::default()),
        }
    }

    async fn put_system_state(
        &self,
        controller: &ControllerId,
        system: &SystemId,
        state: &SystemState,
    ) -> Result<bool, PortError> {
        let key = ItemKey::System(controller.clone(), system.clone());
        self.put_revised(item_of(&key, &System::from(state))?, state.revision).await
    }

    async fn open_task(&self, controller: &ControllerId, task: &TaskId, since: Timestamp) -> Result<(), PortError> {
        let key = ItemKey::Task(controller.clone(), task.clone());
        self.put_new(item_of(&key, &OpenTask::new(since))?).await.map(drop)
    }

    async fn close_task(&self, controller: &ControllerId, task: &TaskId) -> Result<(), PortError> {
        self.delete(&ItemKey::Task(controller.clone(), task.clone())).await
    }

    async fn open_tasks(
        &self,
        controller: &ControllerId,
        system: &SystemId,
    ) -> Result<Vec<(TaskId, Timestamp)>, PortError> {
        let items = self.query(controller_partition(controller), Sorts::Under(tasks_of(system))).await?;
        let read = items.into_iter().map(|item| {
            let ItemKey::Task(_, task) = key_of(&item)? else {
                return Err(PortError::corrupt(TASK, "its key is of something else"));
            };
            let since = form_of::<OpenTask>(TASK, item)?.since().map_err(unreadable(TASK))?;
            Ok((task, since))
        });
        read.collect()
    }
}
