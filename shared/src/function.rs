//! What a function declares, and the macros that every function file starts with.
//!
//! A file `functions/<domain>/src/bin/<name>.rs` is a binary root and, through
//! [`functions!`](crate::functions), also a module of its package's library: the local cloud and
//! the tests call it from there and link nothing per function.

use std::future::Future;
use std::pin::Pin;

use serde_json::Value;

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
    /// Schemas that the parts below refer to.
    pub schemas: schemars::SchemaGenerator,
    /// Schema of the JSON body.
    pub body: Option<schemars::Schema>,
    /// Schema of the query string.
    pub query: Option<schemars::Schema>,
    /// Whether the query may come as a form instead.
    pub form: bool,
    /// Whether an `Idempotency-Key` is accepted.
    pub key: bool,
    /// Status and schema of the answers.
    pub answers: Vec<(u16, &'static str, Option<schemars::Schema>)>,
}

/// Something that a handler may name in its signature, for calls of kind `C`.
pub trait Take<C>: Sized + Send {
    /// What it needs of the role.
    const GRANTS: &'static [&'static [Grant]] = &[];
    /// Whether it exists only for a signed-in caller.
    const MEMBER: bool = false;

    /// Describes itself for the documents.
    fn describe(_: &mut Operation) {}

    /// Makes it for one call, or refuses the call.
    fn take(env: &Env, call: &mut C) -> impl Future<Output = Result<Self>> + Send;
}

/// What a handler answers to calls of kind `C`.
pub trait Answer<C>: Send {
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

/// Declares a function that clients call: a route, its aliases, a frame, or several of them.
///
/// ```text
/// endpoint!(POST "/api/v2/messages/send", frame "message.send" => send_message,
///     limit: Send, faults: [INSUFFICIENT_CREDITS]);
/// ```
#[macro_export]
macro_rules! endpoint {
    ($($kind:ident $at:literal),+ => $name:ident
        $(, limit: $limit:ident)? $(, faults: [$($fault:ident),* $(,)?])? $(,)?) => {
        $crate::declare!(
            $crate::http::Call, $crate::http::serve, $name,
            [$($crate::trigger!($kind $at)),+],
            $crate::limit!($($limit)?),
            [$($(&$crate::error::$fault),*)?]
        );
    };
}

/// Declares a function of the WebSocket API that is no operation: `socket!("$connect" => …)`.
#[macro_export]
macro_rules! socket {
    ($at:literal => $name:ident $(, faults: [$($fault:ident),* $(,)?])? $(,)?) => {
        $crate::declare!(
            $crate::http::Call, $crate::http::serve, $name,
            [$crate::function::Trigger::Socket($at)],
            $crate::http::limit::Limit::None,
            [$($(&$crate::error::$fault),*)?]
        );
    };
}

/// Declares the function that answers whatever no route matches.
#[macro_export]
macro_rules! fallback {
    ($name:ident $(, faults: [$($fault:ident),* $(,)?])? $(,)?) => {
        $crate::declare!(
            $crate::http::Call, $crate::http::serve, $name,
            [$crate::function::Trigger::UnknownRoute],
            $crate::http::limit::Limit::Anonymous,
            [$($(&$crate::error::$fault),*)?]
        );
    };
}

/// Declares a worker on a queue: `worker!("mail" => deliver_email)`.
#[macro_export]
macro_rules! worker {
    ($queue:literal => $name:ident $(,)?) => {
        $crate::declare!(
            $crate::worker::Message,
            $crate::worker::serve_queue,
            $name,
            [$crate::function::Trigger::Queue($queue)],
            $crate::http::limit::Limit::None,
            []
        );
    };
}

/// Declares a consumer of table streams: `stream!("data", "ledger" => fan_out_events)`.
#[macro_export]
macro_rules! stream {
    ($($table:literal),+ => $name:ident $(,)?) => {
        $crate::declare!(
            $crate::worker::Changes, $crate::worker::serve_stream, $name,
            [$($crate::function::Trigger::Stream($table)),+],
            $crate::http::limit::Limit::None,
            []
        );
    };
}

/// Declares a scheduled function: `schedule!(every 60 => release_due_notifications)`, or at a time
/// of day in UTC: `schedule!(daily 3:00 => check_ledger)`.
#[macro_export]
macro_rules! schedule {
    (every $seconds:literal => $name:ident $(,)?) => {
        $crate::schedule!($crate::function::Trigger::Every($seconds), $name);
    };
    (daily $hour:literal : $minute:literal => $name:ident $(,)?) => {
        $crate::schedule!(
            $crate::function::Trigger::Daily {
                hour: $hour,
                minute: $minute,
            },
            $name
        );
    };
    ($trigger:expr, $name:ident) => {
        $crate::declare!(
            $crate::worker::Tick,
            $crate::worker::serve_tick,
            $name,
            [$trigger],
            $crate::http::limit::Limit::None,
            []
        );
    };
}

/// What all declarations expand to.
#[doc(hidden)]
#[macro_export]
macro_rules! declare {
    ($call:ty, $serve:path, $name:ident, [$($trigger:expr),+], $limit:expr, [$($fault:expr),*]) => {
        /// How this function is served; all that its binary links.
        pub const RUN: $crate::function::Run = |env, event| {
            const LIMIT: $crate::http::limit::Limit = $limit;
            Box::pin($serve(env, event, LIMIT, $name))
        };

        /// This function as data.
        pub const FUNCTION: $crate::function::Function = $crate::function::Function {
            name: stringify!($name),
            domain: env!("CARGO_PKG_NAME"),
            file: file!(),
            triggers: &[$($trigger),+],
            limit: $limit,
            member: $crate::function::member::<$call, _, _>(&$name),
            faults: &[$($fault),*],
            grants: $crate::function::grants::<$call, _, _>(&$name),
            describe: |operation| $crate::function::describe::<$call, _, _>(&$name, operation),
            run: RUN,
        };

        #[allow(dead_code, reason = "as a module of the library nobody calls it")]
        fn main() {
            const NEEDS: $crate::start::Needs = $crate::start::Needs::of(FUNCTION.grants);
            $crate::lambda::start(stringify!($name), RUN, NEEDS);
        }
    };
}

/// Turns `POST "/path"` into a [`Trigger`](crate::function::Trigger).
#[doc(hidden)]
#[macro_export]
macro_rules! trigger {
    (frame $at:literal) => {
        $crate::function::Trigger::Frame($at)
    };
    (alias $at:literal) => {
        $crate::function::Trigger::Alias($at)
    };
    ($method:ident $at:literal) => {
        $crate::function::Trigger::Http {
            method: stringify!($method),
            path: $at,
        }
    };
}

/// The rate class of a declaration; `Default` if it names none.
#[doc(hidden)]
#[macro_export]
macro_rules! limit {
    () => {
        $crate::http::limit::Limit::Default
    };
    ($limit:ident) => {
        $crate::http::limit::Limit::$limit
    };
}

/// The table of contents of a domain: one module per file of `src/bin`, and the list of them.
#[macro_export]
macro_rules! functions {
    ($($name:ident),* $(,)?) => {
        $(pub mod $name;)*

        /// Every function of this domain.
        pub const FUNCTIONS: &[&$crate::function::Function] = &[$(&$name::FUNCTION),*];
    };
}
