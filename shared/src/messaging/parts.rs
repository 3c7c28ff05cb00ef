//! Which part of a list a caller wants.

use schemars::JsonSchema;
use serde::Deserialize;

use super::reading::{Direction, Wish};
use crate::error::Result;
use crate::page::{check_offset, limit_of};

/// A part of the list of conversations.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct ListPart {
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Most conversations, 1–100.
    #[schemars(range(min = 1))]
    pub limit: Option<i64>,
    /// Conversations left out first.
    #[schemars(range(min = 0))]
    pub skip: Option<i64>,
}

/// Offset and limit after their checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Items left out first.
    pub skip: usize,
    /// Most items.
    pub limit: usize,
    /// The limit, if a larger one was asked for.
    pub lowered: Option<usize>,
}

impl Bounds {
    fn of(skip: Option<i64>, limit: Option<i64>) -> Result<Self> {
        let (limit, lowered) = limit_of(limit)?;
        let skip = usize::try_from(skip.unwrap_or(0)).unwrap_or(usize::MAX);
        check_offset(skip, limit)?;
        Ok(Self {
            skip,
            limit,
            lowered: lowered.then_some(limit),
        })
    }
}

impl ListPart {
    /// Offset and limit.
    ///
    /// # Errors
    /// 422 `VALIDATION_FAILED`, `PAGE_TOO_DEEP`.
    pub fn bounds(&self) -> Result<Bounds> {
        Bounds::of(self.skip, self.limit)
    }
}

/// A part of one conversation.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct ConversationPart {
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Most messages, 1–100.
    #[schemars(range(min = 1))]
    pub limit: Option<i64>,
    /// Messages left out first.
    #[schemars(range(min = 0))]
    pub skip: Option<i64>,
    /// `older` begins at the newest message, `newer` at the oldest.
    pub direction: Option<Direction>,
    /// Exactly the messages after this number, oldest first.
    #[schemars(range(min = 0))]
    pub after_seq: Option<i64>,
}

impl ConversationPart {
    /// Which way to read.
    pub fn direction(&self) -> Direction {
        match self.after_seq {
            Some(_) => Direction::Newer,
            None => self.direction.unwrap_or_default(),
        }
    }

    /// The wish, going on beyond the position of the cursor.
    ///
    /// # Errors
    /// 422 `VALIDATION_FAILED`, `PAGE_TOO_DEEP`.
    pub fn wish(&self, cursor: Option<i64>) -> Result<Wish> {
        let Bounds {
            skip,
            limit,
            lowered,
        } = Bounds::of(self.skip, self.limit)?;
        let (direction, beyond) = (self.direction(), cursor.or(self.after_seq));
        Ok(Wish {
            direction,
            beyond,
            skip,
            limit,
            lowered,
            wants_total: self.skip.is_some(),
        })
    }
}
