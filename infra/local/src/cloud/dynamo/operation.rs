//! The operations as the engine's typed requests: what each touches and needs.

use dynoxide::actions as a;
use dynoxide::types::{AttributeValue, ConsumedCapacity, Item, item_size};
use dynoxide::{Database, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::admin::AuditRow;
use shared::table::Name;

use crate::cloud::grants::Need;
use crate::cloud::in_flight::{ItemKey, Mode};
use crate::cloud::tables::short;

/// An item that a request names.
pub struct Touched {
    /// Its table and key.
    pub key: ItemKey,
    /// Bytes of the new item, as far as the request holds it.
    pub bytes: usize,
    /// The IAM action on it.
    pub action: &'static str,
}

/// What a request touches.
pub struct Needs {
    /// How.
    pub mode: Mode,
    /// Whether its items succeed one by one.
    pub batch: bool,
    /// The items, in order.
    pub items: Vec<Touched>,
    /// Table and action of requests that name no items.
    pub table: Option<(String, &'static str)>,
}

impl Needs {
    /// Whether it changes anything.
    pub fn writes(&self) -> bool {
        matches!(self.mode, Mode::Write | Mode::WriteTogether)
    }

    /// The keys of the items.
    pub fn keys(&self) -> Vec<ItemKey> {
        match self.mode {
            Mode::Read => Vec::new(),
            _ => self.items.iter().map(|item| item.key.clone()).collect(),
        }
    }

    /// The actions and resources.
    pub fn grants(&self) -> Vec<Need> {
        let mut grants: Vec<Need> = Vec::with_capacity(self.items.len() + 1);
        let tables = self.table.iter().map(|(table, action)| (*action, table));
        let items = self.items.iter().map(|item| (item.action, &item.key.0));
        for (action, table) in tables.chain(items) {
            let is = |need: &Need| {
                need.0 == action && need.1.strip_prefix("table/") == Some(short(table))
            };
            if !grants.iter().any(is) {
                grants.push((action, format!("table/{}", short(table))));
            }
        }
        let sealed = self.items.iter().filter(|item| is_sealed(item));
        grants.extend(sealed.map(|item| (item.action, "audit log".to_owned())));
        grants
    }

    fn read(table: &str, action: &'static str) -> Self {
        let table = Some((table.to_owned(), action));
        Self {
            mode: Mode::Read,
            batch: false,
            items: Vec::new(),
            table,
        }
    }

    fn of_items(mode: Mode, items: Vec<Touched>) -> Self {
        Self {
            mode,
            batch: false,
            items,
            table: None,
        }
    }
}

/// A request of the engine.
pub trait Op: DeserializeOwned + Send {
    /// Its answer.
    type Answer: Serialize + Send;
    /// What it touches.
    fn needs(&self) -> Needs;
    /// Where it says how much capacity to report.
    fn wish(&mut self) -> Option<&mut Option<String>>;
    /// Carries it out.
    fn run(self, db: &Database) -> Result<Self::Answer>;
    /// Takes the capacity out of the answer.
    fn take_capacity(answer: &mut Self::Answer) -> Vec<ConsumedCapacity>;
    /// Puts capacity into the answer.
    fn set_capacity(answer: &mut Self::Answer, consumed: Vec<ConsumedCapacity>);
}

/// Whether a row of the audit log is changed or removed, which every role is denied by the key of
/// its partition (`dynamodb:LeadingKeys`).
fn is_sealed(item: &Touched) -> bool {
    let (table, pk, _) = &item.key;
    let changes = ["dynamodb:UpdateItem", "dynamodb:DeleteItem"].contains(&item.action);
    changes && short(table) == Name::Ledger.as_str() && pk.starts_with(AuditRow::PREFIX)
}

fn text(value: Option<&AttributeValue>) -> String {
    match value {
        Some(AttributeValue::S(text)) => text.clone(),
        _ => String::new(),
    }
}

fn touched(table: &str, item: &Item, bytes: usize, action: &'static str) -> Touched {
    let key = (table.to_owned(), text(item.get("pk")), text(item.get("sk")));
    Touched { key, bytes, action }
}

fn put(table: &str, item: &Item, action: &'static str) -> Touched {
    touched(table, item, item_size(item), action)
}

macro_rules! op {
    ($request:ty, $answer:ty, $method:ident, $count:ident, |$this:ident| $needs:expr) => {
        impl Op for $request {
            type Answer = $answer;

            fn needs(&self) -> Needs {
                let $this = self;
                $needs
            }

            fn wish(&mut self) -> Option<&mut Option<String>> {
                Some(&mut self.return_consumed_capacity)
            }

            fn run(self, db: &Database) -> Result<Self::Answer> {
                db.$method(self)
            }

            fn take_capacity(answer: &mut Self::Answer) -> Vec<ConsumedCapacity> {
                op!(@take $count, answer.consumed_capacity)
            }

            fn set_capacity(answer: &mut Self::Answer, consumed: Vec<ConsumedCapacity>) {
                answer.consumed_capacity = op!(@set $count, consumed);
            }
        }
    };
    (@take one, $from:expr) => { $from.take().into_iter().collect() };
    (@take many, $from:expr) => { $from.take().unwrap_or_default() };
    (@set one, $consumed:expr) => { $consumed.into_iter().next() };
    (@set many, $consumed:expr) => { Some($consumed) };
}

op!(
    a::get_item::GetItemRequest,
    a::get_item::GetItemResponse,
    get_item,
    one,
    |get| Needs::read(&get.table_name, "dynamodb:GetItem")
);
op!(
    a::query::QueryRequest,
    a::query::QueryResponse,
    query,
    one,
    |query| Needs::read(&query.table_name, "dynamodb:Query")
);
op!(
    a::scan::ScanRequest,
    a::scan::ScanResponse,
    scan,
    one,
    |scan| Needs::read(&scan.table_name, "dynamodb:Scan")
);
op!(
    a::put_item::PutItemRequest,
    a::put_item::PutItemResponse,
    put_item,
    one,
    |request| {
        let item = put(&request.table_name, &request.item, "dynamodb:PutItem");
        Needs::of_items(Mode::Write, vec![item])
    }
);
op!(
    a::update_item::UpdateItemRequest,
    a::update_item::UpdateItemResponse,
    update_item,
    one,
    |update| {
        let item = touched(&update.table_name, &update.key, 0, "dynamodb:UpdateItem");
        Needs::of_items(Mode::Write, vec![item])
    }
);
op!(
    a::delete_item::DeleteItemRequest,
    a::delete_item::DeleteItemResponse,
    delete_item,
    one,
    |delete| {
        let item = touched(&delete.table_name, &delete.key, 0, "dynamodb:DeleteItem");
        Needs::of_items(Mode::Write, vec![item])
    }
);
op!(
    a::batch_get_item::BatchGetItemRequest,
    a::batch_get_item::BatchGetItemResponse,
    batch_get_item,
    many,
    |batch| {
        let all = batch.request_items.iter();
        let items = all.flat_map(|(table, keys)| {
            keys.keys
                .iter()
                .map(|key| touched(table, key, 0, "dynamodb:BatchGetItem"))
        });
        Needs::of_items(Mode::Read, items.collect())
    }
);
op!(
    a::batch_write_item::BatchWriteItemRequest,
    a::batch_write_item::BatchWriteItemResponse,
    batch_write_item,
    many,
    |batch| {
        let action = "dynamodb:BatchWriteItem";
        let mut items = Vec::new();
        for (table, writes) in &batch.request_items {
            for write in writes {
                let made = write
                    .put_request
                    .as_ref()
                    .map(|new| put(table, &new.item, action));
                let gone = write.delete_request.as_ref();
                items.extend(made);
                items.extend(gone.map(|old| touched(table, &old.key, 0, action)));
            }
        }
        Needs {
            batch: true,
            ..Needs::of_items(Mode::Write, items)
        }
    }
);
op!(
    a::transact_get_items::TransactGetItemsRequest,
    a::transact_get_items::TransactGetItemsResponse,
    transact_get_items,
    many,
    |transaction| {
        let gets = transaction.transact_items.iter().map(|item| &item.get);
        let items = gets.map(|get| touched(&get.table_name, &get.key, 0, "dynamodb:GetItem"));
        Needs::of_items(Mode::ReadTogether, items.collect())
    }
);
op!(
    a::transact_write_items::TransactWriteItemsRequest,
    a::transact_write_items::TransactWriteItemsResponse,
    transact_write_items,
    many,
    |transaction| {
        Needs::of_items(
            Mode::WriteTogether,
            transaction.transact_items.iter().map(action).collect(),
        )
    }
);

fn action(item: &a::transact_write_items::TransactWriteItem) -> Touched {
    if let Some(new) = &item.put {
        put(&new.table_name, &new.item, "dynamodb:PutItem")
    } else if let Some(change) = &item.update {
        touched(&change.table_name, &change.key, 0, "dynamodb:UpdateItem")
    } else if let Some(gone) = &item.delete {
        touched(&gone.table_name, &gone.key, 0, "dynamodb:DeleteItem")
    } else if let Some(check) = &item.condition_check {
        touched(
            &check.table_name,
            &check.key,
            0,
            "dynamodb:ConditionCheckItem",
        )
    } else {
        // The engine refuses an action that is none.
        touched("", &Item::default(), 0, "dynamodb:PutItem")
    }
}

impl Op for a::describe_table::DescribeTableRequest {
    type Answer = a::describe_table::DescribeTableResponse;

    fn needs(&self) -> Needs {
        Needs::read(&self.table_name, "dynamodb:DescribeTable")
    }

    fn wish(&mut self) -> Option<&mut Option<String>> {
        None
    }

    fn run(self, db: &Database) -> Result<Self::Answer> {
        db.describe_table(self)
    }

    fn take_capacity(_: &mut Self::Answer) -> Vec<ConsumedCapacity> {
        Vec::new()
    }

    fn set_capacity(_: &mut Self::Answer, _: Vec<ConsumedCapacity>) {}
}
