//! The models can fail: each hand-made wrong state contradicts the sentence that it should.

use serde_json::json;
use shared::Time;
use shared::messaging::{Move as Moved, Who};

use super::checks::findings;
use super::end::State;
use super::plan::{How, Move, Plan, Renewal, Step, Touch, Trespass, Words};
use super::record::{Fate, Record};
use super::tells;

/// A quiet history with something of everything.
fn plan() -> Plan {
    let say = |from, to| Step::Say {
        from,
        to,
        words: Words::Plain,
        how: How::Post,
    };
    let touch = |nth, touch| Step::Touch { nth, touch };
    let steps = vec![
        Step::Come { who: 1 },
        say(0, 1),
        say(0, 1),
        say(1, 2),
        touch(0, Touch::Read),
        touch(1, Touch::Delete),
        touch(2, Touch::Flag),
        Step::Dial {
            from: 0,
            to: 1,
            video: false,
            twice: false,
        },
        Step::Call(Move::Accept),
        Step::Call(Move::Connect),
        Step::Wait { seconds: 61 },
        Step::Call(Move::HangUpBoth),
        Step::Adjust {
            who: 3,
            credits: 5,
            approve: true,
        },
        Step::Block { who: 2, whom: 0 },
        Step::Trespass {
            who: 4,
            nth: 0,
            what: Trespass::Look,
        },
        Step::SignUp,
        Step::Renew {
            who: 3,
            how: Renewal::Once,
        },
        say(3, 1),
    ];
    Plan {
        seed: 1_000_000,
        per_mille: 0,
        steps,
    }
}

/// What goes wrong, by hand, and a part of the sentence that says so.
type Damage = (&'static str, fn(&mut Record, &mut State));

/// The conversation in which most is said.
fn talk(state: &mut State) -> usize {
    let longest = state.conversations.iter().enumerate();
    let longest = longest.max_by_key(|(_, (_, messages))| messages.len());
    longest.expect("a conversation").0
}

const BOOKS: [Damage; 6] = [
    ("follows from its rows", |_, state| {
        state.books[0].wallet.available += 1
    }),
    ("follows from its rows", |_, state| {
        state.books[0].wallet.held -= 1
    }),
    ("everybody has one", |_, state| {
        state.links.pop();
    }),
    ("less what they paid", |_, state| {
        let at = talk(state);
        state.conversations[at].1[0].credits_cost += 1;
    }),
    ("less what they paid", |record, _| {
        record.gifts[0].credits += 1
    }),
    ("belongs to one message, call or gift", |_, state| {
        state.calls.clear()
    }),
];

const MESSAGES: [Damage; 12] = [
    ("numbers are dense", |_, state| {
        let at = talk(state);
        state.conversations[at].1.remove(0);
    }),
    ("both sides see the same order", |_, state| {
        let seen = state.views[0].conversations.values_mut();
        seen.max_by_key(|seen| seen.len())
            .expect("messages")
            .swap(0, 1);
    }),
    ("what was accepted is there once", |_, state| {
        let at = talk(state);
        state.conversations[at].1.pop();
    }),
    ("what was accepted is there once", |_, state| {
        let at = talk(state);
        let again = state.conversations[at].1.last().expect("a message").clone();
        state.conversations[at].1.push(again);
    }),
    ("what was refused is not", |record, _| {
        record.said[0].fates = vec![Fate::Refused("INSUFFICIENT_CREDITS".to_owned())];
    }),
    ("can read it as it was sent", |record, _| {
        record.said[0].text.push('!')
    }),
    ("counters equal a recount", |_, state| {
        let at = talk(state);
        state.conversations[at].0.side_mut(Who::Low).unread += 1;
    }),
    ("counters equal a recount", |_, state| {
        state.views[1].stats["sent"] = json!(99)
    }),
    ("counters equal a recount", |_, state| {
        state.views[0].sync["conversations"] = json!([])
    }),
    ("counters equal a recount", |_, state| {
        state.repaired["differences"] = json!(1)
    }),
    ("marks and deletions", |_, state| {
        let at = talk(state);
        let head = &mut state.conversations[at].0;
        for who in [Who::Low, Who::High] {
            head.side_mut(who).delivered.push(Moved {
                up_to: 99,
                at: Time(1),
            });
        }
    }),
    ("marks and deletions", |_, state| {
        let at = talk(state);
        state.conversations[at].1[0].deleted_at = Some(Time(1));
    }),
];

const CALLS: [Damage; 6] = [
    ("billed by the rule", |_, state| {
        state.calls[0].billed_minutes += 1
    }),
    ("every call is over", |_, state| {
        state.calls[0].ended_at = None
    }),
    ("two calls at once", |_, state| {
        let mut other = state.calls[0].clone();
        other.call_id = "cal_other".to_owned();
        state.calls.push(other);
    }),
    ("calls are as their people were told", |record, _| {
        record.rings[0].ends[0].1["duration_seconds"] = json!(1);
    }),
    ("calls are as their people were told", |record, _| {
        record.rings[0].fates = vec![Fate::Refused("CALLEE_BUSY".to_owned())];
    }),
    ("calls are as their people were told", |_, state| {
        state.views[0].calls[0]["status"] = json!("missed");
    }),
];

const RIGHTS: [Damage; 10] = [
    ("without permission", |record, _| {
        record.attempts[0].harmless = false
    }),
    ("without permission", |record, _| {
        record.attempts[0].changed = Some("a row".to_owned());
    }),
    ("without permission", |_, state| {
        let again = state
            .audit
            .iter()
            .find(|row| row.action == "moderate_message");
        let again = again.expect("a deed").clone();
        state.audit.push(again);
    }),
    ("without permission", |_, state| {
        state.audit.retain(|row| row.action != "moderate_message");
    }),
    ("without permission", |_, state| state.mails[0].1 = 2),
    ("crosses a block", |record, _| {
        let frame = json!({ "content": record.said[0].text });
        record.frames.push((4, frame));
    }),
    ("crosses a block", |record, _| {
        record.said[0].walled = super::record::Known::Yes;
    }),
    ("crosses a block", |_, state| state.blocks.clear()),
    ("crosses a block", |record, _| {
        // The mark of the first message came after the block, then.
        record.veils.insert((0, 1), 0);
    }),
    ("everything has drained", |_, state| state.queues[0].1 = 1),
];

#[test]
fn a_wrong_state_contradicts_its_sentence() {
    let (record, state) = tells(&plan());
    assert_eq!(
        findings(&record, &state),
        Vec::<String>::new(),
        "{:#?}",
        record.trace
    );
    let damages = BOOKS.iter().chain(&MESSAGES).chain(&CALLS).chain(&RIGHTS);
    for (number, (sentence, damage)) in damages.enumerate() {
        let (mut record, mut state) = (record.clone(), state.clone());
        damage(&mut record, &mut state);
        let found = findings(&record, &state);
        let hit = found.iter().any(|finding| finding.contains(sentence));
        assert!(
            hit,
            "damage {number} does not contradict `{sentence}`: {found:?}"
        );
    }
}
