//! Hangs up: gives up ringing, declines, or ends the call and settles it.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::calls::{Call, Kept, Over, Wish, finish};
use shared::http::{Body, Json, Member, Once, Path};
use shared::table::{Commit, Data, Ledger, Write};
use shared::{Clock, Result, Table, endpoint};

endpoint!(POST "/api/v2/calls/{call_id}/end", frame "call.hangup" => end_call,
    faults: [CALL_NOT_FOUND]);

/// Which call.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    call_id: String,
}

/// Why.
#[derive(Debug, Deserialize, JsonSchema)]
struct Hangup {
    /// `user_hangup` without it.
    reason: Option<Wish>,
}

async fn end_call(
    tables: Table<(Write<Data>, Write<Ledger>)>,
    clock: Clock,
    Member(me): Member,
    Path(at): Path<At>,
    Body(why): Body<Hangup>,
    once: Once,
) -> Result<Json<Over>> {
    let (now, wish) = (clock.now(), why.reason.unwrap_or_default());
    let answer = |call: &Call| Json(Over::to(call, &me.user_id));
    let kept = Kept {
        once: &once,
        answer,
    };
    let end = |call: &Call| Ok(call.hang_up(call.side(&me.user_id)?, wish, now));
    let ended = finish(&tables, &at.call_id, &kept, end, now).await?;
    let told = answer(&ended.call);
    match ended.wrote {
        true => Ok(told),
        // It was over before; the first result is the result.
        false => Ok(once.commit(&tables, Commit::new(), told).await?),
    }
}
