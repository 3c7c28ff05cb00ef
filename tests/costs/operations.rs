//! `docs/costs.md`: a representative run of every operation, on a world of two people who have
//! written to each other, both with an open socket.

use serde_json::{Value, json};
use world::{Person, World};

use super::bill::{Bill, HEAD, measured};
use crate::contract::derived;

/// Text above the tables.
const INTRODUCTION: &str = "# Costs\n\nDerived by `UPDATE=1 cargo test` from the consumed capacity \
that DynamoDB reports for every call. WRU and RRU are write and read request units; one million \
WRU cost $0.625 and one million RRU $0.125 (us-east-1, on demand). What the engine does not \
report is added by rule: a refused conditional write costs its size, a cancelled transaction \
twice that.\n";

/// Text above the table of operations.
const OPERATIONS: &str = "\n## Operations\n\nOne run each, with everything that follows from it \
until streams, queues and timers are drained. A call by HTTP reads the session (1 RRU) and counts \
in the caller's activity item (0.5 RRU, 1 WRU).\n\n";

struct Costs {
    world: World,
    rows: Vec<(&'static str, Bill)>,
}

impl Costs {
    async fn of<T>(&mut self, name: &'static str, work: impl Future<Output = T>) -> T {
        // A minute apart, so that every operation notes the caller's activity as in real life.
        self.world.passes(61).await;
        let (done, bill) = measured(&self.world, work).await;
        self.rows.push((name, bill));
        done
    }
}

async fn reads(costs: &mut Costs, ann: &Person, ben: &Person, message: &Value) {
    let id = message["id"].as_str().expect("an id");
    let transaction = message["credits_transaction_id"].as_str().expect("an id");
    let (from, to) = (
        costs.world.now().plus(-86_400_000),
        costs.world.now().plus(86_400_000),
    );
    for (name, path) in [
        ("get_account", "/api/v2/user".to_owned()),
        ("list_sessions", "/api/v2/auth/sessions".to_owned()),
        ("get_balance", "/api/v2/credits/balance".to_owned()),
        (
            "list_credit_transactions",
            "/api/v2/credits/transactions".to_owned(),
        ),
        (
            "get_credit_transaction",
            format!("/api/v2/credits/transactions/{transaction}"),
        ),
        (
            "get_credit_statement",
            format!("/api/v2/credits/statement?from={from}&to={to}"),
        ),
        ("list_prices", "/api/v2/credits/prices".to_owned()),
        (
            "fetch_conversation",
            format!("/api/v2/messages/conversation/{}", ben.id),
        ),
        (
            "list_conversations",
            "/api/v2/messages/conversations".to_owned(),
        ),
        (
            "count_unread_messages",
            "/api/v2/messages/unread-count".to_owned(),
        ),
        ("get_message", format!("/api/v2/messages/{id}")),
        ("get_message_stats", "/api/v2/messages/stats".to_owned()),
        ("resume_sync", "/api/v2/sync".to_owned()),
    ] {
        costs.of(name, ann.get(&path)).await.ok();
    }
}

async fn frames(costs: &mut Costs, ann: &mut Person, conversation: &Value) {
    // The gateway ends a connection that is idle for ten minutes.
    ann.comes_online().await;
    costs.of("greet_socket", ann.asks("hello", json!({}))).await;
    costs.of("answer_ping", ann.asks("ping", json!({}))).await;
    let typing = json!({ "conversation_id": conversation, "state": "composing" });
    let frame = json!({ "v": 1, "id": "typing", "type": "typing", "ts": 0, "data": typing });
    costs.of("show_typing", ann.sends(&frame.to_string())).await;
}

async fn writes(costs: &mut Costs, ann: &mut Person, ben: &Person) -> Value {
    let sent = costs
        .of("send_message", ann.says("a text of some length").to(ben))
        .await
        .ok();
    let id = sent["id"].as_str().expect("an id").to_owned();
    let delivered = format!("/api/v2/messages/mark-delivered/{id}");
    costs
        .of("mark_delivered", ben.post(&delivered, json!({})))
        .await
        .ok();
    let read = json!({ "message_ids": [id] });
    costs
        .of("mark_read", ben.post("/api/v2/messages/mark-read", read))
        .await
        .ok();
    let other = ann.says("to be deleted").to(ben).await.ok();
    let path = format!("/api/v2/messages/{}", other["id"].as_str().expect("an id"));
    costs.of("delete_message", ann.delete(&path)).await.ok();
    sent
}

async fn accounts(costs: &mut Costs) {
    let world = costs.world.clone();
    let (email, password) = ("cost@pairly.test", "TestPass123");
    let body = json!({
        "email": email, "password": password, "name": "Cost", "birthdate": "1990-01-01",
    });
    let register = world.call("POST", "/api/v2/auth/register", Some(body));
    costs.of("register_account", register).await.expect(201);
    let again = Some(json!({ "email": email }));
    let resend = world.call("POST", "/api/v2/auth/resend-verification", again);
    costs.of("resend_verification", resend).await.expect(202);
    let mail = world.mails_to(email).pop().expect("a mail");
    let text = mail["text"].as_str().expect("a text").to_owned();
    let link = text
        .split_whitespace()
        .find(|word| word.contains("token="))
        .expect("a link");
    let token = link.split_once("token=").expect("a token").1.to_owned();
    let page = format!("/verify-email?token={token}");
    costs
        .of("open_email_link", world.call("GET", &page, None))
        .await
        .ok();
    let proof = Some(json!({ "token": token }));
    let verify = world.call("POST", "/api/v2/auth/verify-email", proof);
    costs.of("verify_email", verify).await.ok();
    let credentials = Some(json!({ "email": email, "password": password }));
    let login = world.call("POST", "/api/v2/auth/login", credentials);
    let tokens = costs.of("sign_in", login).await.ok();
    let refresh = Some(json!({ "refresh_token": tokens["refresh_token"] }));
    let refresh = world.call("POST", "/api/v2/auth/refresh", refresh);
    costs.of("refresh_session", refresh).await.ok();
    costs
        .of(
            "get_jwks",
            world.call("GET", "/.well-known/jwks.json", None),
        )
        .await
        .ok();
}

async fn sessions(costs: &mut Costs, ann: &mut Person) {
    let ticket = ann.post("/api/v2/ws/tickets", json!({}));
    costs.of("create_ws_ticket", ticket).await.expect(201);
    let account = ann.get("/api/v2/user").await.ok();
    let edit = json!({ "name": "Anna", "version": account["version"] });
    costs
        .of(
            "edit_account",
            ann.call("PATCH", "/api/v2/user", Some(edit)),
        )
        .await
        .ok();
    let other = ann.elsewhere().await;
    let path = format!("/api/v2/auth/sessions/{}", other.session_id);
    costs
        .of("revoke_session", ann.delete(&path))
        .await
        .expect(204);
    let _other = ann.elsewhere().await;
    costs
        .of("revoke_other_sessions", ann.delete("/api/v2/auth/sessions"))
        .await
        .ok();
    let mut phone = ann.elsewhere().await;
    costs
        .of("open_socket and greet_socket", phone.comes_online())
        .await;
    phone.vanishes();
    costs
        .of("sign_out", phone.post("/api/v2/auth/logout", json!({})))
        .await
        .expect(204);
}

/// Both tables; the message's own figure is measured by its fixed workload.
pub async fn page(message: &Bill, marks: &[(&str, Bill)]) {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    let sent = ann.says("hello").to(&ben).await.ok();
    ben.says("hello").to(&ann).await.ok();
    ann.comes_online().await;
    ben.comes_online().await;
    let mut costs = Costs {
        world: world.clone(),
        rows: Vec::new(),
    };
    let last = writes(&mut costs, &mut ann, &ben).await;
    reads(&mut costs, &ann, &ben, &last).await;
    frames(&mut costs, &mut ann, &sent["conversation_id"]).await;
    let fresh = ann.elsewhere().await;
    ann.token = fresh.token.clone();
    sessions(&mut costs, &mut ann).await;
    accounts(&mut costs).await;
    let idle = world.passes(3_600);
    let ((), hour) = measured(&world, idle).await;
    costs.rows.push(("an idle hour (timers)", hour));
    costs.rows.sort_by_key(|(name, _)| *name);
    let mut out = String::from(INTRODUCTION);
    out += "\n## One paid message\n\n100 people in 50 pairs that have written to each other, \
        everybody with one open socket, each sends 100 characters every 10 seconds by POST: 10,000 \
        sends. Marks are ten in a row.\n\n";
    out += HEAD;
    out += &message.row("a message");
    for (name, bill) in marks {
        out += &bill.row(name);
    }
    out += OPERATIONS;
    out += HEAD;
    for (name, bill) in &costs.rows {
        out += &bill.row(&format!("`{name}`"));
    }
    derived("docs/costs.md", &out);
}
