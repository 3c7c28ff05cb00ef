//! API Gateway's connection management: the capability to post to and to close sockets.

use std::sync::Arc;

use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::config::Builder;
use aws_sdk_apigatewaymanagement::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_apigatewaymanagement::primitives::Blob;

use super::dynamo::failed;
use crate::aws::Way;
use crate::env::Env;
use crate::error::Result;
use crate::function::{Grant, Take};

struct Management(Client);

/// The capability to speak to connections.
#[derive(Clone)]
pub struct Sockets(Arc<Management>);

impl std::fmt::Debug for Sockets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sockets")
    }
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// The gateway has it.
    Taken,
    /// The connection does not exist any more (410).
    Gone,
    /// The connection has no room for it, or the gateway none for another call (429).
    Slow,
}

/// Status of a refusal because of too much at once.
const TOO_MANY: u16 = 429;

fn slow<E>(error: &SdkError<E>) -> bool {
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    status == Some(TOO_MANY)
}

fn gone<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.code() == Some("GoneException")
}

impl Sockets {
    /// The sockets as this function sees them.
    pub fn of(env: &Env) -> Self {
        Self(env.part(|env| {
            let shared = super::shared_config(env);
            let config = &env.config();
            let builder = Builder::from(&shared);
            // A replaced endpoint serves this API as well; otherwise the stage has its own.
            let builder = match &config.endpoint {
                Some(endpoint) => builder.endpoint_url(format!("{endpoint}/sockets")),
                None => builder.endpoint_url(&config.socket_endpoint),
            };
            Management(Client::from_conf(builder.build()))
        }))
    }

    /// Posts one frame; one that finds no room has been tried three times, with jitter.
    ///
    /// # Errors
    /// 503 when the gateway does not answer.
    pub fn post<'a>(&'a self, connection_id: &'a str, frame: &'a str) -> Way<'a, Result<Posted>> {
        Box::pin(async move {
            let request = self.0.0.post_to_connection().connection_id(connection_id);
            match request.data(Blob::new(frame.as_bytes())).send().await {
                Ok(_) => Ok(Posted::Taken),
                Err(error) if gone(&error) => Ok(Posted::Gone),
                Err(error) if slow(&error) => Ok(Posted::Slow),
                Err(error) => Err(failed(&error)),
            }
        })
    }

    /// Ends a connection; one that is gone already is fine.
    ///
    /// # Errors
    /// 503 when the gateway does not answer.
    pub fn close<'a>(&'a self, connection_id: &'a str) -> Way<'a, Result<()>> {
        Box::pin(async move {
            match self
                .0
                .0
                .delete_connection()
                .connection_id(connection_id)
                .send()
                .await
            {
                Ok(_) => Ok(()),
                Err(error) if gone(&error) => Ok(()),
                Err(error) => Err(failed(&error)),
            }
        })
    }
}

impl<C: Send> Take<C> for Sockets {
    const GRANTS: &'static [&'static [Grant]] = &[&[Grant {
        actions: &["execute-api:ManageConnections"],
        resource: "sockets",
    }]];

    async fn take(env: &Env, _: &mut C) -> Result<Self> {
        Ok(Self::of(env))
    }
}
