//! Permissions as types: the one list of them. `docs/permissions.md`, the description of the API
//! and the sweep of all routes derive from it and from the signatures that name them.

/// What an admin route demands of its caller.
pub trait Permission: Send + Sync + 'static {
    /// Its name in roles, answers and documents.
    const NAME: &'static str;
    /// Whether the record must hold it; otherwise any record will do and the operation asks for
    /// more itself.
    const DEMANDED: bool = true;
}

macro_rules! permissions {
    ($($name:ident = $text:literal;)*) => {
        $(
            #[doc = concat!("`", $text, "`")]
            #[derive(Debug, Clone, Copy)]
            pub struct $name;
            impl Permission for $name {
                const NAME: &'static str = $text;
            }
        )*

        /// Every permission that a role may hold.
        pub const PERMISSIONS: &[&str] = &[$($text),*];
    };
}
permissions! {
    ModerationView = "moderation.view";
    ModerationAction = "moderation.action";
    AnalyticsView = "analytics.view";
    AnalyticsExport = "analytics.export";
    SuperAdmin = "super_admin";
    CallsView = "calls.view";
    CallsAction = "calls.action";
    PresenceView = "presence.view";
    PresenceAction = "presence.action";
    NotificationsView = "notifications.view";
    NotificationsAction = "notifications.action";
    BillingView = "billing.view";
    BillingAction = "billing.action";
    BillingRefund = "billing.refund";
    UsersView = "users.view";
    UsersAction = "users.action";
    AdsManage = "ads.manage";
    MatchingManage = "matching.manage";
    AuditLogView = "audit.view";
    FlagsManage = "flags.manage";
    PrivacyAction = "privacy.action";
    OpsView = "ops.view";
    OpsAction = "ops.action";
}

macro_rules! others {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;
        impl Permission for $name {
            const NAME: &'static str = $text;
            const DEMANDED: bool = false;
        }
    )*};
}
others! {
    /// Whoever has a record.
    AnyAdmin = "any admin record";
    /// The operation asks for the permission of the request that waits for approval.
    OfFrozenRoute = "permission of the frozen route";
    /// The operation asks for the permission of the export.
    OfExport = "permission of the export";
}

/// Whether a permission only lets somebody look.
pub fn is_read_only(permission: &str) -> bool {
    permission.ends_with(".view") || permission.ends_with(".export")
}
