//! People.

use std::time::Duration;

use local::gateway::connection::{Incoming, Socket};
use serde_json::{Value, json};

use crate::{ADDRESS, Answer, World};

/// Longest wait for a frame, on the virtual clock of the runtime.
const PATIENCE: Duration = Duration::from_secs(20);

/// A signed-in person.
pub struct Person {
    /// Where they live.
    pub world: World,
    /// First name.
    pub name: String,
    /// Address.
    pub email: String,
    /// Password.
    pub password: String,
    /// `usr_…`
    pub id: String,
    /// Access token.
    pub token: String,
    /// Refresh token.
    pub refresh: String,
    /// `ses_…`
    pub session_id: String,
    pub(crate) socket: Option<Socket>,
    pub(crate) seen: Vec<Value>,
    pub(crate) sent: u64,
}

/// A message that is about to be sent.
pub struct Message<'a> {
    from: &'a mut Person,
    body: Value,
}

/// Body of `POST /api/v2/messages/send`: a text to a user id under a client's message id.
pub fn text_to(receiver_id: &str, text: &str, client_message_id: &str) -> Value {
    json!({
        "receiver_id": receiver_id,
        "content": text,
        "message_type": "text",
        "client_message_id": client_message_id,
    })
}

impl Person {
    pub(crate) async fn arrives(world: &World, name: &str, credits: i64) -> Self {
        let made = world.local.mint(name, credits).await.expect("a person");
        Self {
            world: world.clone(),
            name: name.to_owned(),
            email: made.email,
            password: made.password,
            id: made.user_id,
            token: made.access_token,
            refresh: made.refresh_token,
            session_id: made.session_id,
            socket: None,
            seen: Vec::new(),
            sent: 0,
        }
    }

    /// The same person with the same session in a world that begins as theirs was; not connected.
    #[must_use]
    pub fn within(&self, world: &World) -> Self {
        Self {
            world: world.clone(),
            name: self.name.clone(),
            email: self.email.clone(),
            password: self.password.clone(),
            id: self.id.clone(),
            token: self.token.clone(),
            refresh: self.refresh.clone(),
            session_id: self.session_id.clone(),
            socket: None,
            seen: Vec::new(),
            sent: self.sent,
        }
    }

    /// The same person on another device: another session of theirs.
    pub async fn elsewhere(&self) -> Self {
        let made = self
            .world
            .local
            .mint_session(&self.id)
            .await
            .expect("a session");
        Self {
            world: self.world.clone(),
            name: self.name.clone(),
            email: self.email.clone(),
            password: self.password.clone(),
            id: self.id.clone(),
            token: made.access_token,
            refresh: made.refresh_token,
            session_id: made.session_id,
            socket: None,
            seen: Vec::new(),
            sent: 0,
        }
    }

