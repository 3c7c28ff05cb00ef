//! Phones that can be pushed to, and who owns a token.

use serde::{Deserialize, Serialize};

use crate::accounts::{Account, Sealed};
use crate::aws::cipher::DataKey;
use crate::aws::dynamo::Tables;
use crate::aws::push::PushApp;
use crate::crypto;
use crate::error::{Result, UNAVAILABLE};
use crate::table::{Change, Commit, Condition, Item, Key, Name, Query};
use crate::time::{Time, millis};

/// Most targets of a person.
pub const TARGETS_MAX: usize = 10;

/// What kind of phone it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "PhonePlatform")]
pub enum Platform {
    /// iPhones.
    Ios,
    /// All others.
    Android,
}

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Everything but rings of iPhones.
    Push,
    /// Rings of iPhones.
    Voip,
}

impl TokenKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Voip => "voip",
        }
    }

    /// Place of the sealed token, for the data key.
    const fn place(self) -> &'static str {
        match self {
            Self::Push => "data/push_target/token",
            Self::Voip => "data/push_target/voip_token",
        }
    }

    /// What names a token without telling it. Tokens are long and random, so the hash needs no
    /// secret.
    pub fn hash(self, token: &str) -> String {
        let parts = [self.as_str().as_bytes(), token.as_bytes()];
        crypto::encode(&crypto::mac(b"push token", &parts))
    }
}

/// A token and what the provider made of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Address {
    /// The token, sealed with the person's data key.
    pub token: Sealed,
    /// What names it.
    pub hash: String,
    /// The provider's endpoint, from the first push on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_arn: Option<String>,
    /// Whether that endpoint is switched on, as far as we know.
    #[serde(default)]
    pub is_ready: bool,
}

impl Address {
    /// The address of a token that was just registered. An endpoint that it has already stays; it
    /// is looked after before the next push unless it was ready.
    ///
    /// # Errors
    /// 500 when sealing fails.
    pub fn new(
        kind: TokenKind,
        token: &str,
        key: &DataKey,
        before: Option<(&Self, bool)>,
    ) -> Result<Self> {
        let sealed = key.seal(kind.place(), token.as_bytes())?;
        Ok(Self {
            token: Sealed(sealed),
            hash: kind.hash(token),
            endpoint_arn: before.and_then(|(known, _)| known.endpoint_arn.clone()),
            is_ready: before.is_some_and(|(known, enabled)| known.is_ready && enabled),
        })
    }

    /// The token.
    ///
    /// # Errors
    /// 500 when the key is not this person's.
    pub fn open(&self, kind: TokenKind, key: &DataKey) -> Result<String> {
        key.open_text(kind.place(), &self.token.0)
    }

    /// The endpoint, if it can be pushed to through this platform application.
    pub fn ready_at(&self, app_arn: &str) -> Option<&str> {
        let begin = app_arn.replacen(":app/", ":endpoint/", 1);
        let arn = self.endpoint_arn.as_deref().filter(|_| self.is_ready)?;
        arn.strip_prefix(&begin)?.starts_with('/').then_some(arn)
    }
}

/// One phone of a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PushTarget {
    /// `usr_…`
    pub user_id: String,
    /// `ptg_…`
    pub target_id: String,
    /// `dev_…`, if it is a registered device; the target goes with it.
    #[serde(default)]
    pub device_id: Option<String>,
    /// What kind of phone it is.
    pub platform: Platform,
    /// Where it is pushed to.
    pub address: Address,
    /// Where it is rung, if it has a way of its own for that.
    #[serde(default)]
    pub voip: Option<Address>,
    /// IANA name.
    pub timezone: String,
    /// Version of the app.
    pub app_version: String,
    /// Whether it is pushed to: not once the provider does not know its token any more.
    pub enabled: bool,
    /// Latest registration.
    #[serde(with = "millis")]
    pub last_seen_at: Time,
    /// First registration.
    #[serde(with = "millis")]
    pub created_at: Time,
    /// Raised by every change.
    pub rev: i64,
}

impl Item for PushTarget {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Push target";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.user_id, &self.target_id)
    }
}

/// Whose a token is: it belongs to one target, whoever had it before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenOwner {
    /// Hash of the token.
    pub hash: String,
    /// `usr_…`
    pub user_id: String,
    /// `ptg_…`
    pub target_id: String,
}

impl Item for TokenOwner {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Push token";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.hash)
    }
}

impl TokenOwner {
    /// Where the owner of a token lies.
    pub fn key_of(hash: &str) -> Key {
        Key::new(format!("push-token#{hash}"), "owner")
    }

    /// The token still belongs to the target that it was read with.
    pub fn unchanged(&self) -> Condition {
        Condition::text("target_id", &self.target_id)
    }
}

impl PushTarget {
    /// Sort keys of all targets of a person begin so.
    pub const PREFIX: &'static str = "push#";

    /// Where a target lies.
    pub fn key_of(user_id: &str, target_id: &str) -> Key {
        Key::new(user_id, format!("{}{target_id}", Self::PREFIX))
    }

    /// All targets of a person, as they are now.
    ///
    /// # Errors
    /// 503 when the table does not answer.
    pub async fn of_user(tables: &Tables, user_id: &str) -> Result<Vec<Self>> {
        let query = Query::of(Name::Data, user_id).prefix(Self::PREFIX);
        tables.query(query.consistent()).await
    }

    /// It is still as it was read.
    pub fn unchanged(&self) -> Condition {
        Condition::number("rev", self.rev)
    }

    /// Its addresses.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        std::iter::once(&self.address).chain(&self.voip)
    }

    /// Whether one of its tokens has this hash.
    pub fn holds(&self, hash: &str) -> bool {
        self.addresses().any(|address| address.hash == hash)
    }

    /// Kind and address of the token that a way takes.
    pub const fn address_of(&self, app: PushApp) -> Option<(TokenKind, &Address)> {
        match (app, &self.voip) {
            (PushApp::ApnsVoip, Some(voip)) => Some((TokenKind::Voip, voip)),
            (PushApp::ApnsVoip, None) => None,
            (PushApp::Apns | PushApp::Fcm, _) => Some((TokenKind::Push, &self.address)),
        }
    }

    /// What takes it away. The owners of the tokens in `kept` are written by somebody else.
    pub fn removal(&self, kept: &[&str]) -> Commit {
        let own = Some((self.unchanged(), &UNAVAILABLE));
        let commit = Commit::new().delete::<Self>(self.key(), own);
        let gone = self.addresses().map(|address| address.hash.as_str());
        let gone = gone.filter(|hash| !kept.contains(hash));
        gone.fold(commit, |commit, hash| commit.with(self.disown(hash)))
    }

    /// What takes the ownership of a token from it.
    pub fn disown(&self, hash: &str) -> Commit {
        let mine = Condition::text("target_id", &self.target_id);
        let mine = Condition::Any(vec![Condition::Absent, mine]);
        let key = TokenOwner::key_of(hash);
        Commit::new().delete::<TokenOwner>(key, Some((mine, &UNAVAILABLE)))
    }

    /// What counts targets off somebody's account.
    pub fn uncounted(user_id: &str, targets: i64) -> Commit {
        let less = Change::Add("push_targets".to_owned(), -targets);
        let present = Some((Condition::Present, &UNAVAILABLE));
        Commit::new().update::<Account>(Account::key_of(user_id), vec![less], present)
    }
}
