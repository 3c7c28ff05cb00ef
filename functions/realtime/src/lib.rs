//! Realtime: the one WebSocket API and what tells committed facts over it.

/// One module per function.
#[cfg(feature = "library")]
pub mod bin {
    shared::functions! {
        answer_ping,
        answer_unknown_frame,
        begin_device_auth,
        close_socket,
        create_ws_ticket,
        fan_out_events,
        greet_socket,
        open_socket,
        prove_device,
        push_frames,
        reap_connections,
        repair_projections,
        resume_sync,
        rotate_connections,
    }
}
