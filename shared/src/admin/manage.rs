//! Records and roles: who may do what. A second person has to agree, except while fewer than two
//! super admins are active.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::act::{Act, reason};
use super::answer::{Recorded, TwoPerson};
use super::clerk::Clerk;
use super::permission::{PERMISSIONS, Permission, SuperAdmin, is_read_only};
use super::principal::fits;
use super::record::{ANY_SESSION, AdminRecord, PrincipalKey};
use super::role::{BUILT_IN, Held, Role, roles};
use super::view::AdminView;
use crate::aws::dynamo::Tables;
use crate::error::{ADMIN_EXISTS, Fault, NOT_FOUND, Result, UNKNOWN_PERMISSION, VERSION_CONFLICT};
use crate::http::Once;
use crate::http::check::invalid;
use crate::table::{Change, Commit, Condition, Value};
use crate::text::is_email;

/// Most admins.
const ADMINS_MAX: usize = 1_000;
/// Characters of a reason, at least.
const REASON_CHARS_MIN: usize = 3;

/// Somebody who is to become an admin.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct NewAdmin {
    /// ARN of an IAM role without a path, or of an IAM user.
    #[schemars(
        length(min = 20, max = 512),
        regex(pattern = r"^arn:aws[a-z-]*:iam::[0-9]{12}:(role/[^/]+|user/.+)$")
    )]
    pub role_arn: String,
    /// Name of the session or the user; `*` for every session, with read-only roles.
    #[schemars(
        length(min = 1, max = 64),
        regex(pattern = r"^(\*|[A-Za-z0-9_+=,.@-]+)$")
    )]
    pub session_name: String,
    /// Where to write to.
    #[schemars(length(min = 3, max = 254), extend("format" = "idn-email"))]
    pub email: String,
    /// What to call them.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// Names of roles.
    #[schemars(length(min = 1, max = 20))]
    pub roles: Vec<String>,
    /// Why, 3–500 characters.
    #[schemars(length(max = 500))]
    pub reason: Option<String>,
}

/// What is to change of an admin.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct AdminEdit {
    /// Names of roles.
    #[schemars(length(min = 1, max = 20))]
    pub roles: Option<Vec<String>>,
    /// Whether they may still do anything.
    pub active: Option<bool>,
    /// Version that was read.
    pub version: i64,
    /// Why, 3–500 characters.
    #[schemars(length(max = 500))]
    pub reason: Option<String>,
}

/// What a role is to hold.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct RoleEdit {
    /// All permissions of the role.
    #[schemars(length(max = 64))]
    pub permissions: Vec<String>,
    /// Version that was read; 0 for a role that nobody has changed or that is new.
    pub version: i64,
    /// Why, 3–500 characters.
    #[schemars(length(max = 500))]
    pub reason: Option<String>,
}

/// Records and roles as they are now.
struct Staff {
    admins: Vec<AdminRecord>,
    roles: BTreeMap<String, Role>,
}

impl Staff {
    async fn load(tables: &Tables) -> Result<Self> {
        let admins = AdminRecord::list(tables, None, ADMINS_MAX);
        let (admins, roles) = tokio::try_join!(admins, roles(tables))?;
        Ok(Self { admins, roles })
    }

    /// How many may everything.
    fn sovereigns(&self) -> usize {
        let held = |admin: &&AdminRecord| Held::of(admin, &self.roles).has(SuperAdmin::NAME);
        self.admins
            .iter()
            .filter(|admin| admin.active)
            .filter(held)
            .count()
    }

    fn check_roles(&self, names: &[String]) -> Result<()> {
        let unknown = |name: &String| !self.roles.contains_key(name);
        match names.iter().position(unknown) {
            Some(at) => Err(UNKNOWN_PERMISSION.with(json!({ "field": format!("/roles/{at}") }))),
            None => Ok(()),
        }
    }

