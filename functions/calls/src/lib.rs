//! Calls: ringing, answering, metering and ending of one-to-one calls.

/// One module per function.
pub mod bin {
    shared::functions! {
        accept_call,
        end_call,
        expire_media_wait,
        expire_ring,
        get_call,
        initiate_call,
        keep_call_alive,
        meter_call,
        reject_call,
        report_connected,
        report_ringing,
        sweep_calls,
    }
}
