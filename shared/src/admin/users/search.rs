//! Finding people: by id, by address, by the beginning of the name, by what their account may do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::accounts::account::{Account, Status};
use crate::accounts::address::EmailOwner;
use crate::accounts::directory::{Spot, Wanted, accounts};
use crate::accounts::{Email, directory};
use crate::admin::Act;
use crate::aws::dynamo::Tables;
use crate::error::{PAGE_TOO_DEEP, Result};
use crate::http::Pages;
use crate::http::check::invalid;
use crate::page::{OFFSET_MAX, admin_limit_of, check_offset};
use crate::text::fold_name;
use crate::time::Time;

/// Who is looked for, and which page.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct PeopleFilter {
    /// An id, a whole e-mail address, or the beginning of a name.
    #[schemars(length(min = 1, max = 254))]
    pub q: Option<String>,
    /// What the account may do.
    pub status: Option<Status>,
    /// From 1; not with a cursor.
    #[serde(skip_serializing)]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub page: Option<i64>,
    /// Most people of a page; no filter.
    #[serde(skip_serializing)]
    #[schemars(range(min = 1))]
    pub limit: Option<i64>,
    /// Where the page before ended; no filter.
    #[serde(skip_serializing)]
    pub cursor: Option<String>,
}

/// Somebody in a list.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PersonRow {
    /// `usr_…`
    pub user_id: String,
    /// Name.
    pub name: String,
    /// What the account may do now.
    pub status: Status,
    /// End of a ban, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub banned_until: Option<Time>,
    /// Whether the address is proven.
    pub email_verified: bool,
    /// Registration.
    pub created_at: Time,
    /// Last sign-in.
    pub last_sign_in_at: Option<Time>,
}

impl From<Account> for PersonRow {
    fn from(account: Account) -> Self {
        let banned = account.status == Status::Banned;
        Self {
            banned_until: account.banned_until.filter(|_| banned),
            email_verified: account.email_verified_at.is_some(),
            user_id: account.user_id,
            name: account.name,
            status: account.status,
            created_at: account.created_at,
            last_sign_in_at: account.last_sign_in_at,
        }
    }
}

/// People in the order of their names. Answers to a cursor carry neither page nor total.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct PeopleFound {
    /// This page.
    pub users: Vec<PersonRow>,
    /// How many there are, counted up to 10,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<usize>,
    /// Whether there are more than were counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_capped: Option<bool>,
    /// Number of this page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<usize>,
    /// People on a page.
    pub limit: usize,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
}

/// How somebody is looked for.
enum By<'a> {
    Id(&'a str),
    Address(Email),
    Directory(Wanted),
}

impl PeopleFilter {
    fn by(&self) -> Result<By<'_>> {
        let wish = self.q.as_deref().map(str::trim);
        Ok(match wish {
            Some(id) if id.starts_with("usr_") => By::Id(id),
            Some(address) if address.contains('@') => By::Address(Email::fold(address)),
            Some(name) if fold_name(name).is_empty() => {
                return Err(invalid("/q", "pattern", "There is nothing to look for."));
            }
            name => By::Directory(Wanted {
                name: name.map(str::to_owned),
                status: self.status,
            }),
        })
    }

    /// What the log keeps of it: how somebody was looked for, and only an id as it is.
    pub fn act(&self) -> Act {
        let act = Act::general().noting_all(&serde_json::json!({ "status": self.status }));
        match self.by() {
            Ok(By::Id(id)) => Act::on("user", id).noting("by", "id"),
            Ok(By::Address(_)) => act.noting("by", "email"),
            Ok(By::Directory(Wanted { name: Some(_), .. })) => act.noting("by", "name"),
            _ => act,
        }
    }
}

/// A page of people. `lookup` is the key of hashes of addresses.
///
/// # Errors
/// 400 `INVALID_CURSOR`; 422 `PAGE_TOO_DEEP`; 503 when the table does not answer.
pub async fn search(
    tables: &Tables,
    pages: &Pages,
    filter: &PeopleFilter,
    lookup: &[u8; 32],
    now: Time,
) -> Result<PeopleFound> {
    let (limit, _) = admin_limit_of(filter.limit)?;
    let page = filter.page.map_or(1, |page| page.max(1) as usize);
    let skip = (page - 1).checked_mul(limit).ok_or(PAGE_TOO_DEEP)?;
    check_offset(skip, limit)?;
    let user_id = match filter.by()? {
        By::Directory(wanted) => {
            let filters = serde_json::json!(filter).to_string();
            let spot = pages.open(&filters, filter.cursor.as_deref())?;
            let found = match spot {
                Some(spot) => after(tables, &wanted, spot, limit, now).await?,
                None => offset(tables, &wanted, (page, skip, limit), now).await?,
            };
            let (found, next) = found;
            let next_cursor = pages.seal(&filters, next.as_ref());
            return Ok(PeopleFound {
                next_cursor,
                ..found
            });
        }
        By::Id(id) => Some(id.to_owned()),
        By::Address(email) => {
            let key = EmailOwner::key_of(&email.hash(lookup));
            let owner: Option<EmailOwner> = tables.get(&key).await?;
            owner.map(|owner| owner.user_id)
        }
    };
    let ids: Vec<String> = user_id.into_iter().collect();
    let mut users = directory::accounts(tables, &ids, now).await?;
    users.retain(|user| filter.status.is_none_or(|status| status == user.status));
    let total = users.len();
    let users = users.into_iter().skip(skip).map(PersonRow::from).collect();
    Ok(PeopleFound {
        users,
        total: Some(total),
        page: Some(page),
        limit,
        ..PeopleFound::default()
    })
}

/// The page after a cursor.
async fn after(
    tables: &Tables,
    wanted: &Wanted,
    spot: Spot,
    limit: usize,
    now: Time,
) -> Result<(PeopleFound, Option<Spot>)> {
    let found = wanted.find(tables, Some(spot), limit).await?;
    let users = accounts(tables, &found.ids, now).await?;
    let page = PeopleFound {
        users: users.into_iter().map(PersonRow::from).collect(),
        limit,
        ..PeopleFound::default()
    };
    Ok((page, found.next))
}

/// A page by its number, with the count of all; and where a cursor goes on after it.
async fn offset(
    tables: &Tables,
    wanted: &Wanted,
    (page, skip, limit): (usize, usize, usize),
    now: Time,
) -> Result<(PeopleFound, Option<Spot>)> {
    let upto = wanted.find(tables, None, skip + limit).await?;
    let shown = upto.ids.get(skip..).unwrap_or_default();
    let users = accounts(tables, shown, now).await?;
    let rest = match upto.next.clone() {
        Some(next) => {
            let room = OFFSET_MAX.saturating_sub(upto.ids.len()).max(1);
            Some(wanted.find(tables, Some(next), room).await?)
        }
        None => None,
    };
    let more = rest.as_ref().map_or(0, |rest| rest.ids.len());
    let total = upto.ids.len() + more;
    let capped = total > OFFSET_MAX || rest.is_some_and(|rest| rest.next.is_some());
    let found = PeopleFound {
        users: users.into_iter().map(PersonRow::from).collect(),
        total: Some(total.min(OFFSET_MAX)),
        total_capped: capped.then_some(true),
        page: Some(page),
        limit,
        next_cursor: None,
    };
    Ok((found, upto.next))
}
