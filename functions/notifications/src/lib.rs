//! Notifications: how what happened reaches people outside the app.

/// One module per function.
#[cfg(feature = "library")]
pub mod bin {
    shared::functions! {
        deliver_email,
        deliver_push,
        deliver_sms,
        plan_notifications,
        register_push_target,
        release_due_notifications,
        remove_push_target,
    }
}
