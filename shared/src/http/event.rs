//! The event of an HTTP API (payload format 2.0). What a client wrote is taken as it stands,
//! however odd: a path, query or header that is no URI and no header by the letter must not end a
//! handler.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::error::{INTERNAL_ERROR, Result};

/// An HTTP event, as far as a call needs it.
#[derive(Debug, Default)]
pub(super) struct HttpParts {
    /// HTTP method.
    pub method: String,
    /// Path as called.
    pub path: String,
    /// Raw query string.
    pub query: String,
    /// Route template, or `$default`.
    pub route: String,
    /// Path parameters.
    pub params: HashMap<String, String>,
    /// Headers by lower-case name; several of a name come joined by commas.
    pub headers: HashMap<String, String>,
    /// Address of the client.
    pub address: String,
    /// Raw body.
    pub body: Vec<u8>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value, name: impl Fn(&str) -> String) -> HashMap<String, String> {
    let members = value.as_object().into_iter().flatten();
    members
        .map(|(key, value)| (name(key), text(value)))
        .collect()
}

impl HttpParts {
    /// Reads an event.
    ///
    /// # Errors
    /// 500 when it is none that the gateway makes.
    pub fn of(mut event: Value) -> Result<Self> {
        let body = event.get_mut("body").map(Value::take).unwrap_or_default();
        let body = match body {
            Value::String(body) if event["isBase64Encoded"] == true => STANDARD
                .decode(body)
                .map_err(|_| INTERNAL_ERROR.because("a body that is not base64"))?,
            Value::String(body) => body.into_bytes(),
            _ => Vec::new(),
        };
        let context = &event["requestContext"];
        let Some(method) = context["http"]["method"].as_str() else {
            return Err(INTERNAL_ERROR.because("not an event of an HTTP API"));
        };
        let route = context["routeKey"].as_str().unwrap_or_default();
        let route = route.split_once(' ').map_or(route, |(_, path)| path);
        Ok(Self {
            method: method.to_owned(),
            path: text(&event["rawPath"]),
            query: text(&event["rawQueryString"]),
            route: route.to_owned(),
            params: texts(&event["pathParameters"], str::to_owned),
            headers: texts(&event["headers"], str::to_lowercase),
            address: text(&context["http"]["sourceIp"]),
            body,
        })
    }
}
