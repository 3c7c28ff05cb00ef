//! People who sign up, sign in, renew their sessions and sign out.

use serde_json::{Value, json};

use crate::histories::plan::{Renewal, Step};
use crate::histories::record::{Family, Fate, Known, SignUp, generation};
use crate::histories::stage::{As, Ask, Stage};

const REFRESH: &str = "/api/v2/auth/refresh";

pub async fn happens(stage: &mut Stage, step: Step) {
    match step {
        Step::SignUp => signs_up(stage).await,
        Step::SignIn { who } => signs_in(stage, who).await,
        Step::Renew { who, how } => renews(stage, who, how).await,
        Step::SignOut { who } => signs_out(stage, who).await,
        _ => {}
    }
}

async fn signs_up(stage: &mut Stage) {
    let name = stage.unique("new");
    let mut sign_up = SignUp {
        email: format!("{name}@pairly.test"),
        key: stage.unique("key"),
        fate: Fate::Lost,
    };
    sign_up.fate = As::Nobody(&stage.world).asks(&sign_up.ask()).await;
    stage.note(&sign_up.fate.word());
    stage.record.sign_ups.push(sign_up);
}

async fn signs_in(stage: &mut Stage, who: usize) {
    let person = &stage.people[who];
    let body = json!({ "email": person.email, "password": person.password });
    let ask = Ask::post("/api/v2/auth/login", body);
    let fate = As::Nobody(&stage.world).asks(&ask).await;
    stage.note(&fate.word());
    let Some(answer) = fate.answer() else { return };
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    let refresh = text("refresh_token");
    let family = Family {
        owner: who,
        session_id: text("session_id"),
        tokens: [(generation(&refresh), refresh)].into(),
        access: text("access_token"),
        ..Family::default()
    };
    if stage.record.bans[who] == Known::Yes {
        stage.finds(format!("somebody banned signs in: {}", family.session_id));
    }
    stage.record.families.push(family);
}

async fn renews(stage: &mut Stage, who: usize, how: Renewal) {
    let session = stage.people[who].session_id.clone();
    let Some(family) = stage.record.family(&session).cloned() else {
        return;
    };
    let newest = family.newest().1.to_owned();
    let oldest = family.tokens.values().next().cloned().unwrap_or_default();
    let token = if how == Renewal::Old { oldest } else { newest };
    let ask = Ask {
        method: "POST",
        path: REFRESH.to_owned(),
        body: Some(json!({ "refresh_token": token })),
        key: None,
    };
    let anybody = As::Nobody(&stage.world);
    let fates = match how {
        Renewal::Twice => {
            let (one, other) = tokio::join!(anybody.asks(&ask), anybody.asks(&ask));
            vec![one, other]
        }
        _ => vec![anybody.asks(&ask).await],
    };
    for fate in fates {
        renewed(stage, who, &session, fate);
    }
    uses(stage, who).await;
}

/// Keeps the new pair, or that the session has ended.
fn renewed(stage: &mut Stage, who: usize, session: &str, fate: Fate) {
    stage.note(&fate.word());
    let Some(family) = stage.record.family(session) else {
        return;
    };
    let ended = family.ended;
    match fate {
        Fate::Done(answer) => {
            let other = keeps(family, &answer);
            let newest = family.newest().1.to_owned();
            let access = family.access.clone();
            if let Some(other) = other {
                stage.finds(format!(
                    "a session has two tokens of one generation: {other}"
                ));
            }
            if ended == Known::Yes {
                stage.finds(format!("a session that has ended is renewed: {session}"));
            }
            let person = &mut stage.people[who];
            (person.refresh, person.token) = (newest, access);
        }
        Fate::Refused(code) if code == "REFRESH_TOKEN_REUSED" => family.ended = Known::Yes,
        Fate::Refused(code) if code == "SESSION_REVOKED" && ended == Known::No => {
            stage.finds(format!("a session ended for no reason: {session}"));
        }
        Fate::Refused(_) => {}
        // A spent token may have ended it.
        Fate::Lost if ended == Known::No => family.ended = Known::Maybe,
        Fate::Lost => {}
    }
}

/// Adds a pair; another token of the same generation if there is one.
fn keeps(family: &mut Family, answer: &Value) -> Option<String> {
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    let refresh = text("refresh_token");
    let number = generation(&refresh);
    let (newest, _) = family.newest();
    if number >= newest {
        family.access = text("access_token");
    }
    let known = family.tokens.insert(number, refresh.clone());
    known
        .filter(|known| *known != refresh)
        .map(|_| format!("{number}"))
}

/// The person goes on, with another session if this one has ended.
async fn uses(stage: &mut Stage, who: usize) {
    let fate = As::Person(&stage.people[who])
        .asks(&Ask::get("/api/v2/user"))
        .await;
    stage.note(&fate.word());
    if matches!(fate, Fate::Refused(_)) && stage.record.bans[who] == Known::No {
        stage.comes_anew(who).await;
    }
}

async fn signs_out(stage: &mut Stage, who: usize) {
    let session = stage.people[who].session_id.clone();
    let fate = stage
        .asks(who, Ask::post("/api/v2/auth/logout", json!({})))
        .await;
    stage.note(&fate.word());
    let Some(family) = stage.record.family(&session) else {
        return;
    };
    match fate {
        Fate::Done(_) => family.ended = Known::Yes,
        Fate::Lost if family.ended == Known::No => family.ended = Known::Maybe,
        _ => {}
    }
    uses(stage, who).await;
}
