//! Notifications: how what happened reaches people outside the app.

/// One module per function.
#[cfg(feature = "library")]
pub mod bin {
    shared::functions! {
        deliver_email,
        deliver_sms,
        plan_notifications,
        release_due_notifications,
    }
}
