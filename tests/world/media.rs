//! People who upload files.

use local::gateway::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use shared::aws::objects::{Media, Objects};

use crate::{ADDRESS, Answer, Person, World};

/// Between the fields of a form.
const BOUNDARY: &str = "----world";

impl World {
    /// Posts a file with the form that an upload was given, as a browser does.
    pub async fn posts(&self, form: &Value, file: &[u8]) -> HttpResponse {
        let mut body = Vec::new();
        for (name, value) in form["fields"].as_object().expect("fields") {
            let head = format!("Content-Disposition: form-data; name=\"{name}\"");
            let value = value.as_str().expect("a text");
            body.extend(format!("--{BOUNDARY}\r\n{head}\r\n\r\n{value}\r\n").bytes());
        }
        let head = "Content-Disposition: form-data; name=\"file\"; filename=\"file\"";
        body.extend(format!("--{BOUNDARY}\r\n{head}\r\n\r\n").bytes());
        body.extend(file);
        body.extend(format!("\r\n--{BOUNDARY}--\r\n").bytes());
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let url = form["url"].as_str().expect("a url");
        self.at("POST", url, vec![("content-type".into(), kind)], body)
            .await
    }

    /// Keys of the objects of the bucket `media` that begin so.
    pub async fn objects(&self, prefix: &str) -> Vec<String> {
        let bucket = Objects::<Media>::of(&self.local.env("local"));
        bucket.list(prefix, None).await.expect("a list")
    }

    /// Follows a link to a file.
    pub async fn follows(&self, link: &str) -> HttpResponse {
        self.at("GET", link, Vec::new(), Vec::new()).await
    }

    async fn at(
        &self,
        method: &str,
        url: &str,
        mut headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> HttpResponse {
        let rest = url.split_once("://").expect("an address").1;
        let (host, path) = rest.split_once('/').expect("a path");
        headers.push(("host".into(), host.into()));
        let request = HttpRequest {
            method: method.into(),
            target: format!("/{path}"),
            headers,
            body,
            source_ip: ADDRESS.into(),
        };
        local::local::answer(&self.local, request).await
    }
}

impl Person {
    /// Asks for a form for a file to be attached to a message.
    pub async fn wants_to_upload(&self, content_type: &str, bytes: usize) -> Answer {
        let new = json!({
            "kind": "message_media", "content_type": content_type, "size_bytes": bytes,
        });
        self.post("/api/v2/uploads", new).await
    }

    /// Uploads a file, waits until it was looked at, and gives the last answer.
    pub async fn uploads(&self, content_type: &str, file: &[u8]) -> Answer {
        let form = self
            .wants_to_upload(content_type, file.len())
            .await
            .expect(201);
        let posted = self.world.posts(&form, file).await;
        assert_eq!(
            posted.status,
            204,
            "{}",
            String::from_utf8_lossy(&posted.body)
        );
        self.world.settles().await;
        let id = form["upload_id"].as_str().expect("an id");
        self.post(&format!("/api/v2/uploads/{id}/complete"), json!({}))
            .await
    }

    /// Uploads a file that is fine and gives its media id.
    pub async fn has_media(&self, content_type: &str, file: &[u8]) -> String {
        let ready = self.uploads(content_type, file).await.expect(200);
        ready["media_id"].as_str().expect("an id").to_owned()
    }
}
