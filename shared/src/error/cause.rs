//! What may stand in the cause of an error, and with it in the log: words of our own, and of others
//! only what holds nothing that somebody sent or that is stored.

use std::num::TryFromIntError;
use std::string::FromUtf8Error;

use serde_json::Value;

/// Something that can be the cause of an [`Error`](super::Error).
pub trait Cause {
    /// The cause in words that may be logged.
    fn told(&self) -> String;
}

/// Others' words that are the same whatever was read.
macro_rules! plain {
    ($($cause:ty),+ $(,)?) => {
        $(impl Cause for $cause {
            fn told(&self) -> String {
                self.to_string()
            }
        })+
    };
}

plain!(
    str,
    String,
    super::Error,
    TryFromIntError,
    FromUtf8Error,
    argon2::Error,
    argon2::password_hash::Error,
    argon2::password_hash::phc::Error,
    askama::Error,
);

impl<C: Cause + ?Sized> Cause for &C {
    fn told(&self) -> String {
        (**self).told()
    }
}

impl Cause for serde_json::Error {
    fn told(&self) -> String {
        let words = without_values(&self.to_string());
        match self.line() {
            0 => words,
            line => format!("{words} at line {line} column {}", self.column()),
        }
    }
}

impl Cause for serde_dynamo::Error {
    fn told(&self) -> String {
        without_values(&self.to_string())
    }
}

impl Cause for jsonwebtoken::errors::Error {
    fn told(&self) -> String {
        use jsonwebtoken::errors::ErrorKind::{Base64, Json, Utf8};
        match self.kind() {
            Json(cause) => cause.told(),
            Base64(_) => "base64".to_owned(),
            Utf8(_) => "UTF-8".to_owned(),
            _ => without_values(&self.to_string()),
        }
    }
}

/// A service of AWS says what is wrong as a text in a document.
impl Cause for Value {
    fn told(&self) -> String {
        self.as_str().unwrap_or_default().to_owned()
    }
}

/// What a reader of serde says, without what it read: `invalid type: string "…", expected i64`
/// repeats a value, and the names of our own fields are all it may tell.
fn without_values(message: &str) -> String {
    const NAMES: [&str; 2] = ["missing field", "duplicate field"];
    const VALUES: [&str; 5] = [
        "invalid type",
        "invalid value",
        "invalid length",
        "unknown variant",
        "unknown field",
    ];
    if NAMES.iter().any(|known| message.starts_with(known)) {
        let end = message.find(" at line ").unwrap_or(message.len());
        return message.get(..end).unwrap_or_default().to_owned();
    }
    let known = VALUES.iter().find(|known| message.starts_with(**known));
    known.map_or_else(|| "malformed".to_owned(), |known| (*known).to_owned())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Row {
        #[expect(dead_code, reason = "only read")]
        number: i64,
        #[expect(dead_code, reason = "only read")]
        word: Word,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        One,
    }

    fn told(text: &str) -> String {
        let read: Result<Row, _> = serde_json::from_str(text);
        read.expect_err("not a row").told()
    }

    #[test]
    fn a_reader_says_what_is_wrong_and_never_what_it_read() {
        for text in [
            r#"{"number":"MARKED"}"#,
            r#"{"number":1,"word":"MARKED"}"#,
            r#"{"MARKED":1}"#,
            r#"{"number":1,"word":"MARKED, expected MARKED"}"#,
            r#""MARKED""#,
        ] {
            assert!(!told(text).contains("MARKED"), "{}", told(text));
        }
        assert_eq!(told("{}"), "missing field `number` at line 1 column 2");
        assert_eq!(
            told(r#"{"number":"x"}"#),
            "invalid type at line 1 column 13"
        );
        let value = serde_json::json!({ "number": 1, "word": "MARKED" });
        let row: Result<Row, _> = serde_json::from_value(value);
        assert_eq!(row.expect_err("no row").told(), "unknown variant");
    }
}
