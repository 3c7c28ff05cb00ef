//! Registers a device with its own key; a key that is active already gives its device.

use shared::aws::cipher::Cipher;
use shared::http::{Body, Created, Member, Once};
use shared::relay::{self, DeviceView, NewDevice};
use shared::table::{Data, Write};
use shared::{Clock, Ids, Result, Table, endpoint};

endpoint!(POST "/api/v2/devices" => register_device, limit: Device,
    faults: [DEVICE_NAME_TAKEN, DEVICE_LIMIT, KEY_REUSED, DEVICE_TYPE, INVALID_KEY]);

async fn register_device(
    table: Table<Write<Data>>,
    cipher: Cipher,
    clock: Clock,
    ids: Ids,
    Member(me): Member,
    Body(new): Body<NewDevice>,
    once: Once,
) -> Result<Created<DeviceView>> {
    let now = clock.now();
    relay::register(&table, &cipher, &once, &me, &new, (&ids, now)).await
}
