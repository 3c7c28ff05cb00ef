//! Shows the page behind the link of a verification mail; changes nothing.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::accounts::{look_at, page};
use shared::error::OTP_EXPIRED;
use shared::http::{Caller, Html, Query};
use shared::table::{Data, Read};
use shared::{Clock, Result, Table, endpoint};

endpoint!(GET "/verify-email" => open_email_link, limit: Anonymous, faults: [OTP_EXPIRED]);

/// The link's token.
#[derive(Deserialize, JsonSchema)]
struct Link {
    #[schemars(length(max = 1024))]
    token: Option<String>,
}

async fn open_email_link(
    table: Table<Read<Data>>,
    clock: Clock,
    _: Caller,
    Query(link): Query<Link>,
) -> Result<Html> {
    let token = link.token.unwrap_or_default();
    match look_at(&table, &token, clock.now()).await {
        Ok(()) => page::confirm(Some(&token)),
        Err(spent) if spent.is(&OTP_EXPIRED) => page::confirm(None),
        Err(error) => Err(error),
    }
}
