//! Lambda, as far as one function invokes another.

use std::future::Future;
use std::pin::Pin;
use std::sync::PoisonError;

use serde_json::{Value, json};

use super::Cloud;
use super::tables::short;
use super::wire::{Request, Response, Service};

const SERVICE: Service = Service::Lambda;
/// What the path of an invocation begins with.
const PATH: &str = "/2015-03-31/functions/";

/// The result of an invocation, or the error that the function reported.
pub type Invoked = Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>;

/// The functions that can be invoked; the runtime has them.
pub trait Callees: Send + Sync {
    /// Begins an invocation; `None` when there is no such function.
    fn invoke(&self, function: &str, event: Value) -> Option<Invoked>;

    /// Whether its effects may need a second person.
    fn needs_second(&self, function: &str) -> bool;
}

/// The physical name in the path of an invocation.
pub(super) fn callee(request: &Request) -> Option<&str> {
    let (name, operation) = request.path().strip_prefix(PATH)?.split_once('/')?;
    (request.method == "POST" && operation == "invocations").then_some(name)
}

impl Cloud {
    /// Answers an invocation.
    pub(super) async fn lambda(&self, function: &str, request: &Request) -> Response {
        match self.invoked(function, request) {
            Ok(invoked) => match invoked.await {
                Ok(result) => answer(&result, false),
                Err(cause) => answer(&json!({ "errorMessage": cause }), true),
            },
            Err(refused) => refused,
        }
    }

    fn invoked(&self, function: &str, request: &Request) -> Result<Invoked, Response> {
        let name = short(callee(request).unwrap_or_default()).to_owned();
        let callees = self
            .0
            .callees
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let callees = callees.clone();
        let second = callees
            .as_ref()
            .is_some_and(|known| known.needs_second(&name));
        let resource = match second {
            true => "function/two_person".to_owned(),
            false => format!("function/{name}"),
        };
        let need = [("lambda:InvokeFunction", resource)];
        self.0.grants.check(function, SERVICE, &need)?;
        let call = (function, "Lambda.Invoke");
        self.0.meter.add(call, "functions", None, (0.0, 0.0));
        let event = serde_json::from_slice(&request.body)
            .map_err(|_| SERVICE.error(400, "InvalidRequestContentException", "no JSON"))?;
        let missing = || SERVICE.error(404, "ResourceNotFoundException", "Function not found");
        let invoked = callees.and_then(|known| known.invoke(&name, event));
        invoked.ok_or_else(missing)
    }
}

fn answer(result: &Value, failed: bool) -> Response {
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    if failed {
        headers.push(("x-amz-function-error".to_owned(), "Unhandled".to_owned()));
    }
    Response {
        status: 200,
        headers,
        body: result.to_string().into_bytes(),
    }
}
