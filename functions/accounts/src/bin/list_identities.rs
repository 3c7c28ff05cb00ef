//! Lists the caller's identities at other providers.

use schemars::JsonSchema;
use serde::Serialize;
use shared::accounts::social::identity::{self, IdentityView};
use shared::aws::cipher::Cipher;
use shared::http::{Json, Member};
use shared::table::{Data, Read};
use shared::{Result, Table, endpoint};

endpoint!(GET "/api/v2/auth/identities" => list_identities);

/// All identities, oldest first.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Identities {
    identities: Vec<IdentityView>,
}

async fn list_identities(
    table: Table<Read<Data>>,
    cipher: Cipher,
    Member(me): Member,
) -> Result<Json<Identities>> {
    let identities = identity::list(&table, &cipher, &me).await?;
    Ok(Json(Identities { identities }))
}
