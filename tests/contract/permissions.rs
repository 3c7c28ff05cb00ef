//! `docs/permissions.md`: permissions, the roles that hold them, and the routes that demand them.

use shared::admin::{BUILT_IN, PERMISSIONS, Permission, SuperAdmin};
use shared::function::Trigger;

use super::derived;

fn holders(permission: &str) -> String {
    let holds = |role: &&(&str, &[&str])| {
        let is_super = role.0 == "admin" && permission == SuperAdmin::NAME;
        role.1.contains(&permission) && !is_super
    };
    let roles = BUILT_IN.iter().filter(holds);
    roles
        .map(|role| format!("`{}`", role.0))
        .collect::<Vec<_>>()
        .join(", ")
}

#[test]
fn the_list_of_permissions_is_what_the_code_says() {
    let mut out = String::from(
        "# Permissions\n\nDerived from the code by `UPDATE=1 cargo test`. Roles are what they are \
         until `set_role` changes them. `super_admin` implies every other permission.\n\n\
         | permission | roles from the start |\n|---|---|\n",
    );
    for permission in PERMISSIONS {
        out += &format!("| `{permission}` | {} |\n", holders(permission));
    }
    out += "\n## Routes\n\nThe severity is that of the audit log row when the request is done; a \
            denied or failed one is at least a warning.\n\n\
            | function | route | permission | severity | second person |\n|---|---|---|---|---|\n";
    for function in local::functions() {
        let Some(admin) = function.admin else {
            continue;
        };
        let mut paths = Vec::new();
        for trigger in function.triggers {
            match trigger {
                Trigger::Http { method, path } => paths.push(format!("{method} `{path}`")),
                Trigger::Alias(path) => paths.push(format!("alias `{path}`")),
                _ => {}
            }
        }
        out += &format!(
            "| `{}` | {} | `{}` | {} | {} |\n",
            function.name,
            paths.join("<br>"),
            admin.permission,
            admin.severity.as_str(),
            admin.second.unwrap_or_default(),
        );
    }
    derived("docs/permissions.md", &out);
}

#[test]
fn admin_routes_lie_below_the_admin_paths_and_nothing_else_does() {
    for function in local::functions() {
        for trigger in function.triggers {
            let (Trigger::Http { path, .. } | Trigger::Alias(path)) = trigger else {
                continue;
            };
            let below = path.starts_with("/api/admin/") || path.starts_with("/admin/");
            assert_eq!(below, function.admin.is_some(), "{path}");
        }
    }
}
