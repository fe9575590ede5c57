//! Signals of detectors in memory.

use app::{
    error::{Appended, PortError},
    signals::{SignalPage, SignalStore},
};
use domain::{
    ids::{ControllerId, SignalId},
    signal::{Signal, SignalSeverity},
};
use jiff::Timestamp;

use super::Memory;

/// A signal as it is kept.
#[derive(Debug)]
pub(super) struct Stored {
    signal: Signal,
    next_at: Option<Timestamp>,
}

fn place_of(signal: &Signal) -> String {
    let rank = SignalSeverity::ALL.iter().rev().position(|severity| *severity == signal.gravest()).unwrap_or_default();
    format!("{rank}#{:015}#{}", signal.received_at.as_millisecond(), signal.id)
}

impl SignalStore for Memory {
    async fn keep_signal(
        &self,
        controller: &ControllerId,
        signal: &Signal,
        next_at: Timestamp,
    ) -> Result<Appended<Signal>, PortError> {
        let mut state = self.call()?;
        let place = (controller.clone(), signal.id.clone());
        if let Some(first) = state.signals.get(&place) {
            return Ok(Appended::Existing(first.signal.clone()));
        }
        state.signals.insert(place, Stored { signal: signal.clone(), next_at: Some(next_at) });
        Ok(Appended::Fresh)
    }

    async fn signal(&self, controller: &ControllerId, signal: &SignalId) -> Result<Option<Signal>, PortError> {
        let state = self.call()?;
        Ok(state.signals.get(&(controller.clone(), signal.clone())).map(|stored| stored.signal.clone()))
    }

    async fn change_signal(
        &self,
        controller: &ControllerId,
        signal: &Signal,
        next_at: Option<Timestamp>,
    ) -> Result<bool, PortError> {
        let mut state = self.call()?;
        let Some(stored) = state.signals.get_mut(&(controller.clone(), signal.id.clone())) else { return Ok(false) };
        if stored.signal.version + 1 != signal.version {
            return Ok(false);
        }
        stored.signal = signal.clone();
        stored.next_at = if signal.is_open() { next_at.or(stored.next_at) } else { None };
        Ok(true)
    }

    async fn put_off_signal(
        &self,
        controller: &ControllerId,
        signal: &SignalId,
        next_at: Timestamp,
    ) -> Result<(), PortError> {
        let mut state = self.call()?;
        if let Some(stored) = state.signals.get_mut(&(controller.clone(), signal.clone()))
            && stored.next_at.is_some()
        {
            stored.next_at = Some(next_at);
        }
        Ok(())
    }

    async fn signals(
        &self,
        controller: &ControllerId,
        is_open: bool,
        from: Option<&str>,
        limit: usize,
    ) -> Result<SignalPage, PortError> {
        let state = self.call()?;
        let theirs = state.signals.iter().filter(|((whose, _), _)| whose == controller).map(|(_, stored)| stored);
        let mut signals: Vec<_> = theirs
            .filter(|stored| stored.signal.is_open() == is_open)
            .map(|stored| (place_of(&stored.signal), stored.signal.clone()))
            .filter(|(place, _)| from.is_none_or(|from| place.as_str() > from))
            .collect();
        signals.sort_by(|a, b| a.0.cmp(&b.0));
        let has_more = signals.len() > limit;
        signals.truncate(limit);
        let next = signals.last().filter(|_| has_more).map(|(place, _)| place.clone());
        Ok(SignalPage { signals: signals.into_iter().map(|(_, signal)| signal).collect(), next })
    }

    async fn due_signals(
        &self,
        shard: u8,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<(ControllerId, SignalId)>, PortError> {
        let state = self.call()?;
        let mut due: Vec<_> = state
            .signals
            .iter()
            .filter(|_| shard == 0)
            .filter_map(|(place, stored)| Some((stored.next_at?, place.clone())))
            .filter(|(next_at, _)| *next_at <= until)
            .collect();
        due.sort();
        due.truncate(limit);
        Ok(due.into_iter().map(|(_, place)| place).collect())
    }
}
