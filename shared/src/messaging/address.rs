//! How conversations and messages are called: everything follows from the people and the key.

use crate::credits::{long_bytes_of, long_id_of};
use crate::crypto::{mac, sha256, take};
use crate::id::{bytes_of, id_of};
use crate::table::Key;
use crate::time::Time;

/// What the sort keys of messages begin with.
const MESSAGE: &str = "msg#";

/// The conversation of two people, in the order of their ids.
pub fn conversation_id(a: &str, b: &str) -> String {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    id_of(
        "cnv",
        take(&sha256(&[low.as_bytes(), b"\n", high.as_bytes()])),
    )
}

/// Key of a message: a hash of sender and client id under a secret, so that the row itself is
/// the record of the request and nobody can guess another's. `after` is the instant of an older
/// message under the same client id whose seven days are over.
pub fn message_key(secret: &[u8], sender: &str, client_id: &str, after: Option<Time>) -> [u8; 16] {
    let round = after.map_or(0, Time::ms).to_be_bytes();
    take(&mac(
        secret,
        &[b"message", sender.as_bytes(), client_id.as_bytes(), &round],
    ))
}

/// The id that carries conversation and key; `None` when the conversation's id is malformed.
pub fn message_id(conversation_id: &str, key: [u8; 16]) -> Option<String> {
    Some(long_id_of("msg", bytes_of("cnv", conversation_id)?, key))
}

/// Where the message of an id lies; `None` when the id is malformed.
pub fn message_at(message_id: &str) -> Option<Key> {
    let (conversation, key) = long_bytes_of("msg", message_id)?;
    Some(message_row(&id_of("cnv", conversation), key))
}

/// Where a message lies.
pub fn message_row(conversation_id: &str, key: [u8; 16]) -> Key {
    Key::new(
        conversation_id,
        format!("{MESSAGE}{}", id_of("", key).trim_start_matches('_')),
    )
}

/// The key in a message's sort key.
pub fn key_of(sk: &str) -> Option<[u8; 16]> {
    bytes_of("", &format!("_{}", sk.strip_prefix(MESSAGE)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_has_one_id_whoever_asks() {
        let (ann, ben) = (id_of("usr", [1; 16]), id_of("usr", [2; 16]));
        assert_eq!(conversation_id(&ann, &ben), conversation_id(&ben, &ann));
        assert!(crate::id::is_id("cnv", &conversation_id(&ann, &ben)));
    }

    #[test]
    fn a_message_id_says_where_the_message_lies() {
        let conversation = id_of("cnv", [3; 16]);
        let id = message_id(&conversation, [4; 16]).unwrap();
        assert_eq!(id.len(), "msg_".len() + 52);
        let at = message_at(&id).unwrap();
        assert_eq!(at, message_row(&conversation, [4; 16]));
        assert_eq!(key_of(&at.sk), Some([4; 16]));
        for wrong in [
            "",
            "msg_",
            "msg_01J",
            "cnv_00000000000000000000000000",
            &id.to_lowercase(),
        ] {
            assert_eq!(message_at(wrong), None, "{wrong}");
        }
    }
}
