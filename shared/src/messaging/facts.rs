//! What changes of conversations tell the two people.

use serde_json::{Value, json};

use super::head::{Head, Who};
use super::inbox::unread_total;
use super::message::{Message, Status};
use super::views::{Marks, MessageView};
use crate::aws::dynamo::Tables;
use crate::error::{INTERNAL_ERROR, Result};
use crate::id::derived;
use crate::realtime::Fact;
use crate::time::Time;
use crate::worker::Change;

/// Frame of a new message.
const MESSAGE_NEW: &str = "message.new";

/// The frames that a change of an item tells; none for items of other kinds.
///
/// # Errors
/// 500 when an image does not have the shape of its kind.
pub fn facts_of(change: &Change) -> Result<Vec<Fact>> {
    if change.sk == "head" && change.pk.starts_with("cnv_") {
        return match change.of::<Head>()? {
            (Some(old), Some(new)) => facts_of_head(&old, &new),
            _ => Ok(Vec::new()),
        };
    }
    if change.sk.starts_with("msg#") {
        return match change.of::<Message>()? {
            (old, Some(new)) => facts_of_message(old.as_ref(), &new),
            _ => Ok(Vec::new()),
        };
    }
    Ok(Vec::new())
}

/// Adds what a frame tells besides its fact: the receiver's unread messages in all.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn complete(tables: &Tables, fact: &Fact, data: &mut Value) -> Result<()> {
    let conversation = &fact.data["conversation_id"];
    let unread = &fact.data["conversation"]["unread_count"];
    if let (MESSAGE_NEW, Some(id), Some(unread)) =
        (fact.kind, conversation.as_str(), unread.as_i64())
    {
        data["unread_total"] = json!(unread_total(tables, &fact.user_id, (id, unread)).await?);
    }
    Ok(())
}

fn facts_of_message(old: Option<&Message>, new: &Message) -> Result<Vec<Fact>> {
    let Some(old) = old else { return arrival(new) };
    let id = new.id()?;
    let mut facts = moderated(old, new)?;
    let mut gone = |user_id: &str, at: Time, scope: &str| {
        let data = json!({
            "id": id,
            "conversation_id": new.conversation_id,
            "seq": new.seq,
            "deleted_at": at,
            "scope": scope,
        });
        facts.push(fact("message.deleted", &[&id, scope], user_id, at, data));
    };
    if let (None, Some(at)) = (old.deleted_at, new.deleted_at) {
        gone(&new.sender_id, at, "everyone");
        gone(&new.receiver_id, at, "everyone");
    }
    for user_id in [&new.sender_id, &new.receiver_id] {
        if let (None, Some(at)) = (old.hidden_at(user_id), new.hidden_at(user_id)) {
            gone(user_id, at, "me");
        }
    }
    Ok(facts)
}

/// What a decision of moderation tells: to a receiver who could not see it so far the message
/// itself, to everybody else who can or could that it changed, and that it failed.
fn moderated(old: &Message, new: &Message) -> Result<Vec<Fact>> {
    let decided = old.moderation != new.moderation;
    let failed = old.failed_at.is_none() && new.failed_at.is_some();
    if !(decided || failed) {
        return Ok(Vec::new());
    }
    let (was, is) = (
        old.is_visible_to(&old.receiver_id),
        new.is_visible_to(&new.receiver_id),
    );
    let mut facts = Vec::new();
    if is && !was && new.counts() {
        facts.push(to_receiver(new)?);
    }
    let (id, at) = (new.id()?, new.moderated_at.max(new.failed_at));
    let at = at.unwrap_or(new.created_at);
    for (user_id, told) in [(&new.sender_id, true), (&new.receiver_id, was)] {
        let origin = [id.as_str(), user_id, &at.ms().to_string()];
        let visible = new.is_visible_to(user_id);
        if told && decided {
            let data = json!({
                "id": id,
                "conversation_id": new.conversation_id,
                "seq": new.seq,
                "moderation_status": new.moderation_status(),
                "content": if visible { new.shown() } else { "" },
                "updated_at": at,
            });
            facts.push(fact("message.updated", &origin, user_id, at, data));
        }
        if told && failed {
            let data = json!({
                "id": id,
                "conversation_id": new.conversation_id,
                "status": Status::Failed,
                "at": at,
            });
            facts.push(fact("message.status", &origin, user_id, at, data));
        }
    }
    Ok(facts)
}

