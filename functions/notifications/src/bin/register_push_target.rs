//! Registers a phone of the caller for pushes; registered again, it is renewed.

use shared::aws::cipher::Cipher;
use shared::http::{Body, Created, Member, Once};
use shared::notifications::{NewTarget, RegisteredPhone, register_target};
use shared::table::{Data, Write};
use shared::{Clock, Ids, Result, Table, endpoint};

endpoint!(POST "/api/v2/notifications/devices" => register_push_target,
    faults: [DEVICE_NOT_FOUND, INVALID_TIMEZONE]);

async fn register_push_target(
    table: Table<Write<Data>>,
    cipher: Cipher,
    clock: Clock,
    ids: Ids,
    Member(me): Member,
    Body(new): Body<NewTarget>,
    once: Once,
) -> Result<Created<RegisteredPhone>> {
    register_target(&table, &cipher, &once, &me, &new, (&ids, clock.now())).await
}