    /// Calls as this person.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.call_with(method, path, body, &[]).await
    }

    /// Calls as this person with further headers.
    pub async fn call_with(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        self.world.call_with(method, path, body, &all).await
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    /// POST.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, Some(body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, None).await
    }

    /// Begins a text message.
    pub fn says(&mut self, text: &str) -> Message<'_> {
        self.sent += 1;
        let id = format!("{}-{}", self.session_id, self.sent);
        let body = json!({ "content": text, "message_type": "text", "client_message_id": id });
        Message { from: self, body }
    }

    /// Begins a message that carries media.
    pub fn attaches(&mut self, media: &[&str]) -> Message<'_> {
        let media: Vec<_> = media.iter().map(|id| json!({ "media_id": id })).collect();
        let mut message = self.says("");
        message.body["attachments"] = json!(media);
        message.body["message_type"] = json!("file");
        message
    }

    /// Expects this many available credits.
    #[track_caller]
    pub fn has_credits(&self, wanted: i64) -> impl Future<Output = ()> + '_ {
        let place = std::panic::Location::caller();
        async move {
            let balance = self.get("/api/v2/credits/balance").await.ok();
            assert_eq!(balance["available"], wanted, "{} at {place}", self.name);
        }
    }

    /// Opens a socket, greets, and resumes.
    pub async fn comes_online(&mut self) {
        let ticket = self.post("/api/v2/ws/tickets", json!({})).await.expect(201);
        self.opens(&ticket).await;
    }

    /// Opens a socket with a ticket, and greets.
    pub async fn opens(&mut self, ticket: &Value) {
        let ticket = ticket["ticket"].as_str().expect("a ticket").to_owned();
        let socket = self
            .world
            .local
            .connect(&format!("ticket={ticket}"), &[], ADDRESS)
            .await;
        self.socket = Some(socket.unwrap_or_else(|status| panic!("refused with {status}")));
        self.asks("hello", json!({ "client": "world", "version": "1" }))
            .await;
    }

    /// Gets the next pair of tokens; an access token is good for half an hour.
    pub async fn renews(&mut self) {
        let body = json!({ "refresh_token": self.refresh });
        let path = "/api/v2/auth/refresh";
        let pair = self.world.call("POST", path, Some(body)).await.ok();
        let text = |name: &str| pair[name].as_str().expect("a token").to_owned();
        (self.token, self.refresh) = (text("access_token"), text("refresh_token"));
    }

    /// Opens a socket by what stands in its address, and says nothing yet.
    ///
    /// # Errors
    /// The status of a refused handshake.
    pub async fn connects(&mut self, query: &str) -> Result<String, u16> {
        let socket = self.world.local.connect(query, &[], ADDRESS).await?;
        let id = socket.connection_id.clone();
        self.socket = Some(socket);
        Ok(id)
    }

    /// The open socket of this person, given away; they may open another one.
    pub fn hands_over(&mut self) -> Self {
        Self {
            world: self.world.clone(),
            name: self.name.clone(),
            email: self.email.clone(),
            password: self.password.clone(),
            id: self.id.clone(),
            token: self.token.clone(),
            refresh: self.refresh.clone(),
            session_id: self.session_id.clone(),
            socket: self.socket.take(),
            seen: std::mem::take(&mut self.seen),
            sent: self.sent + 1_000,
        }
    }

    /// Sends one message in several frames.
    pub async fn sends_parts(&mut self, parts: &[&str]) {
        self.socket
            .as_ref()
            .expect("online")
            .send_parts(parts)
            .await;
    }

    /// Drops the socket without goodbye.
    pub fn vanishes(&mut self) {
        self.socket = None;
    }

    /// Whether the socket is open as far as this person knows.
    pub fn is_online(&self) -> bool {
        self.socket.is_some()
    }

    /// Sends a frame and waits for its answer, success or error.
    pub async fn asks(&mut self, kind: &str, data: Value) -> Value {
        self.sent += 1;
        let id = format!("f{}", self.sent);
        let frame = json!({ "v": 1, "id": id, "type": kind, "ts": 0, "data": data });
        self.sends(&frame.to_string()).await;
        self.waits(|frame| frame["ref"] == json!(id)).await
    }

    /// Sends any text over the socket.
    pub async fn sends(&mut self, text: &str) {
        self.socket.as_ref().expect("online").send(text).await;
    }

    /// Waits for a frame that fits; other frames stay for later.
    #[track_caller]
    pub fn waits(&mut self, fits: impl Fn(&Value) -> bool) -> impl Future<Output = Value> {
        let place = std::panic::Location::caller();
        async move {
            if let Some(at) = self.seen.iter().position(&fits) {
                return self.seen.remove(at);
            }
            let name = self.name.clone();
            let socket = self.socket.as_mut().expect("online");
            let seen = &mut self.seen;
            let wait = async {
                loop {
                    match socket.receive().await {
                        Some(Incoming::Text(text)) => {
                            let frame: Value = serde_json::from_str(&text).expect("JSON");
                            if fits(&frame) {
                                return frame;
                            }
                            seen.push(frame);
                        }
                        end => panic!("{name} waits at {place}, but the socket ends: {end:?}"),
                    }
                }
            };
            let waited = tokio::time::timeout(PATIENCE, wait).await;
            waited.unwrap_or_else(|_| panic!("{name} waits in vain at {place}: {:?}", self.seen))
        }
    }

    /// Waits for a message with this text and gives the frame.
    #[track_caller]
    pub fn sees(&mut self, text: &str) -> impl Future<Output = Value> {
        let text = text.to_owned();
        self.waits(move |frame| {
            frame["type"] == "message.new" && frame["data"]["content"] == json!(text)
        })
    }

    /// All frames of a type that have arrived and were not waited for.
    pub async fn got(&mut self, kind: &str) -> Vec<Value> {
        self.world.settles().await;
        while let Some(Incoming::Text(text)) = self.socket.as_mut().and_then(Socket::try_receive) {
            self.seen.push(serde_json::from_str(&text).expect("JSON"));
        }
        self.seen
            .iter()
            .filter(|frame| frame["type"] == json!(kind))
            .cloned()
            .collect()
    }

    /// All frames that have arrived and were not waited for, taken out; never waits.
    pub fn takes_all(&mut self) -> Vec<Value> {
        while let Some(Incoming::Text(text)) = self.socket.as_mut().and_then(Socket::try_receive) {
            self.seen.push(serde_json::from_str(&text).expect("JSON"));
        }
        std::mem::take(&mut self.seen)
    }

    /// Waits for the end of the socket and gives its close code.
    pub async fn is_closed(&mut self) -> u16 {
        let mut socket = self.socket.take().expect("online");
        let wait = async {
            loop {
                match socket.receive().await {
                    Some(Incoming::Close(code, _)) => return code,
                    Some(Incoming::Text(text)) => {
                        self.seen.push(serde_json::from_str(&text).expect("JSON"));
                    }
                    None => return 1006,
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait)
            .await
            .expect("the socket ends")
    }

    /// Messages of the conversation with somebody, newest first as the API gives them.
    pub async fn reads(&self, other: &Person) -> Vec<Value> {
        let path = format!("/api/v2/messages/conversation/{}?limit=100", other.id);
        let page = self.get(&path).await.ok();
        page["messages"].as_array().cloned().unwrap_or_default()
    }
}

impl Message<'_> {
    /// Uses this client id instead of a fresh one.
    #[must_use]
    pub fn under(mut self, client_message_id: &str) -> Self {
        self.body["client_message_id"] = json!(client_message_id);
        self
    }

    /// The body that would be posted.
    pub fn body_to(self, receiver: &Person) -> Value {
        let mut body = self.body;
        body["receiver_id"] = json!(receiver.id);
        body
    }

    /// Sends it by POST.
    pub async fn to(self, receiver: &Person) -> Answer {
        let mut body = self.body;
        body["receiver_id"] = json!(receiver.id);
        self.from.post("/api/v2/messages/send", body).await
    }

    /// Sends it by frame and gives the answering frame.
    pub async fn to_by_frame(self, receiver: &Person) -> Value {
        let mut body = self.body;
        body["receiver_id"] = json!(receiver.id);
        self.from.asks("message.send", body).await
    }
}
