//! Blocks: who wants to have nothing more to do with whom.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`Block`] | data | `usr_…` who blocks | `block#usr_…` |
//! | [`BlockedBy`] | data | `usr_…` who is blocked | `blocked_by#<instant, 16 digits>#usr_…` |
//!
//! Both rows and the flag in the conversation's head are one transaction. The flag is what all
//! channels obey, because each of them has the head in hand anyway; the rows are for lists and
//! figures.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::accounts::account::Account;
use crate::aws::dynamo::{Missed, Tables};
use crate::calls;
use crate::error::{CANNOT_TARGET_SELF, Result, UNAVAILABLE, USER_NOT_FOUND};
use crate::function::Answer;
use crate::http::{Call, Me, Once};
use crate::id::is_id;
use crate::messaging::{Head, conversation_id};
use crate::table::{Commit, Condition, Item, Key, Name, Query, Range, Value};
use crate::time::{Time, millis};

/// Tries when messages and marks change the head at the same time: a block has to win.
const TRIES_MAX: u32 = 24;

/// That a person has blocked another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// `usr_…` who blocks.
    #[serde(rename = "pk")]
    pub from: String,
    /// `block#usr_…` who is blocked.
    #[serde(rename = "sk")]
    pub place: String,
    /// Since when.
    #[serde(with = "millis")]
    pub at: Time,
}

impl Item for Block {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Block";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&*self.from, &*self.place)
    }
}

impl Block {
    /// What the sort keys begin with.
    pub const PREFIX: &'static str = "block#";

    /// Where the block of one by another lies.
    pub fn key_of(from: &str, to: &str) -> Key {
        Key::new(from, format!("{}{to}", Self::PREFIX))
    }

    /// Who is blocked.
    pub fn to(&self) -> &str {
        self.place.strip_prefix(Self::PREFIX).unwrap_or_default()
    }
}

/// The same block from the other side, in the order of time; only for figures, never shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlockedBy {
    /// `usr_…` who is blocked.
    #[serde(rename = "pk")]
    pub to: String,
    /// `blocked_by#<instant>#usr_…` who blocks.
    #[serde(rename = "sk")]
    pub place: String,
}

impl Item for BlockedBy {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Blocked by";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&*self.to, &*self.place)
    }
}

impl BlockedBy {
    const PREFIX: &'static str = "blocked_by#";

    fn place(at: Time) -> String {
        format!("{}{:016}", Self::PREFIX, at.ms().max(0))
    }

    fn of(block: &Block) -> Self {
        Self {
            to: block.to().to_owned(),
            place: format!("{}#{}", Self::place(block.at), block.from),
        }
    }

    /// The blocks of a person since an instant.
    pub fn since(user_id: &str, at: Time) -> Query {
        let last = format!("{}~", Self::PREFIX);
        let range = Range::Between(Value::S(Self::place(at)), Value::S(last));
        Query::of(Name::Data, user_id).range(range)
    }
}

/// A block as its answer tells it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Blocked {
    /// Since when.
    pub blocked_at: Time,
}

/// A block of the caller's list.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct BlockView {
    /// `usr_…` who is blocked.
    pub user_id: String,
    /// Empty once the account is erased.
    pub name: String,
    /// Since when.
    pub blocked_at: Time,
}

/// Somebody who blocks, and whom.
#[derive(Clone, Copy, Debug)]
pub struct Blocking<'a> {
    /// Who.
    pub me: &'a Me,
    /// Whom.
    pub user_id: &'a str,
    /// When.
    pub now: Time,
}

