//! The controller's systems in memory: what was handed over to each, and who fails.

use std::collections::BTreeMap;

use app::{
    channel::BreachNotice,
    dispatch::{Dispatch, NotDelivered, TaskQueues, Webhooks},
    error::PortError,
    queues::{OutcomeLetters, Postponing, Queue},
    requests::RequestKey,
    systems::{SystemData, SystemStates},
};
use domain::{
    ids::{ControllerId, SystemId},
    sensitive::Sensitive,
    system::{HoldNotice, SystemSecret, SystemState, Task, TaskId},
};
use jiff::Timestamp;

use super::{Memory, Person, Sealed, person};

/// A task as it was handed over.
#[derive(Debug, Clone)]
pub struct HandedOver {
    /// To which address.
    pub url: String,
    /// What.
    pub task: Task,
    /// Signed with how many secrets.
    pub secrets: usize,
}

/// What the ports keep of systems.
#[derive(Debug, Default)]
pub(super) struct Systems {
    states: BTreeMap<(ControllerId, SystemId), SystemState>,
    open: BTreeMap<(ControllerId, TaskId), Timestamp>,
    data: BTreeMap<String, (Person, Sealed<Sensitive<String>>)>,
    handed_over: Vec<HandedOver>,
    notices: Vec<(String, BreachNotice)>,
    told_of_holds: Vec<(String, HoldNotice)>,
    failing: BTreeMap<String, String>,
    postponed: Vec<(String, i64)>,
    buried: Vec<(String, String)>,
}

impl Memory {
    /// From here on the address fails with that code.
    pub fn fail_system(&self, url: &str, code: &str) {
        self.lock().systems.failing.insert(url.to_owned(), code.to_owned());
    }

    /// The address is back.
    pub fn mend_system(&self, url: &str) {
        self.lock().systems.failing.remove(url);
    }

    /// What was handed over, in order; what failed was not.
    pub fn handed_over(&self) -> Vec<HandedOver> {
        self.lock().systems.handed_over.clone()
    }

    /// The notices of breaches that were handed over, in order, each with its address; what failed was not.
    pub fn notices_handed_over(&self) -> Vec<(String, BreachNotice)> {
        self.lock().systems.notices.clone()
    }

    /// What systems were told of holds, in order, each with its address; what failed was not.
    pub fn told_of_holds(&self) -> Vec<(String, HoldNotice)> {
        self.lock().systems.told_of_holds.clone()
    }

    /// The messages that were put off, each by its handle and for how long.
    pub fn postponed(&self) -> Vec<(String, i64)> {
        self.lock().systems.postponed.clone()
    }

    /// The outcomes that were put aside, each with its reason.
    pub fn buried_outcomes(&self) -> Vec<(String, String)> {
        self.lock().systems.buried.clone()
    }

    /// The names of what systems have handed over and nobody has deleted.
    pub fn system_objects(&self) -> Vec<String> {
        self.lock().systems.data.keys().cloned().collect()
    }

    fn hand_over(&self, url: &str, what: Dispatch<'_>, secrets: &[SystemSecret]) -> Result<(), NotDelivered> {
        let mut state = self.call().map_err(|_| NotDelivered { code: "no-connection".to_owned() })?;
        if let Some(code) = state.systems.failing.get(url) {
            return Err(NotDelivered { code: code.clone() });
        }
        let url = url.to_owned();
        match what {
            Dispatch::Task(task) => {
                state.systems.handed_over.push(HandedOver { url, task: task.clone(), secrets: secrets.len() });
            }
            Dispatch::Hold(notice) => state.systems.told_of_holds.push((url, notice.clone())),
            Dispatch::Breach(notice) => state.systems.notices.push((url, notice.clone())),
        }
        Ok(())
    }
}

impl Webhooks for Memory {
    async fn post(
        &self,
        url: &str,
        what: Dispatch<'_>,
        secrets: &[SystemSecret],
        _: Timestamp,
    ) -> Result<(), NotDelivered> {
        self.hand_over(url, what, secrets)
    }
}

impl TaskQueues for Memory {
    async fn enqueue(
        &self,
        queue_url: &str,
        _: &SystemId,
        what: Dispatch<'_>,
        secrets: &[SystemSecret],
        _: Timestamp,
    ) -> Result<(), NotDelivered> {
        self.hand_over(queue_url, what, secrets)
    }
}

impl SystemStates for Memory {
    async fn system_state(&self, controller: &ControllerId, system: &SystemId) -> Result<SystemState, PortError> {
        let state = self.call()?;
        Ok(state.systems.states.get(&(controller.clone(), system.clone())).cloned().unwrap_or_default())
    }

    async fn put_system_state(
        &self,
        controller: &ControllerId,
        system: &SystemId,
        next: &SystemState,
    ) -> Result<bool, PortError> {
        let mut state = self.call()?;
        let key = (controller.clone(), system.clone());
        if state.systems.states.get(&key).is_some_and(|stands| stands.revision + 1 != next.revision) {
            return Ok(false);
        }
        state.systems.states.insert(key, next.clone());
        Ok(true)
    }

    async fn open_task(&self, controller: &ControllerId, task: &TaskId, since: Timestamp) -> Result<(), PortError> {
        self.call()?.systems.open.entry((controller.clone(), task.clone())).or_insert(since);
        Ok(())
    }

    async fn close_task(&self, controller: &ControllerId, task: &TaskId) -> Result<(), PortError> {
        self.call()?.systems.open.remove(&(controller.clone(), task.clone()));
        Ok(())
    }

    async fn open_tasks(
        &self,
        controller: &ControllerId,
        system: &SystemId,
    ) -> Result<Vec<(TaskId, Timestamp)>, PortError> {
        let state = self.call()?;
        let of = |((whose, task), since): (&(ControllerId, TaskId), &Timestamp)| {
            (whose == controller && task.system == *system).then(|| (task.clone(), *since))
        };
        Ok(state.systems.open.iter().filter_map(of).collect())
    }
}

impl SystemData for Memory {
    async fn keep_data(
        &self,
        key: &RequestKey,
        system: &SystemId,
        data: &Sensitive<String>,
        at: Timestamp,
    ) -> Result<String, PortError> {
        let mut state = self.call()?;
        let object = format!("systems/v1/{}/{}/{system}", key.controller, key.request);
        let person = person(&key.controller, &key.subject);
        let sealed = state.seal(&person, at, data.clone());
        state.systems.data.insert(object.clone(), (person, sealed));
        Ok(object)
    }

    async fn system_data(&self, key: &RequestKey, object: &str) -> Result<Option<Sensitive<String>>, PortError> {
        let state = self.call()?;
        let Some((person, sealed)) = state.systems.data.get(object) else { return Ok(None) };
        if *person != super::person(&key.controller, &key.subject) {
            return Err(PortError::corrupt("what a system handed over", "it is somebody else's"));
        }
        Ok(state.open(person, sealed))
    }

    async fn drop_data(&self, object: &str) -> Result<(), PortError> {
        self.call()?.systems.data.remove(object);
        Ok(())
    }
}

impl Postponing for Memory {
    async fn postpone(&self, _: Queue, receipt: &str, seconds: i64) -> Result<(), PortError> {
        self.call()?.systems.postponed.push((receipt.to_owned(), seconds));
        Ok(())
    }
}

impl OutcomeLetters for Memory {
    async fn bury_outcome(&self, body: &str, reason: &str) -> Result<(), PortError> {
        self.call()?.systems.buried.push((body.to_owned(), reason.to_owned()));
        Ok(())
    }
}
