//! Removes one of the caller's identities at other providers.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::accounts::Locksmith;
use shared::accounts::social::identity;
use shared::aws::secret::{Lookup, Secret};
use shared::http::{Fresh, NoContent, Path};
use shared::{Result, endpoint};

endpoint!(DELETE "/api/v2/auth/identities/{identity_id}" => unlink_identity,
    faults: [IDENTITY_NOT_FOUND, LAST_SIGN_IN_METHOD, REAUTHENTICATION_NEEDED, INSUFFICIENT_AAL]);

/// Which identity.
#[derive(Deserialize, JsonSchema)]
struct At {
    identity_id: String,
}

async fn unlink_identity(
    desk: Locksmith,
    lookup: Secret<Lookup>,
    Fresh(me): Fresh,
    Path(at): Path<At>,
) -> Result<NoContent> {
    identity::unlink(&desk, &lookup.key()?, &me, &at.identity_id).await?;
    Ok(NoContent)
}
