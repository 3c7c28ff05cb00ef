//! Random conversations against a plain list of messages: whatever happens, the numbers of the
//! head equal a recount, and memberships follow the head in any order of the stream.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::moderation::{Finding, Hit, Outcome, When};
use crate::table::{Change, Condition, Value, Wrote};

/// The plain truth.
struct Chat {
    head: Head,
    messages: Vec<Message>,
    wallets: [Wallet; 2],
    read: [i64; 2],
    heads: Vec<Head>,
    /// Numbers of messages that were deleted while they were held, and let go then.
    taken_back: Vec<i64>,
}

impl Chat {
    fn new() -> Self {
        let head = Head::new(&user(1), &user(2), NOW).unwrap();
        let wallets = [wallet(1, 10_000), wallet(2, 10_000)];
        Self {
            head,
            messages: Vec::new(),
            wallets,
            read: [0, 0],
            heads: Vec::new(),
            taken_back: Vec::new(),
        }
    }

    fn take(&mut self, commit: Commit) {
        for write in commit.into_writes().unwrap() {
            let Action::Put(row) = write.action else {
                panic!("{:?}", write.key)
            };
            match write.key.sk.as_str() {
                "head" => self.head = item_of(row).unwrap(),
                "wallet" => {
                    let wallet: Wallet = item_of(row).unwrap();
                    let at = usize::from(wallet.wallet_id != self.wallets[0].wallet_id);
                    self.wallets[at] = wallet;
                }
                sk if sk.starts_with("msg#") => {
                    let message: Message = item_of(row).unwrap();
                    self.messages.retain(|known| known.place != message.place);
                    self.messages.push(message);
                }
                _ => {}
            }
        }
        self.heads.push(self.head.clone());
    }

    fn act(&mut self, what: u8, who: usize, at: usize) {
        let side = [Who::Low, Who::High][who];
        let now = NOW.plus(self.heads.len() as i64 * 300 * SECOND_MS);
        match what {
            0..=1 => self.send(who, None, now),
            2 => {
                let outcome = [Outcome::Flag, Outcome::Hold, Outcome::Hold][at % 3];
                self.send(who, Some(outcome), now);
            }
            3 => {
                let up_to = at as i64 % (self.head.seq_for(side) + 1);
                self.read(side, who, up_to, now);
            }
            4 => {
                let seq = at as i64 % (self.head.seq_for(side) + 1);
                if let Some(marked) = self.head.deliver(side, seq, [1; 16], now) {
                    self.take(marked.commit());
                }
            }
            5..=6 => self.delete(who, at, now),
            _ => self.moderate(what, at, now),
        }
    }

    fn send(&mut self, who: usize, outcome: Option<Outcome>, now: Time) {
        let (me, rate) = (me(who as u8 + 1), Rate::of(Limit::Send));
        let new = NewMessage {
            receiver_id: user(2 - who as u8),
            ..text("hi")
        };
        let mut key = [0; 16];
        key[..8].copy_from_slice(&(self.heads.len() as u64).to_be_bytes());
        let (wallet, head) = (self.wallets[who].clone(), Some(self.head.clone()));
        let ground = Ground {
            wallet,
            head,
            receiver_is_active: true,
            admission: Admission::default(),
            media: Vec::new(),
            scene: judged(outcome),
        };
        let draft = Draft {
            me: &me,
            new: &new,
            key,
            price: 1,
            rate: &rate,
            now,
        };
        let decided = draft.decide(&ground).unwrap();
        self.take(decided.commit);
    }

    fn read(&mut self, side: Who, who: usize, up_to: i64, now: Time) {
        let reading = match self.head.read(side, up_to, None, None, now) {
            Reading::Recount(from, to) => {
                let passed = self.unread_of(who, from, to);
                self.head.read(side, up_to, None, Some(passed), now)
            }
            reading => reading,
        };
        if let Reading::Moves(marked) = reading {
            let passed = self.unread_of(who, self.read[who] + 1, up_to);
            assert_eq!(marked.passed, passed);
            self.read[who] = up_to.max(self.read[who]);
            self.take(marked.commit());
        }
    }

