//! Registering phones, and taking them away again.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::target::{Address, Platform, PushTarget, TARGETS_MAX, TokenKind, TokenOwner};
use crate::accounts::{Account, person};
use crate::aws::cipher::{Cipher, DataKey};
use crate::aws::dynamo::{Missed, Tables};
use crate::error::{DEVICE_NOT_FOUND, NOT_FOUND, Result, UNAVAILABLE, VALIDATION_FAILED};
use crate::http::{Created, Me, Once};
use crate::id::{Ids, is_id};
use crate::relay::{self, Device};
use crate::table::{Change, Commit, Condition};
use crate::time::Time;

/// Tries when other registrations come or go at once.
const RACES_MAX: u32 = 6;

/// A phone that wants to be pushed to. It does not print: it holds tokens.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct NewTarget {
    /// What kind of phone it is.
    pub platform: Platform,
    /// Token of APNs (hexadecimal) or FCM.
    #[schemars(length(min = 8, max = 4_096), regex(pattern = r"^[A-Za-z0-9:._-]+$"))]
    pub token: String,
    /// Token of PushKit, for rings of iPhones.
    #[schemars(length(min = 8, max = 4_096), regex(pattern = r"^[A-Za-z0-9:._-]+$"))]
    pub voip_token: Option<String>,
    /// The caller's device; the session's own without it.
    #[schemars(length(min = 1, max = 64))]
    pub device_id: Option<String>,
    /// IANA name.
    #[schemars(length(min = 1, max = 64), extend("x-fault" = "INVALID_TIMEZONE"))]
    pub timezone: String,
    /// Version of the app.
    #[schemars(length(min = 1, max = 32), regex(pattern = r"^[A-Za-z0-9.+_-]+$"))]
    pub app_version: String,
}

impl NewTarget {
    /// Refuses a second token of a phone that has no use for one.
    fn check(&self) -> Result<()> {
        if self.platform == Platform::Ios || self.voip_token.is_none() {
            return Ok(());
        }
        let message = "Only iPhones have such a token.";
        let row = json!({ "field": "/voip_token", "rule": "platform", "message": message });
        Err(VALIDATION_FAILED.with(json!({ "fields": [row] })))
    }

    /// The tokens.
    fn tokens(&self) -> impl Iterator<Item = (TokenKind, &str)> {
        let voip = self.voip_token.as_deref();
        let voip = voip.map(|token| (TokenKind::Voip, token));
        std::iter::once((TokenKind::Push, self.token.as_str())).chain(voip)
    }
}

/// A phone that is pushed to from now on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RegisteredPhone {
    /// `ptg_…`
    pub target_id: String,
}

/// A registration with everything that decides about it.
pub(super) struct Registration<'a> {
    /// Who registers.
    pub user_id: &'a str,
    /// The phone.
    pub new: &'a NewTarget,
    /// Its device, if it is one.
    pub device_id: Option<&'a str>,
    /// Checked name of the time zone.
    pub timezone: &'a str,
    /// The person's key.
    pub key: &'a DataKey,
    /// Id of a target that is new.
    pub id: String,
    /// All targets of the person.
    pub own: &'a [PushTarget],
    /// Targets of others that hold one of the tokens.
    pub foreign: &'a [PushTarget],
    /// Who holds the tokens.
    pub owners: &'a [TokenOwner],
    /// How many targets the account counts.
    pub counted: i64,
    /// When.
    pub now: Time,
}

