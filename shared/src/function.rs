//! What a function declares; the macros that do it are in `declare.rs`.
//!
//! A file `functions/<domain>/src/bin/<name>.rs` is a binary root and, through
//! [`functions!`](crate::functions), also a module of its package's library: the local cloud and
//! the tests call it from there and link nothing per function.

use std::future::Future;
use std::pin::Pin;

use serde_json::Value;

use crate::admin::Severity;
use crate::env::Env;
use crate::error::{Fault, Result};
use crate::http::limit::Limit;

/// The actions on one resource that a capability needs; the IAM statement of the function's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// IAM actions such as `dynamodb:GetItem`.
    pub actions: &'static [&'static str],
    /// Resource below the stack, such as `table/data` or `queue/mail`.
    pub resource: &'static str,
}

/// What starts a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A route of the client API.
    Http {
        /// `GET`, `POST`, …
        method: &'static str,
        /// Template such as `/api/v2/messages/{message_id}`.
        path: &'static str,
    },
    /// A second path with the method of the route before it.
    Alias(&'static str),
    /// A frame type of the WebSocket API.
    Frame(&'static str),
    /// `$connect`, `$disconnect` or `$default` of the WebSocket API.
    Socket(&'static str),
    /// `$default` of the HTTP APIs: whatever no route matches.
    UnknownRoute,
    /// Messages of a queue, in batches.
    Queue(&'static str),
    /// Changes of a table, in batches and in order of each item.
    Stream(&'static str),
    /// A schedule, period in seconds.
    Every(u32),
    /// A schedule, once a day at this time of UTC.
    Daily {
        /// 0–23.
        hour: u8,
        /// 0–59.
        minute: u8,
    },
}

/// What a route of the admin API demands, and how its audit log row counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdminRoute {
    /// Permission that the signature names.
    pub permission: &'static str,
    /// Severity of the row when it is done.
    pub severity: Severity,
    /// When a second person is needed, as the documents say it: `always`, `above …`.
    pub second: Option<&'static str>,
}

/// Runs a function on Lambda's event; after an `Err` the event source tries again.
pub type Run =
    for<'a> fn(&'a Env, Value) -> Pin<Box<dyn Future<Output = Result<Value, String>> + Send + 'a>>;

/// One function as data.
#[derive(Debug)]
pub struct Function {
    /// File, binary, Lambda, operation id, span and metric dimension.
    pub name: &'static str,
    /// Package of the function, which is its domain.
    pub domain: &'static str,
    /// Source file, for the first sentence of its documentation.
    pub file: &'static str,
    /// What starts it.
    pub triggers: &'static [Trigger],
    /// Rate class.
    pub limit: Limit,
    /// Whether a caller must be signed in.
    pub member: bool,
    /// What it demands as a route of the admin API; `None` for everything else.
    pub admin: Option<AdminRoute>,
    /// Particular faults, besides the common ones.
    pub faults: &'static [&'static Fault],
    /// What its capabilities need.
    pub grants: &'static [&'static [&'static [Grant]]],
    /// Adds parameters, body and answer to the description; only tests call it.
    pub describe: fn(&mut Operation),
    /// Does the work.
    pub run: Run,
}

impl Function {
    /// All statements of the role, one per resource, sorted.
    pub fn role(&self) -> std::collections::BTreeMap<&'static str, Vec<&'static str>> {
        let mut role = std::collections::BTreeMap::<_, Vec<_>>::new();
        for grant in self
            .grants
            .iter()
            .flat_map(|set| set.iter())
            .flat_map(|set| set.iter())
            .chain(crate::realtime::frame_grants(self.triggers))
        {
            role.entry(grant.resource)
                .or_default()
                .extend(grant.actions);
        }
        for actions in role.values_mut() {
            actions.sort_unstable();
            actions.dedup();
        }
        role
    }
}

/// What extractors and answers say of themselves, for the derived documents.
#[derive(Debug, Default)]
pub struct Operation {
    /// Schemas of what is read, that the parts below refer to.
    pub schemas: schemars::SchemaGenerator,
    /// Schemas of what is answered: what is written always is there, what is left out may lack.
    pub answered: schemars::SchemaGenerator,
    /// Schema of the JSON body.
    pub body: Option<schemars::Schema>,
    /// Schema of the path parameters.
    pub path: Option<schemars::Schema>,
    /// Whether a caller may be signed in, but need not.
    pub visitor: bool,
    /// Schema of the query string.
    pub query: Option<schemars::Schema>,
    /// Whether the query may come as a form instead.
    pub form: bool,
    /// Whether the answer is a page for a person.
    pub page: bool,
    /// Whether an `Idempotency-Key` is accepted.
    pub key: bool,
    /// Status and schema of the answers.
    pub answers: Vec<(u16, &'static str, Option<schemars::Schema>)>,
}

/// The demands of an admin route, for constants. It does not compile unless the handler takes an
/// [`Admin`](crate::http::Admin) and answers with a [`Recorded`](crate::admin::Recorded).
pub const fn admin_route<C, Args, H: Handler<C, Args>>(
    _: &H,
    severity: Severity,
    second: Option<&'static str>,
) -> AdminRoute {
    assert!(
        H::PERMISSION.is_some(),
        "an admin operation takes `Admin<P>`"
    );
    assert!(H::RECORDED, "an admin operation answers with `Recorded`");
    let permission = match H::PERMISSION {
        Some(permission) => permission,
        None => "",
    };
    AdminRoute {
        permission,
        severity,
        second,
    }
}

/// The first permission of a list.
const fn first(list: &[Option<&'static str>]) -> Option<&'static str> {
    let mut at = 0;
    while at < list.len() {
        if list[at].is_some() {
            return list[at];
        }
        at += 1;
    }
    None
}

/// Something that a handler may name in its signature, for calls of kind `C`.
pub trait Take<C>: Sized + Send {
    /// What it needs of the role.
    const GRANTS: &'static [&'static [Grant]] = &[];
    /// Whether it exists only for a signed-in caller.
    const MEMBER: bool = false;
    /// The permission of an admin without which it does not exist.
    const PERMISSION: Option<&'static str> = None;

    /// Describes itself for the documents.
    fn describe(_: &mut Operation) {}

    /// Makes it for one call, or refuses the call.
    fn take(env: &Env, call: &mut C) -> impl Future<Output = Result<Self>> + Send;
}

/// What a handler answers to calls of kind `C`.
pub trait Answer<C>: Send {
    /// Whether it exists only with a row in the audit log.
    const RECORDED: bool = false;

    /// Describes itself for the documents.
    fn describe(_: &mut Operation) {}

    /// The answer in the form that the call's kind sends.
    fn answer(self) -> Result<Reply>;
}

/// An answer before it is put on the wire.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// JSON body, or null.
    pub body: Value,
    /// Headers besides the common ones; a `content-type` here means that `body` is a text.
    pub headers: Vec<(&'static str, String)>,
}

/// An async function whose arguments can all be taken from calls of kind `C`.
#[diagnostic::on_unimplemented(
    message = "this handler cannot serve calls of kind `{C}`",
    label = "an argument is no capability or extractor of `{C}`, or the answer is none",
    note = "arguments implement `Take<{C}>`, the result is `shared::Result<impl Answer<{C}>>`"
)]
pub trait Handler<C, Args>: Copy + Send + Sync + 'static {
    /// What its arguments need of the role.
    const GRANTS: &'static [&'static [&'static [Grant]]];
    /// Whether one of its arguments needs a signed-in caller.
    const MEMBER: bool;
    /// The permission that its arguments need.
    const PERMISSION: Option<&'static str>;
    /// Whether its answer exists only with a row in the audit log.
    const RECORDED: bool;

    /// Describes arguments and answer.
    fn describe(operation: &mut Operation);

    /// Takes the arguments in order and runs.
    fn handle(self, env: &Env, call: &mut C) -> impl Future<Output = Result<Reply>> + Send;
}

macro_rules! handlers {
    ($(($($arg:ident),*))*) => {$(
        impl<Call, F, Fut, Out, $($arg,)*> Handler<Call, ($($arg,)*)> for F
        where
            Call: Send,
            F: Fn($($arg),*) -> Fut + Copy + Send + Sync + 'static,
            Fut: Future<Output = Result<Out>> + Send,
            Out: Answer<Call>,
            $($arg: Take<Call>,)*
        {
            const GRANTS: &'static [&'static [&'static [Grant]]] = &[$($arg::GRANTS),*];
            const MEMBER: bool = false $(|| $arg::MEMBER)*;
            const PERMISSION: Option<&'static str> = first(&[$($arg::PERMISSION),*]);
            const RECORDED: bool = Out::RECORDED;

            fn describe(operation: &mut Operation) {
                $($arg::describe(operation);)*
                Out::describe(operation);
            }

            #[allow(non_snake_case, reason = "type parameters name the arguments")]
            #[allow(unused_variables, reason = "a handler may take nothing")]
            async fn handle(self, env: &Env, call: &mut Call) -> Result<Reply> {
                $(let $arg = $arg::take(env, call).await?;)*
                self($($arg),*).await?.answer()
            }
        }
    )*};
}
handlers! {
    () (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) (A, B, C, D, E, G) (A, B, C, D, E, G, H)
    (A, B, C, D, E, G, H, I) (A, B, C, D, E, G, H, I, J) (A, B, C, D, E, G, H, I, J, K)
}

/// The grants of a handler, for constants.
pub const fn grants<C, Args, H: Handler<C, Args>>(_: &H) -> &'static [&'static [&'static [Grant]]] {
    H::GRANTS
}

/// Whether a handler needs a signed-in caller, for constants.
pub const fn member<C, Args, H: Handler<C, Args>>(_: &H) -> bool {
    H::MEMBER
}

/// Describes a handler.
pub fn describe<C, Args, H: Handler<C, Args>>(_: &H, operation: &mut Operation) {
    H::describe(operation);
}
