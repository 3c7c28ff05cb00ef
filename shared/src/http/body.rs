//! Validated inputs: JSON body, query string and path parameters.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::call::Call;
use super::check::{Checker, decode_query};
use crate::env::Env;
use crate::error::{INTERNAL_ERROR, Result};
use crate::function::{Operation, Take};

/// The checker of one type, made once per instance.
struct Kept<T>(Checker, std::marker::PhantomData<fn() -> T>);

fn checker<T: JsonSchema + 'static>(env: &Env) -> Arc<Kept<T>> {
    env.part(|_| Kept(Checker::of::<T>(), std::marker::PhantomData))
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T> {
    // The checker accepted it, so a failure is a difference between schema and type.
    serde_json::from_value(value).map_err(|cause| INTERNAL_ERROR.because(cause))
}

/// The JSON body of a request or `data` of a frame, checked against the schema of its type.
#[derive(Debug, Clone)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Take<Call> for Body<T> {
    fn describe(operation: &mut Operation) {
        operation.body = Some(operation.schemas.subschema_for::<T>());
    }

    async fn take(env: &Env, call: &mut Call) -> Result<Self> {
        let mut value = match call.body.take() {
            Value::Null => Value::Object(Map::new()),
            value => value,
        };
        checker::<T>(env).0.check(&mut value)?;
        read(value).map(Self)
    }
}

/// The body of an operation that needs no fields.
#[derive(Debug, Clone, Copy, serde::Deserialize, JsonSchema)]
pub struct Nothing {}

/// The query string, checked against the schema of its type. A frame gives its `data` instead.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Take<Call> for Query<T> {
    fn describe(operation: &mut Operation) {
        operation.query = Some(operation.schemas.root_schema_for::<T>());
    }

    async fn take(env: &Env, call: &mut Call) -> Result<Self> {
        let checker = checker::<T>(env);
        if call.is_frame() {
            let mut value = match call.body.take() {
                Value::Null => Value::Object(Map::new()),
                value => value,
            };
            checker.0.check(&mut value)?;
            return read(value).map(Self);
        }
        read(checker.0.query(&decode_query(&call.query))?).map(Self)
    }
}

/// The path parameters as strings; a frame gives them as members of its `data`. Whether they
/// name anything is for the domain to say: a malformed id is an unknown one.
#[derive(Debug, Clone)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Take<Call> for Path<T> {
    fn describe(operation: &mut Operation) {
        operation.path = Some(operation.schemas.root_schema_for::<T>());
    }

    async fn take(_: &Env, call: &mut Call) -> Result<Self> {
        let schema = schemars::schema_for!(T);
        let names = schema.get("properties").and_then(Value::as_object);
        let mut values = Map::new();
        for name in names.into_iter().flat_map(Map::keys) {
            let given = match &mut call.body {
                Value::Object(body) if call.socket.is_some() => body.remove(name),
                _ => call.params.get(name).cloned().map(Value::String),
            };
            let text = given.as_ref().and_then(Value::as_str).unwrap_or_default();
            values.insert(name.clone(), Value::String(text.to_owned()));
        }
        read(Value::Object(values)).map(Self)
    }
}
