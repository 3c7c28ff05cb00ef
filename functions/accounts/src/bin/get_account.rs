//! Shows the caller's account.

use shared::accounts::view::{self, Tagged};
use shared::aws::cipher::Cipher;
use shared::http::Member;
use shared::table::{Data, Live, Read};
use shared::{Result, Table, endpoint};

endpoint!(GET "/api/v2/user", alias "/api/user" => get_account);

async fn get_account(
    table: Table<(Read<Data>, Read<Live>)>,
    cipher: Cipher,
    Member(me): Member,
) -> Result<Tagged> {
    view::get(&table, &cipher, &me).await
}
