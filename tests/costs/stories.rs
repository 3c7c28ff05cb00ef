//! Runs of the operations that one call out of the blue cannot show: proofs, frames, sockets.

use serde_json::{Value, json};
use world::World;

use super::operations::{Rows, note, own};
use crate::scenarios::accounts::social::app::{self, App};
use crate::scenarios::accounts::social::{BORN, with_hope};
use crate::scenarios::accounts::two_factor;
use crate::scenarios::admin::approvals;
use crate::scenarios::credits::administering;
use crate::scenarios::messaging::exporting;
use crate::scenarios::realtime::handshake;

/// Every story, each in its own world.
pub async fn all(rows: &mut Rows) {
    registration(rows).await;
    forgotten_password(rows).await;
    second_factor(rows).await;
    providers(rows).await;
    phone(rows).await;
    sockets(rows).await;
    device(rows).await;
    approval(rows).await;
    background(rows).await;
    super::calls::stories(rows).await;
}

async fn approval(rows: &mut Rows) {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let (finance, other) = (world.admin("finance-1").await, world.admin("admin-2").await);
    let id = approvals::asked(&finance, &ann).await;
    let decide = approvals::decides(&other, &id, "approve");
    note(rows, &world, "decide_approval", decide).await.ok();
}

/// What tells of work that goes on in the background.
async fn background(rows: &mut Rows) {
    let world = World::new().await;
    let run = administering::begins(&world.admin("finance-1").await).await;
    let operator = world.admin("operator-1").await;
    note(rows, &world, "get_run", operator.get(&run)).await.ok();
    let analyst = world.admin("analyst-1").await;
    let export = exporting::in_the_background(&world, &analyst).await;
    note(rows, &world, "get_export", analyst.get(&export))
        .await
        .ok();
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

async fn forgotten_password(rows: &mut Rows) {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let forgot = json!({ "email": ann.email });
    let forgot = post(&world, "/api/v2/auth/password/forgot", forgot);
    forgot.await.expect(202);
    world.settles().await;
    let body =
        json!({ "token": token_to(&world, &ann.email), "new_password": "Another Harbour 9" });
    let reset = post(&world, "/api/v2/auth/password/reset", body);
    note(rows, &world, "reset_password", reset).await.ok();
}

async fn second_factor(rows: &mut Rows) {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let setup = ann.post("/api/v2/auth/2fa/setup", json!({})).await.ok();
    let secret = setup["secret"].as_str().expect("a secret").to_owned();
    let code = || two_factor::code(&world, &secret);
    let verify = async {
        let body = json!({ "factor_id": setup["factor_id"], "code": code() });
        ann.post("/api/v2/auth/2fa/verify", body).await
    };
    note(rows, &world, "verify_2fa", verify).await.ok();
    let challenge = two_factor::asked(&world, &ann).await;
    let answer = async { two_factor::answers(&world, &challenge, "code", &code()).await };
    note(rows, &world, "answer_2fa_challenge", answer)
        .await
        .ok();
    let fresh = ann.post("/api/v2/auth/2fa/recovery-codes", json!({}));
    note(rows, &world, "regenerate_recovery_codes", fresh)
        .await
        .ok();
    let disable = async {
        let body = json!({ "code": code() });
        ann.post("/api/v2/auth/2fa/disable", body).await
    };
    note(rows, &world, "disable_2fa", disable).await.ok();
}

async fn providers(rows: &mut Rows) {
    let world = with_hope().await;
    let (google, apple) = (App::new(&world, "google"), App::new(&world, "apple"));
    let tokens = google.joins("77", BORN).await;
    let hope = app::person(&world, &tokens, "hope@pairly.test").await;
    apple.links(&hope, "77").await.ok();
    let listed = hope.get("/api/v2/auth/identities").await.ok();
    let identity = listed["identities"][0]["identity_id"]
        .as_str()
        .expect("an id");
    let path = format!("/api/v2/auth/identities/{identity}");
    note(rows, &world, "unlink_identity", hope.delete(&path))
        .await
        .expect(204);
    let names = [
        "start_social_login",
        "finish_social_login",
        "exchange_social_login",
    ];
    own(rows, &world, &names, async {
        let code = apple.code("77").await;
        app::exchange(&world, &code, &apple.verifier).await.ok()
    })
    .await;
}

async fn phone(rows: &mut Rows) {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let body = json!({ "phone": "+15005550006" });
    ann.post("/api/v2/user/phone", body).await.expect(202);
    world.settles().await;
    let text = world.outbox().pop().expect("a text");
    let text = text["text"].as_str().expect("a text").to_owned();
    let code = text.split(' ').next().expect("a code");
    let verify = ann.post("/api/v2/user/phone/verify", json!({ "code": code }));
    note(rows, &world, "verify_phone", verify).await.ok();
}

async fn device(rows: &mut Rows) {
    let world = World::new().await;
    let (mut ann, id) = handshake::owner(&world).await;
    let names = ["begin_device_auth", "prove_device"];
    own(rows, &world, &names, async {
        let proving = handshake::begins(&mut ann, &id).await;
        proving.proves(&mut ann).await
    })
    .await;
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
