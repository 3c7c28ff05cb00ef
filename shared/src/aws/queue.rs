//! SQS: `Queue<Mail>` in a signature is the right to send to one queue.

use std::marker::PhantomData;
use std::sync::Arc;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use serde::Serialize;

use super::dynamo::failed;
use super::named::named;
use crate::aws::Way;
use crate::env::Env;
use crate::error::{INTERNAL_ERROR, Result, UNAVAILABLE};
use crate::function::{Grant, Take};

/// Entries per SendMessageBatch (AWS limit).
const BATCH_MAX: usize = 10;
/// Bytes of a batch we send at once; AWS takes 1 MiB, older regions 256 KiB.
const BATCH_BYTES_MAX: usize = 250_000;

/// A queue's name as a type.
pub trait Named: Send + Sync + 'static {
    /// Name below the prefix.
    const NAME: &'static str;
    /// The statement of the role.
    const GRANTS: &'static [Grant];
}

named! {
    "queue" {
        GRANTS: ["sqs:SendMessage"];
    }
    /// Frames to post to connections.
    Frames = "frames";
    /// Mails to deliver.
    Mails = "mail";
    /// Text messages to deliver.
    Texts = "sms";
    /// Pushes to deliver, and registrations at their provider to take back.
    Pushes = "pushes";
    /// What people are told inside the app.
    Notices = "notices";
    /// Sessions whose sockets must close.
    Revoked = "revoked";
    /// Messages to be looked at among others.
    Scans = "scan";
    /// Devices whose sockets must close.
    Devices = "devices";
    /// Balances to tell.
    Balances = "balances";
    /// Ends of the ringing of calls.
    Rings = "rings";
    /// Ends of the wait for media of calls.
    MediaWaits = "media-waits";
    /// Looks at the meters of calls.
    Meters = "meters";
    /// Wallets to prove.
    Proofs = "proofs";
    /// Logs of administrators to prove.
    Audits = "audits";
    /// Messages to note in the log.
    Notes = "notes";
    /// Exports to write.
    Exports = "exports";
}

struct Sqs(Client);

/// The capability to send to one queue.
#[derive(Clone)]
pub struct Queue<Q> {
    client: Arc<Sqs>,
    url: String,
    queue: PhantomData<fn() -> Q>,
}

impl<Q> std::fmt::Debug for Queue<Q> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Queue({})", self.url)
    }
}

impl<Q: Named> Queue<Q> {
    /// The queue as this function sees it.
    pub fn of(env: &Env) -> Self {
        Self {
            client: env.part(|env| Sqs(Client::new(&super::shared_config(env)))),
            url: env.config().queue_url(Q::NAME),
            queue: PhantomData,
        }
    }

    /// Sends messages as JSON; at least once, in no order. The request id travels along.
    ///
    /// # Errors
    /// 503 when the queue does not take all of them; some may have been taken.
    pub async fn send<T: Serialize>(&self, jobs: &[T], request_id: &str) -> Result<()> {
        self.send_later(jobs, 0, request_id).await
    }

    /// Sends messages that nobody sees for so many seconds, at most 900.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn send_later<T: Serialize>(
        &self,
        jobs: &[T],
        seconds: i32,
        request_id: &str,
    ) -> Result<()> {
        let mut batch: Vec<SendMessageBatchRequestEntry> = Vec::new();
        let mut bytes = 0;
        for job in jobs {
            let body = serde_json::to_string(job).map_err(|cause| INTERNAL_ERROR.because(cause))?;
            if batch.len() == BATCH_MAX || bytes + body.len() > BATCH_BYTES_MAX {
                self.flush(std::mem::take(&mut batch)).await?;
                bytes = 0;
            }
            bytes += body.len();
            batch.push(entry(batch.len(), body, seconds, request_id)?);
        }
        self.flush(batch).await
    }

    /// Asks whether the queue answers.
    ///
    /// # Errors
    /// 503 when it does not.
    pub fn probe(&self) -> Way<'_, Result<()>> {
        Box::pin(async move {
            let request = self.client.0.get_queue_attributes().queue_url(&self.url);
            let answer = request.send().await;
            answer.map(|_| ()).map_err(|error| failed(&error))
        })
    }

    fn flush(&self, batch: Vec<SendMessageBatchRequestEntry>) -> Way<'_, Result<()>> {
        Box::pin(async move {
            if batch.is_empty() {
                return Ok(());
            }
            let request = self.client.0.send_message_batch().queue_url(&self.url);
            let answer = request
                .set_entries(Some(batch))
                .send()
                .await
                .map_err(|error| failed(&error))?;
            match answer.failed.first() {
                Some(refused) => Err(UNAVAILABLE.because(&refused.code)),
                None => Ok(()),
            }
        })
    }
}

fn entry(
    at: usize,
    body: String,
    seconds: i32,
    request_id: &str,
) -> Result<SendMessageBatchRequestEntry> {
    let attribute = MessageAttributeValue::builder()
        .data_type("String")
        .string_value(request_id)
        .build()
        .map_err(|cause| INTERNAL_ERROR.because(cause))?;
    SendMessageBatchRequestEntry::builder()
        .id(at.to_string())
        .message_body(body)
        .set_delay_seconds((seconds > 0).then_some(seconds))
        .message_attributes("request_id", attribute)
        .build()
        .map_err(|cause| INTERNAL_ERROR.because(cause))
}

impl<Q: Named, C: Send> Take<C> for Queue<Q> {
    const GRANTS: &'static [&'static [Grant]] = &[Q::GRANTS];

    async fn take(env: &Env, _: &mut C) -> Result<Self> {
        Ok(Self::of(env))
    }
}
