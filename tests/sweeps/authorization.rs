//! Who may call what: nobody, a stranger and the owner call every route; the table is kept.

use shared::admin::{BUILT_IN, PERMISSIONS};
use shared::function::Function;
use world::{Answer, Person};

use super::samples::{Fixture, SUPER_ADMIN, filled, parameters, routes};
use crate::contract::derived;

fn told(answer: &Answer) -> String {
    match answer.code() {
        Some(code) => format!("{} {code}", answer.status),
        None => answer.status.to_string(),
    }
}

#[tokio::test(start_paused = true)]
async fn every_route_is_called_by_everybody() {
    let mut out = String::from(
        "# Who may call what\n\nDerived by `UPDATE=1 cargo test`. The stranger is signed in and \
         uses the owner's ids; the banned one had a session when the ban came.\n\n\
         | function | route | nobody | stranger | banned | owner |\n|---|---|---|---|---|---|\n",
    );
    let of_clients = |function: &&&Function| function.admin.is_none();
    for function in local::functions().iter().filter(of_clients) {
        for (method, path) in routes(function) {
            // A fresh world each, because the owner's call may end the session.
            let fixture = Fixture::new().await;
            let target = filled(path, |name| fixture.own(name)) + &fixture.query(function.name);
            let body = fixture.body(function.name);
            let nobody = fixture.world.call(method, &target, body.clone()).await;
            let stranger = fixture.cleo.call(method, &target, body.clone()).await;
            let banned = banned_one(&fixture).await;
            let banned = banned.call(method, &target, body.clone()).await;
            let owner = fixture
                .owner(function.name)
                .call(method, &target, body)
                .await;
            if function.member {
                assert_eq!(told(&nobody), "401 UNAUTHENTICATED", "{method} {path}");
                assert_eq!(told(&banned), "403 USER_BANNED", "{method} {path}");
            }
            assert!(owner.status < 500, "{method} {path}: {}", owner.body);
            let cells = [&nobody, &stranger, &banned, &owner].map(told).join(" | ");
            out += &format!("| `{}` | {method} `{path}` | {cells} |\n", function.name);
        }
    }
    out += &admin_table().await;
    derived("docs/authorization.md", &out);
}

/// Somebody who was banned while they were signed in.
async fn banned_one(fixture: &Fixture) -> Person {
    let eve = fixture.world.person("Eve").await;
    let admin = fixture.world.admin(SUPER_ADMIN).await;
    let ban = format!("/api/admin/users/{}/ban", eve.id);
    let why = serde_json::json!({ "reason": "a sweep", "notify": false });
    admin.post(&ban, why).await.ok();
    eve
}

/// Somebody who lacks the permission, if anybody does.
fn without(permission: &str) -> Option<String> {
    let lacks = |role: &&(&str, &[&str])| !role.1.contains(&permission);
    let known = PERMISSIONS.contains(&permission);
    let role = BUILT_IN.iter().filter(|_| known).find(lacks);
    role.map(|role| format!("{}-1", role.0))
}

/// What everybody hears on one admin route.
async fn admin_answers(
    function: &Function,
    permission: &str,
    (method, path): (&str, &str),
) -> [String; 5] {
    let fixture = Fixture::new().await;
    let target = filled(path, |name| fixture.own(name)) + &fixture.query(function.name);
    let body = fixture.body(function.name);
    let unsigned = fixture.world.call(method, &target, body.clone()).await;
    let user = fixture.ann.call(method, &target, body.clone()).await;
    let unknown = fixture.world.admin("unknown-1").await;
    let unknown = unknown.call(method, &target, body.clone()).await;
    let lacking = match without(permission) {
        Some(session) => {
            let lacking = fixture.world.admin(&session).await;
            told(&lacking.call(method, &target, body.clone()).await)
        }
        None => "–".to_owned(),
    };
    let with = fixture.world.admin(SUPER_ADMIN).await;
    let with = with.call(method, &target, body).await;
    assert_eq!(
        (unsigned.status, user.status),
        (403, 403),
        "{method} {path}"
    );
    assert_eq!(told(&unknown), "403 ADMIN_UNKNOWN", "{method} {path}");
    assert!(
        ["–", "403 PERMISSION_DENIED"].contains(&&*lacking),
        "{method} {path}"
    );
    assert!(
        with.status < 500 && with.status != 403,
        "{path}: {}",
        with.body
    );
    [
        told(&unsigned),
        told(&user),
        told(&unknown),
        lacking,
        told(&with),
    ]
}

