//! Answers of operations.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::call::{Call, Client};
use crate::error::{INTERNAL_ERROR, Result};
use crate::function::{Answer, Operation, Reply};

fn body<T: Serialize>(status: u16, value: &T) -> Result<Reply> {
    let body = serde_json::to_value(value).map_err(|cause| INTERNAL_ERROR.because(cause))?;
    Ok(Reply {
        status,
        body,
        headers: Vec::new(),
    })
}

macro_rules! answers {
    ($($(#[$doc:meta])* $name:ident = $status:literal $text:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name<T>(pub T);

        impl<T: Serialize + JsonSchema + Send> Answer<Call> for $name<T> {
            fn describe(operation: &mut Operation) {
                let schema = operation.answered.subschema_for::<T>();
                operation.answers.push(($status, $text, Some(schema)));
            }

            fn answer(self) -> Result<Reply> {
                body($status, &self.0)
            }
        }
    )*};
}
answers! {
    /// 200 with a JSON body.
    Json = 200 "Done.";
    /// 201 with the created object.
    Created = 201 "Created.";
    /// 202 for accepted background work.
    Accepted = 202 "Accepted.";
}

/// 200 with what was done at once, or 202 with what tells of the work in the background.
#[derive(Debug, Clone)]
pub enum Later<T, U> {
    /// 200.
    Done(T),
    /// 202.
    Accepted(U),
}

impl<T, U> Answer<Call> for Later<T, U>
where
    T: Serialize + JsonSchema + Send,
    U: Serialize + JsonSchema + Send,
{
    fn describe(operation: &mut Operation) {
        Json::<T>::describe(operation);
        Accepted::<U>::describe(operation);
    }

    fn answer(self) -> Result<Reply> {
        match self {
            Self::Done(value) => body(200, &value),
            Self::Accepted(value) => body(202, &value),
        }
    }
}

/// 204 without a body; on a socket no frame.
#[derive(Debug, Clone, Copy)]
pub struct NoContent;

impl Answer<Call> for NoContent {
    fn describe(operation: &mut Operation) {
        operation
            .answers
            .push((204, "Done; there is nothing to say.", None));
    }

    fn answer(self) -> Result<Reply> {
        Ok(Reply {
            status: 204,
            body: Value::Null,
            headers: Vec::new(),
        })
    }
}

/// A public or slowly changing read: `ETag` and `Cache-Control`, 304 when the caller has it.
#[derive(Debug, Clone)]
pub struct Cached<T> {
    value: T,
    public: bool,
    known: Option<String>,
}

impl<T> Cached<T> {
    /// For the caller's own cache, 60 s.
    pub fn private(value: T, client: &Client) -> Self {
        Self {
            value,
            public: false,
            known: client.if_none_match.clone(),
        }
    }

    /// For every cache, 60 s.
    pub fn public(value: T, client: &Client) -> Self {
        Self {
            value,
            public: true,
            known: client.if_none_match.clone(),
        }
    }
}

impl<T: Serialize + JsonSchema + Send> Answer<Call> for Cached<T> {
    fn describe(operation: &mut Operation) {
        let schema = operation.answered.subschema_for::<T>();
        operation.answers.push((200, "Done.", Some(schema)));
        operation
            .answers
            .push((304, "Unchanged since the given `If-None-Match`.", None));
    }

    fn answer(self) -> Result<Reply> {
        let mut reply = body(200, &self.value)?;
        let hash = crate::crypto::sha256(&[reply.body.to_string().as_bytes()]);
        let tag = format!("\"{}\"", crate::crypto::encode(&hash[..12]));
        let scope = if self.public { "public" } else { "private" };
        reply
            .headers
            .push(("cache-control", format!("{scope}, max-age=60")));
        if self
            .known
            .is_some_and(|known| known.split(',').any(|one| one.trim() == tag))
        {
            (reply.status, reply.body) = (304, Value::Null);
        }
        reply.headers.push(("etag", tag));
        Ok(reply)
    }
}

/// A page for a person, with a policy that allows just its own script and style.
#[derive(Debug, Clone)]
pub struct Html {
    /// HTTP status.
    pub status: u16,
    /// The document.
    pub document: String,
    /// `Content-Security-Policy` of the document.
    pub policy: String,
}

impl Answer<Call> for Html {
    fn describe(operation: &mut Operation) {
        operation.page = true;
        operation.answers.push((200, "A page.", None));
    }

    fn answer(self) -> Result<Reply> {
        let headers = vec![
            ("content-type", "text/html; charset=utf-8".to_owned()),
            ("content-security-policy", self.policy),
        ];
        Ok(Reply {
            status: self.status,
            body: Value::String(self.document),
            headers,
        })
    }
}

/// 302 to another address.
#[derive(Debug, Clone)]
pub struct Redirect(pub String);

impl Answer<Call> for Redirect {
    fn describe(operation: &mut Operation) {
        operation.answers.push((302, "Elsewhere.", None));
    }

    fn answer(self) -> Result<Reply> {
        let headers = vec![("location", self.0)];
        Ok(Reply {
            status: 302,
            body: Value::Null,
            headers,
        })
    }
}

/// An answer whose status the handler decides, such as a readiness report.
#[derive(Debug, Clone)]
pub struct Status<T>(pub u16, pub T);

impl<T: Serialize + JsonSchema + Send> Answer<Call> for Status<T> {
    fn describe(operation: &mut Operation) {
        let schema = operation.answered.subschema_for::<T>();
        operation.answers.push((200, "Done.", Some(schema.clone())));
        operation.answers.push((503, "Not ready.", Some(schema)));
    }

    fn answer(self) -> Result<Reply> {
        body(self.0, &self.1)
    }
}

/// An answer about work that may still run: 200 when it is done, 202 while it runs.
#[derive(Debug, Clone)]
pub enum Progress<T> {
    /// 200.
    Done(T),
    /// 202.
    Running(T),
}

impl<T: Serialize + JsonSchema + Send> Answer<Call> for Progress<T> {
    fn describe(operation: &mut Operation) {
        let schema = operation.answered.subschema_for::<T>();
        operation.answers.push((200, "Done.", Some(schema.clone())));
        operation.answers.push((202, "Not done yet.", Some(schema)));
    }

    fn answer(self) -> Result<Reply> {
        match self {
            Self::Done(value) => body(200, &value),
            Self::Running(value) => body(202, &value),
        }
    }
}
