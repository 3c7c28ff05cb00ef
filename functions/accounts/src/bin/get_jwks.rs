//! Publishes the keys that verify access tokens (RFC 7517).

use shared::accounts::view::{Jwks, jwks};
use shared::http::{Cached, Caller, Client};
use shared::table::{Data, Read};
use shared::{Result, Table, endpoint};

endpoint!(GET "/.well-known/jwks.json" => get_jwks, limit: Anonymous);

async fn get_jwks(table: Table<Read<Data>>, client: Client, _: Caller) -> Result<Cached<Jwks>> {
    Ok(Cached::public(jwks(&table, client.now).await?, &client))
}
