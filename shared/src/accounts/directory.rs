//! The directory: people by the beginning of their name, for administrators.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`Entry`] | data | `people#<letter>` | `<folded name>#usr_…` |
//!
//! The stream writes it after an account is made and when name or status change: one write unit
//! each, and none of a registration waits for it. It holds nothing that the account does not, and
//! what the stream has lost is found by the day of the account's change and mended.

use serde::{Deserialize, Serialize};

use super::account::{Account, Status};
use super::ban::banned_after;
use super::nobody::NOBODY;
use crate::aws::dynamo::{Missed, Tables};
use crate::error::{Result, UNAVAILABLE};
use crate::table::{
    CHANGED_FRESH_MS, Change, Commit, Condition, Item, Key, Name, Query, Range, Value,
};
use crate::text::fold_name;
use crate::time::Time;

/// First letters that have a partition; others share ten.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
/// Entries that one query reads.
const CHUNK: usize = 1_000;
/// Accounts whose entries a repair reads at once.
const CHUNK_MENDED: usize = 25;
/// Entries that one call reads when a status leaves many of them out.
const READ_MAX: usize = 20_000;
/// Follows every other character in the order of bytes.
const LAST: char = '\u{10ffff}';

/// Somebody, in the order of names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// `people#<letter>`
    #[serde(rename = "pk")]
    pub partition: String,
    /// `<folded name>#usr_…`
    #[serde(rename = "sk")]
    pub place: String,
    /// What the account may do.
    pub status: Status,
}

impl Item for Entry {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Directory entry";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&*self.partition, &*self.place)
    }
}

impl Entry {
    fn of(account: &Account) -> Self {
        Self::named(account, &account.name)
    }

    fn named(account: &Account, name: &str) -> Self {
        let name = fold_name(name);
        Self {
            partition: partition(letter(&name)),
            place: format!("{name}#{}", account.user_id),
            status: account.status,
        }
    }

    /// Who it is.
    pub fn user_id(&self) -> &str {
        self.place
            .rsplit_once('#')
            .map_or("", |(_, user_id)| user_id)
    }
}

fn partition(letter: char) -> String {
    format!("people#{letter}")
}

/// The partition of a folded name.
fn letter(name: &str) -> char {
    match name.chars().next() {
        Some(first) if first.is_ascii_lowercase() => first,
        first => char::from_digit(first.map_or(0, u32::from) % 10, 10).unwrap_or('0'),
    }
}

/// What brings the directory to an account that was made, changed or erased. It follows the account
/// as it is, not as the change tells it, so that a change that is told late undoes nothing.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn follow(
    tables: &Tables,
    old: Option<&Account>,
    new: Option<&Account>,
) -> Result<Vec<Commit>> {
    let shown = |account: &Account| (account.name.clone(), account.status);
    let Some(one) = new.or(old) else {
        return Ok(Vec::new());
    };
    if one.user_id == NOBODY || old.map(shown) == new.map(shown) {
        return Ok(Vec::new());
    }
    let current: Option<Account> = tables
        .get_consistent(&Account::key_of(&one.user_id))
        .await?;
    let current = current.filter(|account| account.status != Status::Deleted);
    let entry = current.as_ref().map(Entry::of);
    let here = entry.as_ref().map(Item::key);
    let mut stale: Vec<Key> = [old, new]
        .into_iter()
        .flatten()
        .map(|account| Entry::of(account).key())
        .filter(|key| Some(key) != here.as_ref())
        .collect();
    stale.dedup();
    let gone = stale
        .into_iter()
        .map(|key| Commit::new().delete::<Entry>(key, None));
    let put = entry.map(|entry| Commit::new().put(&entry));
    Ok(gone.chain(put).collect())
}

/// Brings the directory to accounts that changed some time ago and that it does not follow; how
/// many were looked at, and how many had another place than theirs.
///
/// # Errors
/// 503 when the table does not answer; doing it again is harmless.
pub async fn mend(tables: &Tables, keys: &[Key], now: Time) -> Result<(usize, usize)> {
    let accounts: Vec<Account> = tables.get_many(keys).await?;
    let settled = accounts.iter().filter(|one| {
        let is_old = now.since(one.updated_at) > CHANGED_FRESH_MS;
        is_old && one.user_id != NOBODY && one.status != Status::Deleted
    });
    let mut mended = 0;
    for some in settled.collect::<Vec<_>>().chunks(CHUNK_MENDED) {
        let places = some.iter().flat_map(|one| places_of(one));
        let places: Vec<Key> = places.map(|entry| entry.key()).collect();
        let known: Vec<Entry> = tables.get_many(&places).await?;
        for account in some {
            mended += usize::from(mend_one(tables, account, &known).await?);
        }
    }
    Ok((accounts.len(), mended))
}

/// The entry that an account should have, and those that it may have had.
fn places_of(account: &Account) -> Vec<Entry> {
    let here = Entry::of(account);
    let former = account.formerly.iter();
    let former = former.map(|name| Entry::named(account, name));
    let mut places: Vec<Entry> = former.filter(|one| one.place != here.place).collect();
    places.sort_by(|a, b| a.place.cmp(&b.place));
    places.dedup();
    places.insert(0, here);
    places
}

