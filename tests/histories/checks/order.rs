//! Conversations: order, completeness, counters, marks.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::messaging::{Head, Message, Moderation, Who};

use crate::histories::end::{State, View};
use crate::histories::record::{Fate, Known, Record, Said, is_of_the_caller};
use crate::histories::stage::FIRST_MESSAGES;

/// Numbers run from 1 without gap or repeat up to the head's, and whoever sees two messages sees
/// them in the order of their numbers.
pub fn is_dense(_: &Record, state: &State) -> Vec<String> {
    let mut found = Vec::new();
    for (head, messages) in &state.conversations {
        let seqs: Vec<i64> = messages.iter().map(|message| message.seq).collect();
        if !seqs.iter().copied().eq(1..=head.last_seq) {
            found.push(format!(
                "{} to {}: {seqs:?}",
                head.conversation_id, head.last_seq
            ));
        }
        let times: Vec<_> = messages
            .iter()
            .map(|message| message.message_key().ok())
            .collect();
        let different: std::collections::BTreeSet<_> = times.iter().collect();
        if different.len() != times.len() {
            found.push(format!("{}: a key twice", head.conversation_id));
        }
    }
    for view in &state.views {
        for (partner, seen) in &view.conversations {
            let wanted = visible(state, &view.user_id, partner);
            let seen: Vec<_> = seen
                .iter()
                .map(|one| (one["seq"].clone(), one["id"].clone()))
                .collect();
            if seen != wanted {
                found.push(format!(
                    "{} sees of {partner}: {seen:?}, not {wanted:?}",
                    view.user_id
                ));
            }
        }
    }
    found
}

fn conversation<'a>(state: &'a State, one: &str, other: &str) -> Option<&'a (Head, Vec<Message>)> {
    state
        .conversations
        .iter()
        .find(|(head, _)| head.who(one).is_ok() && head.who(other).is_ok())
}

fn visible(state: &State, viewer: &str, partner: &str) -> Vec<(Value, Value)> {
    let Some((_, messages)) = conversation(state, viewer, partner) else {
        return Vec::new();
    };
    let shown = messages
        .iter()
        .filter(|message| message.is_visible_to(viewer));
    shown
        .map(|message| (json!(message.seq), json!(message.id().unwrap_or_default())))
        .collect()
}

fn row_of<'a>(state: &'a State, said: &Said) -> Vec<&'a Message> {
    let sender = &state.people[said.from];
    state
        .rows()
        .filter(|row| {
            row.sender_id == *sender && row.client_message_id.as_deref() == Some(&*said.client_id)
        })
        .collect()
}

/// What was accepted has one row that agrees with every answer; what was refused has none; there
/// is nothing that nobody asked for.
pub fn is_kept(record: &Record, state: &State) -> Vec<String> {
    let (mut found, mut known) = (Vec::new(), FIRST_MESSAGES);
    for said in &record.said {
        let rows = row_of(state, said);
        known += rows.len();
        let answers: Vec<_> = said.fates.iter().filter_map(Fate::answer).collect();
        for answer in &answers {
            let same = |row: &&Message| {
                answer["id"] == json!(row.id().unwrap_or_default()) && answer["seq"] == row.seq
            };
            if rows.len() != 1 || !rows.iter().all(same) {
                found.push(format!(
                    "{} is {} rows: {answer}",
                    said.client_id,
                    rows.len()
                ));
            }
        }
        let lost = said.fates.contains(&Fate::Lost);
        if rows.len() > usize::from(!answers.is_empty() || lost) {
            found.push(format!(
                "{} is {} rows: {:?}",
                said.client_id,
                rows.len(),
                said.fates
            ));
        }
        if said.unspeakable && !rows.is_empty() {
            found.push(format!("{} was not refused", said.client_id));
        }
        // Whoever was accepted once and asks the same again is not refused.
        let after = said.fates.iter().skip_while(|fate| !fate.is_done());
        let denied =
            after.filter(|fate| matches!(fate, Fate::Refused(code) if !is_of_the_caller(code)));
        found.extend(
            denied.map(|fate| format!("{} is first accepted, then {fate:?}", said.client_id)),
        );
    }
    let rows = state.rows().count();
    if rows != known {
        found.push(format!("{rows} messages, {known} of which were asked for"));
    }
    found
}

