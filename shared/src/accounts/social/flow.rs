//! A sign-in through a provider, from the app's question to the one-time code it gets back.
//!
//! Two proofs of possession (RFC 7636) hold it together: the app shows its verifier when it takes
//! the one-time code, we show ours when we take the provider's code. What lies in between is kept
//! under `state`, which counts once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::client::{Proven, Providers};
use super::provider::Provider;
use crate::accounts::desk::Usher;
use crate::accounts::onetime::{self, Found};

use crate::crypto;
use crate::error::{Error, OAUTH_FAILED, PROVIDER_ERROR, REDIRECT_NOT_ALLOWED, Result};
use crate::http::Me;
use crate::text::{self, escape_uri};
use crate::time::{MINUTE_MS, SECOND_MS};

/// How long `state` and nonce count, milliseconds.
const STATE_MS: i64 = 10 * MINUTE_MS;
/// How long the code for the app counts, milliseconds.
const CODE_MS: i64 = 60 * SECOND_MS;
/// Kind of the tokens in `state`.
const STATE: &str = "social_state";
/// Kind of the codes for the app.
pub(super) const CODE: &str = "social_code";

/// What the app asks for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "SocialStart")]
pub struct Start {
    /// Where the one-time code goes; one of the configured addresses, letter by letter.
    #[schemars(length(min = 1, max = 2048))]
    pub redirect_uri: String,
    /// SHA-256 of the app's verifier, base64url (RFC 7636, `S256`).
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{43}$"))]
    pub code_challenge: String,
    /// `login`, or `link` for a freshly signed-in person.
    pub mode: Option<Mode>,
}

/// What a flow is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SocialMode")]
pub enum Mode {
    /// Signing in, or registering.
    #[default]
    Login,
    /// Adding a way to sign in.
    Link,
}

/// The person who adds a way to sign in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Linker {
    pub user_id: String,
    pub session_id: String,
}

/// What lies under `state`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Flow {
    provider: Provider,
    nonce: String,
    verifier: String,
    redirect_uri: String,
    code_challenge: String,
    linker: Option<Linker>,
}

/// What lies under the code for the app.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Finished {
    pub proven: Proven,
    pub code_challenge: String,
    pub linker: Option<Linker>,
}

/// What a provider sends back; whatever else it adds is ignored.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "SocialCallback", extend("additionalProperties" = true))]
pub struct Callback {
    /// Ours, unchanged.
    #[schemars(length(max = 512))]
    pub state: Option<String>,
    /// The provider's code.
    #[schemars(length(max = 4096))]
    pub code: Option<String>,
    /// Why there is none.
    #[schemars(length(max = 256))]
    pub error: Option<String>,
    /// The provider's issuer (RFC 9207), if it says.
    #[schemars(length(max = 256))]
    pub iss: Option<String>,
    /// Name and address as JSON, only from Apple and only the first time.
    #[schemars(length(max = 2048))]
    pub user: Option<String>,
}

/// Where the browser goes to ask the person. `me` is there for a link.
///
/// # Errors
/// 422 `PROVIDER_DISABLED`, `REDIRECT_NOT_ALLOWED`.
pub async fn start(desk: &Usher, provider: &str, ask: Start, me: Option<&Me>) -> Result<String> {
    let provider = Provider::parse(provider)?;
    provider.client_id(&desk.config)?;
    let listed = |known: &String| *known == ask.redirect_uri;
    if !desk.config.social.redirects.iter().any(listed) {
        return Err(REDIRECT_NOT_ALLOWED.into());
    }
    let flow = Flow {
        provider,
        nonce: crypto::encode(&desk.ids.bytes::<32>()),
        verifier: crypto::encode(&desk.ids.bytes::<32>()),
        redirect_uri: ask.redirect_uri,
        code_challenge: ask.code_challenge,
        linker: me.map(|me| Linker {
            user_id: me.user_id.clone(),
            session_id: me.session_id.clone(),
        }),
    };
    let (ids, now) = (&desk.ids, desk.clock.now());
    let (state, kept) = onetime::issue(STATE, &flow, STATE_MS, ids, now)?;
    desk.tables.commit(kept).await?;
    provider.question(
        &desk.config,
        &state,
        &flow.nonce,
        &challenge_of(&flow.verifier),
    )
}

