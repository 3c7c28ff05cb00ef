//! One thing that somebody has to look at: why, how urgently, and what was decided.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
use crate::crypto::{sha256, take};
use crate::error::UNAVAILABLE;
use crate::id::id_of;
use crate::table::{Commit, Condition, Item, Key, Name};
use crate::time::{HOUR_MS, Time, millis};

/// From this priority on an item is due within the hour.
const URGENT: i64 = 90;
/// Highest priority.
const PRIORITY_MAX: i64 = 100;
/// Places of the queue within one millisecond.
const APART: i64 = 1_000_000;
/// Reasons that one item keeps.
const REASONS_MAX: usize = 20;

/// What an item is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A message.
    Message,
    /// A photo of a profile.
    Photo,
    /// A profile.
    Profile,
    /// A post.
    Post,
    /// A comment on one.
    Comment,
    /// A video.
    Video,
    /// A campaign.
    Campaign,
    /// A report.
    Report,
    /// A person.
    User,
}

impl Subject {
    /// All of them, in the order in which equal ranks are shown.
    pub const ALL: [Self; 9] = [
        Self::Message,
        Self::Photo,
        Self::Profile,
        Self::Post,
        Self::Comment,
        Self::Video,
        Self::Campaign,
        Self::Report,
        Self::User,
    ];

    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Photo => "photo",
            Self::Profile => "profile",
            Self::Post => "post",
            Self::Comment => "comment",
            Self::Video => "video",
            Self::Campaign => "campaign",
            Self::Report => "report",
            Self::User => "user",
        }
    }
}

/// How bad a reason is, as the priority that it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// To be looked at some time: 20.
    Review,
    /// Spam: 30.
    Spam,
    /// Harassment and nudity: 60.
    Harassment,
    /// Scam and hate: 80.
    Scam,
    /// Minors and violence: 100.
    Danger,
}

impl Severity {
    /// Points, 0–100.
    pub const fn points(self) -> i64 {
        match self {
            Self::Review => 20,
            Self::Spam => 30,
            Self::Harassment => 60,
            Self::Scam => 80,
            Self::Danger => 100,
        }
    }
}

/// A reason to look at something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static str,
    /// How bad that is.
    pub severity: Severity,
}

impl Finding {
    /// A moderator wants it to be looked at again.
    pub const BY_MODERATOR: Self = Self {
        rule: "moderator",
        severity: Severity::Review,
    };
}

/// Where an item is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// Waits for somebody.
    Open,
    /// Somebody looks at it.
    Claimed,
    /// Decided.
    Resolved,
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Nothing to do.
    Dismiss,
    /// It is fine.
    Approve,
    /// To be watched.
    Flag,
    /// Hidden.
    Block,
    /// Removed.
    Remove,
    /// Its author was warned.
    Warn,
    /// Its author was banned.
    Ban,
}

/// Something that somebody has to look at. There is one item per target; further reasons join it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModerationItem {
    /// `mod_…`, follows from kind and target.
    #[serde(rename = "pk")]
    pub item_id: String,
    /// What it is about.
    pub kind: Subject,
    /// Id of that.
    pub target_id: String,
    /// Rules that found something, each once, oldest first.
    pub reasons: Vec<String>,
    /// 0–100 when it was opened; its age adds one per hour.
    pub priority: i64,
    /// Where it is on its way.
    pub state: ItemState,
    /// `adm_…` of who looks at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_by: Option<String>,
    /// End of that claim.
    #[serde(default, with = "millis::option")]
    pub claim_until: Option<Time>,
    /// What was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
    /// When.
    #[serde(default, with = "millis::option")]
    pub resolved_at: Option<Time>,
    /// What was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_evidence: Option<Evidence>,
    /// When it was opened.
    #[serde(with = "millis")]
    pub created_at: Time,
    /// Until when it should be decided.
    #[serde(rename = "du", with = "millis")]
    pub decide_by: Time,
    /// Raised by every change; each write is conditional on it.
    #[serde(rename = "rv")]
    pub rev: i64,
    /// Partition of the index: the queue of its kind, the claims, or what is decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_shard: Option<String>,
    /// Place in it: the rank in the queue, the end of the claim, or when it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<i64>,
}

impl Item for ModerationItem {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Moderation item";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.item_id)
    }
}

impl ModerationItem {
    /// The shard of claims, which end at their place.
    pub const CLAIMS: &'static str = "claim";

    /// The shard of what is decided, in the order of time.
    pub const RESOLVED: &'static str = "resolved";

