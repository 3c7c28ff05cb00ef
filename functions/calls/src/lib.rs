//! Calls: ringing, answering, metering and ending of one-to-one calls.

/// One module per function.
#[cfg(feature = "library")]
pub mod bin {
    shared::functions! {
        accept_call,
        add_ice_candidates,
        end_call,
        expire_media_wait,
        expire_ring,
        export_calls,
        get_call,
        get_call_stats,
        get_calls_overview,
        get_turn_credentials,
        initiate_call,
        keep_call_alive,
        list_active_calls,
        list_call_history,
        list_user_calls,
        meter_call,
        moderate_call,
        quote_call,
        rate_call,
        refund_call,
        reject_call,
        relay_call_signal,
        report_call_quality,
        report_connected,
        report_ringing,
        search_calls,
        sweep_calls,
        terminate_call,
        view_call,
    }
}
