//! Matching: uploads, and who is kept apart from whom.

/// One module per function.
pub mod bin {
    shared::functions! { block_user, unblock_user, list_blocks }
}
