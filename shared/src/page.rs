//! Pages of lists: limits, offsets and cursors that only their owner can use, and only there.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::error::{INVALID_CURSOR, PAGE_TOO_DEEP, Result, VALIDATION_FAILED};
use crate::time::{DAY_MS, Time};

/// Items on a page when the caller names no limit.
pub const PAGE_ITEMS_DEFAULT: usize = 50;
/// Most items on a page; a larger limit is lowered to it.
pub const PAGE_ITEMS_MAX: usize = 100;
/// Most items on a page of an admin.
pub const ADMIN_ITEMS_MAX: usize = 500;
/// Highest index of an item that a page by offset may reach.
pub const OFFSET_MAX: usize = 10_000;
/// How long a cursor is valid.
pub const CURSOR_TTL_MS: i64 = DAY_MS;
/// Most characters of a cursor.
pub const CURSOR_CHARS_MAX: usize = 1_024;

const VERSION: u8 = 1;
const HEAD_BYTES: usize = 1 + size_of::<i64>();
const TAG_BYTES: usize = 32;

/// Seals and opens cursors: HMAC-SHA-256 (RFC 2104) over version, time, position and context.
pub struct Cursors {
    key: hmac::Key,
}

impl std::fmt::Debug for Cursors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cursors")
    }
}

impl Cursors {
    /// Cursors under a secret key.
    pub fn new(key: &[u8; 32]) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, key),
        }
    }

    /// A cursor for the position, bound to caller, route and filters, valid 24 hours. It is
    /// authentic but not secret. A position of more than about 720 bytes of JSON gives a cursor
    /// that [`Self::open`] refuses.
    pub fn seal(
        &self,
        caller: &str,
        route: &str,
        filters: &str,
        now: Time,
        position: &impl Serialize,
    ) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend(now.ms().to_be_bytes());
        // A position that is no JSON seals as nothing, which no type of position opens.
        bytes.extend(serde_json::to_vec(position).unwrap_or_default());
        let tag = hmac::sign(&self.key, &signed([caller, route, filters], &bytes));
        bytes.extend(tag.as_ref());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position of a cursor of this caller, route and filters; 400 `INVALID_CURSOR` for
    /// anything else.
    pub fn open<P: DeserializeOwned>(
        &self,
        caller: &str,
        route: &str,
        filters: &str,
        now: Time,
        cursor: &str,
    ) -> Result<P> {
        let position = self.verified([caller, route, filters], now, cursor);
        position
            .and_then(|json| serde_json::from_slice(&json).ok())
            .ok_or_else(|| (&INVALID_CURSOR).into())
    }

    fn verified(&self, context: [&str; 3], now: Time, cursor: &str) -> Option<Vec<u8>> {
        if cursor.len() > CURSOR_CHARS_MAX {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (body, tag) = bytes.split_last_chunk::<TAG_BYTES>()?;
        hmac::verify(&self.key, &signed(context, body), tag).ok()?;
        let (head, position) = body.split_first_chunk::<HEAD_BYTES>()?;
        let (version, sealed) = head.split_first()?;
        let sealed = Time(i64::from_be_bytes(sealed.try_into().ok()?));
        (*version == VERSION && now.since(sealed) < CURSOR_TTL_MS).then(|| position.to_vec())
    }
}

/// Context and body in a form in which no two differ and read the same.
fn signed(context: [&str; 3], body: &[u8]) -> Vec<u8> {
    let mut bytes = b"pairly cursor\0".to_vec();
    for part in context.map(str::as_bytes).into_iter().chain([body]) {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(part);
    }
    bytes
}

/// How many items to return and whether the wish was lowered; below 1 is 422.
pub fn limit_of(limit: Option<i64>) -> Result<(usize, bool)> {
    limit_below(limit, PAGE_ITEMS_MAX)
}

/// The same for pages of admins.
///
/// # Errors
/// 422 below 1.
pub fn admin_limit_of(limit: Option<i64>) -> Result<(usize, bool)> {
    limit_below(limit, ADMIN_ITEMS_MAX)
}

fn limit_below(limit: Option<i64>, items_max: usize) -> Result<(usize, bool)> {
    let Some(wish) = limit else {
        return Ok((PAGE_ITEMS_DEFAULT, false));
    };
    if wish < 1 {
        let row = json!({ "field": "/limit", "rule": "range", "message": "Must be at least 1." });
        return Err(VALIDATION_FAILED.with(json!({ "fields": [row] })));
    }
    let wish = usize::try_from(wish).unwrap_or(usize::MAX);
    Ok((wish.min(items_max), wish > items_max))
}

