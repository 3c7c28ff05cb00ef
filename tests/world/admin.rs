//! Administrators, who sign what they ask.

use std::sync::atomic::{AtomicU64, Ordering};

use local::gateway::HttpRequest;
use local::gateway::admins::Principal;
use local::gateway::signature::sign_request;
use serde_json::Value;

use crate::{ADDRESS, Answer, World};

/// Region of everything local.
const REGION: &str = "us-east-1";
/// Numbers of keys, so that no two requests share one by accident.
static KEYS: AtomicU64 = AtomicU64::new(1);

/// A local administrator.
#[derive(Clone)]
pub struct Administrator {
    /// Where they work.
    pub world: World,
    /// As whom they sign.
    pub principal: Principal,
}

impl World {
    /// The administrator of a session such as `finance-1`, with a record unless it is `unknown-1`.
    pub async fn admin(&self, session: &str) -> Administrator {
        self.local.open_admins().await.expect("records of admins");
        let principal = self.local.admins().of_session(session);
        Administrator {
            world: self.clone(),
            principal: principal.expect("a local administrator").clone(),
        }
    }
}

impl Administrator {
    /// A signed request, not yet sent.
    pub fn signs(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> HttpRequest {
        let bytes = body.map(|body| body.to_string().into_bytes());
        let mut request = HttpRequest {
            method: method.into(),
            target: path.into(),
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: bytes.unwrap_or_default(),
            source_ip: ADDRESS.into(),
        };
        if request.header("content-type").is_none() && !request.body.is_empty() {
            let json = ("content-type".into(), "application/json".into());
            request.headers.push(json);
        }
        let (id, secret) = (
            &self.principal.access_key_id,
            &self.principal.secret_access_key,
        );
        sign_request(&mut request, REGION, id, secret, self.world.now());
        request
    }

    /// Sends a request as it is.
    pub async fn sends(&self, request: HttpRequest) -> Answer {
        let (method, target) = (request.method.clone(), request.target.clone());
        Answer::of(&method, &target, self.world.local.http(request).await)
    }

    /// Calls with further headers.
    pub async fn call_with(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        self.sends(self.signs(method, path, body, headers)).await
    }

    /// Calls; a POST under a key of its own.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let key = format!("admin-key-{:06}", KEYS.fetch_add(1, Ordering::Relaxed));
        let headers = [("idempotency-key", key.as_str())];
        let headers: &[(&str, &str)] = if method == "POST" { &headers } else { &[] };
        self.call_with(method, path, body, headers).await
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    /// POST under a key of its own.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, Some(body)).await
    }

    /// `adm_…`
    pub async fn id(&self) -> String {
        let me = self.get("/api/admin/me").await.ok();
        me["admin_id"].as_str().expect("an id").to_owned()
    }
}
