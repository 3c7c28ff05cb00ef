//! Least privilege: what each function may do, what it did, and the refusal of everything else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError, RwLock};

use shared::aws::Keys;

use super::evidence;
use super::wire::{Response, Service};

/// The account of everything local.
pub(super) const ACCOUNT: &str = "000000000000";
/// The region of everything local.
pub(super) const REGION: &str = "us-east-1";

/// The credentials of a function's role: the token names the role, as those of the *AWS Security
/// Token Service* do, so that what is signed with them is judged by what the role may do.
pub fn keys_of(function: &str) -> Keys {
    Keys {
        token: Some(function.to_owned()),
        ..Keys::read()
    }
}

type Role = HashMap<&'static str, Vec<&'static str>>;
type Used = BTreeMap<String, BTreeSet<&'static str>>;

/// The roles of the functions, and what was used of them.
#[derive(Default)]
pub(super) struct Grants {
    roles: RwLock<HashMap<String, Role>>,
    used: Mutex<HashMap<String, Used>>,
}

/// An action on a resource, such as `dynamodb:GetItem` on `table/data`.
pub(super) type Need = (&'static str, String);

impl Grants {
    /// From now on the function may do only this.
    pub fn set(&self, function: &str, role: BTreeMap<&'static str, Vec<&'static str>>) {
        let mut roles = self.roles.write().unwrap_or_else(PoisonError::into_inner);
        roles.insert(function.to_owned(), role.into_iter().collect());
    }

    /// The function whose role a token names; whoever has none may do all.
    pub fn signer(&self, token: Option<&str>) -> String {
        let roles = self.roles.read().unwrap_or_else(PoisonError::into_inner);
        let known = token.filter(|token| roles.contains_key(*token));
        known.unwrap_or("local").to_owned()
    }

    /// What was done, as function, action and resource.
    pub fn used(&self) -> BTreeSet<(String, String, String)> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = BTreeSet::new();
        for (function, resources) in used.iter() {
            for (resource, actions) in resources {
                for action in actions {
                    all.insert((function.clone(), (*action).to_owned(), resource.clone()));
                }
            }
        }
        all
    }

    /// Refuses, in the shape of the service, what the function's role does not grant.
    pub fn check(&self, function: &str, service: Service, needs: &[Need]) -> Result<(), Response> {
        {
            let roles = self.roles.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(role) = roles.get(function) {
                for (action, resource) in needs {
                    let granted = role.get(resource.as_str());
                    if !granted.is_some_and(|actions| actions.contains(action)) {
                        return Err(denied(function, service, action, resource));
                    }
                }
            }
        }
        self.record(function, needs);
        Ok(())
    }

    fn record(&self, function: &str, needs: &[Need]) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if !used.contains_key(function) {
            used.insert(function.to_owned(), Used::new());
        }
        let Some(resources) = used.get_mut(function) else {
            return;
        };
        for (action, resource) in needs {
            let is_new = match resources.get_mut(resource) {
                Some(actions) => actions.insert(action),
                None => {
                    resources.insert(resource.clone(), BTreeSet::from([*action]));
                    true
                }
            };
            if is_new {
                evidence::note("used", function, &format!("{action} {resource}"));
            }
        }
    }
}

fn denied(function: &str, service: Service, action: &str, resource: &str) -> Response {
    let message = format!(
        "User: arn:aws:sts::{ACCOUNT}:assumed-role/{function} is not authorized to perform: \
         {action} on resource: {resource}"
    );
    let status = match service {
        Service::S3 => return service.error(403, "AccessDenied", &message),
        Service::Ses | Service::ExecuteApi => 403,
        _ => 400,
    };
    service.error(status, "AccessDeniedException", &message)
}
