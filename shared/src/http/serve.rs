//! Serves one client call: reads it, runs the handler, writes the answer and one log record.

use serde_json::Value;

use super::call::Call;
use super::limit::{Frames, Limit, note_refusal};
use super::{once, wire};
use crate::env::Env;
use crate::error::{Error, RATE_LIMITED, Result};
use crate::function::{Handler, Reply};

/// Serves an event of the HTTP API or the WebSocket API.
///
/// # Errors
/// Never; whatever goes wrong is an answer.
pub async fn serve<A, H: Handler<Call, A>>(
    env: &Env,
    event: Value,
    limit: Limit,
    handler: H,
) -> Result<Value, String> {
    let (mut call, read) = Call::read(env, event, limit);
    let outcome = match read {
        Ok(()) => match count_frame(env, &call) {
            Ok(()) => crate::log::guarded(handler.handle(env, &mut call)).await,
            Err(error) => Err(error),
        },
        Err(error) => Err(count_frame(env, &call).err().unwrap_or(error)),
    };
    let outcome = match outcome {
        Err(error) if (400..500).contains(&error.fault().status) => {
            Err(once::first_answer(env, &call).await.unwrap_or(error))
        }
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
    Ok(finish(env, &call, outcome))
}

/// Counts a frame of a connection, broken and unknown ones too.
fn count_frame(env: &Env, call: &Call) -> Result<()> {
    match &call.socket {
        Some(socket) if socket.event == "MESSAGE" => {
            let frames = env.part(|_| Frames::default());
            frames.admit(&socket.connection_id, call.now)
        }
        _ => Ok(()),
    }
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
