//! Shows whether the caller has a second factor.

use shared::accounts::factor::{self, Status};
use shared::http::{Json, Member};
use shared::table::{Data, Read};
use shared::{Result, Table, endpoint};

endpoint!(GET "/api/v2/auth/2fa" => get_2fa_status);

async fn get_2fa_status(table: Table<Read<Data>>, Member(me): Member) -> Result<Json<Status>> {
    factor::status(&table, &me).await.map(Json)
}
