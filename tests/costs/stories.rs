//! Runs of the operations that one call out of the blue cannot show: proofs, frames, sockets.

use serde_json::{Value, json};
use world::World;

use super::operations::{Rows, note};

/// Every story, each in its own world.
pub async fn all(rows: &mut Rows) {
    registration(rows).await;
    sockets(rows).await;
}

async fn registration(rows: &mut Rows) {
    let world = World::new().await;
    let email = "cost@pairly.test";
    let body = json!({
        "email": email, "password": "TestPass123", "name": "Cost", "birthdate": "1990-01-01",
    });
    let register = world.call("POST", "/api/v2/auth/register", Some(body));
    register.await.expect(201);
    world.passes(61).await;
    let again = post(
        &world,
        "/api/v2/auth/resend-verification",
        json!({ "email": email }),
    );
    note(rows, &world, "resend_verification", again)
        .await
        .expect(202);
    let token = token_to(&world, email);
    let page = format!("/verify-email?token={token}");
    let open = world.call("GET", &page, None);
    note(rows, &world, "open_email_link", open).await.ok();
    let verify = post(
        &world,
        "/api/v2/auth/verify-email",
        json!({ "token": token }),
    );
    note(rows, &world, "verify_email", verify).await.ok();
}

async fn sockets(rows: &mut Rows) {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    let sent = ann.says("hello").to(&ben).await.ok();
    ben.comes_online().await;
    note(
        rows,
        &world,
        "open_socket and greet_socket",
        ann.comes_online(),
    )
    .await;
    let hello = ann.asks("hello", json!({}));
    note(rows, &world, "greet_socket", hello).await;
    let ping = ann.asks("ping", json!({}));
    note(rows, &world, "answer_ping", ping).await;
    let typing = json!({ "conversation_id": sent["conversation_id"], "state": "composing" });
    let frame = json!({ "v": 1, "id": "typing", "type": "typing", "ts": 0, "data": typing });
    note(rows, &world, "show_typing", ann.sends(&frame.to_string())).await;
    note(rows, &world, "close_socket", async { ann.vanishes() }).await;
}

/// The token of the link in the newest mail to an address.
pub fn token_to(world: &World, email: &str) -> String {
    let mail = world.mails_to(email).pop().expect("a mail");
    let text = mail["text"].as_str().expect("a text").to_owned();
    let link = text.split_whitespace().find(|word| word.contains("token="));
    let link = link.expect("a link");
    link.split_once("token=").expect("a token").1.to_owned()
}

async fn post(world: &World, path: &str, body: Value) -> world::Answer {
    world.call("POST", path, Some(body)).await
}
