//! Every code that the API can emit, in the order of the contract.

use super::Fault;

/// 500 `REPLAYED`.
pub const REPLAYED: Fault = Fault::new(500, "REPLAYED", "An earlier answer is given again.");
/// 400 `MALFORMED_JSON`.
pub const MALFORMED_JSON: Fault = Fault::new(400, "MALFORMED_JSON", "The body is not valid JSON.");
/// 400 `INVALID_CURSOR`.
pub const INVALID_CURSOR: Fault =
    Fault::new(400, "INVALID_CURSOR", "This cursor is not valid here.");
/// 400 `INVALID_CONTINUATION`.
pub const INVALID_CONTINUATION: Fault =
    Fault::new(400, "INVALID_CONTINUATION", "This token is not valid here.");
/// 400 `UNSUPPORTED_API_VERSION`.
pub const UNSUPPORTED_API_VERSION: Fault = Fault::new(
    400,
    "UNSUPPORTED_API_VERSION",
    "This API version is not supported.",
);
/// 400 `IDEMPOTENCY_KEY_REQUIRED`.
pub const IDEMPOTENCY_KEY_REQUIRED: Fault = Fault::new(
    400,
    "IDEMPOTENCY_KEY_REQUIRED",
    "This request needs an Idempotency-Key header.",
);
/// 400 `IDEMPOTENCY_KEY_INVALID`.
pub const IDEMPOTENCY_KEY_INVALID: Fault = Fault::new(
    400,
    "IDEMPOTENCY_KEY_INVALID",
    "The Idempotency-Key must be 8 to 255 characters of A-Z, a-z, 0-9, '.', '_', ':' and '-'.",
);
/// 401 `UNAUTHENTICATED`.
pub const UNAUTHENTICATED: Fault = Fault::new(401, "UNAUTHENTICATED", "Sign in to continue.");
/// 401 `TOKEN_INVALID`.
pub const TOKEN_INVALID: Fault = Fault::new(401, "TOKEN_INVALID", "The access token is not valid.");
/// 401 `TOKEN_EXPIRED`.
pub const TOKEN_EXPIRED: Fault = Fault::new(401, "TOKEN_EXPIRED", "The access token has expired.");
/// 401 `INVALID_CREDENTIALS`.
pub const INVALID_CREDENTIALS: Fault =
    Fault::new(401, "INVALID_CREDENTIALS", "E-mail or password is wrong.");
/// 401 `REFRESH_TOKEN_INVALID`.
pub const REFRESH_TOKEN_INVALID: Fault = Fault::new(
    401,
    "REFRESH_TOKEN_INVALID",
    "The refresh token is not valid.",
);
/// 401 `REFRESH_TOKEN_REUSED`.
pub const REFRESH_TOKEN_REUSED: Fault = Fault::new(
    401,
    "REFRESH_TOKEN_REUSED",
    "The refresh token was used before. The session has been ended.",
);
/// 401 `SESSION_EXPIRED`.
pub const SESSION_EXPIRED: Fault = Fault::new(
    401,
    "SESSION_EXPIRED",
    "The session has expired. Sign in again.",
);
/// 401 `SESSION_REVOKED`.
pub const SESSION_REVOKED: Fault = Fault::new(
    401,
    "SESSION_REVOKED",
    "The session has ended. Sign in again.",
);
/// 402 `INSUFFICIENT_CREDITS`.
pub const INSUFFICIENT_CREDITS: Fault = Fault::new(
    402,
    "INSUFFICIENT_CREDITS",
    "You need more credits for this.",
);
/// 403 `PERMISSION_DENIED`.
pub const PERMISSION_DENIED: Fault = Fault::new(403, "PERMISSION_DENIED", "You may not do this.");
/// 403 `EMAIL_NOT_CONFIRMED`.
pub const EMAIL_NOT_CONFIRMED: Fault = Fault::new(
    403,
    "EMAIL_NOT_CONFIRMED",
    "Confirm your e-mail address first.",
);
/// 403 `USER_BANNED`.
pub const USER_BANNED: Fault = Fault::new(403, "USER_BANNED", "This account is suspended.");
/// 403 `BLOCKED`.
pub const BLOCKED: Fault = Fault::new(403, "BLOCKED", "You have blocked this person.");
/// 403 `NOT_RECEIVER`.
pub const NOT_RECEIVER: Fault = Fault::new(403, "NOT_RECEIVER", "Only the receiver may do this.");
/// 403 `NOT_SENDER`.
pub const NOT_SENDER: Fault = Fault::new(403, "NOT_SENDER", "Only the sender may do this.");
/// 403 `NEW_CONTACT_LIMIT`.
pub const NEW_CONTACT_LIMIT: Fault = Fault::new(
    403,
    "NEW_CONTACT_LIMIT",
    "You have written to enough new people for today.",
);
/// 404 `NOT_FOUND`.
pub const NOT_FOUND: Fault = Fault::new(404, "NOT_FOUND", "There is nothing at this address.");
/// 404 `USER_NOT_FOUND`.
pub const USER_NOT_FOUND: Fault = Fault::new(404, "USER_NOT_FOUND", "There is no such user.");
/// 404 `MESSAGE_NOT_FOUND`.
pub const MESSAGE_NOT_FOUND: Fault =
    Fault::new(404, "MESSAGE_NOT_FOUND", "There is no such message.");
