//! Messaging: paid messages between two people.

/// One module per function.
#[cfg(feature = "library")]
pub mod bin {
    shared::functions! {
        archive_conversations,
        count_unread_messages,
        delete_message,
        export_messages,
        fetch_conversation,
        get_message,
        get_message_stats,
        get_messaging_overview,
        hard_delete_message,
        list_conversations,
        log_messages,
        mark_delivered,
        mark_read,
        moderate_message,
        mute_conversation,
        purge_deleted_messages,
        scan_message,
        search_all_messages,
        search_messages,
        send_message,
        show_typing,
        view_conversation,
    }
}