async fn mend_one(tables: &Tables, account: &Account, known: &[Entry]) -> Result<bool> {
    let places = places_of(account);
    let is_here = places.first().is_some_and(|here| known.contains(here));
    let stale: Vec<&Entry> = places.iter().skip(1).collect();
    let is_elsewhere = stale
        .iter()
        .any(|one| known.iter().any(|found| found.place == one.place));
    let mut commits = match is_here {
        true => Vec::new(),
        false => follow(tables, None, Some(account)).await?,
    };
    if !account.formerly.is_empty() {
        // Together, so that no entry goes that somebody has come back to meanwhile.
        let same = Condition::number("version", account.version);
        let forgotten = vec![Change::Remove("formerly".into())];
        let guard = Some((same, &UNAVAILABLE));
        let forgets = Commit::new().update::<Account>(account.key(), forgotten, guard);
        commits.push(stale.iter().fold(forgets, |commit, entry| {
            commit.delete::<Entry>(entry.key(), None)
        }));
    }
    for commit in commits {
        match tables.commit(commit).await {
            // Whoever has changed meanwhile is looked at by the next run.
            Ok(()) | Err(Missed::Refused(_)) => {}
            Err(Missed::Failed(error)) => return Err(error),
        }
    }
    Ok(!is_here || is_elsewhere)
}

/// Where a page of the directory ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Spot {
    /// After this entry of the letter with this number.
    Name(usize, String),
    /// After this place among the banned.
    Ban(i64),
}

/// Who is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Beginning of the name.
    pub name: Option<String>,
    /// What the account may do.
    pub status: Option<Status>,
}

/// People who were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Their ids.
    pub ids: Vec<String>,
    /// Where to go on, if there may be more.
    pub next: Option<Spot>,
}

impl Wanted {
    /// At most `limit` people after a spot: by name, or of the banned those who are free first. One
    /// call reads a bounded number of entries, so it may find fewer than there are.
    ///
    /// # Errors
    /// 503 when the table does not answer.
    pub async fn find(&self, tables: &Tables, after: Option<Spot>, limit: usize) -> Result<Found> {
        match (&self.name, self.status, after) {
            (None, Some(Status::Banned), after) => {
                let place = match after {
                    Some(Spot::Ban(place)) => place,
                    _ => 0,
                };
                of_banned(tables, place, limit).await
            }
            (_, _, Some(Spot::Name(at, place))) => self.walk(tables, (at, place), limit).await,
            _ => {
                let name = self.name.as_deref().map(fold_name).unwrap_or_default();
                let at = self.name.as_ref().map(|_| letter(&name));
                let at = at.and_then(|letter| LETTERS.find(letter)).unwrap_or(0);
                self.walk(tables, (at, String::new()), limit).await
            }
        }
    }

    async fn walk(
        &self,
        tables: &Tables,
        (mut at, mut last): (usize, String),
        limit: usize,
    ) -> Result<Found> {
        let prefix = self.name.as_deref().map(fold_name).unwrap_or_default();
        let (mut ids, mut read) = (Vec::new(), 0);
        while let Some(letter) = LETTERS.get(at..=at) {
            let from = if last.is_empty() { &prefix } else { &last };
            let to = Value::S(format!("{prefix}{LAST}"));
            let range = Range::Between(Value::S(from.clone()), to);
            let range = if from.is_empty() { Range::All } else { range };
            let wanted = (limit - ids.len() + 1).clamp(2, CHUNK);
            let query = Query::of(Name::Data, partition(letter.chars().next().unwrap_or('0')));
            let rows: Vec<Entry> = tables.query(query.range(range).limit(wanted)).await?;
            read += rows.len();
            let is_over = rows.len() < wanted;
            for row in rows {
                if row.place <= last {
                    continue;
                }
                let fits = self.status.is_none_or(|status| status == row.status);
                if fits && ids.len() == limit {
                    let next = Some(Spot::Name(at, last));
                    return Ok(Found { ids, next });
                }
                last.clone_from(&row.place);
                ids.extend(fits.then(|| row.user_id().to_owned()));
            }
            if read >= READ_MAX {
                let next = Some(Spot::Name(at, last));
                return Ok(Found { ids, next });
            }
            if is_over {
                if self.name.is_some() {
                    break;
                }
                (at, last) = (at + 1, String::new());
            }
        }
        Ok(Found { ids, next: None })
    }
}

async fn of_banned(tables: &Tables, after: i64, limit: usize) -> Result<Found> {
    let query = banned_after(after).limit(limit + 1);
    let mut accounts: Vec<Account> = tables.query(query).await?;
    let is_more = accounts.len() > limit;
    accounts.truncate(limit);
    let last = accounts.last().and_then(|last| last.due_at);
    Ok(Found {
        next: last.filter(|_| is_more).map(Spot::Ban),
        ids: accounts.into_iter().map(|one| one.user_id).collect(),
    })
}

/// The accounts of people, in their order; who is gone is left out.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn accounts(tables: &Tables, ids: &[String], now: Time) -> Result<Vec<Account>> {
    let keys: Vec<Key> = ids.iter().map(|id| Account::key_of(id)).collect();
    let mut accounts: Vec<Account> = tables.get_many(&keys).await?;
    accounts.retain(|account| account.status != Status::Deleted);
    for account in &mut accounts {
        account.status = account.status_at(now);
    }
    Ok(accounts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_without_case_and_accents() {
        for (name, folded, at) in [
            ("José  María", "jose maria", 'j'),
            ("ÅSA", "asa", 'a'),
            ("Straße", "strasse", 's'),
            ("4ever", "4ever", '2'),
            ("", "", '0'),
        ] {
            assert_eq!(
                (fold_name(name), letter(&fold_name(name))),
                (folded.into(), at)
            );
        }
        assert!(letter("анна").is_ascii_digit());
    }
}
