//! What people change of their accounts, and where a change is found that the stream has lost.

use super::account::Account;
use crate::error::VERSION_CONFLICT;
use crate::table::{CHANGED, Change, Commit, Condition, Item, Value, changed_place};
use crate::time::Time;

/// What a person may change.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// Checked name.
    pub name: Option<String>,
    /// BCP 47 tag.
    pub locale: Option<String>,
    /// IANA name.
    pub timezone: Option<String>,
    /// Whether calls go through a relay only.
    pub relay_only_calls: Option<bool>,
}

/// Former names that are kept for the repair of the directory, so that the item stays small. The
/// stream has long removed those before.
const FORMERLY_MAX: usize = 20;

impl Account {
    /// What puts the account where a repair of what the stream follows finds it.
    pub(super) fn noted(user_id: &str, now: Time) -> [Change; 2] {
        let (day, number) = changed_place(user_id, now);
        [
            Change::text(CHANGED.pk, &day),
            Change::number(CHANGED.sk, number),
        ]
    }

    /// The account as edited, and what stores it if nobody else was first.
    pub fn edit(&self, edit: Edit, now: Time) -> (Self, Commit) {
        let mut next = self.clone();
        let other = edit.name.filter(|name| *name != self.name);
        let is_other = other.is_some();
        if let Some(name) = other {
            next.formerly
                .retain(|former| *former != name && *former != next.name);
            next.formerly.push(std::mem::replace(&mut next.name, name));
            let over = next.formerly.len().saturating_sub(FORMERLY_MAX);
            next.formerly.drain(..over);
        }
        next.locale = edit.locale.unwrap_or(next.locale);
        next.timezone = edit.timezone.unwrap_or(next.timezone);
        next.relay_only_calls = edit.relay_only_calls.unwrap_or(next.relay_only_calls);
        next.updated_at = now;
        next.version += 1;
        let mut changes = vec![
            Change::text("name", &next.name),
            Change::text("locale", &next.locale),
            Change::text("timezone", &next.timezone),
            Change::Set(
                "relay_only_calls".into(),
                Value::Bool(next.relay_only_calls),
            ),
            Change::number("updated_at", now.ms()),
            Change::number("version", next.version),
        ];
        if is_other {
            let names = next.formerly.iter().cloned().map(Value::S).collect();
            changes.push(Change::Set("formerly".into(), Value::L(names)));
            changes.extend(Self::noted(&self.user_id, now));
        }
        let same = Condition::number("version", self.version);
        let guard = Some((same, &VERSION_CONFLICT));
        (
            next,
            Commit::new().update::<Self>(self.key(), changes, guard),
        )
    }
}
