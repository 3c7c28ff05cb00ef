//! Every code that the API can emit, in the order of the contract.

use super::Fault;

/// One line per code: name, HTTP status, text for a person.
macro_rules! faults {
    ($($name:ident = $status:literal $text:literal;)*) => {
        $(
            #[doc = concat!("`", stringify!($name), "`, HTTP ", stringify!($status), ".")]
            pub const $name: Fault = Fault::new($status, stringify!($name), $text);
        )*

        /// All faults, for the documents and the sweep.
        pub const ALL: &[&Fault] = &[$(&$name),*];
    };
}

faults! {
    REPLAYED = 500 "An earlier answer is given again.";
    MALFORMED_JSON = 400 "The body is not valid JSON.";
    INVALID_CURSOR = 400 "This cursor is not valid here.";
    INVALID_CONTINUATION = 400 "This token is not valid here.";
    UNSUPPORTED_API_VERSION = 400 "This API version is not supported.";
    IDEMPOTENCY_KEY_REQUIRED = 400 "This request needs an Idempotency-Key header.";
    IDEMPOTENCY_KEY_INVALID = 400
        "The Idempotency-Key must be 8 to 255 characters of A-Z, a-z, 0-9, '.', '_', ':' and '-'.";
    CORRUPT_IMAGE = 400 "This file could not be read.";
    UNAUTHENTICATED = 401 "Sign in to continue.";
    TOKEN_INVALID = 401 "The access token is not valid.";
    TOKEN_EXPIRED = 401 "The access token has expired.";
    INVALID_CREDENTIALS = 401 "E-mail or password is wrong.";
    REFRESH_TOKEN_INVALID = 401 "The refresh token is not valid.";
    REFRESH_TOKEN_REUSED = 401 "The refresh token was used before. The session has been ended.";
    SESSION_EXPIRED = 401 "The session has expired. Sign in again.";
    SESSION_REVOKED = 401 "The session has ended. Sign in again.";
    MFA_VERIFICATION_FAILED = 401 "The code is wrong.";
    DEVICE_REVOKED = 401 "This device has been removed from the account.";
    INSUFFICIENT_CREDITS = 402 "You need more credits for this.";
    PERMISSION_DENIED = 403 "You may not do this.";
    ADMIN_UNKNOWN = 403 "You are no administrator.";
    APPROVAL_SELF = 403 "Somebody else has to decide this.";
    EMAIL_NOT_CONFIRMED = 403 "Confirm your e-mail address first.";
    USER_BANNED = 403 "This account is suspended.";
    BLOCKED = 403 "You have blocked this person.";
    NOT_RECEIVER = 403 "Only the receiver may do this.";
    NOT_SENDER = 403 "Only the sender may do this.";
    NEW_CONTACT_LIMIT = 403 "You have written to enough new people for today.";
    INSUFFICIENT_AAL = 403 "Confirm this with your second factor first.";
    REAUTHENTICATION_NEEDED = 403 "Confirm that it is you first.";
    CALL_NOT_ALLOWED = 403 "You can call each other once this person has written to you.";
    NOT_MATCHED = 403 "You can write to each other once you have matched.";
    PROFILE_INCOMPLETE = 403 "Complete your profile first.";
    LEGAL_HOLD = 403 "A legal hold keeps this.";
    FEATURE_DISABLED = 403 "This is switched off at the moment.";
    NOT_FOUND = 404 "There is nothing at this address.";
    USER_NOT_FOUND = 404 "There is no such user.";
    MESSAGE_NOT_FOUND = 404 "There is no such message.";
    CONVERSATION_NOT_FOUND = 404 "There is no such conversation.";
    CALL_NOT_FOUND = 404 "There is no such call.";
    SESSION_NOT_FOUND = 404 "There is no such session.";
    DEVICE_NOT_FOUND = 404 "There is no such device.";
    UPLOAD_NOT_FOUND = 404 "There is no such upload.";
    TRANSACTION_NOT_FOUND = 404 "There is no such transaction.";
    ITEM_NOT_FOUND = 404 "There is no such item.";
    APPROVAL_NOT_FOUND = 404 "There is no such approval.";
    EXPORT_NOT_FOUND = 404 "There is no such export.";
    RUN_NOT_FOUND = 404 "There is no such run.";
    POLICY_NOT_FOUND = 404 "There is no such policy.";
    IDENTITY_NOT_FOUND = 404 "There is no such identity.";
    METHOD_NOT_ALLOWED = 405 "This address does not support this method.";
    IDEMPOTENCY_IN_PROGRESS = 409 "The same request is still in progress.";
    VERSION_CONFLICT = 409 "Somebody changed this in the meantime. Read it again.";
    EMAIL_EXISTS = 409 "There is already an account with this e-mail address.";
    WALLET_FROZEN = 409 "Your wallet is frozen.";
    BIRTHDATE_REQUIRED = 409 "We need your date of birth to open an account.";
    DEVICE_NAME_TAKEN = 409 "You already have a device of this name.";
    DEVICE_LIMIT = 409 "You have as many devices as possible. Remove one first.";
    KEY_REUSED = 409 "This key was used before.";
    IDENTITY_ALREADY_EXISTS = 409
        "An account with this address exists. Sign in to it and link this identity there.";
    LAST_SIGN_IN_METHOD = 409 "This is your only way to sign in.";
    TWO_FACTOR_STATE = 409 "The second factor is not in the state for this.";
    CALLEE_BUSY = 409 "This person is in a call.";
    CALLER_BUSY = 409 "You are in a call.";
    CALL_GLARE = 409 "This person is calling you.";
    ANSWERED_ELSEWHERE = 409 "The call was answered on another device.";
    CALL_STATE_CONFLICT = 409 "The call is not in the state for this.";
    UPLOAD_STATE = 409 "The upload is not in the state for this.";
    PHOTO_LIMIT = 409 "You have as many photos as possible.";
    CLAIMED_BY_OTHER = 409 "Somebody else looks at this.";
    ITEM_RESOLVED = 409 "This has been decided already.";
    APPROVAL_STATE = 409 "This has been decided already.";
    RUN_IN_PROGRESS = 409 "This is running already.";
    ADMIN_EXISTS = 409 "This principal has a record already.";
    PHONE_STATE = 409 "This number cannot be used.";
    CALL_ENDED = 410 "The call is over.";
    OTP_EXPIRED = 410 "This code or link is no longer valid.";
    EXPORT_GONE = 410 "This export is no longer kept.";
    PAYLOAD_TOO_LARGE = 413 "The request is too large.";
    MESSAGE_TOO_LARGE = 413 "The message is too long.";
    FILE_TOO_LARGE = 413 "The file is too large.";
    UNSUPPORTED_MEDIA_TYPE = 415 "This type of content is not taken here.";
    VALIDATION_FAILED = 422 "Some fields are not valid.";
    UNKNOWN_FIELD = 422 "There is no such field.";
    IDEMPOTENCY_KEY_REUSED = 422 "This key was used for another request.";
    PAGE_TOO_DEEP = 422 "This page is too far from the start. Use the cursor.";
    WEAK_PASSWORD = 422 "Choose a password that is harder to guess.";
    UNDERAGE = 422 "You must be at least 18 years old.";
    DISPOSABLE_EMAIL = 422 "Use an e-mail address that you keep.";
    OTP_INVALID = 422 "The code is wrong.";
    CANNOT_TARGET_SELF = 422 "You cannot do this with yourself.";
    CONTENT_REJECTED = 422 "This message cannot be sent.";
    SIGNAL_INVALID = 422 "This signal is malformed or too large.";
    INVALID_TIMEZONE = 422 "There is no such time zone.";
    INVALID_RANGE = 422 "This range of dates is not valid.";
    SAME_PASSWORD = 422 "This is the password that you have now.";
    PROVIDER_DISABLED = 422 "This way to sign in is not available.";
    OAUTH_FAILED = 422 "The sign-in with this provider did not work.";
    REDIRECT_NOT_ALLOWED = 422 "This redirect address is not registered.";
    CLOCK_SKEW = 422 "Your clock is off. Correct it and try again.";
    DEVICE_TYPE = 422 "There is no such type of device.";
    INVALID_KEY = 422 "This is not a usable public key.";
    AMOUNT_OUT_OF_RANGE = 422 "This amount is out of range.";
    UNKNOWN_PERMISSION = 422 "There is no such role or permission.";
    REASON_REQUIRED = 422 "Say why.";
    ACCOUNT_LOCKED = 423 "Too many wrong passwords. Try again later.";
    RATE_LIMITED = 429 "Too many requests. Slow down.";
    INTERNAL_ERROR = 500 "Something went wrong on our side.";
    PROVIDER_ERROR = 502 "A service that we depend on failed.";
    UNAVAILABLE = 503 "This is not available right now. Try again.";
    TIMEOUT = 504 "This took too long. Try again with the same key.";
    UNKNOWN_TYPE = 400 "There is no frame of this type.";
    BAD_FRAME = 400 "This is not a valid frame.";
    NOT_READY = 403 "The connection is not ready yet.";
}
