//! Notes what one of the two people says of a call, within a day of its end.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::calls::{Call, Feedback, Rating};
use shared::http::{Body, Member, NoContent, Once, Path};
use shared::table::{Commit, Data, Write};
use shared::{Clock, Result, Table, endpoint};

endpoint!(POST "/api/v2/calls/{call_id}/feedback" => rate_call,
    faults: [CALL_NOT_FOUND, CALL_STATE_CONFLICT]);

/// Which call.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    call_id: String,
}

async fn rate_call(
    table: Table<Write<Data>>,
    clock: Clock,
    Member(me): Member,
    Path(at): Path<At>,
    Body(rating): Body<Rating>,
    once: Once,
) -> Result<NoContent> {
    let call = Call::load(&table, &at.call_id).await?;
    let feedback = Feedback::of(&call, &me.user_id, rating, clock.now())?;
    let commit = Commit::new().put(&feedback);
    Ok(once.commit(&table, commit, NoContent).await?)
}