impl Blocking<'_> {
    /// Blocks; a second time gives the first instant. `answer` makes the reply that the request's
    /// own key remembers.
    ///
    /// # Errors
    /// 422 `CANNOT_TARGET_SELF`; 404 `USER_NOT_FOUND`; 503 when others were first too often.
    pub async fn block<A: Answer<Call> + Clone>(
        &self,
        tables: &Tables,
        once: &Once,
        answer: impl Fn(Blocked) -> A,
    ) -> Result<A> {
        if self.user_id == self.me.user_id {
            return Err(CANNOT_TARGET_SELF.into());
        }
        let key = Block::key_of(&self.me.user_id, self.user_id);
        for round in 1..=TRIES_MAX {
            let (known, head) = self.read(tables).await?;
            if let Some(known) = known {
                let blocked_at = known.at;
                let again = answer(Blocked { blocked_at });
                return Ok(once.commit(tables, Commit::new(), again).await?);
            }
            let block = Block {
                from: key.pk.clone(),
                place: key.sk.clone(),
                at: self.now,
            };
            let head = match head {
                Some(head) => head,
                None => self.new_head(tables).await?,
            };
            // A call of the two ends first, and none begins until the block is there.
            let both = (self.me.user_id.as_str(), self.user_id);
            let parted = calls::part(tables, both, self.now).await?;
            let commit = Commit::new()
                .create(&block, &UNAVAILABLE)
                .put(&BlockedBy::of(&block))
                .with(parted)
                .with(self.flag(&head, true)?);
            let reply = answer(Blocked {
                blocked_at: block.at,
            });
            match once.commit(tables, commit, reply).await {
                Ok(reply) => return Ok(reply),
                Err(Missed::Failed(error)) => return Err(error),
                Err(Missed::Refused(_)) => tables.pause(round).await,
            }
        }
        Err(UNAVAILABLE.because("others were first too often"))
    }

    /// Takes a block back.
    ///
    /// # Errors
    /// 404 `USER_NOT_FOUND` when there is none; 503 when others were first too often.
    pub async fn unblock(&self, tables: &Tables) -> Result<()> {
        for round in 1..=TRIES_MAX {
            let (known, head) = self.read(tables).await?;
            let block = known.ok_or(USER_NOT_FOUND)?;
            let head = head.ok_or(USER_NOT_FOUND)?;
            let present = Some((Condition::Present, &UNAVAILABLE));
            let commit = Commit::new()
                .delete::<Block>(block.key(), present)
                .delete::<BlockedBy>(BlockedBy::of(&block).key(), None)
                .with(self.flag(&head, false)?);
            match tables.commit(commit).await {
                Ok(()) => return Ok(()),
                Err(Missed::Failed(error)) => return Err(error),
                Err(Missed::Refused(_)) => tables.pause(round).await,
            }
        }
        Err(UNAVAILABLE.because("others were first too often"))
    }

    async fn read(&self, tables: &Tables) -> Result<(Option<Block>, Option<Head>)> {
        if !is_id("usr", self.user_id) {
            return Err(USER_NOT_FOUND.into());
        }
        let block = Block::key_of(&self.me.user_id, self.user_id);
        let head = Head::key_of(&conversation_id(&self.me.user_id, self.user_id));
        tokio::try_join!(
            tables.get_consistent::<Block>(&block),
            tables.get_consistent::<Head>(&head),
        )
    }

    /// The head of people who never wrote to each other. Whoever has an account can be blocked, in
    /// whatever state it is: somebody who has blocked the caller is as easy to block as anybody.
    /// Only the banned are not there for those who do not know them.
    async fn new_head(&self, tables: &Tables) -> Result<Head> {
        let head = Head::new(&self.me.user_id, self.user_id, self.now).ok_or(USER_NOT_FOUND)?;
        let known: Option<Account> = tables.get(&Account::key_of(self.user_id)).await?;
        let known = known.filter(|account| account.ban(self.now).is_none());
        known.map(|_| head).ok_or_else(|| USER_NOT_FOUND.into())
    }

    fn flag(&self, head: &Head, on: bool) -> Result<Commit> {
        let next = head.blocking(head.who(&self.me.user_id)?, on, self.now);
        Ok(Commit::new().replace(&next, head.unchanged(), &UNAVAILABLE))
    }
}

/// A page of the caller's blocks in the order of ids, after one, and whether there are more.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn list(
    tables: &Tables,
    me: &Me,
    after: Option<&str>,
    limit: usize,
) -> Result<(Vec<BlockView>, bool)> {
    let from = after.map_or(Block::PREFIX.to_owned(), |id| {
        format!("{}{id}\u{1}", Block::PREFIX)
    });
    let last = format!("{}~", Block::PREFIX);
    let range = Range::Between(Value::S(from), Value::S(last));
    let query = Query::of(Name::Data, &*me.user_id).range(range);
    let query = query.limit(limit + 1).consistent();
    let mut blocks: Vec<Block> = tables.query(query).await?;
    let more = blocks.len() > limit;
    blocks.truncate(limit);
    let keys: Vec<_> = blocks.iter().map(|one| Account::key_of(one.to())).collect();
    let accounts: Vec<Account> = tables.get_many(&keys).await?;
    let names: HashMap<&str, &str> = accounts
        .iter()
        .map(|who| (who.user_id.as_str(), who.name.as_str()))
        .collect();
    let view = |block: &Block| BlockView {
        user_id: block.to().to_owned(),
        name: names
            .get(block.to())
            .copied()
            .unwrap_or_default()
            .to_owned(),
        blocked_at: block.at,
    };
    Ok((blocks.iter().map(view).collect(), more))
}
