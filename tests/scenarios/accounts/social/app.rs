//! An app that signs in through a provider, and the browser between them.

use local::cloud::Request;
use local::gateway::{HttpRequest, HttpResponse, percent_decode};
use serde_json::{Value, json};
use shared::crypto::{encode, sha256};
use world::{Answer, Person, World};

pub const PROVIDERS: [&str; 3] = ["google", "facebook", "apple"];
/// Where the app is.
pub const REDIRECT: &str = "pairly://signed-in";

/// An app in the middle of a sign-in.
#[derive(Clone)]
pub struct App {
    pub world: World,
    pub provider: &'static str,
    pub verifier: String,
}

/// What the browser carries from the provider to us.
#[derive(Clone, Debug)]
pub struct Carried {
    pub provider: &'static str,
    pub pairs: Vec<(String, String)>,
}

impl Carried {
    pub fn get(&self, name: &str) -> String {
        let pair = self.pairs.iter().find(|(known, _)| known == name);
        pair.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.pairs.retain(|(known, _)| known != name);
        self.pairs.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Delivers it the way the provider has it: in the address, or as a form.
    pub async fn arrives(&self, world: &World) -> Answer {
        let path = format!("/auth/oauth/{}/callback", self.provider);
        let text = form_of(&self.pairs);
        if self.provider == "apple" {
            let kind = ("content-type", "application/x-www-form-urlencoded");
            return world.raw("POST", &path, text.into_bytes(), &[kind]).await;
        }
        world.call("GET", &format!("{path}?{text}"), None).await
    }
}

pub fn form_of(pairs: &[(String, String)]) -> String {
    let escape = shared::text::escape_uri;
    let pairs = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", escape(value)));
    pairs.collect::<Vec<_>>().join("&")
}

pub fn query_of(address: &str) -> Vec<(String, String)> {
    let query = address.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), percent_decode(value)))
        .collect()
}

pub async fn exchange(world: &World, code: &str, verifier: &str) -> Answer {
    let body = json!({ "code": code, "code_verifier": verifier });
    world
        .call("POST", "/api/v2/auth/oauth/exchange", Some(body))
        .await
}

impl App {
    pub fn new(world: &World, provider: &'static str) -> Self {
        let (world, verifier) = (world.clone(), encode(&[5; 32]));
        Self {
            world,
            provider,
            verifier,
        }
    }

    /// Asks where to go; with a person, as the app does by `fetch`.
    pub async fn start(&self, mode: &str, me: Option<&Person>) -> Answer {
        self.start_at(REDIRECT, mode, me).await
    }

    pub async fn start_at(&self, redirect: &str, mode: &str, me: Option<&Person>) -> Answer {
        let challenge = encode(&sha256(&[self.verifier.as_bytes()]));
        let redirect = shared::text::escape_uri(redirect);
        let path = format!(
            "/auth/oauth/{}?redirect_uri={redirect}&code_challenge={challenge}&mode={mode}",
            self.provider
        );
        match me {
            Some(me) => {
                let json = [("accept", "application/json")];
                me.call_with("GET", &path, None, &json).await
            }
            None => self.world.call("GET", &path, None).await,
        }
    }

    /// The person agrees at the provider's page.
    pub async fn agrees(&self, location: &str, sub: &str) -> Carried {
        let at = location.find("/_local/idp/").expect("a local provider");
        let path = &location[at..];
        let people = String::from_utf8(self.page(path).await.body).expect("a page");
        assert!(people.contains(&format!("person={sub}")), "{people}");
        let answer = self.page(&format!("{path}&person={sub}")).await;
        let pairs = match answer.header("location") {
            Some(location) => query_of(location),
            None => inputs(&String::from_utf8(answer.body).expect("a form")),
        };
        Carried {
            provider: self.provider,
            pairs,
        }
    }

    async fn page(&self, target: &str) -> HttpResponse {
        let request = HttpRequest {
            method: "GET".into(),
            target: target.into(),
            ..HttpRequest::default()
        };
        local::local::answer(&self.world.local, request).await
    }

    /// From the question to what the browser carries back.
    pub async fn asks(&self, sub: &str) -> Carried {
        let started = self.start("login", None).await;
        let location = started.header("location").expect("an address").to_owned();
        assert_eq!(started.status, 302);
        self.agrees(&location, sub).await
    }

