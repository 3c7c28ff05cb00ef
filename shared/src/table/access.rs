//! What a signature may name of the tables: `Table<Read<Data>>`,
//! `Table<(Write<Data>, Write<Ledger>)>`.

use std::marker::PhantomData;
use std::ops::Deref;

use crate::aws::dynamo::Tables;
use crate::env::Env;
use crate::error::Result;
use crate::function::{Grant, Take};

/// One right on one table, as a type.
pub trait Right: Send + Sync + 'static {
    /// Its statement.
    const GRANTS: &'static [Grant];
}

/// A right, or a tuple of rights.
pub trait Access: Send + Sync + 'static {
    /// The statements of the role, right by right.
    const GRANTS: &'static [&'static [Grant]];
}

/// A table as a type.
pub trait Place: Send + Sync + 'static {
    /// As statements name it.
    const RESOURCE: &'static str;
}

macro_rules! tables {
    ($($name:ident = $text:literal),*) => {$(
        #[doc = concat!("The table `", $text, "`.")]
        #[derive(Debug, Clone, Copy)]
        pub struct $name;
        impl Place for $name {
            const RESOURCE: &'static str = concat!("table/", $text);
        }
    )*};
}
tables!(
    Data = "data",
    Ledger = "ledger",
    Live = "live",
    Insight = "insight",
    Keys = "keys"
);

macro_rules! rights {
    ($($(#[$doc:meta])* $name:ident = [$($action:literal),*];)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name<T>(PhantomData<T>);
        impl<T: Place> Right for $name<T> {
            const GRANTS: &'static [Grant] = &[Grant {
                actions: &[$(concat!("dynamodb:", $action)),*],
                resource: T::RESOURCE,
            }];
        }
    )*};
}
rights! {
    /// Reading one table.
    Read = ["BatchGetItem", "GetItem", "Query"];
    /// Reading and writing one table.
    Write = [
        "BatchGetItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query",
        "UpdateItem"
    ];
    /// Writing one table without reading it.
    WriteOnly = ["ConditionCheckItem", "DeleteItem", "PutItem", "UpdateItem"];
    /// Reading items of one table by their keys.
    Get = ["GetItem"];
    /// Reading items of one table by their keys, and changing those that are there.
    Edit = ["GetItem", "UpdateItem"];
    /// Reading, making and changing items of one table by their keys.
    Keep = ["GetItem", "PutItem", "UpdateItem"];
    /// Making and changing items of one table by their keys, finding some, removing none.
    Append = ["BatchGetItem", "GetItem", "PutItem", "Query", "UpdateItem"];
    /// Finding items of one table.
    Find = ["Query"];
}

impl<A: Right> Access for A {
    const GRANTS: &'static [&'static [Grant]] = &[A::GRANTS];
}
impl<A: Right, B: Right> Access for (A, B) {
    const GRANTS: &'static [&'static [Grant]] = &[A::GRANTS, B::GRANTS];
}
impl<A: Right, B: Right, C: Right> Access for (A, B, C) {
    const GRANTS: &'static [&'static [Grant]] = &[A::GRANTS, B::GRANTS, C::GRANTS];
}
impl<A: Right, B: Right, C: Right, D: Right> Access for (A, B, C, D) {
    const GRANTS: &'static [&'static [Grant]] = &[A::GRANTS, B::GRANTS, C::GRANTS, D::GRANTS];
}

/// The capability to use tables with the rights of `A`. Domain functions take the untyped
/// [`Tables`] behind it; the role, not the compiler, refuses what `A` does not name.
#[derive(Clone)]
pub struct Table<A> {
    tables: Tables,
    rights: PhantomData<fn() -> A>,
}

impl<A> std::fmt::Debug for Table<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Table")
    }
}

impl<A> Deref for Table<A> {
    type Target = Tables;

    fn deref(&self) -> &Tables {
        &self.tables
    }
}

impl<A: Access, C: Send> Take<C> for Table<A> {
    const GRANTS: &'static [&'static [Grant]] = A::GRANTS;

    async fn take(env: &Env, _: &mut C) -> Result<Self> {
        Ok(Self {
            tables: Tables::of(env),
            rights: PhantomData,
        })
    }
}