    /// Every session of a role may only look.
    fn check_session(&self, new: &NewAdmin) -> Result<()> {
        if new.session_name == ANY_SESSION {
            let given = new.roles.iter().filter_map(|name| self.roles.get(name));
            if !given
                .flat_map(|role| &role.permissions)
                .all(|held| is_read_only(held))
            {
                return Err(invalid(
                    "/session_name",
                    "pattern",
                    "`*` is for read-only roles.",
                ));
            }
        }
        Ok(())
    }

    /// Refuses what would leave nobody who may everything: nobody could ever undo it.
    fn check_remaining(&self, field: &str) -> Result<()> {
        match self.sovereigns() {
            0 => Err(invalid(
                field,
                "last",
                "Somebody has to remain who may everything.",
            )),
            _ => Ok(()),
        }
    }
}

fn stale(current: i64) -> crate::Error {
    VERSION_CONFLICT.with(json!({ "current_version": current }))
}

/// Carries a change of the staff out at once while nobody could agree to it, else asks for a
/// second person.
async fn change<T: serde::Serialize + JsonSchema + Send + Clone>(
    admin: &Clerk,
    once: &Once,
    sovereigns: usize,
    act: &Act,
    (commit, after): (Commit, T),
) -> Result<Recorded<TwoPerson<T>>> {
    if admin.is_approved() {
        return Ok(admin
            .acts(once, act, commit, TwoPerson::Done(after))
            .await?);
    }
    if sovereigns >= 2 {
        return admin.asks(once, act).await;
    }
    // Nothing of the same admin in between, such as the appointment of the second.
    let done = TwoPerson::Done(after);
    Ok(admin.acts_next(once, act, commit, done).await?)
}

/// Makes an admin.
///
/// # Errors
/// 409 `ADMIN_EXISTS`; 422 `UNKNOWN_PERMISSION`, `REASON_REQUIRED`, `VALIDATION_FAILED`.
pub async fn create_admin(
    admin: &Clerk,
    once: &Once,
    new: &NewAdmin,
    admin_id: String,
) -> Result<Recorded<TwoPerson<AdminView>>> {
    let why = &*reason(new.reason.as_deref(), REASON_CHARS_MIN)?;
    check_identity(new)?;
    let staff = Staff::load(admin.tables()).await?;
    staff.check_roles(&new.roles)?;
    staff.check_session(new)?;
    let key = PrincipalKey::key_of(&new.role_arn, &new.session_name);
    if admin
        .tables()
        .get_consistent::<PrincipalKey>(&key)
        .await?
        .is_some()
    {
        return Err(ADMIN_EXISTS.into());
    }
    let record = AdminRecord::new(
        admin_id,
        (&new.role_arn, &new.session_name),
        (&new.email, &new.name),
        new.roles.clone(),
        (admin.asked_by(), admin.now()),
    );
    let act = Act::on("admin", &*record.admin_id)
        .changed(
            json!({}),
            json!({
                "role_arn": record.role_arn, "session_name": record.session_name,
                "email": record.email, "name": record.name, "roles": record.roles,
            }),
        )
        .because(why);
    let commit = record.create();
    change(
        admin,
        once,
        staff.sovereigns(),
        &act,
        (commit, record.into()),
    )
    .await
}

fn check_identity(new: &NewAdmin) -> Result<()> {
    if !is_email(&new.email) {
        return Err(invalid("/email", "pattern", "Must be an e-mail address."));
    }
    match fits(&new.role_arn, &new.session_name) {
        Some(true) => Ok(()),
        Some(false) => Err(invalid(
            "/session_name",
            "pattern",
            "Must be the user's name.",
        )),
        None => Err(invalid(
            "/role_arn",
            "pattern",
            "Must be an ARN of a role or a user.",
        )),
    }
}

