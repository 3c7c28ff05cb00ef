//! Gives the OpenAPI 3.1 description of the user routes.

use shared::http::{Cached, Caller, Client};
use shared::operations::routes::{self, Description};
use shared::{Result, endpoint};

endpoint!(GET "/api/openapi.json" => get_api_description, limit: Anonymous);

async fn get_api_description(_: Caller, client: Client) -> Result<Cached<Description>> {
    Ok(Cached::private(routes::description()?, &client))
}
