//! The mail that tells somebody of a change that concerns the safety of their account.

use super::account::{self, Account};
use crate::aws::cipher::{Cipher, DataKey};
use crate::aws::dynamo::Tables;
use crate::error::Result;
use crate::notifications::{self, Facts, Mail, NewMail, SecurityChange};
use crate::relay::Device;
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

/// The part of a commit that mails of a device that somebody added to their account.
///
/// # Errors
/// 503 when a service does not answer.
pub async fn device_notice(
    tables: &Tables,
    cipher: &Cipher,
    device: &Device,
    now: Time,
) -> Result<Commit> {
    let account = account::load(tables, &device.user_id).await?;
    let key = cipher.key(&device.user_id).await?;
    let event = format!("device_added:{}", device.device_id);
    notice(&account, &key, SecurityChange::DeviceAdded, &event, now)
}
