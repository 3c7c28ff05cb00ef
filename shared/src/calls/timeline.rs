//! What happened to a call, step by step, in a few bytes of its row.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::words::{Actor, EndedReason, Status};
use crate::pack::{Bytes, Packer, Unpacker};
use crate::time::Time;

/// Most steps that are kept; a call has six states on its longest way.
pub const STEPS_MAX: usize = 16;
/// Stored code of a step without a reason.
const NO_REASON: u8 = 0xff;

/// One transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// When it happened.
    pub at: Time,
    /// State before.
    pub from: Status,
    /// State after.
    pub to: Status,
    /// Who did it.
    pub actor: Actor,
    /// Why, if it ended the call.
    pub reason: Option<EndedReason>,
}

/// A step as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct StepView {
    /// When it happened.
    pub at: Time,
    /// State before.
    pub from_status: Status,
    /// State after.
    pub to_status: Status,
    /// `caller`, `receiver` or `system`.
    pub actor: String,
    /// Why, if it ended the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<EndedReason>,
}

/// All transitions of a call, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline(pub Vec<Step>);

impl Timeline {
    /// Adds a step. Of a call that has more steps than any can have, the first ones stay.
    pub(super) fn push(&mut self, step: Step) {
        if self.0.len() < STEPS_MAX {
            self.0.push(step);
        }
    }

    /// The steps as they are shown.
    pub fn views(&self) -> Vec<StepView> {
        let actor = |actor| match actor {
            Actor::Caller => "caller",
            Actor::Receiver => "receiver",
            Actor::System => "system",
        };
        let view = |step: &Step| StepView {
            at: step.at,
            from_status: step.from,
            to_status: step.to,
            actor: actor(step.actor).to_owned(),
            reason: step.reason,
        };
        self.0.iter().map(view).collect()
    }

    fn pack(&self) -> Vec<u8> {
        let (mut out, mut before) = (Packer::default(), 0);
        for step in &self.0 {
            let reason = step.reason.map_or(NO_REASON, |reason| reason as u8);
            out.byte(step.from as u8)
                .byte(step.to as u8)
                .byte(step.actor as u8)
                .byte(reason);
            // Instants of two servers may cross by a little; order is that of the list.
            let at = step.at.ms().max(before);
            out.number(at - before);
            before = at;
        }
        out.finish()
    }

    fn unpack(bytes: &[u8]) -> Option<Self> {
        let (mut from, mut before) = (Unpacker::new(bytes), 0);
        let mut steps = Vec::new();
        while !from.is_empty() {
            let states = (Status::of(from.byte()?)?, Status::of(from.byte()?)?);
            let actor = Actor::of(from.byte()?)?;
            let reason = match from.byte()? {
                NO_REASON => None,
                code => Some(EndedReason::of(code)?),
            };
            before += from.number()?;
            steps.push(Step {
                at: Time(before),
                from: states.0,
                to: states.1,
                actor,
                reason,
            });
        }
        Some(Self(steps))
    }
}

impl Serialize for Timeline {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.pack())
    }
}

impl<'de> Deserialize<'de> for Timeline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Bytes(bytes) = Bytes::deserialize(deserializer)?;
        Self::unpack(&bytes).ok_or_else(|| de::Error::custom("timeline of a call"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeline_survives_its_bytes_and_takes_few() {
        let step = |at: i64, from, to, reason| Step {
            at: Time(1_767_614_400_000 + at),
            from,
            to,
            actor: Actor::System,
            reason,
        };
        let reason = Some(EndedReason::CreditsExhausted);
        let line = Timeline(vec![
            step(0, Status::Initiated, Status::Ringing, None),
            step(9_000, Status::Ringing, Status::Accepted, None),
            step(11_000, Status::Accepted, Status::Connected, None),
            step(600_000, Status::Connected, Status::Ended, reason),
        ]);
        let bytes = line.pack();
        assert!(bytes.len() < 32, "{}", bytes.len());
        assert_eq!(Timeline::unpack(&bytes), Some(line));
        assert_eq!(Timeline::unpack(&[99, 0, 0, 0, 0]), None);
    }
}
