//! What one person writes does no harm where somebody else sees it: in answers, frames, mails and
//! files of exports.

use serde_json::{Value, json};
use world::{Administrator, Person};

use super::samples::{Fixture, SUPER_ADMIN, filled, routes};

/// What acts in a page, a terminal, a spreadsheet, a header or a line of text.
const TEXTS: [&str; 9] = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)></p><a href=javascript:alert(1)>",
    "<<b>script>alert(1)<</b>/script>",
    "Eve \u{202e}live\u{2066}\u{2069}",
    "Eve\r\nBcc: all@pairly.test\r\n\r\nHello",
    "Eve\u{0}\u{7}\u{1b}[31m\u{9b}31m",
    "=HYPERLINK(\"https://evil.test\",\"click\")",
    "@SUM(1+1)*cmd|' /C calc'!A0",
];

/// Whether a browser would find an element.
fn has_markup(text: &str) -> bool {
    let after = |at: usize| text[at + 1..].chars().next();
    let opens = |c: char| c.is_alphabetic() || matches!(c, '/' | '!' | '?');
    text.match_indices('<')
        .any(|(at, _)| after(at).is_some_and(opens) && text[at..].contains('>'))
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Every text of a value; what stands in a line with others, as names do, cannot turn it around.
fn is_harmless(place: &str, name: &str, value: &Value) {
    match value {
        Value::String(text) => {
            let control = |c: char| c.is_control() && c != '\n';
            assert!(
                !text.contains(control) && !has_markup(text),
                "{place} {name}: {text:?}"
            );
            let in_line = name.ends_with("name") || name == "user_agent";
            let turns = in_line && text.contains(|c| turns_direction(c) || c == '\n');
            assert!(!turns, "{place} {name}: {text:?}");
        }
        Value::Array(items) => items.iter().for_each(|item| is_harmless(place, name, item)),
        Value::Object(members) => {
            for (name, value) in members {
                is_harmless(place, name, value);
            }
        }
        _ => {}
    }
}

/// Everything that a person can write that others see.
async fn writes(fixture: &mut Fixture, text: &str, n: usize) {
    let (ann, world) = (&fixture.ann, &fixture.world);
    let account = ann.get("/api/v2/user").await.ok();
    let change = json!({ "name": text, "version": account["version"] });
    ann.call("PATCH", "/api/v2/user", Some(change)).await;
    let message = json!({
        "receiver_id": fixture.ben.id, "content": text, "message_type": "text",
        "client_message_id": format!("output-{n:04}"), "metadata": { "note": text },
    });
    ann.post("/api/v2/messages/send", message).await;
    let device = format!("/api/v2/devices/{}", fixture.device);
    let name = json!({ "name": text });
    ann.call("PATCH", &device, Some(name)).await;
    let login = json!({ "email": ann.email, "password": ann.password });
    let (path, agent) = ("/api/v2/auth/login", [("user-agent", text)]);
    world.call_with("POST", path, Some(login), &agent).await;
    let forgotten = json!({ "email": ann.email });
    let path = "/api/v2/auth/password/forgot";
    world.call("POST", path, Some(forgotten)).await;
    let newcomer = json!({
        "email": format!("output{n}@pairly.test"), "password": "Quiet-Harbour-21", "name": text,
        "birthdate": "1990-01-01",
    });
    let path = "/api/v2/auth/register";
    world.call("POST", path, Some(newcomer)).await;
}

/// Everything that an administrator can write that others see.
async fn notes(fixture: &Fixture, admin: &Administrator, text: &str) {
    let (emil, message) = (&fixture.emil, fixture.own("message_id"));
    for (path, body) in [
        (
            format!("/api/admin/users/{emil}/ban"),
            json!({ "reason": text, "notify": true }),
        ),
        (
            format!("/api/admin/users/{emil}/unban"),
            json!({ "reason": text }),
        ),
        (
            format!("/api/admin/messages/{message}/moderate"),
            json!({ "moderation_status": "flagged", "reason": text }),
        ),
        (
            format!("/api/admin/calls/{}/moderate", fixture.settled),
            json!({ "notes": text, "reason": text }),
        ),
        (
            "/api/admin/credits/adjust".to_owned(),
            json!({ "user_id": emil, "amount": 1, "reason": format!("{text} and more words") }),
        ),
    ] {
        admin.post(&path, body).await;
    }
}

/// All answers to all readers.
async fn answers(fixture: &Fixture, place: &str) {
    for function in local::functions() {
        for (method, path) in routes(function) {
            if method != "GET" {
                continue;
            }
            let target = filled(path, |name| fixture.own(name)) + &fixture.query(function.name);
            let answer = fixture.asks(function, method, &target, (None, &[])).await;
            let place = format!("{place} {target}");
            // A page is markup; what strangers may put into it stands in tests beside it.
            let kind = answer.header("content-type").unwrap_or_default();
            if kind.starts_with("application/json") {
                is_harmless(&place, "", &answer.body);
            }
            if function.member && function.admin.is_none() {
                let other = fixture.ben.call(method, &target, None).await;
                is_harmless(&place, "", &other.body);
            }
        }
    }
}

/// No cell begins as a formula does, and no row begins within a text.
async fn files(admin: &Administrator) {
    for (what, query) in [("messages", "format=csv"), ("calls", "format=csv")] {
        let path = format!("/api/admin/{what}/export?{query}");
        let answer = admin.get(&path).await;
        let file = answer.ok();
        let file = file.as_str().expect("a file");
        assert!(file.lines().count() > 1, "{what}: {file}");
        let inside = |cell: &str| cell.starts_with(['=', '+', '-', '@', '\t']);
        let cells = file.lines().flat_map(|line| line.split(",\"").skip(1));
        cells.for_each(|cell| assert!(!inside(cell), "{what}: {cell}"));
        assert!(!file.contains(|c: char| c.is_control() && !"\r\n".contains(c)));
    }
}

fn mails(person: &Person, before: usize) -> usize {
    let sent = person.world.outbox();
    for mail in &sent[before..] {
        let html = mail["html"].as_str().unwrap_or_default();
        for acting in [
            "<script",
            "<img",
            "<svg",
            "<b>",
            "javascript:alert(1)>",
            "<a href=j",
        ] {
            assert!(!html.contains(acting), "{html}");
        }
        for part in ["html", "text", "subject", "to"] {
            let text = mail[part].as_str().unwrap_or_default();
            let own_line = text.lines().any(|line| line.starts_with("Bcc:"));
            let acting = |c: char| turns_direction(c) || (c.is_control() && c != '\n');
            assert!(!own_line && !text.contains(acting), "{part}: {text:?}");
        }
    }
    sent.len()
}

#[tokio::test(start_paused = true)]
async fn what_one_person_writes_does_no_harm_where_others_see_it() {
    let mut fixture = Fixture::new().await;
    let admin = fixture.world.admin(SUPER_ADMIN).await;
    fixture.ben.comes_online().await;
    let mut seen = mails(&fixture.ann, 0);
    let first = seen;
    for (n, text) in TEXTS.into_iter().enumerate() {
        writes(&mut fixture, text, n).await;
        notes(&fixture, &admin, text).await;
        fixture.world.passes(3).await;
        answers(&fixture, &format!("{text:?}")).await;
        seen = mails(&fixture.ann, seen);
        for kind in ["message.new", "conversation.updated", "account.action"] {
            for frame in fixture.ben.got(kind).await {
                is_harmless(kind, "", &frame);
            }
        }
    }
    files(&admin).await;
    assert!(seen - first > TEXTS.len(), "{} mails", seen - first);
    let list = fixture.ben.get("/api/v2/messages/conversations").await.ok();
    assert!(
        list.to_string().contains("SUM(1+1)"),
        "the texts arrive: {list}"
    );
}