    /// The one-time code in the address of the app.
    pub async fn code(&self, sub: &str) -> String {
        self.asks(sub)
            .await
            .arrives(&self.world)
            .await
            .code_for_app()
    }

    pub async fn exchanges(&self, body: Value) -> Answer {
        self.world
            .call("POST", "/api/v2/auth/oauth/exchange", Some(body))
            .await
    }

    /// Somebody new joins; gives the tokens.
    pub async fn joins(&self, sub: &str, born: &str) -> Value {
        let code = self.code(sub).await;
        let asked = exchange(&self.world, &code, &self.verifier).await;
        let asked = asked.refused(409, "BIRTHDATE_REQUIRED");
        let token = &asked["details"]["signup_token"];
        self.exchanges(json!({ "signup_token": token, "birthdate": born }))
            .await
            .ok()
    }

    /// A signed-in person adds an identity.
    pub async fn links(&self, me: &Person, sub: &str) -> Answer {
        let told = self.start("link", Some(me)).await.ok();
        let location = told["location"].as_str().expect("an address");
        let carried = self.agrees(location, sub).await;
        let code = carried.arrives(&self.world).await.code_for_app();
        exchange(&self.world, &code, &self.verifier).await
    }
}

/// What the app finds in its address.
pub trait InTheAddress {
    fn code_for_app(&self) -> String;
    fn error_for_app(&self) -> String;
}

impl InTheAddress for Answer {
    #[track_caller]
    fn code_for_app(&self) -> String {
        found(self, "code")
    }

    #[track_caller]
    fn error_for_app(&self) -> String {
        found(self, "error")
    }
}

#[track_caller]
fn found(answer: &Answer, name: &str) -> String {
    assert_eq!(answer.status, 302, "{}", answer.body);
    let location = answer.header("location").expect("an address");
    assert!(location.starts_with(REDIRECT), "{location}");
    let pairs = query_of(location);
    assert_eq!(pairs.len(), 1, "{location}");
    let pair = pairs.into_iter().find(|(known, _)| known == name);
    pair.unwrap_or_else(|| panic!("no {name} in {location}")).1
}

fn inputs(form: &str) -> Vec<(String, String)> {
    let unescape = |text: &str| text.replace("&quot;", "\"").replace("&amp;", "&");
    let fields = form.split("<input type=\"hidden\" name=\"").skip(1);
    let pair = |field: &str| {
        let (name, rest) = field.split_once('"')?;
        let value = rest.strip_prefix(" value=\"")?.split_once('"')?.0;
        Some((name.to_owned(), unescape(value)))
    };
    fields.filter_map(pair).collect()
}

/// Everything that is stored of people, word by word.
pub async fn census(world: &World) -> Vec<String> {
    world.settles().await;
    let mut all = Vec::new();
    for table in ["data", "ledger", "keys"] {
        let request = Request {
            method: "POST".into(),
            uri: "/".into(),
            headers: vec![
                ("x-amz-target".into(), "DynamoDB_20120810.Scan".into()),
                ("content-type".into(), "application/x-amz-json-1.0".into()),
            ],
            body: json!({ "TableName": format!("pairly-{table}") })
                .to_string()
                .into_bytes(),
        };
        let answer = world.local.cloud().answer("census", request).await;
        let body: Value = serde_json::from_slice(&answer.body).expect("rows");
        let rows = body["Items"].as_array().expect("rows").iter();
        all.extend(rows.map(|row| format!("{table} {row}")));
    }
    all.sort();
    all
}

/// Proves an address by the code of the newest mail.
pub async fn confirms(world: &World, email: &str) {
    world.settles().await;
    let mails = world.mails_to(email);
    let text = mails.last().expect("a mail")["text"]
        .as_str()
        .expect("a text")
        .to_owned();
    let digits = |word: &&str| word.len() == 8 && word.bytes().all(|b| b.is_ascii_digit());
    let code = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .find(digits);
    let body = json!({ "email": email, "code": code.expect("a code") });
    world
        .call("POST", "/api/v2/auth/verify-email", Some(body))
        .await
        .ok();
}

/// The person behind a pair of tokens.
pub async fn person(world: &World, tokens: &Value, email: &str) -> Person {
    let text = |name: &str| tokens[name].as_str().expect("a text").to_owned();
    let mut person = world.person("Nobody").await;
    (person.id, person.token) = (text("user_id"), text("access_token"));
    (person.refresh, person.session_id) = (text("refresh_token"), text("session_id"));
    person.email = email.to_owned();
    person
}
