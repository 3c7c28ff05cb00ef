//! Accounts (spec accounts.md, *Acceptance scenarios*). Only these scenarios hash passwords.

mod account;
mod refresh;
mod registration;
mod sessions;
mod sign_in;
mod two_factor;

use serde_json::json;
use world::World;

const PASSWORD: &str = "TestPass123";

async fn signs_in(world: &World, email: &str, password: &str) -> world::Answer {
    let body = json!({ "email": email, "password": password });
    world.call("POST", "/api/v2/auth/login", Some(body)).await
}

async fn refreshes(world: &World, token: &str) -> world::Answer {
    world
        .call(
            "POST",
            "/api/v2/auth/refresh",
            Some(json!({ "refresh_token": token })),
        )
        .await
}

/// Uses the access token once, so that the server knows its generation has arrived.
async fn uses(world: &World, token: &str) -> world::Answer {
    let bearer = format!("Bearer {token}");
    world
        .call_with("GET", "/api/v2/user", None, &[("authorization", &bearer)])
        .await
}
