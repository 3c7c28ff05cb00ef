//! Who signed a request, as API Gateway tells it.

use serde_json::Value;

/// A verified caller of the admin API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The caller's ARN as the gateway passed it.
    pub arn: String,
    /// ARN of the role or the IAM user behind it.
    pub role_arn: String,
    /// Session name of the role, or name of the user.
    pub session_name: String,
}

impl Principal {
    /// The principal of an event: from the authorizer's context and nowhere else. Clients cannot
    /// write there.
    pub fn of(event: &Value) -> Option<Self> {
        Self::parse(event["requestContext"]["authorizer"]["iam"]["userArn"].as_str()?)
    }

    /// Reads an ARN: a session of a role
    /// (`arn:aws:sts::<account>:assumed-role/<role>/<session>`, which leaves out a role's path),
    /// or an IAM user. Nobody else can be an admin: no root, no federated user.
    pub fn parse(arn: &str) -> Option<Self> {
        let (scheme, rest) = arn.split_once(':')?;
        let mut parts = rest.splitn(5, ':');
        let (partition, service) = (parts.next()?, parts.next()?);
        let (_region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        let (kind, path) = resource.split_once('/')?;
        let (role_arn, session_name) = match (scheme, service, kind) {
            ("arn", "sts", "assumed-role") => {
                let (role, session) = path.split_once('/')?;
                let role_arn = format!("arn:{partition}:iam::{account}:role/{role}");
                (role_arn, session)
            }
            ("arn", "iam", "user") => (arn.to_owned(), path.rsplit('/').next()?),
            _ => return None,
        };
        // A star in a record stands for every session, so nobody may be called that.
        let is_name = !session_name.is_empty() && !session_name.contains(['/', '*']);
        is_name.then(|| Self {
            arn: arn.to_owned(),
            role_arn,
            session_name: session_name.to_owned(),
        })
    }
}

/// Whether a session name fits the ARN of a role or a user: a user's name is their own; `None`
/// for any other ARN, also for that of a role with a path, which no caller's ARN shows.
pub fn fits(arn: &str, session_name: &str) -> Option<bool> {
    let (_, rest) = arn.split_once(":iam::")?;
    let (account, resource) = rest.split_once(':')?;
    let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    if !arn.starts_with("arn:aws") || !is_account {
        return None;
    }
    match resource.split_once('/')? {
        ("role", name) if !name.is_empty() && !name.contains('/') => Some(true),
        ("user", _) => {
            let own = Principal::parse(arn)?;
            Some(own.session_name == session_name)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_belongs_to_its_role_and_a_user_to_itself() {
        let read = |arn: &str| {
            Principal::parse(arn).map(|found| (found.role_arn.clone(), found.session_name))
        };
        let role = "arn:aws:iam::123456789012:role/pairly-support".to_owned();
        assert_eq!(
            read("arn:aws:sts::123456789012:assumed-role/pairly-support/jo@example.com"),
            Some((role, "jo@example.com".to_owned()))
        );
        let user = "arn:aws-us-gov:iam::123456789012:user/ops/jo";
        assert_eq!(read(user), Some((user.to_owned(), "jo".to_owned())));
        for nobody in [
            "",
            "arn:aws:iam::123456789012:root",
            "arn:aws:sts::123456789012:federated-user/jo",
            "arn:aws:sts::123456789012:assumed-role/pairly-support",
            "arn:aws:sts::123456789012:assumed-role/pairly-support/",
            "arn:aws:sts::123456789012:assumed-role/pairly-support/*",
            "arn:aws:iam::123456789012:role/pairly-support",
        ] {
            assert_eq!(read(nobody), None, "{nobody}");
        }
    }
}
