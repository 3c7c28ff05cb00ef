//! Matching: uploads, and who is kept apart from whom.

/// One module per function.
#[cfg(feature = "library")]
pub mod bin {
    shared::functions! {
        create_upload, complete_upload, validate_upload, clean_uploads,
        block_user, unblock_user, list_blocks,
        queue_flagged_users,
    }
}
