//! Places in the index [`CHANGED`](super::CHANGED): what changed on a day, in shards, so that a
//! repair finds it when the stream was lost.

use crate::crypto::sha256;
use crate::time::{DAY_MS, MINUTE_MS, Time};

/// What changed so lately is left to the stream, milliseconds.
pub const CHANGED_FRESH_MS: i64 = 5 * MINUTE_MS;
/// Shards of a day.
pub const CHANGED_SHARDS: i64 = 16;

/// Partition of a shard of a day.
pub fn changed_partition(day: i64, shard: i64) -> String {
    format!("{day}.{shard}")
}

/// Where something with this id lies that changes at an instant: the partition and the number in
/// it, at which a page ends. Both stay for a day, so only its first change moves it.
pub fn changed_place(id: &str, at: Time) -> (String, i64) {
    let [a, b, c, d, e, f, ..] = sha256(&[id.as_bytes()]);
    let number = i64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    let partition = changed_partition(at.ms() / DAY_MS, number % CHANGED_SHARDS);
    (partition, number)
}