impl Registration<'_> {
    /// The target and the writes that make it so: an earlier registration of the same phone is
    /// renewed, every other one that holds one of its tokens goes, whoever made it, and where
    /// there would be too many, the one that was seen longest ago.
    ///
    /// # Errors
    /// 500 when sealing fails.
    pub fn decide(&self) -> Result<(PushTarget, Commit)> {
        let same = self.same();
        let next = self.next(same)?;
        let commit = match same {
            Some(old) => Commit::new().replace(&next, old.unchanged(), &UNAVAILABLE),
            None => Commit::new().create(&next, &UNAVAILABLE),
        };
        let hashes: Vec<_> = next.addresses().map(|one| one.hash.as_str()).collect();
        let mut commit = hashes
            .iter()
            .fold(commit, |commit, hash| commit.with(self.owned(&next, hash)));
        if let Some(old) = same {
            let left = old.addresses().filter(|one| !next.holds(&one.hash));
            commit = left.fold(commit, |commit, one| commit.with(old.disown(&one.hash)));
        }
        let gone = self.gone(same, &next);
        for old in &gone {
            commit = commit.with(old.removal(&hashes));
        }
        Ok((next, commit.with(self.counted(same, &gone))))
    }

    /// The registration that this one renews.
    fn same(&self) -> Option<&PushTarget> {
        let hash = |kind: TokenKind| {
            let token = self.new.tokens().find(|(known, _)| *known == kind);
            token.map(|(_, token)| kind.hash(token))
        };
        let (push, voip) = (hash(TokenKind::Push), hash(TokenKind::Voip));
        let by = |what: &dyn Fn(&PushTarget) -> bool| self.own.iter().find(|one| what(one));
        let holds = |hash: &Option<String>, one: &PushTarget| {
            hash.as_ref().is_some_and(|hash| one.holds(hash))
        };
        by(&|one| holds(&push, one))
            .or_else(|| by(&|one| self.is_device_of(one)))
            .or_else(|| by(&|one| holds(&voip, one)))
    }

    fn is_device_of(&self, one: &PushTarget) -> bool {
        self.device_id.is_some() && one.device_id.as_deref() == self.device_id
    }

    fn next(&self, same: Option<&PushTarget>) -> Result<PushTarget> {
        let address = |kind: TokenKind, token: &str| {
            let hash = kind.hash(token);
            let all = self.own.iter().chain(self.foreign);
            let mut known = all.flat_map(|target| {
                let of = |address| (address, target.enabled);
                target.addresses().map(of)
            });
            let before = known.find(|(address, _)| address.hash == hash);
            Address::new(kind, token, self.key, before)
        };
        let voip = self.new.voip_token.as_deref();
        Ok(PushTarget {
            user_id: self.user_id.to_owned(),
            target_id: same.map_or_else(|| self.id.clone(), |old| old.target_id.clone()),
            device_id: self.device_id.map(str::to_owned),
            platform: self.new.platform,
            address: address(TokenKind::Push, &self.new.token)?,
            voip: voip
                .map(|token| address(TokenKind::Voip, token))
                .transpose()?,
            timezone: self.timezone.to_owned(),
            app_version: self.new.app_version.clone(),
            enabled: true,
            last_seen_at: self.now,
            created_at: same.map_or(self.now, |old| old.created_at),
            rev: same.map_or(1, |old| old.rev + 1),
        })
    }

    /// What makes a target the owner of a token.
    fn owned(&self, next: &PushTarget, hash: &str) -> Commit {
        let owner = TokenOwner {
            hash: hash.to_owned(),
            user_id: next.user_id.clone(),
            target_id: next.target_id.clone(),
        };
        match self.owners.iter().find(|known| known.hash == hash) {
            Some(known) if *known == owner => Commit::new(),
            Some(known) => Commit::new().replace(&owner, known.unchanged(), &UNAVAILABLE),
            None => Commit::new().create(&owner, &UNAVAILABLE),
        }
    }

    /// The registrations that end with this one.
    fn gone(&self, same: Option<&PushTarget>, next: &PushTarget) -> Vec<&PushTarget> {
        let shares = |one: &PushTarget| next.addresses().any(|address| one.holds(&address.hash));
        let (ends, mut stays): (Vec<_>, Vec<_>) = self
            .own
            .iter()
            .filter(|one| Some(*one) != same)
            .partition(|one| shares(one) || self.is_device_of(one));
        stays.sort_by_key(|one| one.last_seen_at);
        let surplus = (stays.len() + 1).saturating_sub(TARGETS_MAX);
        let foreign = self.foreign.iter();
        ends.into_iter()
            .chain(stays.into_iter().take(surplus))
            .chain(foreign)
            .collect()
    }

    /// What keeps the counts of the accounts right.
    fn counted(&self, same: Option<&PushTarget>, gone: &[&PushTarget]) -> Commit {
        let mut less: BTreeMap<&str, i64> = BTreeMap::new();
        for one in gone {
            *less.entry(one.user_id.as_str()).or_default() += 1;
        }
        let mine = less.remove(self.user_id).unwrap_or_default();
        let more = i64::from(same.is_none());
        let after = i64::try_from(self.own.len()).unwrap_or_default() + more - mine;
        let others = less.into_iter().fold(Commit::new(), |commit, (user, n)| {
            commit.with(PushTarget::uncounted(user, n))
        });
        if after == self.counted {
            return others;
        }
        // Two registrations at once must not both take the last place.
        let before = match self.counted {
            0 => Condition::Any(vec![
                Condition::Missing("push_targets"),
                Condition::number("push_targets", 0),
            ]),
            n => Condition::number("push_targets", n),
        };
        let guard = Condition::All(vec![Condition::Present, before]);
        others.update::<Account>(
            Account::key_of(self.user_id),
            vec![Change::number("push_targets", after)],
            Some((guard, &UNAVAILABLE)),
        )
    }
}

