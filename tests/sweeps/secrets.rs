//! A life with marked secrets: after everything was done, refused and failed, none of them stands
//! in a log line, an error, a dead letter, or a row that has to keep it sealed.

use local::gateway::connection::Socket;
use serde_json::{Value, json};
use shared::accounts::factor::totp;
use shared::table::SPECS;
use shared::worker::QUEUES;
use world::{ADDRESS, Answer, Journal, Person, World, text_to};

use super::marks::Marks;

const EMAIL: &str = "mk7q.mailbox.3w@pairly.test";
const PASSWORD: &str = "Mk7q-Harbour-Password-3w";
const NEXT_PASSWORD: &str = "Mk7q-Lantern-Password-3w";
const WRONG_PASSWORD: &str = "Mk7q-Mistake-Password-3w";
const BORN: &str = "1987-03-09";
const PHONE: &str = "+15005550197";
const TEXT: &str = "mk7q words between two people 3w";
const HOME: &str = "203.0.113.197";
/// Services that do not answer while everything is tried again.
const OUTAGES: [&str; 9] = [
    "dynamodb",
    "sqs",
    "ses",
    "sns",
    "kms",
    "secretsmanager",
    "s3",
    "execute-api",
    "lambda",
];

/// What is marked: what no log, error or dead letter may hold, and what no row may hold either.
#[derive(Default)]
struct Secrets {
    all: Marks,
    sealed: Marks,
}

impl Secrets {
    fn add(&mut self, what: &str, value: &str) {
        self.all.add(what, value);
        self.sealed.add(what, value);
    }
}

/// Somebody who talks to the back end, and what must not be repeated to them.
struct Story {
    world: World,
    secrets: Secrets,
    token: String,
    refresh: String,
    sockets: Vec<Socket>,
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

impl Story {
    async fn asks(&self, method: &str, path: &str, body: Value) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let headers: &[(&str, &str)] = match self.token.as_str() {
            "" => &[],
            _ => &[("authorization", &bearer)],
        };
        let body = (method != "GET").then_some(body);
        let answer = self.world.call_with(method, path, body, headers).await;
        if answer.status >= 400 {
            self.secrets.all.are_not_in(path, &answer.body.to_string());
        }
        answer
    }

    async fn posts(&self, path: &str, body: Value) -> Answer {
        self.asks("POST", path, body).await
    }

    fn takes(&mut self, tokens: &Value) {
        (self.token, self.refresh) = (
            text(&tokens["access_token"]),
            text(&tokens["refresh_token"]),
        );
        self.secrets.add("access token", &self.token);
        self.secrets.add("refresh token", &self.refresh);
        let signature = self.token.rsplit('.').next().expect("a signature");
        self.secrets.add("signature of a token", signature);
    }

    /// The newest mail: its link's token, and its code if it has one.
    async fn mail(&mut self, page: &str) -> (String, Option<String>) {
        self.world.settles().await;
        let mail = self.world.mails_to(EMAIL).pop().expect("a mail");
        let text = text(&mail["text"]);
        let start = text.find(&format!("{page}?token=")).expect("a link");
        let link = text[start..].split_whitespace().next().expect("a link");
        let token = link.split_once('=').expect("a token").1.to_owned();
        self.secrets.add("token of a link", &token);
        let digits = |word: &&str| word.len() == 8 && word.bytes().all(|b| b.is_ascii_digit());
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        let code = words.into_iter().find(digits).map(str::to_owned);
        if let Some(code) = &code {
            self.secrets.add("code of a mail", code);
        }
        (token, code)
    }

    async fn registers(&mut self) {
        let body = json!({
            "email": EMAIL, "password": PASSWORD, "name": "Mara", "birthdate": BORN,
        });
        self.posts("/api/v2/auth/register", body.clone())
            .await
            .expect(201);
        let (token, code) = self.mail("/verify-email").await;
        let wrong = json!({ "email": EMAIL, "code": "00000000" });
        self.posts("/api/v2/auth/verify-email", wrong).await;
        let page = format!("/verify-email?token={token}");
        self.asks("GET", &page, Value::Null).await.expect(200);
        let right = json!({ "email": EMAIL, "code": code.expect("a code") });
        self.posts("/api/v2/auth/verify-email", right).await.ok();
        // Again: somebody has the address now.
        self.posts("/api/v2/auth/register", body).await;
        self.world.settles().await;
    }

    async fn signs_in(&mut self, password: &str) {
        self.token.clear();
        let login = |password: &str| json!({ "email": EMAIL, "password": password });
        let path = "/api/v2/auth/login";
        self.posts(path, login(WRONG_PASSWORD)).await.expect(401);
        let tokens = self.posts(path, login(password)).await.ok();
        self.takes(&tokens);
        let body = json!({ "refresh_token": self.refresh });
        let tokens = self.posts("/api/v2/auth/refresh", body).await.ok();
        self.takes(&tokens);
        self.asks("GET", "/api/v2/user", Value::Null).await.ok();
    }

