//! Whether a sign-in comes from somewhere new, which its owner is told.

use super::account::Account;
use super::desk::Opener;
use super::notice::notice;
use super::session::Session;
use super::sessions;
use crate::error::Result;
use crate::notifications::SecurityChange;
use crate::table::Commit;
use crate::time::Time;

/// Whether an earlier session began at the same place: on the same device, or with the same program
/// from the same network. One of both alone would be easy to share with a thief.
fn is_known(earlier: &[Session], new: &Session) -> bool {
    earlier.iter().any(|one| {
        let device = one.device_id.is_some() && one.device_id == new.device_id;
        device || (one.user_agent == new.user_agent && one.ip_prefix == new.ip_prefix)
    })
}

/// The notice of a sign-in from a new place. Sessions that ended in the last 30 days are known.
/// The first sign-in after registration tells nobody: its owner has just proven the address.
///
/// # Errors
/// 503 when a service does not answer.
pub(super) async fn signed_in(
    desk: &Opener,
    account: &Account,
    session: &Session,
    now: Time,
) -> Result<Commit> {
    if account.last_sign_in_at.is_none() {
        return Ok(Commit::new());
    }
    if is_known(
        &sessions::kept(&desk.tables, &account.user_id).await?,
        session,
    ) {
        return Ok(Commit::new());
    }
    let key = desk.cipher.key(&account.user_id).await?;
    let event = format!("signed_in:{}", session.session_id);
    notice(account, &key, SecurityChange::NewSignIn, &event, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::session::tests::session;

    #[test]
    fn a_place_is_program_and_network_or_the_device() {
        let known = [session()];
        assert!(is_known(&known, &session()));
        let mut elsewhere = session();
        elsewhere.ip_prefix = "198.51.100.0/24".into();
        assert!(!is_known(&known, &elsewhere));
        let mut otherwise = session();
        otherwise.user_agent = "another".into();
        assert!(!is_known(&known, &otherwise));
        assert!(!is_known(&[], &session()));
        let mut phone = elsewhere.clone();
        phone.device_id = Some("dev_1".into());
        assert!(is_known(
            &[phone.clone()],
            &Session {
                ip_prefix: "x".into(),
                ..phone
            }
        ));
    }
}