/// Its receiver, unless it is withheld or hidden, and its sender read it as it was sent.
pub fn is_readable(record: &Record, state: &State) -> Vec<String> {
    let mut found = Vec::new();
    for said in record.said.iter().filter(|said| said.accepted().is_some()) {
        let Some(row) = row_of(state, said).first().copied() else {
            continue;
        };
        for (who, partner) in [(said.from, said.to), (said.to, said.from)] {
            let user_id = &state.people[who];
            let view = state.views.iter().find(|view| view.user_id == *user_id);
            let Some(view) = view.filter(|_| row.is_visible_to(user_id)) else {
                continue;
            };
            let wanted = if row.is_emptied() { "" } else { &*said.text };
            let seen = seen(view, &state.people[partner], &row.id().unwrap_or_default());
            if seen.is_none_or(|one| one["content"] != wanted) {
                found.push(format!("{who} does not read {}: {seen:?}", said.client_id));
            }
        }
    }
    found
}

fn seen<'a>(view: &'a View, partner: &str, id: &str) -> Option<&'a Value> {
    let all = view.conversations.get(partner)?;
    all.iter().find(|one| one["id"] == id)
}

fn unread(messages: &[Message], reader: &str, read_seq: i64) -> i64 {
    let open = messages
        .iter()
        .filter(|row| row.receiver_id == reader && row.seq > read_seq && row.counts());
    i64::try_from(open.count()).unwrap_or_default()
}

/// Unread messages, statistics and what a resume tells equal a recount of the messages.
pub fn is_counted(_: &Record, state: &State) -> Vec<String> {
    let mut found = Vec::new();
    for (head, messages) in &state.conversations {
        for who in [Who::Low, Who::High] {
            let (side, user) = (head.side(who), head.user(who));
            let wanted = unread(messages, &user, side.read_seq);
            if side.unread != wanted {
                found.push(format!("{} unread of {user}, not {wanted}", side.unread));
            }
        }
    }
    for view in &state.views {
        let (sums, by_sender) = recount(state, &view.user_id);
        let told = ["sent", "received", "unread", "deleted", "credits_spent"]
            .map(|name| view.stats[name].as_i64().unwrap_or(-1));
        if told != sums || view.unread["unread_count"] != sums[2] {
            found.push(format!(
                "{}: {told:?}, {}, not {sums:?}",
                view.user_id, view.unread
            ));
        }
        if view.unread["by_sender"] != by_sender {
            found.push(format!("{}: {} not {by_sender}", view.user_id, view.unread));
        }
        found.extend(resumes(state, view));
    }
    if state.repaired["differences"] != 0 || state.repaired["entries"] != 0 {
        found.push(format!("there is something to repair: {}", state.repaired));
    }
    found
}

/// Sent, received, unread, deleted, spent; and unread by sender.
fn recount(state: &State, user: &str) -> ([i64; 5], Value) {
    let (mut sums, mut by_sender) = ([0; 5], BTreeMap::new());
    for (head, messages) in &state.conversations {
        let Ok(who) = head.who(user) else { continue };
        let open = unread(messages, user, head.side(who).read_seq);
        sums[2] += open;
        if open > 0 {
            by_sender.insert(head.user(who.other()), open);
        }
        for row in messages {
            if row.sender_id == user {
                sums[0] += 1;
                sums[3] += i64::from(row.deleted_at.is_some());
                sums[4] += if row.refunded { 0 } else { row.credits_cost };
            } else if was_received(row) {
                sums[1] += 1;
            }
        }
    }
    (sums, json!(by_sender))
}

/// A resume names every conversation with its newest number and its unread messages.
fn resumes(state: &State, view: &View) -> Vec<String> {
    let mut found = Vec::new();
    for (head, _) in &state.conversations {
        let Ok(who) = head.who(&view.user_id) else {
            continue;
        };
        let named = view.sync["conversations"].as_array().into_iter().flatten();
        let mut named = named.filter(|one| one["conversation_id"] == *head.conversation_id);
        let Some(one) = named.next() else {
            if head.seq_for(who) > 0 {
                found.push(format!(
                    "{} does not hear of {}",
                    view.user_id, head.conversation_id
                ));
            }
            continue;
        };
        let told = (&one["head_seq"], &one["unread_count"]);
        let wanted = (json!(head.seq_for(who)), json!(head.side(who).unread));
        if told != (&wanted.0, &wanted.1) {
            found.push(format!("{} hears {told:?}, not {wanted:?}", view.user_id));
        }
    }
    found
}