/// A new message: to the receiver, and to the sender's other slots.
fn arrival(new: &Message) -> Result<Vec<Fact>> {
    let mut facts = Vec::new();
    if new.slot.is_some() {
        let own = announced(new, &new.sender_id, json!({ "last_seq": new.seq }))?;
        facts.push(Fact {
            except_slot: new.slot.clone(),
            ..own
        });
    }
    if new.counts() {
        facts.push(to_receiver(new)?);
    }
    Ok(facts)
}

fn to_receiver(new: &Message) -> Result<Fact> {
    let head = json!({ "last_seq": new.seq, "unread_count": new.unread_after });
    announced(new, &new.receiver_id, head)
}

/// The message as this person sees it, with what it changed in the conversation.
fn announced(new: &Message, viewer: &str, conversation: Value) -> Result<Fact> {
    let shown = MessageView::of(new, Marks::default(), viewer)?;
    let mut data = serde_json::to_value(shown).map_err(|cause| INTERNAL_ERROR.because(cause))?;
    data["conversation"] = conversation;
    let fact = fact(MESSAGE_NEW, &[&new.id()?], viewer, new.created_at, data);
    Ok(Fact {
        seq: Some(new.seq),
        ..fact
    })
}

fn facts_of_head(old: &Head, new: &Head) -> Result<Vec<Fact>> {
    let mut facts = Vec::new();
    for who in [Who::Low, Who::High] {
        let (before, side) = (old.side(who), new.side(who));
        let read = side.read.reached() > before.read.reached();
        if read || side.delivered_seq() > before.delivered_seq() {
            let mut data = marked(new, who, read)?;
            data["unread_count"] = json!(side.unread);
            facts.push(status(&data, &new.user(who)));
        } else if side.unread != before.unread && new.last_seq == old.last_seq {
            facts.push(recounted(new, who));
        }
        // What the partner knows moves with the marks, or when a block ends.
        let read = side.told_read() > before.told_read();
        if read || side.told_delivered() > before.told_delivered() {
            let data = marked(new, who, read)?;
            facts.push(status(&data, &new.user(who.other())));
        }
    }
    Ok(facts)
}

/// What a mark of one side tells.
fn marked(head: &Head, who: Who, read: bool) -> Result<Value> {
    let side = head.side(who);
    let (moves, status) = match read {
        true => (&side.read, Status::Read),
        false => (&side.delivered, Status::Delivered),
    };
    let last = moves.kept.last();
    let mut data = json!({
        "conversation_id": head.conversation_id,
        "status": status,
        "at": last.map_or(head.last_activity_at, |step| step.at),
        "up_to_seq": moves.reached(),
        "user_id": head.user(who),
    });
    if let Some(key) = side.marked {
        data["id"] = json!(head.message_id(key)?);
    }
    Ok(data)
}

/// The frame of a mark, the same to both but for what only the marking one knows.
fn status(data: &Value, user_id: &str) -> Fact {
    let text = |name: &str| data[name].as_str().unwrap_or_default();
    let (up_to, at) = (data["up_to_seq"].to_string(), Time::parse(text("at")));
    let names = ["conversation_id", "user_id", "status"].map(text);
    let origin = [names[0], names[1], names[2], &up_to];
    let at = at.unwrap_or_default();
    fact("message.status", &origin, user_id, at, data.clone())
}

/// An unread count that changed without a receipt: after a deletion, or behind a block.
fn recounted(head: &Head, who: Who) -> Fact {
    let data = json!({
        "conversation_id": head.conversation_id,
        "last_seq": head.seq_for(who),
        "unread_count": head.side(who).unread,
    });
    let origin = [head.conversation_id.as_str(), &head.rev.to_string()];
    fact(
        "conversation.updated",
        &origin,
        &head.user(who),
        head.last_activity_at,
        data,
    )
}

fn fact(kind: &'static str, origin: &[&str], user_id: &str, at: Time, data: Value) -> Fact {
    let id = derived(&[&[kind], origin].concat());
    Fact {
        id,
        kind,
        user_id: user_id.to_owned(),
        except_slot: None,
        seq: None,
        at,
        data,
    }
}
