//! Commits: writes that happen together or not at all, each condition with the fault it means.

use super::item::{Item, Key, Row, Value, row_of};
use super::{Condition, Name};
use crate::error::{Error, Fault, INTERNAL_ERROR, Result};

/// Most actions of one DynamoDB transaction (AWS limit).
pub const ACTIONS_MAX: usize = 100;

/// One change of an attribute. A path is one attribute, or `map.entry` inside a map.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Sets the attribute.
    Set(String, Value),
    /// Removes the attribute.
    Remove(String),
    /// Adds to a number, from 0 if it is missing.
    Add(String, i64),
    /// Adds to a set of byte strings, which is made if it is missing.
    Include(String, Vec<u8>),
}

impl Change {
    /// Sets a number.
    pub fn number(path: impl Into<String>, number: i64) -> Self {
        Self::Set(path.into(), Value::N(number.to_string()))
    }

    /// Sets a string.
    pub fn text(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Set(path.into(), Value::S(text.into()))
    }
}

/// What happens to one item.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Replaces or creates the item.
    Put(Row),
    /// Changes attributes, creating the item if it is missing.
    Update(Vec<Change>),
    /// Removes the item.
    Delete,
    /// Changes nothing; only the condition counts.
    Check,
}

impl Action {
    /// Whether an item is as this action leaves it; never of an action that adds up.
    pub fn stands_in(&self, item: Option<&Row>) -> bool {
        match (self, item) {
            (Self::Put(row), Some(item)) => row == item,
            (Self::Update(changes), Some(item)) => changes.iter().all(|change| match change {
                Change::Set(path, value) => item.get(path) == Some(value),
                Change::Remove(path) => !path.contains('.') && !item.contains_key(path),
                Change::Add(..) | Change::Include(..) => false,
            }),
            (Self::Delete, None) => true,
            _ => false,
        }
    }
}

/// One action on one item.
#[derive(Clone, Debug)]
pub struct Wrote {
    /// Table of the item.
    pub table: Name,
    /// Key of the item.
    pub key: Key,
    /// What happens.
    pub action: Action,
    /// What must hold, and the fault if it does not.
    pub guard: Option<(Condition, &'static Fault)>,
}

/// Writes that happen together or not at all: at most [`ACTIONS_MAX`], one per item.
/// A commit of one write is sent as a plain write, which costs half of a transaction.
#[derive(Debug, Default)]
#[must_use = "a commit does nothing until a table carries it out"]
pub struct Commit {
    writes: Vec<Wrote>,
    broken: Option<Error>,
}

impl Commit {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a write. A second action on the same item is a defect and fails the whole commit.
    pub fn and(mut self, write: Wrote) -> Self {
        let twice = self
            .writes
            .iter()
            .any(|known| known.table == write.table && known.key == write.key);
        if twice || self.writes.len() >= ACTIONS_MAX {
            let why = if twice {
                "two actions on one item"
            } else {
                "too many actions"
            };
            self.broken.get_or_insert(INTERNAL_ERROR.because(why));
        }
        self.writes.push(write);
        self
    }

    /// Adds all writes of another commit.
    pub fn with(mut self, other: Commit) -> Self {
        if let Some(error) = other.broken {
            self.broken.get_or_insert(error);
        }
        other.writes.into_iter().fold(self, Commit::and)
    }

    fn add<T: Item>(self, item: &T, guard: Option<(Condition, &'static Fault)>) -> Self {
        match row_of(item) {
            Ok(row) => {
                let action = Action::Put(row);
                self.and(Wrote {
                    table: T::TABLE,
                    key: item.key(),
                    action,
                    guard,
                })
            }
            Err(error) => Self {
                writes: self.writes,
                broken: Some(error),
            },
        }
    }

    /// Creates an item that must not exist yet.
    pub fn create<T: Item>(self, item: &T, else_fault: &'static Fault) -> Self {
        self.add(item, Some((Condition::Absent, else_fault)))
    }

    /// Replaces an item if the condition holds of the stored one.
    pub fn replace<T: Item>(self, item: &T, when: Condition, else_fault: &'static Fault) -> Self {
        self.add(item, Some((when, else_fault)))
    }

    /// Writes an item whatever is stored.
    pub fn put<T: Item>(self, item: &T) -> Self {
        self.add(item, None)
    }

    /// Changes attributes if the condition holds.
    pub fn update<T: Item>(
        self,
        key: Key,
        changes: Vec<Change>,
        guard: Option<(Condition, &'static Fault)>,
    ) -> Self {
        self.and(Wrote {
            table: T::TABLE,
            key,
            action: Action::Update(changes),
            guard,
        })
    }

    /// Removes an item.
    pub fn delete<T: Item>(self, key: Key, guard: Option<(Condition, &'static Fault)>) -> Self {
        self.and(Wrote {
            table: T::TABLE,
            key,
            action: Action::Delete,
            guard,
        })
    }

    /// Requires a condition of an item that is not changed. Costs 2 WRU.
    pub fn check<T: Item>(self, key: Key, when: Condition, else_fault: &'static Fault) -> Self {
        let guard = Some((when, else_fault));
        self.and(Wrote {
            table: T::TABLE,
            key,
            action: Action::Check,
            guard,
        })
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// The writes in order.
    ///
    /// # Errors
    /// 500 if the commit was put together wrongly.
    pub fn into_writes(self) -> Result<Vec<Wrote>> {
        match self.broken {
            Some(error) => Err(error),
            None => Ok(self.writes),
        }
    }
}

/// The condition that did not hold. Nothing was written.
#[derive(Debug)]
pub struct Refused {
    /// Fault bound to the condition.
    pub fault: &'static Fault,
    /// Key of the item.
    pub key: Key,
    /// The stored item, if there is one.
    pub current: Option<Row>,
}

impl Refused {
    /// The stored item in its type.
    ///
    /// # Errors
    /// 500 when the row does not have the type's shape.
    pub fn current<T: Item>(&self) -> Result<Option<T>> {
        self.current.clone().map(super::item::item_of).transpose()
    }
}

impl From<Refused> for Error {
    #[track_caller]
    fn from(refused: Refused) -> Self {
        Self::from(refused.fault)
    }
}
