//! What administrators do to an account: banning, lifting a ban, warning. Time decides whether a
//! ban counts; the sweep that lifts it only tidies up.
//!
//! Whatever belongs to a banned person and goes on by itself ends where [`facts_of_account`] tells
//! of the ban: the stream hands on what follows from it.

use serde_json::{Value, json};

use super::account::{Account, Status};
use super::session::Session;
use crate::aws::dynamo::Tables;
use crate::error::{Error, Result, SESSION_REVOKED, UNAVAILABLE, USER_BANNED};
use crate::realtime::Fact;
use crate::table::{Change, Commit, Condition, DUE, Item, Name, Query, Range, Value as Attribute};
use crate::time::Time;

/// Partition of the index that holds the banned.
pub const BANS: &str = "bans";
/// Places in it within one millisecond.
const APART: i64 = 1_000_000;
/// End of a ban that has none, for its place: far after everybody's life.
const NEVER: Time = Time(9_000_000_000_000);

/// What an administrator did to somebody, as the person is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The account is suspended.
    Banned,
    /// It is not any more.
    Unbanned,
    /// The person was warned.
    Warned,
    /// All sessions were ended.
    SessionsEnded,
}

/// `data` of the frame `account.action`: in general terms, nobody's note.
pub fn told(action: Action, until: Option<Time>) -> Value {
    let (kind, reason) = match action {
        Action::Banned => ("banned", "rules"),
        Action::Unbanned => ("unbanned", "review"),
        Action::Warned => ("warned", "rules"),
        Action::SessionsEnded => ("sessions_ended", "safety"),
    };
    let mut data = json!({ "kind": kind, "reason": reason });
    if let Some(until) = until {
        data["until"] = json!(until);
    }
    data
}

impl Account {
    /// The refusal of a ban that has not ended.
    pub fn ban(&self, now: Time) -> Option<Error> {
        let banned = self.status_at(now) == Status::Banned;
        banned.then(|| USER_BANNED.with(json!({ "until": self.banned_until })))
    }

    /// What it may do now: a ban whose end has passed counts no more, lifted or not.
    pub fn status_at(&self, now: Time) -> Status {
        let is_over = self.banned_until.is_some_and(|until| until <= now);
        match self.status {
            Status::Banned if is_over => self.status_before.unwrap_or(Status::Active),
            status => status,
        }
    }

    /// Whether others may know of the person now.
    pub fn is_open(&self, now: Time) -> bool {
        self.status_at(now) == Status::Active
    }

    /// Whether an administrator can act on it: nobody can on what is being erased.
    pub fn is_there(&self) -> bool {
        !matches!(self.status, Status::Deleting | Status::Deleted)
    }

    /// The account as banned until then, or for good; nobody may have signed in meanwhile.
    pub(super) fn banned(&self, until: Option<Time>, now: Time) -> (Self, Commit) {
        let mut next = self.changed(now);
        if self.status != Status::Banned {
            next.status_before = Some(self.status);
        }
        (next.status, next.banned_until) = (Status::Banned, until);
        next.due_shard = Some(BANS.to_owned());
        let place = place_of(&self.user_id, until);
        next.due_at = Some(place);
        let before = next.status_before.unwrap_or(Status::Active);
        let mut changes = next.status_changes();
        changes.extend([
            Change::text("status_before", before.as_str()),
            Change::text(DUE.pk, BANS),
            Change::number(DUE.sk, place),
            match until {
                Some(until) => Change::number("banned_until", until.ms()),
                None => Change::Remove("banned_until".into()),
            },
        ]);
        (next, self.update(changes))
    }

    /// The account as it was before the ban.
    pub(super) fn unbanned(&self, now: Time) -> (Self, Commit) {
        let mut next = self.changed(now);
        next.status = self.status_before.unwrap_or(Status::Active);
        (next.status_before, next.banned_until) = (None, None);
        (next.due_shard, next.due_at) = (None, None);
        let mut changes = next.status_changes();
        let gone = ["status_before", "banned_until", DUE.pk, DUE.sk];
        changes.extend(gone.map(|name| Change::Remove(name.into())));
        (next, self.update(changes))
    }

    /// The account with one warning more.
    pub(super) fn warned(&self, now: Time) -> (Self, Commit) {
        let mut next = self.changed(now);
        next.warnings += 1;
        let mut changes = next.status_changes();
        changes.push(Change::number("warnings", next.warnings));
        (next, self.update(changes))
    }

    fn changed(&self, now: Time) -> Self {
        Self {
            updated_at: now,
            version: self.version + 1,
            ..self.clone()
        }
    }

    fn status_changes(&self) -> Vec<Change> {
        let mut changes = vec![
            Change::text("status", self.status.as_str()),
            Change::number("updated_at", self.updated_at.ms()),
            Change::number("version", self.version),
        ];
        changes.extend(Self::noted(&self.user_id, self.updated_at));
        changes
    }

    /// Whoever signed in or changed the account in between is looked at again.
    fn update(&self, changes: Vec<Change>) -> Commit {
        let same = Condition::All(vec![
            self.quiet(),
            Condition::number("version", self.version),
        ]);
        Commit::new().update::<Self>(self.key(), changes, Some((same, &UNAVAILABLE)))
    }
}

