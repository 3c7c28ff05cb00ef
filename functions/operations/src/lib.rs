//! Operations: health, the description of the API, and whatever no route matches.

/// One module per function.
#[cfg(feature = "library")]
pub mod bin {
    shared::functions! {
        answer_unknown_route,
        check_health,
        check_liveness,
        check_readiness,
        get_api_description,
        get_run,
    }
}
