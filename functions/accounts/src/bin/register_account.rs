//! Registers a person: account, wallet, profile, proof and mail in one transaction.

use shared::accounts::{Application, Registered, Registrar, register};
use shared::http::{Body, Caller, Created, Once};
use shared::{Result, endpoint};

endpoint!(POST "/api/v2/auth/register", alias "/auth/register" => register_account,
    limit: Register,
    faults: [EMAIL_EXISTS, WEAK_PASSWORD, UNDERAGE, DISPOSABLE_EMAIL, INVALID_TIMEZONE]);

async fn register_account(
    desk: Registrar,
    _: Caller,
    Body(application): Body<Application>,
    once: Once,
) -> Result<Created<Registered>> {
    register(&desk, &once, application).await
}
