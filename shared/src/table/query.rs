//! Queries as data: one partition, one range of its order.

use super::{Index, Name, Value};

/// Which part of the partition's order is read.
#[derive(Clone, Debug, PartialEq)]
pub enum Range {
    /// All of it.
    All,
    /// Sort keys that begin with the text.
    Prefix(String),
    /// From and to, both included.
    Between(Value, Value),
    /// Above the value.
    After(Value),
    /// Below the value.
    Before(Value),
}

/// One query of one partition of a table or an index.
#[derive(Clone, Debug)]
pub struct Query {
    /// Table that is read.
    pub table: Name,
    /// Index, or the table itself.
    pub index: Option<Index>,
    /// Partition.
    pub pk: String,
    /// Part of the order.
    pub range: Range,
    /// Newest first, when the order is one of time.
    pub backward: bool,
    /// Most items read, 1–1,000; DynamoDB also stops at 1 MB.
    pub limit: usize,
    /// Whether all earlier writes must be seen; costs twice; not on a global index.
    pub consistent: bool,
}

impl Query {
    /// All items of a partition, in order, eventually consistent.
    pub fn of(table: Name, pk: impl Into<String>) -> Self {
        let pk = pk.into();
        Self {
            table,
            index: None,
            pk,
            range: Range::All,
            backward: false,
            limit: 100,
            consistent: false,
        }
    }

    /// Reads an index instead of the table.
    #[must_use]
    pub fn by(mut self, index: Index) -> Self {
        self.index = Some(index);
        self
    }

    /// Narrows the range.
    #[must_use]
    pub fn range(mut self, range: Range) -> Self {
        self.range = range;
        self
    }

    /// Items whose sort key begins so.
    #[must_use]
    pub fn prefix(self, text: impl Into<String>) -> Self {
        self.range(Range::Prefix(text.into()))
    }

    /// Reads from the end.
    #[must_use]
    pub fn backward(mut self) -> Self {
        self.backward = true;
        self
    }

    /// Most items.
    #[must_use]
    pub fn limit(mut self, items: usize) -> Self {
        self.limit = items;
        self
    }

    /// Sees all earlier writes.
    #[must_use]
    pub fn consistent(mut self) -> Self {
        self.consistent = true;
        self
    }
}
