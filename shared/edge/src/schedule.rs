//! The clock's side: a tick that carries its own time.

use aws_lambda_events::eventbridge::EventBridgeEvent;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// One tick of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tick {
    /// The time for which it was scheduled: the `now` of everything it starts. A late or repeated
    /// delivery carries the same time.
    pub time: Timestamp,
    /// Say what would be done, and do nothing.
    pub dry_run: bool,
}

/// Our own form, which the template gives EventBridge Scheduler as input (correctness 6).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    v: u8,
    time: String,
    #[serde(default)]
    dry_run: bool,
}

impl Tick {
    /// Reads `{"v":1,"time":"…"}`, optionally with `"dry_run":true`, or EventBridge's own
    /// `Scheduled Event`. `None` for anything else.
    pub(crate) fn parse(payload: &str, is_event_bridge: bool) -> Option<Self> {
        if is_event_bridge {
            let event: EventBridgeEvent<Value> = serde_json::from_str(payload).ok()?;
            let time = Timestamp::from_millisecond(event.time?.timestamp_millis()).ok()?;
            return (event.detail_type == "Scheduled Event").then_some(Self { time, dry_run: false });
        }
        let input: Input = serde_json::from_str(payload).ok()?;
        let time = input.time.parse().ok()?;
        (input.v == 1).then_some(Self { time, dry_run: input.dry_run })
    }
}
