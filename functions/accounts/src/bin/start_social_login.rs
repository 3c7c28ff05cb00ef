//! Sends the browser to a provider that says who the person is.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::accounts::Usher;
use shared::accounts::social::Location;
use shared::accounts::social::flow::{self, Mode, Start};
use shared::http::{Client, Path, Query, Visitor};
use shared::{Result, endpoint};

endpoint!(GET "/api/v2/auth/oauth/{provider}/start", alias "/auth/oauth/{provider}"
    => start_social_login, limit: Anonymous,
    faults: [PROVIDER_DISABLED, REDIRECT_NOT_ALLOWED, UNAUTHENTICATED, REAUTHENTICATION_NEEDED,
        INSUFFICIENT_AAL]);

/// Which provider.
#[derive(Deserialize, JsonSchema)]
struct At {
    provider: String,
}

async fn start_social_login(
    desk: Usher,
    client: Client,
    visitor: Visitor,
    Path(at): Path<At>,
    Query(ask): Query<Start>,
) -> Result<Location> {
    let link = ask.mode == Some(Mode::Link);
    let me = link.then(|| visitor.fresh()).transpose()?;
    Ok(Location {
        address: flow::start(&desk, &at.provider, ask, me.as_ref()).await?,
        as_json: client.wants_json,
    })
}
