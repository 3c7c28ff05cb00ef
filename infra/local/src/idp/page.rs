//! What a browser sees: a list of people, and the way back to us.

use serde_json::{Value, json};
use shared::accounts::social::provider::Provider;
use shared::http::check::decode_query;
use shared::text::escape_uri;

use super::{CODE_MS, Consent, Idp, Person};
use crate::gateway::{HttpRequest, HttpResponse};
use crate::runtime::Local;

/// What the address of the question carries.
struct Question {
    provider: Provider,
    pairs: Vec<(String, String)>,
}

impl Question {
    fn get(&self, name: &str) -> &str {
        let pair = self.pairs.iter().find(|(known, _)| known == name);
        pair.map_or("", |(_, value)| value.as_str())
    }

    /// Why a real provider would refuse it.
    fn fault(&self, idp: &Idp) -> Option<&'static str> {
        let state = idp.state();
        let client = state.clients.get(self.provider.as_str());
        let by_form = self.get("response_mode") == "form_post";
        match client {
            None => Some("unknown provider"),
            Some(client) if client.id != self.get("client_id") => Some("unknown client"),
            Some(client) if client.callback != self.get("redirect_uri") => Some("redirect_uri"),
            _ if self.get("response_type") != "code" => Some("response_type"),
            _ if self.get("state").is_empty() => Some("state"),
            _ if self.get("code_challenge_method") != "S256" => Some("code_challenge_method"),
            _ if self.provider == Provider::Apple && !by_form => Some("response_mode"),
            _ => None,
        }
    }
}

/// Answers `/_local/idp/…`: `{provider}/authorize`, and `mischief` by POST `{"kind": …}`.
pub fn answer(local: &Local, request: &HttpRequest) -> HttpResponse {
    let idp = local.cloud().idp();
    let path = request.path().trim_start_matches("/_local/idp/");
    if (request.method.as_str(), path) == ("POST", "mischief") {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        return match serde_json::from_value(body["kind"].clone()) {
            Ok(kind) => {
                idp.misbehave(kind);
                HttpResponse::empty(204)
            }
            Err(cause) => HttpResponse::json(422, &json!({ "error": cause.to_string() })),
        };
    }
    let provider = path.strip_suffix("/authorize").map(Provider::parse);
    let (Some(Ok(provider)), "GET") = (provider, request.method.as_str()) else {
        return HttpResponse::json(404, &json!({ "error": "There is no such page." }));
    };
    let question = Question {
        provider,
        pairs: decode_query(request.query()),
    };
    if let Some(fault) = question.fault(idp) {
        return HttpResponse::json(400, &json!({ "error": "invalid_request", "fault": fault }));
    }
    match question.get("person") {
        "" => list(&idp.people(), request),
        "nobody" => back(&question, &[("error", "access_denied")], None),
        sub => agree(local, &question, sub),
    }
}

/// The person agreed: a code for the client.
fn agree(local: &Local, question: &Question, sub: &str) -> HttpResponse {
    let idp = local.cloud().idp();
    let Some(person) = idp.people().into_iter().find(|person| person.sub == sub) else {
        return HttpResponse::json(404, &json!({ "error": "There is no such person." }));
    };
    let code = format!("4/{}", local.fresh_id());
    let first = idp.state().introduced.insert(person.sub.clone());
    let user = json!({
        "name": { "firstName": person.first, "lastName": person.last },
        "email": person.email,
    });
    let consent = Consent {
        provider: question.provider,
        redirect_uri: question.get("redirect_uri").to_owned(),
        nonce: question.get("nonce").to_owned(),
        challenge: question.get("code_challenge").to_owned(),
        expires_at: local.now().plus(CODE_MS),
        person,
    };
    idp.state().codes.insert(code.clone(), consent);
    let user = first.then(|| user.to_string());
    back(question, &[("code", &code)], user.as_deref())
}

/// Sends the browser back as the provider does: by redirect, or Apple's way, by a form.
fn back(question: &Question, told: &[(&str, &str)], user: Option<&str>) -> HttpResponse {
    let mut pairs = vec![("state", question.get("state"))];
    pairs.extend_from_slice(told);
    let callback = question.get("redirect_uri");
    if question.provider == Provider::Apple {
        pairs.extend(user.map(|user| ("user", user)));
        return form(callback, &pairs);
    }
    if question.provider == Provider::Google {
        pairs.push(("iss", question.provider.endpoints().issuer));
        pairs.push(("authuser", "0"));
    }
    let pairs = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", escape_uri(value)));
    let address = format!("{callback}?{}", pairs.collect::<Vec<_>>().join("&"));
    HttpResponse {
        status: 302,
        headers: vec![("location".into(), address)],
        body: Vec::new(),
    }
}

fn form(callback: &str, pairs: &[(&str, &str)]) -> HttpResponse {
    let inputs: String = pairs
        .iter()
        .map(|(name, value)| {
            let value = escape(value);
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
        })
        .collect();
    page(&format!(
        "<form method=\"post\" action=\"{}\">{inputs}<button>Continue</button></form>\
         <script>document.forms[0].submit()</script>",
        escape(callback)
    ))
}

fn list(people: &[Person], request: &HttpRequest) -> HttpResponse {
    let link = |sub: &str, text: &str| {
        let address = format!("{}&person={}", request.target, escape_uri(sub));
        format!(
            "<p><a href=\"{}\">{}</a></p>",
            escape(&address),
            escape(text)
        )
    };
    let mut links: String = people
        .iter()
        .map(|person| {
            let email = person.email.as_deref().unwrap_or("no address");
            link(
                &person.sub,
                &format!("{} {} ({email})", person.first, person.last),
            )
        })
        .collect();
    links.push_str(&link("nobody", "Cancel"));
    page(&format!("<h1>Who are you?</h1>{links}"))
}

fn page(content: &str) -> HttpResponse {
    let document = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <link rel=\"icon\" href=\"data:,\"><title>Local provider</title>\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:24rem;margin:4rem auto;\
         padding:0 1rem}}h1{{font-size:1.4rem}}p{{margin:.5rem 0}}a{{display:block;color:inherit;\
         padding:.7rem 1rem;border:1px solid #8884;border-radius:14px;text-decoration:none}}\
         a:hover{{border-color:currentcolor}}</style><main>{content}</main></html>"
    );
    HttpResponse {
        status: 200,
        headers: vec![("content-type".into(), "text/html; charset=utf-8".into())],
        body: document.into_bytes(),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
