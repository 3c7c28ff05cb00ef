//! Items of the queue as moderators see them.

use schemars::JsonSchema;
use serde::Serialize;

use super::item::{ItemState, ModerationItem, Resolution, Subject};
use crate::aws::dynamo::Tables;
use crate::error::{ITEM_NOT_FOUND, Result};
use crate::id::is_id;
use crate::text::preview;
use crate::time::{HOUR_MS, Time};

/// Highest priority.
const PRIORITY_MAX: i64 = 100;

/// What was found, cut to 100 characters.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EvidenceView {
    /// `usr_…`
    pub author_id: String,
    /// Whom it was for.
    pub receiver_id: String,
    /// Its beginning.
    pub preview: String,
    /// When it was written.
    pub written_at: Time,
    /// Whether it is what was sealed.
    pub intact: bool,
}

/// An item.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ItemView {
    /// `mod_…`
    pub item_id: String,
    /// What it is about.
    pub kind: Subject,
    /// Id of that.
    pub target_id: String,
    /// Rules that found something.
    pub reasons: Vec<String>,
    /// 0–100, with one more for every hour that it waits.
    pub priority: i64,
    /// Where it is on its way.
    pub state: ItemState,
    /// `adm_…` of who looks at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed_by: Option<String>,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim_until: Option<Time>,
    /// What was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Time>,
    /// What was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidenceView>,
    /// When it was opened.
    pub created_at: Time,
    /// Until when it should be decided.
    pub due_at: Time,
}

impl ItemView {
    /// The item as it is now.
    pub fn of(item: ModerationItem, now: Time) -> Self {
        let state = item.state_at(now);
        let (is_claimed, is_over) = (state == ItemState::Claimed, !item.is_unresolved());
        let hours = match is_over {
            true => 0,
            false => now.since(item.created_at).max(0) / HOUR_MS,
        };
        let evidence = item.sealed_evidence.as_ref().map(|found| EvidenceView {
            author_id: found.author_id.clone(),
            receiver_id: found.receiver_id.clone(),
            preview: preview(&found.content),
            written_at: found.written_at,
            intact: found.is_intact(&item.target_id),
        });
        Self {
            state,
            priority: (item.priority + hours).min(PRIORITY_MAX),
            claimed_by: item.claimed_by.filter(|_| is_claimed),
            claim_until: item.claim_until.filter(|_| is_claimed),
            evidence,
            item_id: item.item_id,
            kind: item.kind,
            target_id: item.target_id,
            reasons: item.reasons,
            resolution: item.resolution,
            resolved_at: item.resolved_at,
            created_at: item.created_at,
            due_at: item.decide_by,
        }
    }
}

/// An item by its id.
///
/// # Errors
/// 404 `ITEM_NOT_FOUND`.
pub async fn known_item(tables: &Tables, item_id: &str) -> Result<ModerationItem> {
    if !is_id("mod", item_id) {
        return Err(ITEM_NOT_FOUND.into());
    }
    let key = ModerationItem::key_of(item_id);
    let item: Option<ModerationItem> = tables.get_consistent(&key).await?;
    item.ok_or_else(|| ITEM_NOT_FOUND.into())
}