/// What the gateway and the functions answer on every admin route.
async fn admin_table() -> String {
    let mut out = String::from(
        "\n## Admin routes\n\nThe one without the permission has a record and another role; the \
         unknown one signs, but has no record.\n\n\
         | function | route | permission | unsigned | a user's token | unknown principal \
         | without the permission | with it |\n|---|---|---|---|---|---|---|---|\n",
    );
    for function in local::functions() {
        let Some(admin) = function.admin else {
            continue;
        };
        for (method, path) in routes(function) {
            let answers = admin_answers(function, admin.permission, (method, path)).await;
            let (name, permission) = (function.name, admin.permission);
            let answers = answers.join(" | ");
            out += &format!("| `{name}` | {method} `{path}` | `{permission}` | {answers} |\n");
        }
    }
    out
}

#[tokio::test(start_paused = true)]
async fn every_role_may_on_every_admin_route_what_the_list_says() {
    let fixture = Fixture::new().await;
    for function in local::functions() {
        let Some(admin) = function.admin else {
            continue;
        };
        let demanded = PERMISSIONS.contains(&admin.permission);
        for (method, path) in routes(function) {
            for (role, held) in BUILT_IN {
                let target = filled(path, |name| fixture.own(name)) + &fixture.query(function.name);
                let caller = fixture.world.admin(&format!("{role}-1")).await;
                let answer = caller
                    .call(method, &target, fixture.body(function.name))
                    .await;
                let is_super = admin.permission == "super_admin" && *role == "admin";
                let may = !demanded || (held.contains(&admin.permission) && !is_super);
                let denied = answer.code() == Some("PERMISSION_DENIED");
                assert_eq!(denied, !may, "{role}: {method} {path}: {}", answer.body);
                if denied {
                    let details = &answer.body["error"]["details"];
                    assert_eq!(details["permission"], admin.permission);
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_of_somebody_else_is_as_absent_as_one_that_never_was() {
    let fixture = Fixture::new().await;
    for function in local::functions()
        .into_iter()
        .filter(|function| function.member)
    {
        for (method, path) in routes(function) {
            // Writing to anybody is what a dating app is for; everything else is private.
            if parameters(path).is_empty() || path.contains("partner_id") {
                continue;
            }
            let body = fixture.body(function.name);
            let own = filled(path, |name| fixture.own(name));
            let absent = filled(path, |name| fixture.absent(name));
            let foreign = fixture.cleo.call(method, &own, body.clone()).await;
            let missing = fixture.cleo.call(method, &absent, body.clone()).await;
            let malformed = filled(path, |_| "nonsense".to_owned());
            let malformed = fixture.cleo.call(method, &malformed, body).await;
            assert_eq!(foreign.status, 404, "{method} {path}: {}", foreign.body);
            assert_eq!(
                foreign.comparable(),
                missing.comparable(),
                "{method} {path}"
            );
            assert_eq!(
                foreign.comparable(),
                malformed.comparable(),
                "{method} {path}"
            );
        }
    }
    let path = format!("/api/v2/messages/{}", fixture.own("message_id"));
    assert_eq!(fixture.ann.get(&path).await.ok()["content"], "hello");
}

#[tokio::test(start_paused = true)]
async fn frames_need_a_ready_connection_and_reach_only_own_objects() {
    let mut fixture = Fixture::new().await;
    fixture.cleo.comes_online().await;
    let id = fixture.own("message_id");
    for kind in ["message.delivered", "message.read", "typing"] {
        let data = match kind {
            "message.delivered" => serde_json::json!({ "message_id": id }),
            "message.read" => serde_json::json!({
                "conversation_id": fixture.sent["conversation_id"], "up_to_seq": 1,
            }),
            _ => serde_json::json!({
                "conversation_id": fixture.sent["conversation_id"], "state": "composing",
            }),
        };
        let answer = fixture.cleo.asks(kind, data).await;
        let code = answer["data"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(code.ends_with("_NOT_FOUND"), "{kind}: {answer}");
    }
}
