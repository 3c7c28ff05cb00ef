//! People who write, read and delete.

use serde_json::{Value, json};
use world::text_to;

use super::{block, is_blocked};
use crate::histories::plan::{How, Step, Touch, Words};
use crate::histories::record::{Erasing, Fate, Known, Marking, Said};
use crate::histories::stage::{As, Ask, Stage};

const SEND: &str = "/api/v2/messages/send";

fn text_of(words: Words, mark: &str) -> String {
    match words {
        Words::Plain => format!("hello {mark}"),
        Words::Refused => format!("I will kill you {mark}"),
        Words::Held => format!("can you lend me 50 euros please {mark}"),
        Words::Flagged => format!("call me at +1 202 555 0142 {mark}"),
    }
}

pub async fn happens(stage: &mut Stage, step: Step) {
    match step {
        Step::Say {
            from,
            to,
            words,
            how,
        } => says(stage, (from, to), words, how).await,
        Step::SayAtOnce { one, other } => say_at_once(stage, one, other).await,
        Step::Burst { from, to } => bursts(stage, from, to).await,
        Step::BlockWhileSaying { who, whom } => blocks_while_saying(stage, who, whom).await,
        _ => {}
    }
}

/// A message that somebody is about to send, and the request for it.
fn begins(stage: &mut Stage, (from, to): (usize, usize), words: Words) -> (Said, Ask) {
    let client_id = stage.unique("message");
    let text = text_of(words, &client_id);
    let body = text_to(&stage.people[to].id, &text, &client_id);
    let said = Said {
        from,
        to,
        client_id,
        text,
        fates: Vec::new(),
        walled: stage.record.wall(from, to),
        unspeakable: words == Words::Refused,
    };
    let ask = Ask {
        method: "POST",
        path: SEND.to_owned(),
        body: Some(body),
        key: None,
    };
    (said, ask)
}

async fn says(stage: &mut Stage, pair: (usize, usize), words: Words, how: How) {
    let (mut said, ask) = begins(stage, pair, words);
    let from = pair.0;
    match how {
        How::Post => said
            .fates
            .push(As::Person(&stage.people[from]).asks(&ask).await),
        How::Again => {
            said.fates
                .push(As::Person(&stage.people[from]).asks(&ask).await);
            said.fates
                .push(As::Person(&stage.people[from]).asks(&ask).await);
        }
        How::Twice => {
            let who = As::Person(&stage.people[from]);
            let (one, other) = tokio::join!(who.asks(&ask), who.asks(&ask));
            said.fates.extend([one, other]);
        }
        How::Frame => said.fates.push(by_frame(stage, from, &ask).await),
        How::Both => {
            said.fates.push(by_frame(stage, from, &ask).await);
            said.fates
                .push(As::Person(&stage.people[from]).asks(&ask).await);
        }
    }
    ends(stage, said);
}

/// By frame, whose attempts may overlap: only success is certain.
async fn by_frame(stage: &mut Stage, from: usize, ask: &Ask) -> Fate {
    let data = ask.body.clone().unwrap_or_default();
    let answer = stage.people[from].insists_on("message.send", data).await;
    match answer {
        Some(answer) if answer["type"] == "message.ack" => Fate::Done(answer["data"].clone()),
        Some(answer) if !stage.is_disturbed => {
            Fate::Refused(answer["data"]["code"].as_str().unwrap_or("none").to_owned())
        }
        _ => Fate::Lost,
    }
}

fn ends(stage: &mut Stage, said: Said) {
    for fate in &said.fates {
        stage.note(&fate.word());
    }
    stage.record.said.push(said);
}

/// Two people write to each other at the same moment.
async fn say_at_once(stage: &mut Stage, one: usize, other: usize) {
    let (mut first, ask_one) = begins(stage, (one, other), Words::Plain);
    let (mut second, ask_other) = begins(stage, (other, one), Words::Plain);
    let (by_one, by_other) = tokio::join!(
        As::Person(&stage.people[one]).asks(&ask_one),
        As::Person(&stage.people[other]).asks(&ask_other)
    );
    first.fates.push(by_one);
    second.fates.push(by_other);
    ends(stage, first);
    ends(stage, second);
}

/// Somebody writes four times at once, with credits for all of it or not.
async fn bursts(stage: &mut Stage, from: usize, to: usize) {
    let all: Vec<_> = (0..4)
        .map(|_| begins(stage, (from, to), Words::Plain))
        .collect();
    let who = As::Person(&stage.people[from]);
    let (one, two, three, four) = tokio::join!(
        who.asks(&all[0].1),
        who.asks(&all[1].1),
        who.asks(&all[2].1),
        who.asks(&all[3].1)
    );
    for ((mut said, _), fate) in all.into_iter().zip([one, two, three, four]) {
        said.fates.push(fate);
        ends(stage, said);
    }
}

/// Somebody is written to while blocking the writer: either may come first.
async fn blocks_while_saying(stage: &mut Stage, who: usize, whom: usize) {
    let ask = block(stage, whom);
    let (mut said, send) = begins(stage, (whom, who), Words::Plain);
    let (blocked, sent) = tokio::join!(
        As::Person(&stage.people[who]).asks(&ask),
        As::Person(&stage.people[whom]).asks(&send)
    );
    if said.walled == Known::No {
        said.walled = Known::Maybe;
    }
    stage.note(&blocked.word());
    is_blocked(stage, (who, whom), &blocked);
    said.fates.push(sent);
    ends(stage, said);
}

