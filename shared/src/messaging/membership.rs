//! Memberships: where a person's conversations are found. The stream's consumer derives them.

use serde::{Deserialize, Serialize};

use super::address::conversation_id;
use super::archive::begin;
use super::head::{Head, Who};
use crate::error::{Result, UNAVAILABLE};
use crate::table::{BY_HOUR, BY_MARK, Change, Commit, Condition, Item, Key, Name, UNREAD, Value};
use crate::time::{SECOND_MS, Time};
use crate::worker;

/// What the sort keys of memberships begin with.
pub const WITH: &str = "with#";

/// That a person has a conversation with another; read from its keys alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Membership {
    /// `usr_…`
    #[serde(rename = "pk")]
    pub user_id: String,
    /// `with#usr_…`
    #[serde(rename = "sk")]
    pub with: String,
    /// Hour of the last activity, since 1970; the index `by_hour`.
    #[serde(default)]
    pub hour: Option<i64>,
    /// Hour of a mark in a later hour than that; the sparse index `by_mark`.
    #[serde(default)]
    pub marked: Option<i64>,
    /// 1 while something is unread; the sparse index `unread`.
    #[serde(default)]
    pub unread: Option<i64>,
    /// Revision of the head that it follows.
    #[serde(default)]
    pub rv: Option<i64>,
}

impl Item for Membership {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Membership";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&*self.user_id, &*self.with)
    }
}

impl Membership {
    /// The other person.
    pub fn partner_id(&self) -> &str {
        self.with.strip_prefix(WITH).unwrap_or_default()
    }

    /// The conversation.
    pub fn conversation_id(&self) -> String {
        conversation_id(&self.user_id, self.partner_id())
    }

    /// Where the membership of a person with another lies.
    pub fn key_of(user_id: &str, partner_id: &str) -> Key {
        Key::new(user_id, format!("{WITH}{partner_id}"))
    }
}

impl Membership {
    /// Whether it says what the head says of this side.
    pub fn follows(&self, head: &Head, who: Who) -> bool {
        let (hour, marked, unread) = shown(head, who);
        let late = self.marked.is_some_and(|at| at >= LATE_FLOOR);
        let same = self.marked == marked || late;
        self.hour == Some(hour) && self.unread.is_some() == unread && same
    }
}

/// What a head says of one side's membership.
fn shown(head: &Head, who: Who) -> (i64, Option<i64>, bool) {
    let unread = head.side(who).unread > 0;
    (head.hour_for(who), head.marked_hour_for(who), unread)
}

/// A membership that follows so long after its head is late, milliseconds: less than a resume
/// looks back, and more than a stream in order needs.
const LATE_MS: i64 = 20 * SECOND_MS;
/// Marks from here on are instants of late memberships, below they are hours.
pub const LATE_FLOOR: i64 = 10_000_000_000;

/// The writes that let memberships follow a changed head, each to be carried out on its own. A
/// write that is refused met a membership that already follows a newer head: nothing is to be
/// done. So repeats and any order do no harm.
///
/// # Errors
/// 500 when an image does not have the shape of a head.
pub fn projections(change: &worker::Change, now: Time) -> Result<Vec<Commit>> {
    if change.sk != "head" {
        return Ok(Vec::new());
    }
    let (old, new) = change.of::<Head>()?;
    let Some(new) = new else {
        return Ok(Vec::new());
    };
    let mut writes = following(old.as_ref(), &new, now);
    if new.last_seq > 0 && old.is_none_or(|old| old.last_seq == 0) {
        writes.push(begin(&new));
    }
    Ok(writes)
}

/// The same of typed heads.
pub fn following(old: Option<&Head>, new: &Head, now: Time) -> Vec<Commit> {
    if new.last_seq == 0 {
        return Vec::new();
    }
    let sides = [Who::Low, Who::High].into_iter();
    let changed = sides.filter(|who| {
        let told = old.filter(|old| old.seq_for(*who) > 0);
        // Whoever has seen nothing yet has no conversation to list.
        told.map_or(new.seq_for(*who) > 0, |old| {
            shown(old, *who) != shown(new, *who)
        })
    });
    changed.map(|who| follow(new, who, now)).collect()
}

/// The write that brings one side's membership to the state of the head. One that comes late says
/// so: whoever resumed before could not find the conversation, and must find it the next time.
pub fn follow(head: &Head, who: Who, now: Time) -> Commit {
    let (hour, marked, unread) = shown(head, who);
    let late = now.since(head.changed_at) > LATE_MS;
    let marked = late.then(|| now.ms()).or(marked);
    let (flag, mark) = (UNREAD.sk.to_owned(), BY_MARK.sk.to_owned());
    let changes = vec![
        Change::number(BY_HOUR.sk, hour),
        Change::number("rv", head.rev),
        match marked {
            Some(hour) => Change::number(mark, hour),
            None => Change::Remove(mark),
        },
        if unread {
            Change::number(flag, 1)
        } else {
            Change::Remove(flag)
        },
    ];
    let older = Condition::Any(vec![
        Condition::Missing("rv"),
        Condition::Below("rv", Value::N(head.rev.to_string())),
    ]);
    let key = Membership::key_of(&head.user(who), &head.user(who.other()));
    Commit::new().update::<Membership>(key, changes, Some((older, &UNAVAILABLE)))
}