/// Where a ban stands among the others. Six digits of the id keep places apart.
fn place_of(user_id: &str, until: Option<Time>) -> i64 {
    let digit = |sum: i64, byte: u8| (sum * 31 + i64::from(byte)) % APART;
    let end = until.map_or(NEVER, |until| until.min(NEVER));
    end.ms() * APART + user_id.bytes().fold(0, digit)
}

/// Why a session that a ban ended does not count now: the ban as it stands, or that the session is
/// over because the ban is.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn refusal(tables: &Tables, session: &Session, now: Time) -> Result<Error> {
    let key = Account::key_of(&session.user_id);
    let account: Option<Account> = tables.get_consistent(&key).await?;
    let ban = account.and_then(|account| account.ban(now));
    Ok(ban.unwrap_or_else(|| SESSION_REVOKED.into()))
}

/// Accounts with a ban that stand after a place, those who are free first.
pub fn banned_after(place: i64) -> Query {
    let range = Range::After(Attribute::N(place.to_string()));
    Query::of(Name::Data, BANS).by(DUE).range(range)
}

/// Accounts whose ban has ended.
pub fn ended(now: Time) -> Query {
    let range = Range::Before(Attribute::N((now.ms() * APART + APART).to_string()));
    Query::of(Name::Data, BANS).by(DUE).range(range)
}

/// What a change of an account tells its person. Bans and ended sessions are told where the
/// sockets are closed, so that the word comes before the end.
pub fn facts_of_account(old: Option<&Account>, new: Option<&Account>) -> Vec<Fact> {
    let (Some(old), Some(new)) = (old, new) else {
        return Vec::new();
    };
    let lifted = old.status == Status::Banned && new.status != Status::Banned && new.is_there();
    let warned = new.warnings > old.warnings;
    let said = [
        (lifted, Action::Unbanned, new.version),
        (warned, Action::Warned, new.warnings),
    ];
    let said = said.into_iter().filter(|(is_so, _, _)| *is_so);
    said.map(|(_, action, number)| Fact {
        id: format!("account.action-{action:?}-{}-{number}", new.user_id),
        kind: "account.action",
        user_id: new.user_id.clone(),
        except_slot: None,
        seq: None,
        at: new.updated_at,
        data: told(action, None),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::account::NewAccount;
    use crate::accounts::address::Email;
    use crate::aws::cipher::DataKey;
    use crate::time::DAY_MS;

    const NOW: Time = Time(1_790_000_000_000);

    fn account(status: Status) -> Account {
        let new = NewAccount {
            user_id: "usr_a".into(),
            email: Email::fold("ann@pairly.test"),
            password: None,
            name: "Ann".into(),
            birthdate: jiff::civil::Date::constant(1990, 1, 1),
            locale: "en".into(),
            timezone: "UTC".into(),
        };
        let key = DataKey::fixed("usr_a", [7; 32]);
        let mut account = Account::new(new, &key, NOW).expect("an account");
        account.status = status;
        account
    }

    #[test]
    fn a_ban_counts_until_its_end_and_a_permanent_one_for_ever() {
        let end = NOW.plus(DAY_MS);
        let (banned, _) = account(Status::Active).banned(Some(end), NOW);
        assert!(banned.ban(end.plus(-1)).is_some() && banned.ban(end).is_none());
        assert!(!banned.is_open(end.plus(-1)) && banned.is_open(end));
        let (forever, _) = account(Status::Active).banned(None, NOW);
        let refusal = forever.ban(NOW.plus(9_000 * DAY_MS)).expect("a refusal");
        assert_eq!(refusal.details(), Some(&json!({ "until": null })));
    }

    #[test]
    fn lifting_restores_what_was_before_however_often_it_was_banned() {
        for before in [Status::Active, Status::PendingVerification] {
            let (once, _) = account(before).banned(None, NOW);
            let (twice, _) = once.banned(Some(NOW.plus(1)), NOW);
            assert_eq!(twice.status_before, Some(before));
            assert_eq!(twice.status_at(NOW.plus(1)), before);
            let (free, _) = twice.unbanned(NOW);
            assert_eq!((free.status, free.banned_until), (before, None));
            assert_eq!((&free.due_shard, free.due_at), (&None, None));
            assert_eq!(free.version, 4);
        }
    }

    #[test]
    fn a_warning_and_a_lifted_ban_are_told_and_a_sign_in_is_not() {
        let active = account(Status::Active);
        let (warned, _) = active.warned(NOW);
        let kinds = |old: &Account, new: &Account| -> Vec<Value> {
            let facts = facts_of_account(Some(old), Some(new));
            facts.iter().map(|fact| fact.data["kind"].clone()).collect()
        };
        assert_eq!(kinds(&active, &warned), ["warned"]);
        let (banned, _) = active.banned(None, NOW);
        assert!(kinds(&active, &banned).is_empty());
        assert_eq!(kinds(&banned, &banned.unbanned(NOW).0), ["unbanned"]);
        let mut signed_in = active.clone();
        signed_in.last_sign_in_at = Some(NOW);
        assert!(kinds(&active, &signed_in).is_empty());
    }
}
