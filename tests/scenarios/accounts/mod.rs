//! Accounts (spec accounts.md, *Acceptance scenarios*). Only these scenarios hash passwords.

mod account;
mod keys;
mod passwords;
mod phone;
mod presence;
mod refresh;
mod registration;
mod sessions;
mod sign_in;
pub mod social;
mod start;
mod timing;
pub mod two_factor;

use serde_json::json;
use world::World;

const PASSWORD: &str = "TestPass123";

async fn signs_in(world: &World, email: &str, password: &str) -> world::Answer {
    let body = json!({ "email": email, "password": password });
    world.call("POST", "/api/v2/auth/login", Some(body)).await
}

/// Signs in from another network with another program.
async fn signs_in_from(world: &World, address: &str, email: &str, password: &str) -> world::Answer {
    let body = json!({ "email": email, "password": password });
    let path = "/api/v2/auth/login";
    world.call_from(address, "POST", path, Some(body)).await
}

/// The token of the newest link to a page in a mail to the address.
fn token_in_mail(world: &World, email: &str, page: &str) -> String {
    let link = format!("{page}?token=");
    let mails = world.mails_to(email).into_iter().rev();
    let mut texts = mails.filter_map(|mail| mail["text"].as_str().map(str::to_owned));
    let text = texts.find(|text| text.contains(&link)).expect("a mail");
    let start = text.find(&link).expect("a link");
    let link = text[start..].split_whitespace().next().expect("a link");
    link.split_once('=').expect("a token").1.to_owned()
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
