//! Lists whom the caller has blocked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::http::{Json, Member, Pages, Query};
use shared::matching::block::{self, BlockView};
use shared::page::limit_of;
use shared::table::{Data, Read};
use shared::{Result, Table, endpoint};

endpoint!(GET "/api/v2/blocks" => list_blocks, faults: [INVALID_CURSOR]);

/// Which part of the list.
#[derive(Debug, Deserialize, JsonSchema)]
struct BlockPart {
    cursor: Option<String>,
    #[schemars(range(min = 1))]
    limit: Option<i64>,
}

/// A page of blocks, in the order of ids.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Blocks {
    blocks: Vec<BlockView>,
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
}

async fn list_blocks(
    table: Table<Read<Data>>,
    Member(me): Member,
    Query(part): Query<BlockPart>,
    pages: Pages,
) -> Result<Json<Blocks>> {
    let (limit, lowered) = limit_of(part.limit)?;
    let after: Option<String> = pages.open("", part.cursor.as_deref())?;
    let (blocks, more) = block::list(&table, &me, after.as_deref(), limit).await?;
    let last = blocks.last().map(|last| &last.user_id).filter(|_| more);
    Ok(Json(Blocks {
        next_cursor: pages.seal("", last),
        limit: lowered.then_some(limit),
        blocks,
    }))
}