    fn delete(&mut self, who: usize, at: usize, now: Time) {
        let Some(message) = self.messages.get(at % self.messages.len().max(1)).cloned() else {
            return;
        };
        let user_id = &user(who as u8 + 1);
        let scope = (at.is_multiple_of(3)).then_some(Scope::Me);
        let deletion = Deletion {
            user_id,
            scope,
            refunds_unsent: true,
            now,
        };
        let Ok(scope) = deletion.scope(&message) else {
            assert!(!message.is_visible_to(user_id));
            return;
        };
        if deletion.earlier(&message, scope).unwrap().is_some() {
            return;
        }
        let wallet = &self.wallets[who];
        let decided = deletion
            .decide(scope, &message, &self.head, Some(wallet))
            .unwrap();
        self.take(decided.1);
    }

    /// A decision of a moderator, of a later detector, or of the receiver's end.
    fn moderate(&mut self, what: u8, at: usize, now: Time) {
        let Some(message) = self.messages.get(at % self.messages.len().max(1)).cloned() else {
            return;
        };
        let sender = usize::from(message.sender_id != user(1));
        let seen = |m: &&Message| m.seq < message.seq && m.is_visible_to(&message.receiver_id);
        let earlier = self.messages.iter().filter(seen).max_by_key(|m| m.seq);
        let case = Case {
            message: &message,
            head: &self.head,
            wallet: Some(&self.wallets[sender]),
            earlier: earlier.filter(|_| {
                let receiver = message.receiver(&self.head).unwrap();
                self.head.seq_for(receiver) == message.seq
            }),
        };
        let steps = [
            Moderation::Approved,
            Moderation::Flagged,
            Moderation::Blocked,
        ];
        let from = message.moderation_status();
        let judged = match (what, at % 7) {
            (7, 0) => case.fail(now),
            (7, _) => case.raise([Moderation::Flagged, Moderation::Pending][at % 2], now),
            _ => case.moderate(steps[at % 3], now),
        };
        let Ok(judged) = judged else {
            return assert!(what > 7 && !from.may_become(steps[at % 3]));
        };
        let paid = judged.message.refunded && !message.refunded;
        assert!(!paid || judged.message.failed_at.is_some());
        if message.failed_at.is_none() && judged.message.failed_at.is_some() {
            assert!(judged.message.refunded);
        }
        let is_hidden = |m: &Message| m.hidden_from_receiver.is_some();
        if is_hidden(&judged.message) && !is_hidden(&message) {
            assert!(from == Moderation::Pending && message.deleted_at.is_some());
            self.taken_back.push(message.seq);
        }
        if !judged.commit.is_empty() {
            self.take(judged.commit);
        }
    }

    fn unread_of(&self, who: usize, from: i64, to: i64) -> i64 {
        let mine = user(who as u8 + 1);
        let counts =
            |m: &&Message| (from..=to).contains(&m.seq) && m.receiver_id == mine && m.counts();
        self.messages.iter().filter(counts).count() as i64
    }

    fn check(&self) {
        let mut seqs: Vec<i64> = self.messages.iter().map(|message| message.seq).collect();
        seqs.sort_unstable();
        assert_eq!(seqs, (1..=self.head.last_seq).collect::<Vec<_>>());
        for (who, side) in [Who::Low, Who::High].into_iter().enumerate() {
            let mine = user(who as u8 + 1);
            let side = self.head.side(side);
            assert_eq!(
                side.unread,
                self.unread_of(who, self.read[who] + 1, i64::MAX)
            );
            let own = || self.messages.iter().filter(|m| m.sender_id == mine);
            assert_eq!(side.sent, own().count() as i64);
            let deleted = own().filter(|m| m.deleted_at.is_some()).count() as i64;
            assert_eq!(side.deleted, deleted);
            let spent: i64 = own().filter(|m| !m.refunded).map(|m| m.credits_cost).sum();
            assert_eq!(side.spent, spent);
            assert_eq!(self.wallets[who].available, 10_000 - spent);
            let is_taken_back = |m: &Message| self.taken_back.contains(&m.seq);
            let gone = |m: &&Message| {
                m.hidden_at(&mine).is_some() && (m.sender_id == mine || !is_taken_back(m))
            };
            let hidden = self.messages.iter().filter(gone).count();
            assert_eq!(side.hidden, hidden as i64);
            let kept = |m: &&Message| {
                is_taken_back(m) || m.is_withheld() && m.hidden_from_receiver.is_none()
            };
            assert_eq!(side.withheld, own().filter(kept).count() as i64);
            self.check_list([Who::Low, Who::High][who], &mine);
        }
    }
}

