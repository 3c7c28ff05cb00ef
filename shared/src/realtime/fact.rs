//! Facts: what a committed change means for people, and the frames that tell it.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::connection::Connection;
use super::push::Push;
use crate::aws::dynamo::Tables;
use crate::error::Result;
use crate::http::wire;
use crate::time::Time;

/// What a committed change means for one person.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// Derived from the item and its version, so a repeated delivery carries the same id.
    pub id: String,
    /// Frame type, such as `message.new`.
    pub kind: &'static str,
    /// Whom it is told.
    pub user_id: String,
    /// A slot of that person that knows it already from its own answer.
    pub except_slot: Option<String>,
    /// The fact's own dense number, if it has one.
    pub seq: Option<i64>,
    /// Instant of the fact.
    pub at: Time,
    /// `data` of the frame.
    pub data: Value,
}

impl Fact {
    /// The frame that tells it.
    pub fn frame(&self) -> Value {
        let mut frame = wire::frame(&self.id, self.kind, self.at, self.data.clone());
        if let Some(seq) = self.seq {
            frame["seq"] = json!(seq);
        }
        frame
    }
}

/// The live connections of the people of one batch, each read once.
#[derive(Debug, Default)]
pub struct Audience(HashMap<String, Vec<Connection>>);

impl Audience {
    /// The connections of a person.
    ///
    /// # Errors
    /// 503 when the table does not answer.
    pub async fn of(&mut self, tables: &Tables, user_id: &str, now: Time) -> Result<&[Connection]> {
        if !self.0.contains_key(user_id) {
            let found = Connection::of_user(tables, user_id, now).await?;
            self.0.insert(user_id.to_owned(), found);
        }
        Ok(self.0.get(user_id).map_or(&[], Vec::as_slice))
    }
}

/// The pushes of a fact to those of the person's connections that do not know it yet.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn fan_out(
    tables: &Tables,
    audience: &mut Audience,
    fact: &Fact,
    now: Time,
) -> Result<Option<Push>> {
    let connections = audience.of(tables, &fact.user_id, now).await?;
    let ids: Vec<_> = connections
        .iter()
        .filter(|one| Some(&one.slot) != fact.except_slot.as_ref())
        .map(|one| one.connection_id.clone())
        .collect();
    Ok((!ids.is_empty()).then(|| Push {
        user_id: fact.user_id.clone(),
        connections: ids,
        frame: fact.frame(),
        close: false,
    }))
}
