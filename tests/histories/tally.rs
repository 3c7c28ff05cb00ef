//! What came up in many histories: a model that never meets a thing says nothing about it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

use super::SHARES;

/// What must come up, as the name of a step and how it went.
const MUST_COME_UP: [&str; 30] = [
    "Say done",
    "Say BLOCKED",
    "Say USER_NOT_FOUND",
    "Say CONTENT_REJECTED",
    "Say INSUFFICIENT_CREDITS",
    "SayAtOnce done",
    "BlockWhileSaying done",
    "Touch done",
    "Touch MESSAGE_NOT_FOUND",
    "Touch VALIDATION_FAILED",
    "Block done",
    "Unblock done",
    "Come online",
    "Dial done",
    "Dial CALLEE_BUSY",
    "Dial INSUFFICIENT_CREDITS",
    "Call accept",
    "Call connected",
    "Call end",
    "Call CALL_ENDED",
    "SignUp done",
    "SignIn done",
    "Renew done",
    "Renew REFRESH_TOKEN_REUSED",
    "SignOut done",
    "Ban done",
    "Unban done",
    "Adjust done",
    "Adjust APPROVAL_SELF",
    "Trespass MESSAGE_NOT_FOUND",
];

/// What the shares that are through have seen, and how many they are.
static TOGETHER: Mutex<(Tally, u64)> = Mutex::new((Tally(BTreeMap::new()), 0));

/// How often each step went how.
#[derive(Clone, Default)]
pub struct Tally(BTreeMap<String, usize>);

/// Adds what a share has seen; everything, once all shares are through.
pub fn with(share: Tally) -> Option<Tally> {
    let mut together = TOGETHER.lock().expect("nobody panics while adding");
    for (what, count) in share.0 {
        *together.0.0.entry(what).or_default() += count;
    }
    together.1 += 1;
    (together.1 == SHARES).then(|| together.0.clone())
}

impl Tally {
    /// Adds what a history tells.
    pub fn add(&mut self, trace: &[String]) {
        for line in trace {
            let mut parts = line.split(" -> ");
            let step = parts.next().and_then(|step| step.split(' ').nth(2));
            let step = step.and_then(|step| step.split('(').next());
            let Some(step) = step.filter(|step| step.starts_with(char::is_uppercase)) else {
                continue;
            };
            for went in parts {
                let how = went.split(' ').next().unwrap_or_default();
                *self.0.entry(format!("{step} {how}")).or_default() += 1;
            }
        }
    }

    /// What has not come up.
    pub fn missing(&self) -> Vec<&'static str> {
        let missing = MUST_COME_UP
            .iter()
            .filter(|what| !self.0.contains_key(**what));
        missing.copied().collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<_> = self
            .0
            .iter()
            .map(|(what, count)| format!("{what} {count}"))
            .collect();
        f.write_str(&all.join(", "))
    }
}

#[test]
fn a_tally_tells_how_steps_went_and_what_did_not_come_up() {
    let mut tally = Tally::default();
    let lines = [
        "3 T Say { from: 1 } -> done msg_1 -> lost",
        "4 T Call(Accept) -> CALL_ENDED",
    ];
    tally.add(&lines.map(str::to_owned));
    assert_eq!(
        tally.to_string(),
        "Call CALL_ENDED 1, Say done 1, Say lost 1"
    );
    assert_eq!(tally.missing().len(), MUST_COME_UP.len() - 2);
}