/// Changes an admin's roles, or whether they are active.
///
/// # Errors
/// 404 `NOT_FOUND`; 409 `VERSION_CONFLICT` {current_version}; 422 as for a new one.
pub async fn edit_admin(
    admin: &Clerk,
    once: &Once,
    admin_id: &str,
    edit: &AdminEdit,
) -> Result<Recorded<TwoPerson<AdminView>>> {
    let why = &*reason(edit.reason.as_deref(), REASON_CHARS_MIN)?;
    let mut staff = Staff::load(admin.tables()).await?;
    let sovereigns = staff.sovereigns();
    staff.check_roles(edit.roles.as_deref().unwrap_or_default())?;
    let found = staff
        .admins
        .iter_mut()
        .find(|known| known.admin_id == admin_id);
    let record = found.ok_or(NOT_FOUND)?;
    if record.version != edit.version {
        return Err(stale(record.version));
    }
    let before = json!({ "roles": record.roles, "active": record.active });
    record.roles = edit.roles.clone().unwrap_or_else(|| record.roles.clone());
    record.active = edit.active.unwrap_or(record.active);
    record.version += 1;
    let after = json!({ "roles": record.roles, "active": record.active });
    let record = record.clone();
    staff.check_remaining(if edit.roles.is_some() {
        "/roles"
    } else {
        "/active"
    })?;
    let names = record
        .roles
        .iter()
        .map(|role| Value::S(role.clone()))
        .collect();
    let changes = vec![
        Change::Set("roles".into(), Value::L(names)),
        Change::Set("active".into(), Value::Bool(record.active)),
        Change::number("version", record.version),
    ];
    let guard = Some((
        Condition::number("version", edit.version),
        &VERSION_CONFLICT,
    ));
    let key = AdminRecord::key_of(admin_id);
    let commit = Commit::new().update::<AdminRecord>(key, changes, guard);
    let act = Act::on("admin", admin_id)
        .changed(before, after)
        .because(why);
    change(admin, once, sovereigns, &act, (commit, record.into())).await
}

/// Permissions in order and without repetitions.
fn known(given: &[String]) -> Result<Vec<String>> {
    let unknown = |one: &String| !PERMISSIONS.contains(&one.as_str());
    if let Some(at) = given.iter().position(unknown) {
        let field = format!("/permissions/{at}");
        return Err(UNKNOWN_PERMISSION.with(json!({ "field": field })));
    }
    let mut permissions = given.to_vec();
    permissions.sort();
    permissions.dedup();
    Ok(permissions)
}

/// Sets what a role holds, or makes a new one.
///
/// # Errors
/// 409 `VERSION_CONFLICT` {current_version}; 422 `UNKNOWN_PERMISSION`.
pub async fn set_role(
    admin: &Clerk,
    once: &Once,
    name: &str,
    edit: &RoleEdit,
) -> Result<Recorded<TwoPerson<Role>>> {
    let why = &*reason(edit.reason.as_deref(), REASON_CHARS_MIN)?;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if !(2..=40).contains(&name.len()) || !name.bytes().all(plain) {
        return Err(NOT_FOUND.into());
    }
    let permissions = known(&edit.permissions)?;
    let mut staff = Staff::load(admin.tables()).await?;
    let sovereigns = staff.sovereigns();
    let before = staff.roles.get(name);
    let version = before.map_or(0, |role| role.version);
    if version != edit.version {
        return Err(stale(version));
    }
    let role = Role {
        role: name.to_owned(),
        permissions,
        built_in: BUILT_IN.iter().any(|known| known.0 == name),
        version: version + 1,
    };
    let held = before
        .map(|role| role.permissions.clone())
        .unwrap_or_default();
    let act = Act::on("role", name)
        .changed(
            json!({ "permissions": held }),
            json!({ "permissions": role.permissions }),
        )
        .because(why);
    staff.roles.insert(name.to_owned(), role.clone());
    staff.check_remaining("/permissions")?;
    let unchanged = match version {
        0 => Condition::Absent,
        version => Condition::number("version", version),
    };
    let conflict: &'static Fault = &VERSION_CONFLICT;
    let commit = Commit::new().replace(&role, unchanged, conflict);
    change(admin, once, sovereigns, &act, (commit, role)).await
}