/// Who may mark a message, who has sent it, its id, its number and its conversation.
struct Target {
    from: usize,
    to: usize,
    id: String,
    seq: i64,
    conversation: Value,
}

fn target(stage: &Stage, nth: usize) -> Option<Target> {
    let (said, sent) = stage.record.message(nth)?;
    Some(Target {
        from: said.from,
        to: said.to,
        id: sent["id"].as_str()?.to_owned(),
        seq: sent["seq"].as_i64()?,
        conversation: sent["conversation_id"].clone(),
    })
}

/// Something happens to an accepted message.
pub async fn touches(stage: &mut Stage, nth: usize, touch: Touch) {
    let Some(target) = target(stage, nth) else {
        return stage.note("nothing");
    };
    match touch {
        Touch::Deliver | Touch::Read | Touch::ReadAll => marks(stage, target, touch).await,
        Touch::Delete => erases(stage, &target, target.from, true).await,
        Touch::HideOwn => erases(stage, &target, target.from, false).await,
        Touch::Hide => erases(stage, &target, target.to, false).await,
        Touch::ReadWhileDeleted => read_while_deleted(stage, target).await,
        Touch::Approve => super::staff::moderates(stage, &target.id, "approved").await,
        Touch::Flag => super::staff::moderates(stage, &target.id, "flagged").await,
        Touch::Block => super::staff::moderates(stage, &target.id, "blocked").await,
    }
}

fn mark(target: &Target, touch: Touch) -> Ask {
    match touch {
        Touch::Deliver => Ask::post(
            format!("/api/v2/messages/mark-delivered/{}", target.id),
            json!({}),
        ),
        Touch::ReadAll => {
            let wish = json!({
                "conversation_id": target.conversation, "up_to_seq": target.seq,
            });
            Ask::post("/api/v2/messages/mark-read", wish)
        }
        _ => Ask::post(
            "/api/v2/messages/mark-read",
            json!({ "message_ids": [target.id] }),
        ),
    }
}

async fn marks(stage: &mut Stage, target: Target, touch: Touch) {
    let fate = stage.asks(target.to, mark(&target, touch)).await;
    marked(stage, target, touch != Touch::Deliver, fate);
}

fn marked(stage: &mut Stage, target: Target, read: bool, fate: Fate) {
    stage.note(&fate.word());
    let Target {
        to: by, id, seq, ..
    } = target;
    stage.record.markings.push(Marking {
        id,
        by,
        read,
        seq,
        fate,
    });
}

fn erase(target: &Target, everyone: bool) -> Ask {
    let scope = if everyone { "everyone" } else { "me" };
    Ask::delete(format!("/api/v2/messages/{}?scope={scope}", target.id))
}

async fn erases(stage: &mut Stage, target: &Target, by: usize, everyone: bool) {
    let fate = stage.asks(by, erase(target, everyone)).await;
    erased(stage, target, (by, everyone), fate);
}

fn erased(stage: &mut Stage, target: &Target, (by, everyone): (usize, bool), fate: Fate) {
    stage.note(&fate.word());
    let id = target.id.clone();
    stage.record.erasings.push(Erasing {
        id,
        by,
        everyone,
        fate,
    });
}

async fn read_while_deleted(stage: &mut Stage, target: Target) {
    let (key, erase) = (stage.unique("key"), erase(&target, true));
    let read = mark(&target, Touch::Read).under(key);
    let (by_receiver, by_sender) = tokio::join!(
        As::Person(&stage.people[target.to]).asks(&read),
        As::Person(&stage.people[target.from]).asks(&erase)
    );
    erased(stage, &target, (target.from, true), by_sender);
    marked(stage, target, true, by_receiver);
}

/// Somebody wants to hear nothing of a conversation for a while, and later again.
pub async fn mutes(stage: &mut Stage, nth: usize) {
    let Some(target) = target(stage, nth) else {
        return stage.note("nothing");
    };
    let until = stage.world.now().plus(300_000);
    let until = if nth.is_multiple_of(2) {
        json!(until)
    } else {
        Value::Null
    };
    let conversation = target.conversation.as_str().unwrap_or_default();
    let path = format!("/api/v2/messages/conversations/{conversation}/mute");
    let ask = Ask::post(path, json!({ "until": until }));
    let fate = stage.asks(target.to, ask).await;
    stage.note(&fate.word());
}

/// Everybody asks once more for what they never heard of, so that in the end everything is known.
pub async fn resolves(stage: &mut Stage) {
    for at in 0..stage.record.said.len() {
        let said = stage.record.said[at].clone();
        let open = said.fates.contains(&Fate::Lost);
        if said.accepted().is_some() || !open {
            continue;
        }
        let person = stage.people[said.from].elsewhere().await;
        let to = &stage.people[said.to].id;
        let body = text_to(to, &said.text, &said.client_id);
        let ask = Ask {
            method: "POST",
            path: SEND.to_owned(),
            body: Some(body),
            key: None,
        };
        let fate = As::Person(&person).asks(&ask).await;
        let line = format!("at last {} -> {}", said.client_id, fate.word());
        stage.record.trace.push(line);
        // Whoever is stopped before never learns it.
        let said = &mut stage.record.said[at];
        said.walled = Known::Maybe;
        said.fates.push(fate);
    }
}
