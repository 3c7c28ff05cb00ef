//! Content: whom it reaches.

use shared::messaging::Moderation;

use crate::histories::end::State;
use crate::histories::record::{Fate, Known, Record, Said};

/// A text reaches nobody but the two people, nobody who blocks or is blocked, and no receiver
/// from whom it is held back; blocks stand as people know them.
pub fn is_private(record: &Record, state: &State) -> Vec<String> {
    let mut found = Vec::new();
    let frames: Vec<_> = record
        .frames
        .iter()
        .map(|(who, frame)| (*who, frame.to_string()))
        .collect();
    for said in &record.said {
        found.extend(is_between_two(said, state, &frames));
        if said.walled == Known::Yes && said.accepted().is_some() {
            found.push(format!("{} crossed a block", said.client_id));
        }
        if said.walled == Known::No {
            let blocked = said
                .fates
                .iter()
                .any(|fate| *fate == Fate::Refused("BLOCKED".to_owned()));
            if blocked {
                found.push(format!(
                    "{} met a block that nobody has put up",
                    said.client_id
                ));
            }
        }
    }
    for ((who, whom), known) in &record.blocks {
        let pair = (state.people[*who].clone(), state.people[*whom].clone());
        let stands = state.blocks.contains(&pair);
        if *known != Known::Maybe && stands != (*known == Known::Yes) {
            found.push(format!("{who} blocks {whom}: {stands}, not {known:?}"));
        }
    }
    for (pair, marks) in &record.veils {
        found.extend(is_veiled(record, state, *pair, *marks));
        found.extend(is_veiled(record, state, (pair.1, pair.0), *marks));
    }
    for (one, other) in &state.blocks {
        let pair = state.place_of(one).zip(state.place_of(other));
        if pair.is_none_or(|pair| !record.blocks.contains_key(&pair)) {
            found.push(format!("{one} blocks {other} without having asked"));
        }
    }
    found
}

/// While a block stands, nobody learns of marks that the other one makes.
fn is_veiled(
    record: &Record,
    state: &State,
    (viewer, partner): (usize, usize),
    marks: usize,
) -> Vec<String> {
    let (user, other) = (&state.people[viewer], &state.people[partner]);
    let view = state.views.iter().find(|view| view.user_id == *user);
    let Some(seen) = view.and_then(|view| view.conversations.get(other)) else {
        return Vec::new();
    };
    // The messages that the partner may mark, hidden or not.
    let sent = state
        .rows()
        .filter(|row| row.sender_id == *user && row.receiver_id == *other);
    let ids: Vec<String> = sent.filter_map(|row| row.id().ok()).collect();
    let before = record.markings[..marks].iter().filter(|mark| {
        let done = !matches!(mark.fate, Fate::Refused(_));
        done && mark.by == partner && ids.contains(&mark.id)
    });
    let told = before.map(|mark| mark.seq).max().unwrap_or_default();
    let own = seen.iter().filter(|one| one["sender_id"] == **user);
    let marked = own.filter(|one| one["status"] == "delivered" || one["status"] == "read");
    let beyond = marked.filter(|one| one["seq"].as_i64().unwrap_or_default() > told);
    beyond
        .map(|one| format!("{viewer} learns through a block that {one} was marked"))
        .collect()
}

fn is_between_two(said: &Said, state: &State, frames: &[(usize, String)]) -> Vec<String> {
    let mut found = Vec::new();
    let row = state
        .rows()
        .find(|row| row.client_message_id.as_deref() == Some(&*said.client_id));
    let held =
        row.is_some_and(|row| row.judged == Some(Moderation::Pending) && row.released_at.is_none());
    for (who, _) in frames
        .iter()
        .filter(|(_, frame)| frame.contains(&said.text))
    {
        let wrong = (*who != said.from && *who != said.to)
            || (*who == said.to && (held || row.is_none() || said.walled == Known::Yes));
        if wrong {
            found.push(format!("{who} got {} on the socket", said.client_id));
        }
    }
    for view in &state.views {
        let who = state.place_of(&view.user_id);
        if who == Some(said.from) || who == Some(said.to) {
            continue;
        }
        let all = view.conversations.values().flatten();
        if all.into_iter().any(|one| one["content"] == *said.text) {
            found.push(format!("{who:?} reads {}", said.client_id));
        }
    }
    found
}
