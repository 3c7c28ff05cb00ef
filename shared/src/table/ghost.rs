//! Ghosts: writes that cost what others cost and mean nothing, so that an answer takes the same
//! time whether or not there is something to write.

use super::item::{Key, Row, Value};
use super::{Action, Commit, Condition, Name, TTL_ATTRIBUTE, Wrote};
use crate::error::{INTERNAL_ERROR, Result};
use crate::time::Time;

impl Commit {
    /// As many new items of as many bytes as this commit of new items would write, filled with
    /// zeros, in a partition of table `data` that nobody reads; their TTL is `until`. `name` must
    /// be fresh. Nothing of the original values is kept.
    ///
    /// # Errors
    /// 500 when the commit does anything but write whole items.
    pub fn ghost(self, name: &str, until: Time) -> Result<Self> {
        Self::ghosts(self.into_writes()?, name, until)
    }

    /// This commit of new items, or their ghosts. Both are made, so that which of them is wanted
    /// takes no time to tell.
    ///
    /// # Errors
    /// As [`Self::ghost`].
    pub fn or_ghost(self, is_wanted: bool, name: &str, until: Time) -> Result<Self> {
        let writes = self.into_writes()?;
        let ghosts = Self::ghosts(writes.clone(), name, until)?;
        let real = writes.into_iter().fold(Self::new(), Self::and);
        Ok(if is_wanted { real } else { ghosts })
    }

    fn ghosts(writes: Vec<Wrote>, name: &str, until: Time) -> Result<Self> {
        let mut ghosts = Self::new();
        for (at, write) in writes.into_iter().enumerate() {
            let Action::Put(row) = write.action else {
                return Err(INTERNAL_ERROR.because("only whole items have ghosts"));
            };
            let key = place(&write.key, name, at);
            ghosts = ghosts.and(Wrote {
                table: Name::Data,
                action: Action::Put(hollow(row, &key, until)),
                key,
                guard: Some((Condition::Absent, &INTERNAL_ERROR)),
            });
        }
        Ok(ghosts)
    }
}

/// A place of the same length, unless the original's is shorter than a ghost's at least.
fn place(like: &Key, name: &str, at: usize) -> Key {
    let (pk, sk) = (format!("ghost#{name}"), format!("ghost#{at}#"));
    let (pk_bytes, sk_bytes) = (like.pk.len(), like.sk.len());
    Key::new(format!("{pk:0<pk_bytes$}"), format!("{sk:0<sk_bytes$}"))
}

fn hollow(row: Row, key: &Key, until: Time) -> Row {
    let members = row.into_iter();
    let mut ghost: Row = members.map(|(name, value)| (name, zeros(value))).collect();
    ghost.insert("pk".into(), Value::S(key.pk.clone()));
    ghost.insert("sk".into(), Value::S(key.sk.clone()));
    ghost.insert(TTL_ATTRIBUTE.into(), Value::N(until.seconds().to_string()));
    ghost
}

/// A value of the same type and size.
fn zeros(value: Value) -> Value {
    match value {
        Value::S(text) => Value::S("0".repeat(text.len())),
        Value::N(number) => Value::N("1".repeat(number.len())),
        Value::B(bytes) => Value::B(vec![0; bytes.len()]),
        Value::L(list) => Value::L(list.into_iter().map(zeros).collect()),
        Value::M(map) => {
            let members = map.into_iter();
            Value::M(members.map(|(name, value)| (name, zeros(value))).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::Profile;
    use crate::table::item_bytes;

    #[test]
    fn a_ghost_is_as_large_as_the_item_and_tells_nothing_of_it() {
        let profile = Profile {
            user_id: "usr_01J00000000000000000000000".into(),
            created_at: Time(1_767_614_400_000),
            version: 1,
        };
        let of = |commit: Commit| match commit.into_writes().expect("writes").remove(0).action {
            Action::Put(row) => row,
            other => panic!("{other:?}"),
        };
        let real = of(Commit::new().create(&profile, &INTERNAL_ERROR));
        let commit = Commit::new().create(&profile, &INTERNAL_ERROR);
        let ghost = of(commit
            .ghost("01J00000000000000000000000", Time(1_767_618_000_000))
            .expect("a ghost"));
        let (real, bytes) = (item_bytes(&real), item_bytes(&ghost));
        // Besides the key, only the time to live is added.
        assert!(bytes >= real && bytes - real < 20, "{real} and {bytes}");
        let text = format!("{ghost:?}");
        assert!(
            !text.contains("usr_") && !text.contains("1767614400"),
            "{text}"
        );
        assert!(ghost.contains_key(TTL_ATTRIBUTE));
    }
}
