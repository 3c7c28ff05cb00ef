//! Takes what a provider says and sends the browser back to the app with a one-time code.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::accounts::Usher;
use shared::accounts::social::{Providers, Returned, flow};
use shared::http::{Caller, Path, Redirect};
use shared::{Result, endpoint};

endpoint!(GET "/api/v2/auth/oauth/{provider}/callback", alias "/auth/oauth/{provider}/callback",
    POST "/api/v2/auth/oauth/{provider}/callback", alias "/auth/oauth/{provider}/callback"
    => finish_social_login, limit: Anonymous, faults: [OAUTH_FAILED, PROVIDER_DISABLED]);

/// Which provider.
#[derive(Deserialize, JsonSchema)]
struct At {
    provider: String,
}

async fn finish_social_login(
    desk: Usher,
    providers: Providers,
    _: Caller,
    Path(at): Path<At>,
    Returned(callback): Returned,
) -> Result<Redirect> {
    flow::finish(&desk, &providers, &at.provider, callback)
        .await
        .map(Redirect)
}
