//! What the two redirecting operations take and give besides the ordinary.

use schemars::JsonSchema;
use serde::Serialize;

use super::flow::Callback;
use crate::env::Env;
use crate::error::Result;
use crate::function::{Answer, Operation, Reply, Take};
use crate::http::{Body, Call, Json, Query, Redirect};

/// What a provider sends back: by redirect in the query, by form post in the body.
#[derive(Clone, Debug)]
pub struct Returned(pub Callback);

impl Take<Call> for Returned {
    fn describe(operation: &mut Operation) {
        <Query<Callback> as Take<Call>>::describe(operation);
        operation.form = true;
    }

    async fn take(env: &Env, call: &mut Call) -> Result<Self> {
        if call.method == "POST" {
            let Body(callback) = Body::<Callback>::take(env, call).await?;
            return Ok(Self(callback));
        }
        let Query(callback) = Query::<Callback>::take(env, call).await?;
        Ok(Self(callback))
    }
}

/// An address to go to: 302, or 200 with the address for who asks for JSON. A web app that starts a
/// link with its bearer token calls by `fetch`, and there a redirect cannot be read.
#[derive(Clone, Debug)]
pub struct Location {
    /// Where to go.
    pub address: String,
    /// Whether the caller prefers JSON.
    pub as_json: bool,
}

/// Where to send the browser.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Elsewhere {
    location: String,
}

impl Answer<Call> for Location {
    fn describe(operation: &mut Operation) {
        <Json<Elsewhere> as Answer<Call>>::describe(operation);
        <Redirect as Answer<Call>>::describe(operation);
    }

    fn answer(self) -> Result<Reply> {
        let location = self.address;
        match self.as_json {
            true => Json(Elsewhere { location }).answer(),
            false => Redirect(location).answer(),
        }
    }
}