/// A mark reaches as far as its receiver said, and a message is gone only for whom it was asked.
pub fn is_as_asked(record: &Record, state: &State) -> Vec<String> {
    let mut found = Vec::new();
    for (head, messages) in &state.conversations {
        for who in [Who::Low, Who::High] {
            let Some(by) = state.place_of(&head.user(who)) else {
                continue;
            };
            found.extend(is_marked_as_asked(record, head, messages, (who, by)));
        }
        for row in messages {
            found.extend(is_gone_as_asked(record, state, row));
        }
    }
    found
}

fn is_marked_as_asked(
    record: &Record,
    head: &Head,
    messages: &[Message],
    (who, by): (Who, usize),
) -> Vec<String> {
    let ids: Vec<_> = messages.iter().filter_map(|row| row.id().ok()).collect();
    let own = record
        .markings
        .iter()
        .filter(|mark| mark.by == by && ids.contains(&mark.id));
    let own: Vec<_> = own.collect();
    let side = head.side(who);
    let mut found = Vec::new();
    for (reached, read) in [(side.delivered_seq(), false), (side.read.reached(), true)] {
        let fitting = own.iter().filter(|mark| mark.read || !read);
        let asked = fitting
            .clone()
            .filter(|mark| !matches!(mark.fate, Fate::Refused(_)));
        let most = asked.map(|mark| mark.seq).max().unwrap_or_default();
        // What the answer says was reached.
        let told = fitting.filter_map(|mark| {
            let answer = mark.fate.answer()?;
            let name = if mark.read {
                "read_seq"
            } else {
                "delivered_seq"
            };
            answer[name].as_i64()
        });
        let least = told.max().unwrap_or_default();
        if reached > most || reached < least {
            found.push(format!(
                "{by} has marked {reached} ({read}), not {least} to {most}"
            ));
        }
    }
    found
}

fn is_gone_as_asked(record: &Record, state: &State, row: &Message) -> Vec<String> {
    let id = row.id().unwrap_or_default();
    let mut found = Vec::new();
    let sender = state.place_of(&row.sender_id);
    let receiver = state.place_of(&row.receiver_id);
    let gone = [
        (row.deleted_at.is_some(), sender, true),
        (row.hidden_from_sender.is_some(), sender, false),
        (row.hidden_from_receiver.is_some(), receiver, false),
    ];
    for (is_gone, by, everyone) in gone {
        let asked: Vec<_> = record
            .erasings
            .iter()
            .filter(|one| one.id == id && Some(one.by) == by && one.everyone == everyone)
            .collect();
        let known = match () {
            () if !everyone && by == receiver && is_taken_back(row) => Known::Yes,
            () if asked.iter().any(|one| one.fate.is_done()) => Known::Yes,
            () if asked.iter().any(|one| one.fate == Fate::Lost) => Known::Maybe,
            () => Known::No,
        };
        if known != Known::Maybe && is_gone != (known == Known::Yes) {
            found.push(format!("{id} gone: {is_gone}, asked: {asked:?}"));
        }
    }
    found
}

/// Whether its receiver could ever see it.
fn was_received(row: &Message) -> bool {
    (!row.is_withheld() || row.hidden_from_receiver.is_some()) && !is_taken_back(row)
}

/// Whether a message was deleted while it was held and let go afterwards: nobody learns of it
/// then. What was never asked for is so by this rule alone.
fn is_taken_back(row: &Message) -> bool {
    let was_held = row.judged == Some(Moderation::Pending);
    let is_let_go = row.moderated_at.is_some() && row.moderation_status() != Moderation::Pending;
    was_held
        && is_let_go
        && row.deleted_at.is_some()
        && row.released_at.is_none()
        && row.failed_at.is_none()
}
