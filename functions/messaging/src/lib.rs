//! Messaging: paid messages between two people.

/// One module per function.
#[cfg(feature = "library")]
pub mod bin {
    shared::functions! {
        archive_conversations,
        count_unread_messages,
        delete_message,
        fetch_conversation,
        get_message,
        get_message_stats,
        list_conversations,
        mark_delivered,
        mark_read,
        mute_conversation,
        purge_deleted_messages,
        scan_message,
        search_messages,
        send_message,
        show_typing,
    }
}
