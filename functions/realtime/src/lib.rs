//! Realtime: the one WebSocket API and what tells committed facts over it.

/// One module per function.
pub mod bin {
    shared::functions! {
        answer_ping,
        answer_unknown_frame,
        close_socket,
        create_ws_ticket,
        fan_out_events,
        greet_socket,
        open_socket,
        push_frames,
        resume_sync,
    }
}