/// The challenge of a verifier (RFC 7636 §4.2, `S256`).
pub(super) fn challenge_of(verifier: &str) -> String {
    crypto::encode(&crypto::sha256(&[verifier.as_bytes()]))
}

fn failed(reason: &str) -> Error {
    OAUTH_FAILED.with(json!({ "reason": reason }))
}

/// Takes what the provider sent and gives the address in the app: with a one-time code, or with an
/// error in the words of RFC 6749 §4.1.2.1.
///
/// # Errors
/// 422 `OAUTH_FAILED` {reason} when `state` is unknown, spent, too old or of another provider: then
/// there is no address to go to.
pub async fn finish(
    desk: &Usher,
    providers: &Providers,
    provider: &str,
    given: Callback,
) -> Result<String> {
    let provider = Provider::parse(provider)?;
    let flow = take(desk, provider, given.state.as_deref().unwrap_or_default()).await?;
    let (redirect_uri, outcome) = (
        flow.redirect_uri.clone(),
        prove(providers, flow, given).await,
    );
    match outcome {
        Ok(finished) => {
            let (ids, now) = (&desk.ids, desk.clock.now());
            let (code, kept) = onetime::issue(CODE, &finished, CODE_MS, ids, now)?;
            desk.tables.commit(kept).await?;
            Ok(with(&redirect_uri, "code", &code))
        }
        Err(error) if error.is(&OAUTH_FAILED) => {
            let cause = error.cause().unwrap_or_default();
            tracing::warn!(target: "security", provider = provider.as_str(), cause, "refused");
            Ok(with(&redirect_uri, "error", word_of(&error)))
        }
        Err(error) if error.is(&PROVIDER_ERROR) => {
            Ok(with(&redirect_uri, "error", "temporarily_unavailable"))
        }
        Err(error) => Err(error),
    }
}

/// The flow under `state`, which is spent by looking.
async fn take(desk: &Usher, provider: Provider, state: &str) -> Result<Flow> {
    let now = desk.clock.now();
    let found: Result<Found<Flow>> =
        onetime::find(&desk.tables, STATE, state, now, &OAUTH_FAILED).await;
    let found = found.map_err(|error| match error.is(&OAUTH_FAILED) {
        true => failed("state"),
        false => error,
    })?;
    match desk.tables.commit(found.spend()).await {
        Err(crate::aws::dynamo::Missed::Refused(_)) => return Err(failed("state")),
        outcome => outcome?,
    }
    if found.content.provider != provider {
        return Err(failed("state"));
    }
    Ok(found.content)
}

async fn prove(providers: &Providers, flow: Flow, given: Callback) -> Result<Finished> {
    let issuer = flow.provider.endpoints().issuer;
    if given.iss.as_deref().is_some_and(|iss| iss != issuer) {
        return Err(OAUTH_FAILED.because("issuer of the answer"));
    }
    if given.error.is_some() {
        return Err(OAUTH_FAILED.with(json!({ "reason": "access_denied" })));
    }
    let code = given.code.filter(|code| !code.is_empty());
    let code = code.ok_or_else(|| OAUTH_FAILED.because("no code"))?;
    let mut proven = providers
        .redeem(flow.provider, &code, &flow.verifier, &flow.nonce)
        .await?;
    if flow.provider == Provider::Apple {
        proven.name = given.user.as_deref().and_then(name_of);
    }
    proven.name = proven.name.as_deref().and_then(text::name);
    Ok(Finished {
        proven,
        code_challenge: flow.code_challenge,
        linker: flow.linker,
    })
}

/// The name in Apple's form. It is what the person typed there, nothing that Apple vouches for.
fn name_of(user: &str) -> Option<String> {
    let user: Value = serde_json::from_str(user).ok()?;
    let part = |name: &str| user["name"][name].as_str().unwrap_or_default().to_owned();
    let whole = format!("{} {}", part("firstName"), part("lastName"));
    let whole = whole.trim();
    (!whole.is_empty()).then(|| whole.to_owned())
}

/// The word for the app: what the person decided, or that it did not work.
fn word_of(error: &Error) -> &str {
    let reason = error
        .details()
        .and_then(|details| details["reason"].as_str());
    match reason {
        Some("access_denied") => "access_denied",
        _ => "oauth_failed",
    }
}

fn with(address: &str, name: &str, value: &str) -> String {
    let mark = if address.contains('?') { '&' } else { '?' };
    format!("{address}{mark}{name}={}", escape_uri(value))
}