/// Registers a phone of the caller.
///
/// # Errors
/// 404 `DEVICE_NOT_FOUND`; 422 `INVALID_TIMEZONE`, `VALIDATION_FAILED`; 503 when others were
/// first too often.
pub async fn register_target(
    tables: &Tables,
    cipher: &Cipher,
    once: &Once,
    me: &Me,
    new: &NewTarget,
    (ids, now): (&Ids, Time),
) -> Result<Created<RegisteredPhone>> {
    new.check()?;
    let timezone = person::check_timezone(&new.timezone)?;
    let device_id = new.device_id.as_deref().or(me.device_id.as_deref());
    let key = cipher.key(&me.user_id).await?;
    for _ in 0..RACES_MAX {
        let stands = match device_id {
            Some(id) => {
                let device = relay::active(tables, &me.user_id, id).await?;
                let key = Device::key_of(&me.user_id, &device.device_id);
                Commit::new().check::<Device>(key, Device::stands(), &DEVICE_NOT_FOUND)
            }
            None => Commit::new(),
        };
        let known = Known::read(tables, me, new).await?;
        let registration = Registration {
            user_id: &me.user_id,
            new,
            device_id,
            timezone: &timezone,
            key: &key,
            id: ids.new_id("ptg"),
            own: &known.own,
            foreign: &known.foreign,
            owners: &known.owners,
            counted: known.counted,
            now,
        };
        let (target, commit) = registration.decide()?;
        let answer = Created(RegisteredPhone {
            target_id: target.target_id,
        });
        match once.commit(tables, stands.with(commit), answer).await {
            Ok(answer) => return Ok(answer),
            // Another registration came in between, or the device was revoked.
            Err(Missed::Refused(_)) => {}
            Err(missed) => return Err(missed.into()),
        }
    }
    Err(UNAVAILABLE.because("too many registrations at once"))
}

/// What there is before a registration.
struct Known {
    own: Vec<PushTarget>,
    foreign: Vec<PushTarget>,
    owners: Vec<TokenOwner>,
    counted: i64,
}

impl Known {
    async fn read(tables: &Tables, me: &Me, new: &NewTarget) -> Result<Self> {
        let account = Account::key_of(&me.user_id);
        let (own, account) = tokio::try_join!(
            PushTarget::of_user(tables, &me.user_id),
            tables.get_consistent::<Account>(&account),
        )?;
        let (mut owners, mut foreign) = (Vec::new(), Vec::<PushTarget>::new());
        for (kind, token) in new.tokens() {
            let key = TokenOwner::key_of(&kind.hash(token));
            let Some(owner) = tables.get_consistent::<TokenOwner>(&key).await? else {
                continue;
            };
            let known = |one: &PushTarget| one.target_id == owner.target_id;
            if owner.user_id != me.user_id && !foreign.iter().any(known) {
                let key = PushTarget::key_of(&owner.user_id, &owner.target_id);
                foreign.extend(tables.get_consistent::<PushTarget>(&key).await?);
            }
            owners.push(owner);
        }
        Ok(Self {
            own,
            foreign,
            owners,
            counted: account.map_or(0, |account| account.push_targets),
        })
    }
}

/// Takes a phone of a person away; whether there was one.
async fn remove(tables: &Tables, user_id: &str, target_id: &str) -> Result<bool> {
    for _ in 0..RACES_MAX {
        let key = PushTarget::key_of(user_id, target_id);
        let Some(target) = tables.get_consistent::<PushTarget>(&key).await? else {
            return Ok(false);
        };
        let commit = target.removal(&[]).with(PushTarget::uncounted(user_id, 1));
        match tables.commit(commit).await {
            Ok(()) => return Ok(true),
            Err(Missed::Refused(_)) => {}
            Err(Missed::Failed(error)) => return Err(error),
        }
    }
    Err(UNAVAILABLE.because("too many changes of a push target at once"))
}

/// Takes a phone of a person away.
///
/// # Errors
/// 404 `NOT_FOUND`, alike for unknown and foreign ones.
pub async fn remove_target(tables: &Tables, user_id: &str, target_id: &str) -> Result<()> {
    match is_id("ptg", target_id) && remove(tables, user_id, target_id).await? {
        true => Ok(()),
        false => Err(NOT_FOUND.into()),
    }
}

/// Takes away the phones of a device that was revoked, or without one all phones of a person whose
/// account closes, and gives how many they were.
///
/// # Errors
/// 503 when the table does not answer; doing it again is harmless.
pub async fn leave_targets(
    tables: &Tables,
    user_id: &str,
    device_id: Option<&str>,
) -> Result<usize> {
    let mut gone = 0;
    for target in PushTarget::of_user(tables, user_id).await? {
        let meant = device_id.is_none() || target.device_id.as_deref() == device_id;
        if meant && remove(tables, user_id, &target.target_id).await? {
            gone += 1;
        }
    }
    Ok(gone)
}

#[cfg(test)]
mod tests;