    /// The id of the one item of a target.
    pub fn id_of(kind: Subject, target_id: &str) -> String {
        let parts = [kind.as_str().as_bytes(), b"#", target_id.as_bytes()];
        id_of("mod", take(&sha256(&parts)))
    }

    /// Where an item lies.
    pub fn key_of(item_id: &str) -> Key {
        Key::new(item_id, "item")
    }

    /// The queue of a kind.
    pub fn shard_of(kind: Subject) -> String {
        format!("queue#{}", kind.as_str())
    }

    /// A new item with its first reasons.
    pub fn open(kind: Subject, target_id: String, findings: &[Finding], now: Time) -> Self {
        let item_id = Self::id_of(kind, &target_id);
        let blank = Self {
            item_id,
            kind,
            target_id,
            reasons: Vec::new(),
            priority: 0,
            state: ItemState::Open,
            claimed_by: None,
            claim_until: None,
            resolution: None,
            resolved_at: None,
            sealed_evidence: None,
            created_at: now,
            decide_by: now,
            rev: 0,
            due_shard: None,
            due_at: None,
        };
        blank.joined(findings, now)
    }

    /// With sealed evidence, unless it has some already.
    #[must_use]
    pub fn sealing(mut self, evidence: Evidence) -> Self {
        self.sealed_evidence.get_or_insert(evidence);
        self
    }

    /// With further reasons: the gravest one counts, and what was resolved is open again.
    #[must_use]
    pub fn joined(&self, findings: &[Finding], now: Time) -> Self {
        let mut next = self.next();
        if self.state == ItemState::Resolved {
            (next.state, next.resolution) = (ItemState::Open, None);
            next.resolved_at = None;
            (next.created_at, next.priority) = (now, 0);
        }
        for finding in findings {
            next.priority = next.priority.max(finding.severity.points());
            let known = next.reasons.iter().any(|known| known == finding.rule);
            if !known && next.reasons.len() < REASONS_MAX {
                next.reasons.push(finding.rule.to_owned());
            }
        }
        next.priority = next.priority.clamp(0, PRIORITY_MAX);
        let hours = if next.priority >= URGENT { 1 } else { 24 };
        next.decide_by = next.created_at.plus(hours * HOUR_MS);
        next.placed()
    }

    /// Decided; it leaves the queue.
    #[must_use]
    pub fn resolved(&self, resolution: Resolution, now: Time) -> Self {
        let mut next = self.next();
        (next.state, next.resolution) = (ItemState::Resolved, Some(resolution));
        next.resolved_at = Some(now);
        (next.claimed_by, next.claim_until) = (None, None);
        next.placed()
    }

    /// Without its evidence, where what it shows must not be kept.
    #[must_use]
    pub fn unsealed(mut self) -> Self {
        self.sealed_evidence = None;
        self
    }

    /// Whether somebody still has to look at it.
    pub fn is_unresolved(&self) -> bool {
        self.state != ItemState::Resolved
    }

    /// The one write of a change; a refusal means that somebody else was first.
    pub fn commit(&self) -> Commit {
        match self.rev {
            1 => Commit::new().create(self, &UNAVAILABLE),
            rev => {
                let unchanged = Condition::number("rv", rev - 1);
                Commit::new().replace(self, unchanged, &UNAVAILABLE)
            }
        }
    }

    pub(super) fn next(&self) -> Self {
        let rev = self.rev + 1;
        Self {
            rev,
            ..self.clone()
        }
    }

    /// Its rank in the queue. Priority grows by one per hour for all alike, so the order of two
    /// items never changes and can be stored: an item stands where one of priority 0 would that is
    /// so many hours older.
    pub fn rank(&self) -> i64 {
        (self.created_at.ms() - self.priority * HOUR_MS) * APART + self.apart()
    }

    /// Six digits of the id keep places apart.
    fn apart(&self) -> i64 {
        let digit = |sum: i64, byte: u8| (sum * 31 + i64::from(byte)) % APART;
        self.item_id.bytes().fold(0, digit)
    }

    /// Puts it where it is looked for.
    pub(super) fn placed(mut self) -> Self {
        let (shard, place) = match self.state {
            ItemState::Open => (Some(Self::shard_of(self.kind)), Some(self.rank())),
            ItemState::Claimed => {
                let until = self.claim_until.map(Time::ms);
                (Some(Self::CLAIMS.to_owned()), until)
            }
            ItemState::Resolved => {
                let at = self.resolved_at.map(|at| at.ms() * APART + self.apart());
                (Some(Self::RESOLVED.to_owned()), at)
            }
        };
        (self.due_shard, self.due_at) = (shard, place);
        self
    }
}