/// 404 `CONVERSATION_NOT_FOUND`.
pub const CONVERSATION_NOT_FOUND: Fault = Fault::new(
    404,
    "CONVERSATION_NOT_FOUND",
    "There is no such conversation.",
);
/// 404 `SESSION_NOT_FOUND`.
pub const SESSION_NOT_FOUND: Fault =
    Fault::new(404, "SESSION_NOT_FOUND", "There is no such session.");
/// 404 `DEVICE_NOT_FOUND`.
pub const DEVICE_NOT_FOUND: Fault = Fault::new(404, "DEVICE_NOT_FOUND", "There is no such device.");
/// 404 `UPLOAD_NOT_FOUND`.
pub const UPLOAD_NOT_FOUND: Fault = Fault::new(404, "UPLOAD_NOT_FOUND", "There is no such upload.");
/// 404 `TRANSACTION_NOT_FOUND`.
pub const TRANSACTION_NOT_FOUND: Fault = Fault::new(
    404,
    "TRANSACTION_NOT_FOUND",
    "There is no such transaction.",
);
/// 405 `METHOD_NOT_ALLOWED`.
pub const METHOD_NOT_ALLOWED: Fault = Fault::new(
    405,
    "METHOD_NOT_ALLOWED",
    "This address does not support this method.",
);
/// 409 `IDEMPOTENCY_IN_PROGRESS`.
pub const IDEMPOTENCY_IN_PROGRESS: Fault = Fault::new(
    409,
    "IDEMPOTENCY_IN_PROGRESS",
    "The same request is still in progress.",
);
/// 409 `VERSION_CONFLICT`.
pub const VERSION_CONFLICT: Fault = Fault::new(
    409,
    "VERSION_CONFLICT",
    "Somebody changed this in the meantime. Read it again.",
);
/// 409 `EMAIL_EXISTS`.
pub const EMAIL_EXISTS: Fault = Fault::new(
    409,
    "EMAIL_EXISTS",
    "There is already an account with this e-mail address.",
);
/// 409 `WALLET_FROZEN`.
pub const WALLET_FROZEN: Fault = Fault::new(409, "WALLET_FROZEN", "Your wallet is frozen.");
/// 410 `OTP_EXPIRED`.
pub const OTP_EXPIRED: Fault =
    Fault::new(410, "OTP_EXPIRED", "This code or link is no longer valid.");
/// 413 `PAYLOAD_TOO_LARGE`.
pub const PAYLOAD_TOO_LARGE: Fault =
    Fault::new(413, "PAYLOAD_TOO_LARGE", "The request is too large.");
/// 413 `MESSAGE_TOO_LARGE`.
pub const MESSAGE_TOO_LARGE: Fault =
    Fault::new(413, "MESSAGE_TOO_LARGE", "The message is too long.");
/// 415 `UNSUPPORTED_MEDIA_TYPE`.
pub const UNSUPPORTED_MEDIA_TYPE: Fault = Fault::new(
    415,
    "UNSUPPORTED_MEDIA_TYPE",
    "Send JSON as application/json.",
);
/// 422 `VALIDATION_FAILED`.
pub const VALIDATION_FAILED: Fault =
    Fault::new(422, "VALIDATION_FAILED", "Some fields are not valid.");
/// 422 `UNKNOWN_FIELD`.
pub const UNKNOWN_FIELD: Fault = Fault::new(422, "UNKNOWN_FIELD", "There is no such field.");
/// 422 `IDEMPOTENCY_KEY_REUSED`.
pub const IDEMPOTENCY_KEY_REUSED: Fault = Fault::new(
    422,
    "IDEMPOTENCY_KEY_REUSED",
    "This key was used for another request.",
);
/// 422 `PAGE_TOO_DEEP`.
pub const PAGE_TOO_DEEP: Fault = Fault::new(
    422,
    "PAGE_TOO_DEEP",
    "This page is too far from the start. Use the cursor.",
);
/// 422 `WEAK_PASSWORD`.
pub const WEAK_PASSWORD: Fault = Fault::new(
    422,
    "WEAK_PASSWORD",
    "Choose a password that is harder to guess.",
);
/// 422 `UNDERAGE`.
pub const UNDERAGE: Fault = Fault::new(422, "UNDERAGE", "You must be at least 18 years old.");
/// 422 `DISPOSABLE_EMAIL`.
pub const DISPOSABLE_EMAIL: Fault = Fault::new(
    422,
    "DISPOSABLE_EMAIL",
    "Use an e-mail address that you keep.",
);
/// 422 `OTP_INVALID`.
pub const OTP_INVALID: Fault = Fault::new(422, "OTP_INVALID", "The code is wrong.");
/// 422 `CANNOT_TARGET_SELF`.
pub const CANNOT_TARGET_SELF: Fault = Fault::new(
    422,
    "CANNOT_TARGET_SELF",
    "You cannot do this with yourself.",
);
/// 422 `CONTENT_REJECTED`.
pub const CONTENT_REJECTED: Fault =
    Fault::new(422, "CONTENT_REJECTED", "This message cannot be sent.");
