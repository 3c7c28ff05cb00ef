//! JSON from bytes, once and strictly; query parameters; the canonical form.

use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::{MALFORMED_JSON, PAYLOAD_TOO_LARGE, Result};

/// Most bytes of a body.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// Most arrays and objects inside each other.
pub const DEPTH_MAX: usize = 16;

/// Reads JSON (RFC 8259); 400 `MALFORMED_JSON` also for duplicate keys, invalid UTF-8 and more
/// than 16 levels, 413 `PAYLOAD_TOO_LARGE` above 256 KB.
pub fn parse(bytes: &[u8]) -> Result<Value> {
    if bytes.len() > BODY_BYTES_MAX {
        return Err((&PAYLOAD_TOO_LARGE).into());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| MALFORMED_JSON.because("invalid UTF-8"))?;
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Strict { depth: 0 }.deserialize(&mut json);
    let value = value.and_then(|value| json.end().map(|()| value));
    // The position only: the reader's own words could repeat what was sent.
    value.map_err(|error| {
        MALFORMED_JSON.because(format!("line {} column {}", error.line(), error.column()))
    })
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(E::custom("too deep"));
        }
        Ok(Self {
            depth: self.depth + 1,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("not a number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let deeper = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(deeper)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let deeper = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let value = members.next_value_seed(deeper)?;
            if object.insert(key, value).is_some() {
                return Err(A::Error::custom("duplicate key"));
            }
        }
        Ok(Value::Object(object))
    }
}

/// The parameters of a query string in their order: percent-decoded, plus as space, invalid
/// UTF-8 replaced; a broken escape stays as it is.
pub fn decode_query(raw: &str) -> Vec<(String, String)> {
    let pairs = raw.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// Reads a form as an object of texts. A repeated field or one that is not UTF-8 is malformed.
///
/// # Errors
/// 400 `MALFORMED_JSON`, 413 `PAYLOAD_TOO_LARGE`.
pub fn parse_form(bytes: &[u8]) -> Result<Value> {
    if bytes.len() > BODY_BYTES_MAX {
        return Err(PAYLOAD_TOO_LARGE.into());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| MALFORMED_JSON.because("form: UTF-8"))?;
    let mut object = serde_json::Map::new();
    for (name, value) in decode_query(text) {
        if object.insert(name, Value::String(value)).is_some() {
            return Err(MALFORMED_JSON.because("form: repeated field"));
        }
    }
    Ok(Value::Object(object))
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        let escaped = match (first, behind) {
            (b'%', [high, low, behind @ ..]) => hex(*high).zip(hex(*low)).map(|hex| (hex, behind)),
            _ => None,
        };
        match escaped {
            Some(((high, low), behind)) => {
                bytes.push(high << 4 | low);
                rest = behind;
            }
            None if first == b'+' => bytes.push(b' '),
            None => bytes.push(first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

/// JSON with sorted keys and no spaces, for fingerprints: equal values read the same.
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write_canonical(value, &mut text);
    text
}

fn write_canonical(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index > 0 { "," } else { "" });
                write_canonical(item, text);
            }
            text.push(']');
        }
        Value::Object(members) => {
            // Sorted here, whatever features of serde_json a dependency switches on.
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(key, _)| key.as_str());
            text.push('{');
            for (index, (key, member)) in members.into_iter().enumerate() {
                text.push_str(if index > 0 { "," } else { "" });
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                write_canonical(member, text);
            }
            text.push('}');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}
