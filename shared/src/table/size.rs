//! How large DynamoDB counts an item: the rule behind the units of a read or write.

use super::item::{Row, Value};

/// Bytes of an item as DynamoDB counts them (Developer Guide, *DynamoDB item sizes and formats*):
/// names and texts in UTF-8, numbers one byte per two digits plus one, lists and maps 3 bytes
/// plus one per member.
pub fn item_bytes(row: &Row) -> usize {
    row.iter()
        .map(|(name, value)| name.len() + value_bytes(value))
        .sum()
}

fn value_bytes(value: &Value) -> usize {
    match value {
        Value::S(text) => text.len(),
        Value::N(number) => {
            let digits = number.bytes().filter(u8::is_ascii_digit).count();
            digits.div_ceil(2) + 1 + usize::from(number.starts_with('-'))
        }
        Value::B(bytes) => bytes.len(),
        Value::Bool(_) | Value::Null(_) => 1,
        Value::L(list) => {
            3 + list
                .iter()
                .map(|value| 1 + value_bytes(value))
                .sum::<usize>()
        }
        Value::M(map) => {
            3 + map
                .iter()
                .map(|(name, value)| 1 + name.len() + value_bytes(value))
                .sum::<usize>()
        }
        Value::Ss(texts) | Value::Ns(texts) => texts.iter().map(String::len).sum(),
        Value::Bs(list) => list.iter().map(Vec::len).sum(),
    }
}
