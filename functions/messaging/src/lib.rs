//! Messaging: paid messages between two people.

/// One module per function.
pub mod bin {
    shared::functions! {
        count_unread_messages,
        delete_message,
        fetch_conversation,
        get_message,
        get_message_stats,
        list_conversations,
        mark_delivered,
        mark_read,
        scan_message,
        send_message, archive_conversations, purge_deleted_messages,
        show_typing,
    }
}
