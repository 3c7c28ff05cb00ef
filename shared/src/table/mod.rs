//! The tables as data: what they are called, how they are keyed and what may be done to them.
//! No AWS type appears here; [`crate::aws::dynamo`] carries these values out.

mod access;
mod changed;
mod commit;
mod condition;
mod ghost;
mod item;
mod query;
mod size;

pub use access::{
    Access, Append, Data, Edit, Find, Get, Insight, Keep, Keys, Ledger, Live, Read, Table, Write,
    WriteOnly,
};
pub use changed::{CHANGED_FRESH_MS, CHANGED_SHARDS, changed_partition, changed_place};
pub use commit::{ACTIONS_MAX, Action, Change, Commit, Refused, Wrote};
pub use condition::Condition;
pub use item::{Item, Key, Row, Value, item_of, row_of};
pub use query::{Query, Range};
pub use size::item_bytes;

/// The five tables, cut by lifecycle because backup, stream, TTL and alarms differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Name {
    /// Accounts, sessions, conversations, notifications, policies.
    Data,
    /// Wallets, pages of entries, holds: deletion protection, never TTL.
    Ledger,
    /// Connections, activity, rate limits, tickets, replies: TTL, no backup.
    Live,
    /// Analytics events and rollups: TTL.
    Insight,
    /// One wrapped data key per person; nothing else.
    Keys,
}

/// An index of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: &'static str,
    /// Partition attribute; `pk` makes it a local index, which can be read consistently.
    pub pk: &'static str,
    /// Sort attribute, a number.
    pub sk: &'static str,
    /// Whether whole items are projected, or keys only.
    pub whole: bool,
}

/// What a table is made of.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Which table.
    pub table: Name,
    /// Its indexes.
    pub indexes: &'static [Index],
    /// Whether a stream of old and new images tells its changes.
    pub stream: bool,
    /// Whether items may carry `expires` (epoch seconds), DynamoDB's TTL attribute.
    pub ttl: bool,
}

/// Attribute that DynamoDB's TTL reads, epoch seconds.
pub const TTL_ATTRIBUTE: &str = "expires";

/// Messages of a conversation by their dense number.
pub const BY_SEQ: Index = Index {
    name: "by_seq",
    pk: "pk",
    sk: "seq",
    whole: true,
};
/// Memberships of a user by the hour of the last activity.
pub const BY_HOUR: Index = Index {
    name: "by_hour",
    pk: "pk",
    sk: "hour",
    whole: false,
};
/// Memberships of a user by the hour of a mark, where that is later than the last activity; by
/// the instant in milliseconds at which they followed, where that was late.
pub const BY_MARK: Index = Index {
    name: "by_mark",
    pk: "pk",
    sk: "marked",
    whole: false,
};
/// Memberships of a user that hold something unread.
pub const UNREAD: Index = Index {
    name: "unread",
    pk: "pk",
    sk: "unread",
    whole: false,
};
/// Conversation heads and accounts by the day of their last change that the stream follows, in
/// shards; found when the stream was lost.
pub const CHANGED: Index = Index {
    name: "changed",
    pk: "cd",
    sk: "cn",
    whole: false,
};
/// Rows that become due, in shards, by their instant in milliseconds.
pub const DUE: Index = Index {
    name: "due",
    pk: "due_shard",
    sk: "due_at",
    whole: true,
};

/// Calls by who began them, by their instant in milliseconds.
pub const CALLED: Index = Index {
    name: "called",
    pk: "caller",
    sk: "rang_at",
    whole: false,
};
/// Calls by who was rung, by their instant in milliseconds.
pub const RUNG: Index = Index {
    name: "rung",
    pk: "callee",
    sk: "rang_at",
    whole: false,
};
/// Calls that are not over, in shards, by the end of their ringing.
pub const LIVE_CALLS: Index = Index {
    name: "live_calls",
    pk: "live",
    sk: "live_at",
    whole: false,
};
/// Wallets with open holds, in shards, by the first expiry.
pub const HOLDS: Index = Index {
    name: "holds",
    pk: "hs",
    sk: "hd",
    whole: false,
};
/// Wallets by the day of their newest row, in shards.
pub const BY_DAY: Index = Index {
    name: "by_day",
    pk: "ws",
    sk: "dy",
    whole: false,
};

/// All tables.
pub const SPECS: &[Spec] = &[
    Spec {
        table: Name::Data,
        indexes: &[
            BY_SEQ, BY_HOUR, BY_MARK, UNREAD, DUE, CHANGED, CALLED, RUNG, LIVE_CALLS,
        ],
        stream: true,
        ttl: true,
    },
    Spec {
        table: Name::Ledger,
        indexes: &[DUE, BY_DAY, HOLDS],
        stream: true,
        ttl: false,
    },
    Spec {
        table: Name::Live,
        indexes: &[DUE],
        stream: false,
        ttl: true,
    },
    Spec {
        table: Name::Insight,
        indexes: &[],
        stream: false,
        ttl: true,
    },
    Spec {
        table: Name::Keys,
        indexes: &[],
        stream: false,
        ttl: false,
    },
];

impl Name {
    /// Lower-case name, the last part of the physical name `{prefix}-{name}`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Ledger => "ledger",
            Self::Live => "live",
            Self::Insight => "insight",
            Self::Keys => "keys",
        }
    }
}
