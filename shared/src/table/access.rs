//! What a signature may name of the tables: `Table<Read<Data>>`,
//! `Table<(Write<Data>, Write<Ledger>)>`.

use std::marker::PhantomData;
use std::ops::Deref;

use crate::aws::dynamo::Tables;
use crate::env::Env;
use crate::error::Result;
use crate::function::{Grant, Take};

/// Actions of a reader.
const READ: &[&str] = &[
    "dynamodb:BatchGetItem",
    "dynamodb:GetItem",
    "dynamodb:Query",
];
/// Actions of a writer besides.
const WRITE: &[&str] = &[
    "dynamodb:BatchGetItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
];

/// Actions of who changes without looking.
const CHANGE: &[&str] = &[
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
];

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

/// Reading one table.
#[derive(Debug, Clone, Copy)]
pub struct Read<T>(PhantomData<T>);
/// Reading and writing one table.
#[derive(Debug, Clone, Copy)]
pub struct Write<T>(PhantomData<T>);
/// Writing one table without reading it.
#[derive(Debug, Clone, Copy)]
pub struct WriteOnly<T>(PhantomData<T>);

macro_rules! tables {
    ($($name:ident = $text:literal),*) => {$(
        #[doc = concat!("The table `", $text, "`.")]
        #[derive(Debug, Clone, Copy)]
        pub struct $name;
        impl Right for Read<$name> {
            const GRANTS: &'static [Grant] =
                &[Grant { actions: READ, resource: concat!("table/", $text) }];
        }
        impl Right for Write<$name> {
            const GRANTS: &'static [Grant] =
                &[Grant { actions: WRITE, resource: concat!("table/", $text) }];
        }
        impl Right for WriteOnly<$name> {
            const GRANTS: &'static [Grant] =
                &[Grant { actions: CHANGE, resource: concat!("table/", $text) }];
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
