//! Changes name, language or time zone of the caller's account.

use shared::accounts::view::{self, AccountChange, Tagged};
use shared::aws::cipher::Cipher;
use shared::http::{Body, Client, Member};
use shared::table::{Data, Live, Read, Write};
use shared::{Result, Table, endpoint};

endpoint!(PATCH "/api/v2/user" => edit_account, faults: [VERSION_CONFLICT, INVALID_TIMEZONE]);

async fn edit_account(
    table: Table<(Write<Data>, Read<Live>)>,
    cipher: Cipher,
    client: Client,
    Member(me): Member,
    Body(change): Body<AccountChange>,
) -> Result<Tagged> {
    let if_match = client.if_match.as_deref();
    view::edit(&table, &cipher, &me, change, if_match, client.now).await
}