    async fn forgets(&mut self) {
        let body = json!({ "email": EMAIL });
        self.posts("/api/v2/auth/password/forgot", body).await;
        let (token, _) = self.mail("/reset-password").await;
        for password in ["short", NEXT_PASSWORD, NEXT_PASSWORD] {
            let body = json!({ "token": token, "new_password": password });
            self.posts("/api/v2/auth/password/reset", body).await;
        }
        self.world.settles().await;
    }

    async fn has_a_phone(&mut self) {
        self.posts("/api/v2/user/phone", json!({ "phone": PHONE }))
            .await
            .expect(202);
        self.world.settles().await;
        let mut sent = self.world.outbox().into_iter();
        let sms = sent
            .rfind(|item| item["kind"] == "sms")
            .expect("a text message");
        let code = text(&sms["text"]);
        let code = code.split(' ').next().expect("a code");
        self.secrets.add("code of a text message", code);
        let path = "/api/v2/user/phone/verify";
        self.posts(path, json!({ "code": "00000000" })).await;
        self.posts(path, json!({ "code": code })).await.ok();
    }

    async fn has_a_second_factor(&mut self) {
        let setup = self.posts("/api/v2/auth/2fa/setup", json!({})).await.ok();
        let secret = text(&setup["secret"]);
        self.secrets.add("secret of the second factor", &secret);
        let code = totp::code_at(&secret, self.world.now()).expect("a secret");
        let path = "/api/v2/auth/2fa/verify";
        let answer = |code: &str| json!({ "factor_id": setup["factor_id"], "code": code });
        self.posts(path, answer("000000")).await;
        let made = self.posts(path, answer(&code)).await.ok();
        let codes: Vec<String> = made["recovery_codes"]
            .as_array()
            .expect("codes")
            .iter()
            .map(text)
            .collect();
        for code in &codes {
            self.secrets.add("recovery code", code);
            self.secrets.add("recovery code", &code.replace('-', ""));
        }
        self.world.passes(30).await;
        let body = json!({ "email": EMAIL, "password": NEXT_PASSWORD });
        let asked = self.posts("/api/v2/auth/login", body).await.ok();
        let challenge = text(&asked["challenge_id"]);
        self.secrets.add("challenge", &challenge);
        for (name, code) in [("code", "000000"), ("recovery_code", codes[0].as_str())] {
            let body = json!({ "challenge_id": challenge, name: code });
            let answer = self.posts("/api/v2/auth/2fa/challenge", body).await;
            if answer.status == 200 {
                self.takes(&answer.body);
            }
        }
    }

    async fn opens_a_socket(&mut self) {
        let ticket = self
            .posts("/api/v2/ws/tickets", json!({}))
            .await
            .expect(201);
        let ticket = text(&ticket["ticket"]);
        self.secrets.add("ticket", &ticket);
        let query = format!("ticket={ticket}");
        let opened = self.world.local.connect(&query, &[], ADDRESS).await;
        self.sockets.push(opened.expect("a socket"));
        let again = self.world.local.connect(&query, &[], ADDRESS).await;
        assert!(again.is_err(), "a ticket counts once");
    }
}

/// The offer of somebody at home.
fn offer(secrets: &mut Secrets) -> String {
    let (name, password) = ("mk7qUfrag3w", "mk7qIcePasswordOfACall3w");
    secrets.all.add("address of a candidate", HOME);
    secrets.all.add("name of the media", name);
    secrets.all.add("password of the media", password);
    let print = vec!["AB"; 32].join(":");
    format!(
        "v=0\r\no=- 1 2 IN IP4 {HOME}\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n\
         c=IN IP4 {HOME}\r\na=ice-ufrag:{name}\r\na=ice-pwd:{password}\r\n\
         a=fingerprint:sha-256 {print}\r\na=candidate:1 1 udp 2113937151 {HOME} 54400 typ host\r\n"
    )
}

/// Two people write to each other and call, by HTTP and by frame.
async fn talk(ann: &mut Person, ben: &mut Person, offer: &str, round: usize) {
    let words = text_to(&ben.id, TEXT, &format!("mk7q-client-{round:04}"));
    ann.post("/api/v2/messages/send", words.clone()).await;
    let long =
        json!({ "content": TEXT.repeat(400), "message_type": "text", "receiver_id": ben.id });
    ann.post("/api/v2/messages/send", long).await;
    ann.get("/api/v2/messages/search?q=mk7q").await;
    let call = json!({
        "receiver_id": ben.id, "call_type": "audio", "sdp_offer": offer,
        "client_call_id": format!("mk7q-call-{round:04}"),
    });
    let call = ann.post("/api/v2/calls/initiate", call).await;
    let id = call.body["id"].as_str().unwrap_or("cal_none").to_owned();
    let line = format!("candidate:1 1 udp 2113937151 {HOME} 54400 typ host");
    let ice = format!("/api/v2/calls/{id}/ice");
    ann.post(&ice, json!({ "candidate": line })).await;
    ann.post(&ice, json!({ "candidate": format!("{line} odd") }))
        .await;
    ben.post(
        &format!("/api/v2/calls/{id}/accept"),
        json!({ "sdp_answer": offer }),
    )
    .await;
    for data in [
        json!({ "call_id": id, "kind": "candidates", "payload": { "candidate": line } }),
        json!({ "call_id": id, "kind": "negotiate", "payload": offer }),
        json!({ "call_id": id, "kind": "negotiate", "payload": { "type": offer, "sdp": 1 } }),
    ] {
        let frame = json!({ "v": 1, "id": "f", "type": "call.signal", "ts": 0, "data": data });
        ann.sends(&frame.to_string()).await;
    }
    let frame = json!({ "v": 1, "id": "f", "type": "message.send", "ts": 0, "data": words });
    ann.sends(&frame.to_string()).await;
    ann.post(&format!("/api/v2/calls/{id}/end"), json!({}))
        .await;
}

