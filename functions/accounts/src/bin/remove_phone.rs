//! Removes the phone number of the account.

use shared::accounts::{Operator, phone};
use shared::http::{Fresh, NoContent};
use shared::{Result, endpoint};

endpoint!(DELETE "/api/v2/user/phone" => remove_phone,
    faults: [PHONE_STATE, REAUTHENTICATION_NEEDED, INSUFFICIENT_AAL]);

async fn remove_phone(desk: Operator, Fresh(me): Fresh) -> Result<NoContent> {
    phone::remove(&desk, &me).await?;
    Ok(NoContent)
}
