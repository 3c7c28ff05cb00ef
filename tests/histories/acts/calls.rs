//! People who ring, answer, talk and hang up.

use serde_json::json;

use crate::histories::plan::{Move, Step};
use crate::histories::record::{Fate, Ring};
use crate::histories::stage::{As, Ask, Stage};

pub async fn happens(stage: &mut Stage, step: Step) {
    match step {
        Step::Dial {
            from,
            to,
            video,
            twice,
        } => dials(stage, (from, to), video, twice).await,
        Step::Call(step) => moves(stage, step).await,
        _ => {}
    }
}

async fn dials(stage: &mut Stage, (from, to): (usize, usize), video: bool, twice: bool) {
    let client_id = stage.unique("call");
    let kind = if video { "video" } else { "audio" };
    let body = json!({
        "receiver_id": stage.people[to].id, "call_type": kind, "client_call_id": client_id,
    });
    let ask = Ask {
        method: "POST",
        path: "/api/v2/calls/initiate".to_owned(),
        body: Some(body),
        key: None,
    };
    let mut fates = Vec::new();
    {
        let who = As::Person(&stage.people[from]);
        if twice {
            let (one, other) = tokio::join!(who.asks(&ask), who.asks(&ask));
            fates.extend([one, other]);
        } else {
            fates.push(who.asks(&ask).await);
        }
    }
    for fate in &fates {
        stage.note(&fate.word());
    }
    let walled = stage.record.wall(from, to);
    stage.record.rings.push(Ring {
        from,
        to,
        video,
        client_id,
        fates,
        walled,
        ends: Vec::new(),
    });
}

fn ask(id: &str, what: &str, key: String) -> Ask {
    Ask::post(format!("/api/v2/calls/{id}/{what}"), json!({})).under(key)
}

/// Something happens in the newest call.
async fn moves(stage: &mut Stage, step: Move) {
    let newest = stage.record.rings.last();
    let Some((id, from, to)) =
        newest.and_then(|ring| Some((ring.id()?.to_owned(), ring.from, ring.to)))
    else {
        return stage.note("nothing");
    };
    match step {
        Move::Accept => alone(stage, to, &id, "accept").await,
        Move::AcceptTwice => together(stage, (to, "accept"), (to, "accept"), &id).await,
        Move::Decline => {
            let body = json!({ "reason": "declined" });
            let fate = stage
                .asks(to, Ask::post(format!("/api/v2/calls/{id}/reject"), body))
                .await;
            stage.note(&fate.word());
        }
        Move::Cancel | Move::HangUp => alone(stage, from, &id, "end").await,
        Move::AcceptWhileCancelled => {
            together(stage, (to, "accept"), (from, "end"), &id).await;
        }
        Move::Connect => together(stage, (from, "connected"), (to, "connected"), &id).await,
        Move::ConnectHalf => alone(stage, from, &id, "connected").await,
        Move::Alive => {
            lives(stage, from, &id).await;
            lives(stage, to, &id).await;
        }
        Move::PartnerHangsUp => alone(stage, to, &id, "end").await,
        Move::HangUpBoth => together(stage, (from, "end"), (to, "end"), &id).await,
    }
}

async fn alone(stage: &mut Stage, who: usize, id: &str, what: &str) {
    let key = stage.unique("key");
    let fate = As::Person(&stage.people[who])
        .asks(&ask(id, what, key))
        .await;
    has_moved(stage, (who, what), fate);
}

async fn together(stage: &mut Stage, one: (usize, &str), other: (usize, &str), id: &str) {
    let (first, second) = (stage.unique("key"), stage.unique("key"));
    let (first, second) = (ask(id, one.1, first), ask(id, other.1, second));
    let (by_one, by_other) = tokio::join!(
        As::Person(&stage.people[one.0]).asks(&first),
        As::Person(&stage.people[other.0]).asks(&second)
    );
    has_moved(stage, one, by_one);
    has_moved(stage, other, by_other);
}

fn has_moved(stage: &mut Stage, (who, what): (usize, &str), fate: Fate) {
    stage.note(&match &fate {
        Fate::Done(answer) => format!("{what} {}", answer["status"]),
        other => other.word(),
    });
    if let (Fate::Done(answer), "end") = (fate, what)
        && let Some(ring) = stage.record.rings.last_mut()
    {
        ring.ends.push((who, answer));
    }
}

/// A sign of life, which nobody answers, from whoever is online.
async fn lives(stage: &mut Stage, who: usize, id: &str) {
    let person = &mut stage.people[who];
    if !person.is_online() {
        return;
    }
    let frame = json!({
        "v": 1, "id": "alive", "type": "call.alive", "ts": 0, "data": { "call_id": id },
    });
    person.sends(&frame.to_string()).await;
    stage.world.settles().await;
}
