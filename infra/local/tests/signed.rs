//! Signatures of somebody else's making: `curl --aws-sigv4` against the gateway over a real socket.

use std::process::Command;

use local::gateway::admins::Principal;
use local::runtime::{Local, Options};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What `curl` signs for.
const SIGV4: &str = "aws:amz:us-east-1:execute-api";

struct Curl {
    base: String,
    principal: Principal,
}

impl Curl {
    /// Status and body of one signed call.
    fn call(&self, secret: &str, path: &str, more: &[&str]) -> (u16, Value) {
        let user = format!("{}:{secret}", self.principal.access_key_id);
        let run = Command::new("curl")
            .args([
                "-s",
                "-w",
                "\n%{http_code}",
                "--aws-sigv4",
                SIGV4,
                "--user",
                &user,
            ])
            .args(more)
            .arg(format!("{}{path}", self.base))
            .output()
            .expect("curl is installed");
        let text = String::from_utf8(run.stdout).expect("a text");
        let (body, status) = text.rsplit_once('\n').expect("a status");
        (
            status.parse().expect("a number"),
            serde_json::from_str(body).unwrap_or_default(),
        )
    }

    fn ok(&self, path: &str, more: &[&str]) -> Value {
        let secret = &self.principal.secret_access_key;
        let (status, body) = self.call(secret, path, more);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }
}

/// A back end with demo people, served on a port of its own.
async fn served() -> (Local, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let options = Options {
        port,
        seed: true,
        ..Options::default()
    };
    let local = Local::start(options).await.expect("the back end");
    let server = local::gateway::http::serve(local.clone(), listener, std::future::pending());
    tokio::spawn(server);
    (local, port)
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_signs_what_the_gateway_accepts() {
    let (local, port) = served().await;
    let principal = local
        .admins()
        .of_session("finance-1")
        .expect("finance")
        .clone();
    let base = format!("http://127.0.0.1:{port}");
    let curl = Curl { base, principal };
    let overview = curl.ok("/_local", &[]);
    let listed = overview["admins"].as_array().expect("admins");
    let finance = listed
        .iter()
        .find(|one| one["session_name"] == "finance-1")
        .expect("finance");
    let secret = &curl.principal.secret_access_key;
    assert_eq!(finance["secret_access_key"], *secret);
    assert_eq!(curl.ok("/api/admin/me", &[])["roles"], json!(["finance"]));
    let (status, body) = curl.call("wrong", "/api/admin/me", &[]);
    assert_eq!((status, body), (403, json!({ "message": "Forbidden" })));
    let ann = &local.people()[0].user_id;
    let gift = json!({ "user_id": ann, "amount": 5, "reason": "signed by curl" }).to_string();
    let headers = [
        "-H",
        "content-type: application/json",
        "-H",
        "idempotency-key: curl-0001",
    ];
    let post = [&headers[..], &["-d", gift.as_str()]].concat();
    let done = curl.ok("/api/admin/credits/adjust", &post);
    assert_eq!(done["available"], 105);
    // A session token means nothing here, but may be there.
    let token = ["-H", "x-amz-security-token: a-token"];
    curl.ok("/api/admin/me", &token);
    let principal = local
        .admins()
        .of_session("admin-1")
        .expect("an admin")
        .clone();
    let auditor = Curl { principal, ..curl };
    let log = auditor.ok("/api/admin/audit-log?action=adjust_credits&limit=5", &[]);
    assert_eq!(log["rows"].as_array().map(Vec::len), Some(1));
}