/// Everything that needs no state, while a service does not answer.
async fn tries(story: &Story, talkers: (&mut Person, &mut Person), offer: &str, round: usize) {
    let body = json!({
        "email": format!("x{round}.{EMAIL}"), "password": PASSWORD, "name": "Mara",
        "birthdate": BORN,
    });
    story.posts("/api/v2/auth/register", body).await;
    let login = json!({ "email": EMAIL, "password": NEXT_PASSWORD });
    story.posts("/api/v2/auth/login", login).await;
    story
        .posts(
            "/api/v2/auth/refresh",
            json!({ "refresh_token": story.refresh }),
        )
        .await;
    story
        .posts("/api/v2/auth/password/forgot", json!({ "email": EMAIL }))
        .await;
    let change = json!({ "current_password": NEXT_PASSWORD, "new_password": PASSWORD });
    story.posts("/api/v2/auth/password/change", change).await;
    story
        .posts("/api/v2/user/phone", json!({ "phone": PHONE }))
        .await;
    story
        .posts("/api/v2/auth/2fa/disable", json!({ "code": "000000" }))
        .await;
    story
        .posts("/api/v2/auth/2fa/recovery-codes", json!({}))
        .await;
    let (ann, ben) = talkers;
    talk(ann, ben, offer, round).await;
}

fn everywhere(world: &World, journal: &Journal, secrets: &Secrets) {
    secrets.all.are_not_in("the log", &journal.text());
    for queue in QUEUES {
        let dead = world.local.cloud().dead_letters(queue.name);
        for letter in dead {
            secrets.all.are_not_in(
                &format!("a dead letter of {}", queue.name),
                &letter.to_string(),
            );
        }
    }
    for spec in SPECS {
        for row in world.local.cloud().items(spec.table.as_str()) {
            secrets
                .sealed
                .are_not_in(spec.table.as_str(), &row.to_string());
        }
    }
}

/// A story that knows what is marked from its beginning.
fn begins(world: &World) -> Story {
    let mut secrets = Secrets::default();
    for (what, value) in [
        ("address", EMAIL),
        ("password", PASSWORD),
        ("next password", NEXT_PASSWORD),
        ("wrong password", WRONG_PASSWORD),
        ("day of birth", BORN),
        ("phone number", PHONE),
    ] {
        secrets.add(what, value);
    }
    secrets.all.add("words of a message", TEXT);
    Story {
        world: world.clone(),
        secrets,
        token: String::new(),
        refresh: String::new(),
        sockets: Vec::new(),
    }
}

#[tokio::test(start_paused = true)]
async fn marked_secrets_stand_in_no_log_error_dead_letter_or_open_row() {
    let journal = Journal::open();
    let world = World::unlimited().await;
    let mut story = begins(&world);
    let offer = offer(&mut story.secrets);
    story.registers().await;
    story.signs_in(PASSWORD).await;
    story.forgets().await;
    story.signs_in(NEXT_PASSWORD).await;
    story.has_a_phone().await;
    story.has_a_second_factor().await;
    story.opens_a_socket().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ben.says("hello").to(&ann).await.ok();
    for (round, service) in [""].into_iter().chain(OUTAGES).enumerate() {
        for person in [&mut ann, &mut ben] {
            // An access token lives for half an hour.
            person.renews().await;
            person.comes_online().await;
        }
        if service.is_empty() {
            talk(&mut ann, &mut ben, &offer, round).await;
        } else {
            world.local.cloud().faults().outage(service, true);
            tries(&story, (&mut ann, &mut ben), &offer, round).await;
        }
        // Until workers give up what they cannot do; mails are tried for seven hours.
        let seconds = if service == "ses" { 30_000 } else { 900 };
        world.passes(seconds).await;
        world.local.cloud().faults().clear();
    }
    let dead = |queue: &str| world.local.cloud().dead_letters(queue).len();
    assert!(dead("mail") > 0, "no worker of mail gave up");
    assert_eq!(dead("frames"), 0, "frames carry texts");
    assert!(
        journal.text().contains("\"logger\":\"failure\""),
        "nothing failed"
    );
    everywhere(&world, &journal, &story.secrets);
}
