//! The first wallet of a person, and the way between person and wallet.

use super::codes::{Kind, RefType};
use super::entry::Reference;
use super::policies::Policies;
use super::wallet::{Link, Owner, Wallet};
use crate::aws::dynamo::Tables;
use crate::error::{INTERNAL_ERROR, Result, UNAVAILABLE, USER_NOT_FOUND};
use crate::table::Commit;
use crate::time::Time;

/// A new person's wallet, its links and, if the policy grants one, the first credits: part of
/// the registration's commit.
///
/// # Errors
/// 500 when the policy grants more than a posting may carry.
pub fn open(user_id: &str, wallet_id: &str, policies: &Policies, now: Time) -> Result<Commit> {
    let wallet = Wallet::new(wallet_id, policies.number("credits.low_threshold"));
    let mut booking = wallet.book(now);
    let granted = policies.number("credits.signup_grant");
    if granted > 0 {
        let reference = Reference::new(RefType::Wallet, wallet_id);
        booking.grant(Kind::Adjustment, granted, &reference)?;
    }
    let link = Link {
        user_id: user_id.to_owned(),
        wallet_id: wallet_id.to_owned(),
    };
    let owner = Owner {
        wallet_id: wallet_id.to_owned(),
        user_id: user_id.to_owned(),
    };
    Ok(booking
        .commit()
        .create(&link, &UNAVAILABLE)
        .create(&owner, &UNAVAILABLE))
}

impl Wallet {
    /// A wallet by its id, with all earlier writes.
    ///
    /// # Errors
    /// 500 when there is none, which no commit leaves behind.
    pub async fn load(tables: &Tables, wallet_id: &str) -> Result<Self> {
        let wallet: Option<Self> = tables.get_consistent(&Self::key_of(wallet_id)).await?;
        wallet.ok_or_else(|| INTERNAL_ERROR.because("no wallet"))
    }
}

impl Wallet {
    /// The wallet of a person whom an admin names, with all earlier writes.
    ///
    /// # Errors
    /// 404 `USER_NOT_FOUND`.
    pub async fn of_user(tables: &Tables, user_id: &str) -> Result<Self> {
        let link: Option<Link> = tables.get_consistent(&Link::key_of(user_id)).await?;
        let link = link.ok_or(USER_NOT_FOUND)?;
        Self::load(tables, &link.wallet_id).await
    }
}

/// The wallet id of a person.
///
/// # Errors
/// 500 when the person has none, which no commit leaves behind.
pub async fn wallet_of(tables: &Tables, user_id: &str) -> Result<String> {
    let link: Option<Link> = tables.get(&Link::key_of(user_id)).await?;
    link.map(|link| link.wallet_id)
        .ok_or_else(|| INTERNAL_ERROR.because("no wallet"))
}

/// Whose wallet this is; `None` after erasure.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn owner_of(tables: &Tables, wallet_id: &str) -> Result<Option<String>> {
    let owner: Option<Owner> = tables.get(&Owner::key_of(wallet_id)).await?;
    Ok(owner.map(|owner| owner.user_id))
}
