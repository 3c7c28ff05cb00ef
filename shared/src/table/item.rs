//! Items: typed values with a documented key, and their raw rows.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Name;
use crate::error::{Cause, Error, INTERNAL_ERROR, Result};

/// One attribute value.
pub type Value = serde_dynamo::AttributeValue;

/// A raw item.
pub type Row = std::collections::HashMap<String, Value>;

/// Primary key of an item: two strings in every table.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Partition.
    pub pk: String,
    /// Place in the partition.
    pub sk: String,
}

impl Key {
    /// A key of its two parts.
    pub fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self {
            pk: pk.into(),
            sk: sk.into(),
        }
    }

    /// Whether an item can have this key at all: DynamoDB takes 1–2,048 bytes of a partition key
    /// and 1–1,024 of a sort key, so whoever asks with more asks for nothing.
    pub fn can_exist(&self) -> bool {
        (1..=2_048).contains(&self.pk.len()) && (1..=1_024).contains(&self.sk.len())
    }
}

/// A typed item. Its fields are the attributes beside `pk` and `sk`.
pub trait Item: Serialize + DeserializeOwned + Send {
    /// The table it lives in.
    const TABLE: Name;
    /// What `docs/data-model.md` calls it.
    const KIND: &'static str;
    /// Its fields as attributes; [`stored!`](crate::stored) writes this.
    ///
    /// # Errors
    /// What the serializer says.
    fn fields(&self) -> serde_dynamo::Result<serde_dynamo::Item>;
    /// The item of such fields; [`stored!`](crate::stored) writes this.
    ///
    /// # Errors
    /// What the deserializer says.
    fn of(fields: serde_dynamo::Item) -> serde_dynamo::Result<Self>;
    /// Where it lies.
    fn key(&self) -> Key;
}

/// How an [`Item`] becomes attributes and comes back. As functions of the type, so that the
/// library compiles them once; as generic code every one of the binaries would compile them again.
#[macro_export]
macro_rules! stored {
    () => {
        #[inline(never)]
        fn fields(&self) -> serde_dynamo::Result<serde_dynamo::Item> {
            serde_dynamo::to_item(self)
        }

        #[inline(never)]
        fn of(fields: serde_dynamo::Item) -> serde_dynamo::Result<Self> {
            serde_dynamo::from_item(fields)
        }
    };
}

/// The row of an item, keys included.
///
/// # Errors
/// 500 when a field cannot be stored, which is a defect of the type.
pub fn row_of<T: Item>(item: &T) -> Result<Row> {
    row(item.fields(), item.key())
}

fn row(fields: serde_dynamo::Result<serde_dynamo::Item>, key: Key) -> Result<Row> {
    let mut row: Row = fields
        .map_err(|cause| INTERNAL_ERROR.because(cause))?
        .into_inner();
    row.retain(|_, value| !matches!(value, Value::Null(_)));
    row.insert("pk".into(), Value::S(key.pk));
    row.insert("sk".into(), Value::S(key.sk));
    Ok(row)
}

/// The typed item of a row.
///
/// # Errors
/// 500 when the row does not have the type's shape.
pub fn item_of<T: Item>(row: Row) -> Result<T> {
    T::of(row.into()).map_err(|cause| misshapen(T::KIND, &cause))
}

fn misshapen(kind: &str, cause: &serde_dynamo::Error) -> Error {
    INTERNAL_ERROR.because(format!("{kind}: {}", cause.told()))
}
