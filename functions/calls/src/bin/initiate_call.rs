//! Rings somebody who has written to the caller; nothing is charged yet.

use shared::aws::queue::{Queue, Rings};
use shared::calls::{
    CallView, Dial, Joined, NewCall, Side, TurnServers, affordable_minutes, set_timer, slot_of,
};
use shared::http::{Body, Client, Created, Member};
use shared::table::{Data, Ledger, Write};
use shared::{Result, Table, endpoint};

endpoint!(POST "/api/v2/calls/initiate" => initiate_call, limit: Call, faults: [
    IDEMPOTENCY_KEY_REQUIRED, INSUFFICIENT_CREDITS, BLOCKED, CALL_NOT_ALLOWED, USER_NOT_FOUND,
    DEVICE_NOT_FOUND, CALLEE_BUSY, CALLER_BUSY, CALL_GLARE, WALLET_FROZEN, CANNOT_TARGET_SELF,
    SIGNAL_INVALID,
]);

async fn initiate_call(
    tables: Table<(Write<Data>, Write<Ledger>)>,
    Member(me): Member,
    Body(new): Body<NewCall>,
    dial: Dial,
    turn: TurnServers,
    rings: Queue<Rings>,
    client: Client,
) -> Result<Created<Joined>> {
    let slot = slot_of(&tables, &me, new.device_id.clone()).await?;
    let call = dial.ring(&tables, &me, &new, &slot).await?;
    set_timer(&rings, &call, client.now, &client.request_id).await;
    let affordable_minutes = affordable_minutes(&tables, &call).await?;
    Ok(Created(Joined {
        ice_servers: turn.servers(&call, &me.user_id, client.now),
        call: CallView::of(&call, Side::Caller, client.now),
        affordable_minutes: Some(affordable_minutes),
    }))
}
