//! Every record of a controller, page by page, and how far walks through them have come.

use app::{
    error::PortError,
    replan::{Planning, PlanningStore},
    walk::{Progress, RecordPage, RecordScan, WALK_SEGMENTS, Walks},
};
use domain::{ids::ControllerId, walk::Job};

use super::{Memory, SCOPE_PAGE};

impl RecordScan for Memory {
    async fn scan_records(
        &self,
        controller: &ControllerId,
        segment: u16,
        from: Option<&str>,
    ) -> Result<RecordPage, PortError> {
        let state = self.call()?;
        let segments = u8::try_from(WALK_SEGMENTS).unwrap_or(u8::MAX);
        let mut ahead: Vec<_> = state
            .records
            .iter()
            .filter(|(((_, subject), _), _)| u16::from(subject.shard(segments)) == segment)
            .map(|(((whose, subject), id), item)| (format!("{whose} {subject} {id}"), whose, &item.record))
            .filter(|(place, ..)| from.is_none_or(|from| place.as_str() > from))
            .collect();
        ahead.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        ahead.truncate(SCOPE_PAGE);
        let next = ahead.get(SCOPE_PAGE - 1).map(|(place, ..)| place.clone());
        let of_controller = ahead.into_iter().filter(|(_, whose, _)| *whose == controller);
        Ok(RecordPage { records: of_controller.map(|(.., record)| record.clone()).collect(), unreadable: 0, next })
    }
}

impl Walks for Memory {
    async fn begin_segment(&self, controller: &ControllerId, job: &Job, progress: &Progress) -> Result<(), PortError> {
        let mut state = self.call()?;
        let place = (controller.clone(), job.clone(), progress.turn.segment);
        if state.walks.get(&place).is_none_or(|stands| stands.at < progress.at) {
            state.walks.insert(place, progress.clone());
        }
        Ok(())
    }

    async fn segment(&self, controller: &ControllerId, job: &Job, segment: u16) -> Result<Option<Progress>, PortError> {
        Ok(self.call()?.walks.get(&(controller.clone(), job.clone(), segment)).cloned())
    }

    async fn note_segment(
        &self,
        controller: &ControllerId,
        job: &Job,
        hop: u32,
        progress: &Progress,
    ) -> Result<bool, PortError> {
        let mut state = self.call()?;
        let place = (controller.clone(), job.clone(), progress.turn.segment);
        let stands = state.walks.get(&place);
        let is_open = |walk: &&Progress| walk.at == progress.at && walk.turn.hop == hop && !walk.is_done;
        if stands.filter(is_open).is_none() {
            return Ok(false);
        }
        state.walks.insert(place, progress.clone());
        Ok(true)
    }
}

impl PlanningStore for Memory {
    async fn planning(&self, controller: &ControllerId) -> Result<Planning, PortError> {
        Ok(self.call()?.plannings.get(controller).cloned().unwrap_or_default())
    }

    async fn put_planning(&self, controller: &ControllerId, planning: &Planning) -> Result<bool, PortError> {
        let mut state = self.call()?;
        if state.plannings.get(controller).is_some_and(|stands| stands.revision + 1 != planning.revision) {
            return Ok(false);
        }
        state.plannings.insert(controller.clone(), planning.clone());
        Ok(true)
    }
}
