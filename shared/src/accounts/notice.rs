//! The mail that tells somebody of a change that concerns the safety of their account.

use super::account::Account;
use crate::aws::cipher::DataKey;
use crate::error::Result;
use crate::notifications::{self, Facts, Mail, NewMail, SecurityChange};
use crate::table::Commit;
use crate::time::Time;

/// The part of a commit that mails a security notice. `event` names the one change it is about:
/// the same change causes no second mail.
///
/// # Errors
/// 500 when sealing fails.
pub(super) fn notice(
    account: &Account,
    key: &DataKey,
    change: SecurityChange,
    event: &str,
    now: Time,
) -> Result<Commit> {
    let facts = Facts {
        to: account.email(key)?,
        name: account.name.clone(),
        locale: account.locale.clone(),
        mail: Mail::AccountSecurity { change, at: now },
    };
    let new = NewMail {
        user_id: &account.user_id,
        event,
        facts: &facts,
        valid_until: None,
    };
    notifications::mail(key, &new, now)
}
