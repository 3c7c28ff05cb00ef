//! Sends a code to a phone number that is to belong to the account.

use shared::accounts::Operator;
use shared::accounts::phone::{self, Asked, Phone};
use shared::http::{Accepted, Body, Fresh, Once};
use shared::{Result, endpoint};

endpoint!(POST "/api/v2/user/phone" => add_phone, limit: Mail,
    faults: [PHONE_STATE, REAUTHENTICATION_NEEDED, INSUFFICIENT_AAL]);

async fn add_phone(
    desk: Operator,
    Fresh(me): Fresh,
    Body(given): Body<Phone>,
    once: Once,
) -> Result<Accepted<Asked>> {
    phone::add(&desk, &me, &once, &given).await
}
