//! Serves one client call: reads it, runs the handler, writes the answer and one log record.

use std::future::Future;
use std::pin::Pin;

use serde_json::Value;

use super::call::Call;
use super::limit::{Frames as Counted, Limit, note_refusal};
use super::{admin, once, wire};
use crate::aws::dynamo::Tables;
use crate::aws::queue::{Frames, Queue};
use crate::env::Env;
use crate::error::{BAD_FRAME, Error, RATE_LIMITED, Result};
use crate::function::{AdminRoute, Handler, Reply};
use crate::realtime::{self, Push};

/// A handler at work.
type Handling<'a> = Pin<Box<dyn Future<Output = Result<Reply>> + Send + 'a>>;
/// A handler that takes its arguments from a call.
type Handle = dyn for<'a> Fn(&'a Env, &'a mut Call) -> Handling<'a> + Send + Sync;

/// Serves an event of the HTTP API or the WebSocket API.
///
/// # Errors
/// Never; whatever goes wrong is an answer.
pub async fn serve<A: 'static, H: Handler<Call, A>>(
    env: &Env,
    event: Value,
    limit: Limit,
    handler: H,
) -> Result<Value, String> {
    let read = Call::read(env, event, limit);
    serve_call(env, read, &move |env, call| {
        Box::pin(handler.handle(env, call))
    })
    .await
}

/// Serves an event of the admin API.
///
/// # Errors
/// Never; whatever goes wrong is an answer.
pub async fn serve_admin<A: 'static, H: Handler<Call, A>>(
    env: &Env,
    event: Value,
    limit: Limit,
    admin: &'static AdminRoute,
    handler: H,
) -> Result<Value, String> {
    let (mut call, read) = Call::read(env, event, limit);
    call.admin = Some(admin);
    serve_call(env, (call, read), &move |env, call| {
        Box::pin(handler.handle(env, call))
    })
    .await
}

/// Boxed and the same for every handler: compiled here once, and not again into each binary.
fn serve_call<'a>(
    env: &'a Env,
    (call, read): (Call, Result<()>),
    handle: &'a Handle,
) -> Pin<Box<dyn Future<Output = Result<Value, String>> + Send + 'a>> {
    Box::pin(answered(env, call, read, handle))
}

async fn answered(
    env: &Env,
    mut call: Call,
    read: Result<()>,
    handle: &Handle,
) -> Result<Value, String> {
    let outcome = match read {
        Ok(()) => match count_frame(env, &call) {
            Ok(()) => crate::log::guarded(handle(env, &mut call)).await,
            Err(error) => Err(error),
        },
        Err(error) => Err(count_frame(env, &call).err().unwrap_or(error)),
    };
    let outcome = match outcome {
        Err(error) => Err(judged(env, &call, error).await),
        outcome => outcome,
    };
    let outcome = match outcome {
        Err(error) if (400..500).contains(&error.fault().status) => {
            Err(once::first_answer(env, &call).await.unwrap_or(error))
        }
        outcome => outcome,
    };
    let outcome = match outcome {
        Err(error) => Err(admin::refused(&call, error).await),
        outcome => outcome,
    };
    if outcome.as_ref().is_err_and(|error| error.is(&RATE_LIMITED)) && !call.is_frame() {
        note_refusal(env, &call).await;
    }
    let (status, code) = match &outcome {
        Ok(reply) => (reply.status, None),
        Err(error) => match error.stored() {
            Some(first) => (first.status, None),
            None => (error.fault().status, Some(error.fault().code)),
        },
    };
    if let Err(error) = &outcome
        && error.fault().status >= 500
        && error.stored().is_none()
    {
        crate::log::failed_call(env, &call, error);
    }
    crate::log::served(env, &call, status, code);
    if let Err(error) = &outcome {
        end(env, &call, error).await;
    }
    Ok(finish(env, &call, outcome))
}

/// Counts a frame of a connection, broken and unknown ones too.
fn count_frame(env: &Env, call: &Call) -> Result<()> {
    match &call.socket {
        Some(socket) if socket.event == "MESSAGE" => {
            let frames = env.part(|_| Counted::default());
            frames.admit(&socket.connection_id, call.now)
        }
        _ => Ok(()),
    }
}

/// Notes a malformed or refused frame; too many of them end the connection.
async fn judged(env: &Env, call: &Call, error: Error) -> Error {
    let (Some(id), true) = (
        frame_of(call),
        error.is(&BAD_FRAME) || error.is(&RATE_LIMITED),
    ) else {
        return error;
    };
    // Limits of operations have answers of their own; only frames as such wear a connection out.
    let scope = error.details().map(|details| details["scope"] == "frames");
    if error.is(&RATE_LIMITED) && scope != Some(true) {
        return error;
    }
    let (fault, details) = (error.fault(), error.details().cloned());
    let judged = realtime::judge(&Tables::of(env), id, error, call.now).await;
    judged.unwrap_or_else(|failed| {
        crate::log::failed(env, "judging a frame", &failed);
        details.map_or_else(|| fault.into(), |details| fault.with(details))
    })
}

/// Ends the connection of a frame whose error says so: the queue posts the error and then closes.
/// The answer carries the same frame under the same id, whichever comes first.
async fn end(env: &Env, call: &Call, error: &Error) {
    let (Some(id), Some(_)) = (frame_of(call), wire::close_code(error)) else {
        return;
    };
    let data = wire::farewell(call, env.config(), error);
    let push = Push {
        user_id: call.user_id.clone().unwrap_or_default(),
        connections: vec![id.to_owned()],
        frame: wire::answering(call, "error", data),
        close: true,
    };
    let sent = Queue::<Frames>::of(env)
        .send(&[push], &call.request_id)
        .await;
    if let Err(failed) = &sent {
        crate::log::failed(env, "ending a connection", failed);
    }
}

/// The connection of a client frame.
fn frame_of(call: &Call) -> Option<&str> {
    let socket = call.socket.as_ref();
    let frame = socket.filter(|socket| socket.event == "MESSAGE");
    frame.map(|socket| socket.connection_id.as_str())
}

fn finish(env: &Env, call: &Call, outcome: Result<Reply, Error>) -> Value {
    let config = env.config();
    if call.is_frame() {
        let outcome = outcome.or_else(|error| match error.stored() {
            Some(first) => Ok(Reply {
                status: first.status,
                body: first.body.clone(),
                headers: Vec::new(),
            }),
            None => Err((wire::farewell(call, config, &error), error.fault().status)),
        });
        return wire::socket_result(call, outcome);
    }
    let reply = outcome.unwrap_or_else(|error| wire::refusal(call, config, &error));
    wire::http_result(call, reply)
}