/// 422 `INVALID_TIMEZONE`.
pub const INVALID_TIMEZONE: Fault =
    Fault::new(422, "INVALID_TIMEZONE", "There is no such time zone.");
/// 422 `INVALID_RANGE`.
pub const INVALID_RANGE: Fault =
    Fault::new(422, "INVALID_RANGE", "This range of dates is not valid.");
/// 423 `ACCOUNT_LOCKED`.
pub const ACCOUNT_LOCKED: Fault = Fault::new(
    423,
    "ACCOUNT_LOCKED",
    "Too many wrong passwords. Try again later.",
);
/// 429 `RATE_LIMITED`.
pub const RATE_LIMITED: Fault = Fault::new(429, "RATE_LIMITED", "Too many requests. Slow down.");
/// 500 `INTERNAL_ERROR`.
pub const INTERNAL_ERROR: Fault =
    Fault::new(500, "INTERNAL_ERROR", "Something went wrong on our side.");
/// 502 `PROVIDER_ERROR`.
pub const PROVIDER_ERROR: Fault =
    Fault::new(502, "PROVIDER_ERROR", "A service that we depend on failed.");
/// 503 `UNAVAILABLE`.
pub const UNAVAILABLE: Fault = Fault::new(
    503,
    "UNAVAILABLE",
    "This is not available right now. Try again.",
);
/// 504 `TIMEOUT`.
pub const TIMEOUT: Fault = Fault::new(
    504,
    "TIMEOUT",
    "This took too long. Try again with the same key.",
);
/// 400 `UNKNOWN_TYPE`.
pub const UNKNOWN_TYPE: Fault = Fault::new(400, "UNKNOWN_TYPE", "There is no frame of this type.");
/// 400 `BAD_FRAME`.
pub const BAD_FRAME: Fault = Fault::new(400, "BAD_FRAME", "This is not a valid frame.");
/// 403 `NOT_READY`.
pub const NOT_READY: Fault = Fault::new(403, "NOT_READY", "The connection is not ready yet.");

/// All faults, for the documents and the sweep.
pub const ALL: &[&Fault] = &[
    &REPLAYED,
    &MALFORMED_JSON,
    &INVALID_CURSOR,
    &INVALID_CONTINUATION,
    &UNSUPPORTED_API_VERSION,
    &IDEMPOTENCY_KEY_REQUIRED,
    &IDEMPOTENCY_KEY_INVALID,
    &UNAUTHENTICATED,
    &TOKEN_INVALID,
    &TOKEN_EXPIRED,
    &INVALID_CREDENTIALS,
    &REFRESH_TOKEN_INVALID,
    &REFRESH_TOKEN_REUSED,
    &SESSION_EXPIRED,
    &SESSION_REVOKED,
    &INSUFFICIENT_CREDITS,
    &PERMISSION_DENIED,
    &EMAIL_NOT_CONFIRMED,
    &USER_BANNED,
    &BLOCKED,
    &NOT_RECEIVER,
    &NOT_SENDER,
    &NEW_CONTACT_LIMIT,
    &NOT_FOUND,
    &USER_NOT_FOUND,
    &MESSAGE_NOT_FOUND,
    &CONVERSATION_NOT_FOUND,
    &SESSION_NOT_FOUND,
    &DEVICE_NOT_FOUND,
    &UPLOAD_NOT_FOUND,
    &TRANSACTION_NOT_FOUND,
    &METHOD_NOT_ALLOWED,
    &IDEMPOTENCY_IN_PROGRESS,
    &VERSION_CONFLICT,
    &EMAIL_EXISTS,
    &WALLET_FROZEN,
    &OTP_EXPIRED,
    &PAYLOAD_TOO_LARGE,
    &MESSAGE_TOO_LARGE,
    &UNSUPPORTED_MEDIA_TYPE,
    &VALIDATION_FAILED,
    &UNKNOWN_FIELD,
    &IDEMPOTENCY_KEY_REUSED,
    &PAGE_TOO_DEEP,
    &WEAK_PASSWORD,
    &UNDERAGE,
    &DISPOSABLE_EMAIL,
    &OTP_INVALID,
    &CANNOT_TARGET_SELF,
    &CONTENT_REJECTED,
    &INVALID_TIMEZONE,
    &INVALID_RANGE,
    &ACCOUNT_LOCKED,
    &RATE_LIMITED,
    &INTERNAL_ERROR,
    &PROVIDER_ERROR,
    &UNAVAILABLE,
    &TIMEOUT,
    &UNKNOWN_TYPE,
    &BAD_FRAME,
    &NOT_READY,
];