/// 422 `PAGE_TOO_DEEP` when the last item of the page would lie beyond the 10,000th.
pub fn check_offset(skip: usize, limit: usize) -> Result<()> {
    if skip.saturating_add(limit) > OFFSET_MAX {
        return Err((&PAGE_TOO_DEEP).into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Time = Time(1_769_850_000_000);

    fn cursors() -> Cursors {
        Cursors::new(&[7; 32])
    }

    fn opened(caller: &str, route: &str, filters: &str, now: Time, cursor: &str) -> Option<u64> {
        match cursors().open(caller, route, filters, now, cursor) {
            Ok(position) => Some(position),
            Err(error) => {
                assert!(error.is(&INVALID_CURSOR));
                None
            }
        }
    }

    #[test]
    fn a_cursor_opens_only_where_it_was_sealed() {
        let cursor = cursors().seal("usr_a", "list", "unread=true", NOW, &42_u64);
        assert!(cursor.len() <= CURSOR_CHARS_MAX && !cursor.contains(['=', '+', '/']));
        assert_eq!(
            opened("usr_a", "list", "unread=true", NOW, &cursor),
            Some(42)
        );
        assert_eq!(opened("usr_b", "list", "unread=true", NOW, &cursor), None);
        assert_eq!(opened("usr_a", "other", "unread=true", NOW, &cursor), None);
        assert_eq!(opened("usr_a", "list", "", NOW, &cursor), None);
        assert_eq!(opened("usr_al", "ist", "unread=true", NOW, &cursor), None);
        let other = Cursors::new(&[8; 32]).seal("usr_a", "list", "unread=true", NOW, &42_u64);
        assert_eq!(opened("usr_a", "list", "unread=true", NOW, &other), None);
    }

    #[test]
    fn a_cursor_lives_for_a_day() {
        let cursor = cursors().seal("a", "r", "", NOW, &1_u64);
        assert_eq!(opened("a", "r", "", NOW.plus(DAY_MS - 1), &cursor), Some(1));
        assert_eq!(opened("a", "r", "", NOW.plus(DAY_MS), &cursor), None);
    }

    #[test]
    fn a_position_of_another_shape_is_refused() {
        let cursor = cursors().seal("a", "r", "", NOW, &"text");
        assert_eq!(opened("a", "r", "", NOW, &cursor), None);
    }

    #[test]
    fn a_position_that_is_too_long_never_opens() {
        let long = "x".repeat(700);
        let cursor = cursors().seal("a", "r", "", NOW, &long);
        assert_eq!(
            cursors()
                .open::<String>("a", "r", "", NOW, &cursor)
                .unwrap(),
            long
        );
        let cursor = cursors().seal("a", "r", "", NOW, &"x".repeat(800));
        assert!(
            cursors()
                .open::<String>("a", "r", "", NOW, &cursor)
                .is_err()
        );
    }

    #[test]
    fn limits_are_lowered_and_never_below_one() {
        assert_eq!(limit_of(None).unwrap(), (50, false));
        assert_eq!(limit_of(Some(1)).unwrap(), (1, false));
        assert_eq!(limit_of(Some(100)).unwrap(), (100, false));
        assert_eq!(limit_of(Some(i64::MAX)).unwrap(), (100, true));
        for wish in [0, -1, i64::MIN] {
            let error = limit_of(Some(wish)).unwrap_err();
            assert!(error.is(&VALIDATION_FAILED));
            assert_eq!(error.details().unwrap()["fields"][0]["field"], "/limit");
        }
    }

    #[test]
    fn the_last_item_is_at_most_the_ten_thousandth() {
        assert!(check_offset(9_900, 100).is_ok());
        assert!(check_offset(9_901, 100).unwrap_err().is(&PAGE_TOO_DEEP));
        assert!(check_offset(usize::MAX, 100).is_err());
    }

    proptest! {
        #[test]
        fn no_changed_cursor_opens(place in 0..64_usize, to in "[A-Za-z0-9_=.-]") {
            let cursor = cursors().seal("a", "r", "", NOW, &42_u64);
            let place = place % cursor.len();
            let mut changed = cursor.clone();
            changed.replace_range(place..=place, &to);
            prop_assert_eq!(opened("a", "r", "", NOW, &changed).is_some(), changed == cursor);
        }

        #[test]
        fn no_invented_cursor_opens(cursor in ".{0,600}") {
            prop_assert_eq!(opened("a", "r", "", NOW, &cursor), None);
        }
    }
}
