//! The local administrators: sessions of IAM roles whose keys come from one secret of the state.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::event::ACCOUNT;
use super::signature::hex;

/// One per role, a second where approvals need two people, and one that no record knows.
const NAMES: &[(Option<&str>, &str)] = &[
    (Some("moderator"), "moderator-1"),
    (Some("analyst"), "analyst-1"),
    (Some("support"), "support-1"),
    (Some("finance"), "finance-1"),
    (Some("operator"), "operator-1"),
    (Some("admin"), "admin-1"),
    (Some("admin"), "admin-2"),
    (Some("super_admin"), "super_admin-1"),
    (Some("super_admin"), "super_admin-2"),
    (None, "unknown-1"),
];

/// A session of an IAM role of the local account, which has a key of its own.
#[derive(Clone, Debug, Serialize)]
pub struct Principal {
    /// Role of its admin record; `None` if it has no record.
    pub role: Option<&'static str>,
    /// Access key id, twenty characters.
    pub access_key_id: String,
    /// Secret access key, forty characters.
    pub secret_access_key: String,
    /// ARN of the role.
    pub role_arn: String,
    /// Name of the session.
    pub session_name: &'static str,
    /// `arn:aws:sts::000000000000:assumed-role/…`, as the gateway tells it.
    pub arn: String,
}

fn iam_role(role: Option<&str>) -> String {
    format!("pairly-{}", role.unwrap_or("unknown"))
}

/// All local principals.
#[derive(Clone, Debug)]
pub struct Admins(Vec<Principal>);

impl Admins {
    /// The principals of a state, derived from its secret: equal after every restart.
    pub fn new(root: &[u8]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, root);
        let derive = |what: &str| hmac::sign(&key, what.as_bytes());
        let principal = |&(role, name): &(Option<&'static str>, &'static str)| {
            let id = hex(derive(&format!("id/{name}")).as_ref()).to_ascii_uppercase();
            let secret = STANDARD.encode(derive(&format!("secret/{name}")));
            Principal {
                role,
                access_key_id: format!("AKIA{}", id.get(..16).unwrap_or_default()),
                secret_access_key: secret.get(..40).unwrap_or_default().to_owned(),
                role_arn: format!("arn:aws:iam::{ACCOUNT}:role/{}", iam_role(role)),
                session_name: name,
                arn: format!(
                    "arn:aws:sts::{ACCOUNT}:assumed-role/{}/{name}",
                    iam_role(role)
                ),
            }
        };
        Self(NAMES.iter().map(principal).collect())
    }

    /// All of them, for `/_local`.
    pub fn list(&self) -> &[Principal] {
        &self.0
    }

    /// The principal of a session.
    pub fn of_session(&self, session_name: &str) -> Option<&Principal> {
        self.0
            .iter()
            .find(|principal| principal.session_name == session_name)
    }

    /// The owner of an access key.
    pub fn of_key(&self, access_key_id: &str) -> Option<&Principal> {
        self.0
            .iter()
            .find(|principal| principal.access_key_id == access_key_id)
    }
}
