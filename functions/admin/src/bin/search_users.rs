//! Finds people by id, e-mail address, the beginning of the name or what the account may do.

use shared::admin::users::{PeopleFilter, PeopleFound, search};
use shared::admin::{Recorded, UsersView};
use shared::aws::secret::{Lookup, Secret};
use shared::http::{Admin, Json, Pages, Query};
use shared::table::{Data, Read};
use shared::{Result, Table, admin};

admin!(GET "/api/admin/users" => search_users, severity: Notice,
    faults: [INVALID_CURSOR, PAGE_TOO_DEEP]);

async fn search_users(
    admin: Admin<UsersView>,
    table: Table<Read<Data>>,
    Query(filter): Query<PeopleFilter>,
    pages: Pages,
    lookup: Secret<Lookup>,
) -> Result<Recorded<Json<PeopleFound>>> {
    let found = search(&table, &pages, &filter, &lookup.key()?, admin.now()).await?;
    admin.shows(&filter.act(), Json(found)).await
}
