//! People who try what they may not.

use serde_json::{Value, json};

use crate::histories::plan::{PEOPLE, Trespass};
use crate::histories::record::{Attempt, Fate};
use crate::histories::stage::{As, Ask, Stage};

/// A token that nobody issued.
const FORGED: &str = "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.e30.AAAA";

pub async fn happens(stage: &mut Stage, who: usize, nth: usize, what: Trespass) {
    let Some((ask, watched)) = attempt(stage, who, nth, what) else {
        return stage.note("nothing");
    };
    let before = stands(stage, &watched).await;
    let fate = asks(stage, who, nth, what, ask).await;
    stage.note(&fate.word());
    let after = stands(stage, &watched).await;
    let changed = match before == after {
        true => None,
        false => Some(format!("{before:?}\nbecame {after:?}")),
    };
    let harmless = match (&fate, what) {
        // It says for each message whether it was marked.
        (Fate::Done(answer), Trespass::Read) => answer["marked_count"] == 0,
        (fate, _) => !fate.is_done(),
    };
    stage.record.attempts.push(Attempt {
        what: format!("{what:?} by {who}"),
        fate,
        harmless,
        changed,
    });
}

/// The rows that must stay as they are. While things go wrong by chance, what happened before
/// may still be on its way, so that only the answers count.
async fn stands(stage: &Stage, watched: &[(&'static str, String)]) -> Vec<Value> {
    if stage.is_disturbed {
        return Vec::new();
    }
    stage.world.settles().await;
    let mut rows = Vec::new();
    for (table, prefix) in watched {
        rows.extend(stage.world.items(table, prefix).await);
    }
    rows
}

type Watched = Vec<(&'static str, String)>;

/// The request, and the beginnings of the rows that it must not change.
fn attempt(stage: &Stage, who: usize, nth: usize, what: Trespass) -> Option<(Ask, Watched)> {
    let victim = &stage.people[(who + 1 + nth % (PEOPLE - 1)) % PEOPLE];
    match what {
        Trespass::Look | Trespass::Deliver | Trespass::Read | Trespass::Delete => {
            message(stage, who, nth, what)
        }
        Trespass::DeliverOwn | Trespass::Mute => message(stage, who, nth, what),
        Trespass::LookAtCall | Trespass::Accept | Trespass::End => call(stage, who, nth, what),
        Trespass::SignOut => {
            let path = format!("/api/v2/auth/sessions/{}", victim.session_id);
            Some((Ask::delete(path), Vec::new()))
        }
        Trespass::BanAsMember | Trespass::BanAsAnalyst => {
            let path = format!("/api/admin/users/{}/ban", victim.id);
            let ask = Ask::post(path, json!({ "reason": "because I can" }));
            Some((ask, vec![("data", format!("account#{}", victim.id))]))
        }
        Trespass::GiveAsModerator => {
            let body = json!({
                "user_id": victim.id, "amount": 10, "reason": "a friend of mine",
            });
            Some((Ask::post("/api/admin/credits/adjust", body), Vec::new()))
        }
        Trespass::Forge => Some((Ask::get("/api/v2/user"), Vec::new())),
    }
}

fn message(stage: &Stage, who: usize, nth: usize, what: Trespass) -> Option<(Ask, Watched)> {
    let own = what == Trespass::DeliverOwn;
    let all = stage.record.said.iter().filter(|said| {
        let party = said.from == who || said.to == who;
        if own { said.from == who } else { !party }
    });
    let all: Vec<&Value> = all.filter_map(|said| said.accepted()).collect();
    let sent = all.get(nth.checked_rem(all.len())?)?;
    let id = sent["id"].as_str()?;
    let conversation = sent["conversation_id"].as_str()?.to_owned();
    let ask = match what {
        Trespass::Look => Ask::get(format!("/api/v2/messages/{id}")),
        Trespass::Read => Ask::post("/api/v2/messages/mark-read", json!({ "message_ids": [id] })),
        Trespass::Delete => Ask::delete(format!("/api/v2/messages/{id}")),
        Trespass::Mute => {
            let path = format!("/api/v2/messages/conversations/{conversation}/mute");
            Ask::post(path, json!({ "until": null }))
        }
        _ => Ask::post(format!("/api/v2/messages/mark-delivered/{id}"), json!({})),
    };
    Some((ask, vec![("data", conversation)]))
}

fn call(stage: &Stage, who: usize, nth: usize, what: Trespass) -> Option<(Ask, Watched)> {
    let all = stage.record.rings.iter();
    let all: Vec<&str> = all
        .filter(|ring| ring.from != who && ring.to != who)
        .filter_map(|ring| ring.id())
        .collect();
    let id = all.get(nth.checked_rem(all.len())?)?;
    let ask = match what {
        Trespass::LookAtCall => Ask::get(format!("/api/v2/calls/{id}")),
        Trespass::Accept => Ask::post(format!("/api/v2/calls/{id}/accept"), json!({})),
        _ => Ask::post(format!("/api/v2/calls/{id}/end"), json!({})),
    };
    Some((ask, vec![("data", (*id).to_owned())]))
}

async fn asks(stage: &mut Stage, who: usize, nth: usize, what: Trespass, ask: Ask) -> Fate {
    let key = stage.unique("key");
    let ask = if ask.method == "POST" {
        ask.under(key)
    } else {
        ask
    };
    match what {
        Trespass::BanAsAnalyst => As::Admin(&stage.admin("analyst-1")).asks(&ask).await,
        Trespass::GiveAsModerator => {
            let session = if nth.is_multiple_of(2) {
                "moderator-1"
            } else {
                "unknown-1"
            };
            As::Admin(&stage.admin(session)).asks(&ask).await
        }
        Trespass::Forge => {
            let mut forger = stage.people[who].within(&stage.world);
            forger.token = FORGED.to_owned();
            As::Person(&forger).asks(&ask).await
        }
        _ => As::Person(&stage.people[who]).asks(&ask).await,
    }
}
