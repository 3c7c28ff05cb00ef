//! Deleting, carried out.

use super::archive::{Finder, Shelf};
use super::delete::{Deleted, Deletion, Scope};
use super::head::Head;
use super::outbox::TRIES_MAX;
use crate::aws::dynamo::{Missed, Tables};
use crate::credits::Wallet;
use crate::error::{MESSAGE_NOT_FOUND, Result, UNAVAILABLE};
use crate::http::Me;
use crate::table::Item;

/// Deletes a message once; a second time gives the first answer.
///
/// # Errors
/// 404 `MESSAGE_NOT_FOUND`; 403 `NOT_SENDER`; 503 when others were first too often.
pub async fn delete(
    (tables, shelf): (&Tables, &Shelf),
    me: &Me,
    message_id: &str,
    deletion: &Deletion<'_>,
) -> Result<Deleted> {
    let mut message = shelf.find_message(tables, &me.user_id, message_id).await?;
    for round in 1..=TRIES_MAX {
        let scope = deletion.scope(&message)?;
        if let Some(first) = deletion.earlier(&message, scope)? {
            return Ok(first);
        }
        let head = Head::key_of(&message.conversation_id);
        let head: Option<Head> = tables.get_consistent(&head).await?;
        let head = head.ok_or(MESSAGE_NOT_FOUND)?;
        let wallet: Option<Wallet> = match scope {
            Scope::Everyone => {
                tables
                    .get_consistent(&Wallet::key_of(&me.wallet_id))
                    .await?
            }
            Scope::Me => None,
        };
        // Read after the head: its revision vouches for the message.
        let finder = Finder::Person(&me.user_id);
        let current = shelf.row(tables, finder, &message.key()).await?;
        message = current.ok_or(MESSAGE_NOT_FOUND)?;
        if let Some(first) = deletion.earlier(&message, scope)? {
            return Ok(first);
        }
        let (deleted, commit) = deletion.decide(scope, &message, &head, wallet.as_ref())?;
        match tables.commit(commit).await {
            Ok(()) => return Ok(deleted),
            Err(Missed::Failed(error)) => return Err(error),
            Err(Missed::Refused(_)) => tables.pause(round).await,
        }
    }
    Err(UNAVAILABLE.because("others were first too often"))
}