impl Chat {
    /// What a list shows is the newest message that the person may see.
    fn check_list(&self, who: Who, mine: &str) {
        let shown = self.head.shown_to(who);
        let visible = self.messages.iter().filter(|m| m.is_visible_to(mine));
        let newest = visible.map(|m| m.seq).max().unwrap_or(0);
        assert!(newest <= shown.seq, "{newest} is not shown");
        let Some(message) = self.messages.iter().find(|m| m.seq == shown.seq) else {
            return assert_eq!((shown.seq, shown.last), (0, None));
        };
        assert!(message.is_visible_to(mine) || message.hidden_at(mine).is_some());
        let last = shown.last.unwrap();
        assert_eq!(last.key, message.message_key().unwrap());
        assert_eq!(last.failed, message.failed_at.is_some());
        assert_eq!(last.deleted, message.deleted_at.is_some());
        assert_eq!(shown.at, message.created_at);
        if message.hidden_at(mine).is_none() {
            assert_eq!(shown.preview, message.shown());
        }
    }
}

/// What detectors say in the model.
fn judged(outcome: Option<Outcome>) -> Scene {
    let mut scene = Scene::default();
    scene.look.hits.extend(outcome.map(|outcome| Hit {
        finding: Finding::BY_MODERATOR,
        outcome,
        when: When::Always,
    }));
    scene
}

/// Carries an update out as the table would.
fn follow_row(rows: &mut HashMap<String, Row>, write: &Wrote) {
    let row = rows.entry(format!("{:?}", write.key)).or_default();
    let (guard, _) = write.guard.as_ref().unwrap();
    let Condition::Any(ways) = guard else {
        panic!("{guard:?}")
    };
    let number = |value: &Value| match value {
        Value::N(number) => number.parse::<i64>().unwrap(),
        other => panic!("{other:?}"),
    };
    let holds = ways.iter().any(|way| match way {
        Condition::Missing(name) => !row.contains_key(*name),
        Condition::Below(name, value) => row
            .get(*name)
            .is_some_and(|known| number(known) < number(value)),
        other => panic!("{other:?}"),
    });
    let Action::Update(changes) = &write.action else {
        panic!("{:?}", write.action)
    };
    for change in changes.iter().filter(|_| holds) {
        match change {
            Change::Set(name, value) => drop(row.insert(name.clone(), value.clone())),
            Change::Remove(name) => drop(row.remove(name)),
            Change::Add(..) | Change::Include(..) => panic!("{change:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn the_head_equals_a_recount(
        acts in proptest::collection::vec((0..12_u8, 0..2_usize, any::<usize>()), 1..150),
        order in any::<u64>(),
    ) {
        let mut chat = Chat::new();
        for (what, who, at) in acts {
            chat.act(what, who, at);
            chat.check();
        }
        let mut events: Vec<(Option<Head>, Head)> = Vec::new();
        for (at, head) in chat.heads.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|at| chat.heads.get(at));
            events.push((before.cloned(), head.clone()));
        }
        // Each event twice, and all of them in an order of their own.
        let mut shuffled = [events.clone(), events].concat();
        shuffled.sort_by_key(|(_, head)| (head.rev as u64).wrapping_mul(order | 1) >> 7);
        let mut rows: HashMap<String, Row> = HashMap::new();
        for (old, new) in &shuffled {
            for commit in following(old.as_ref(), new, new.changed_at) {
                for write in commit.into_writes().unwrap() {
                    follow_row(&mut rows, &write);
                }
            }
        }
        for who in [Who::Low, Who::High] {
            let key = Membership::key_of(&chat.head.user(who), &chat.head.user(who.other()));
            let row = rows.get(&format!("{key:?}"));
            let known = chat.heads.iter().any(|head| head.seq_for(who) > 0);
            prop_assert_eq!(row.is_some(), known);
            if let Some(row) = row {
                let unread = chat.head.side(who).unread > 0;
                prop_assert_eq!(row.contains_key("unread"), unread);
                let hour = Value::N(chat.head.hour_for(who).to_string());
                prop_assert_eq!(row.get("hour"), Some(&hour));
            }
        }
    }
}

#[test]
fn long_conversations_stay_exact() {
    let mut chat = Chat::new();
    for n in 0..600 {
        chat.send(n % 3 % 2, None, NOW.plus(n as i64 * 10 * SECOND_MS));
    }
    for up_to in [1, 2, 50, 300, 343, 344, 345, 500, 599, 600, 600] {
        chat.read(Who::High, 1, up_to, NOW.plus(DAY_MS));
        chat.check();
    }
}
