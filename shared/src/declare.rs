//! The macros that every function file starts with, and the table of contents of a domain.

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

/// Declares an operation of the admin API. Its permission is the one that its signature names in
/// `Admin<P>`; `severity` is that of its audit log row; `second` says when a second person is
/// needed. Reads are counted in the class `admin_read`, everything else in `admin_write`.
///
/// ```text
/// admin!(POST "/api/admin/credits/adjust" => adjust_credits, severity: Warning,
///     second: "above `adjust.two_person_above`", faults: [INSUFFICIENT_CREDITS]);
/// ```
#[macro_export]
macro_rules! admin {
    ($method:ident $at:literal $(, alias $alias:literal)* => $name:ident, severity: $severity:ident
        $(, second: $second:literal)? $(, limit: $limit:ident)?
        $(, faults: [$($fault:ident),* $(,)?])? $(,)?) => {
        /// What this route demands.
        pub const ADMIN: $crate::function::AdminRoute =
            $crate::function::admin_route::<$crate::http::Call, _, _>(
                &$name,
                $crate::admin::Severity::$severity,
                $crate::optional!($($second)?),
            );

        $crate::declare!(@
            $crate::http::Call,
            |env, event| {
                const LIMIT: $crate::http::limit::Limit =
                    $crate::admin_limit!($method $($limit)?);
                Box::pin($crate::http::serve_admin(env, event, LIMIT, &ADMIN, $name))
            },
            $name,
            [$crate::trigger!($method $at) $(, $crate::trigger!(alias $alias))*],
            $crate::admin_limit!($method $($limit)?),
            [$($(&$crate::error::$fault),*)?],
            Some(ADMIN)
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

/// Declares a worker on a queue: `worker!("mail" => deliver_email)`, or one that takes all messages
/// of a batch together: `worker!(batch "notes" => log_messages)`.
#[macro_export]
macro_rules! worker {
    (batch $queue:literal => $name:ident $(,)?) => {
        $crate::declare!(
            $crate::worker::Batch,
            $crate::worker::serve_batch,
            $name,
            [$crate::function::Trigger::Queue($queue)],
            $crate::http::limit::Limit::None,
            []
        );
    };
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
        $crate::declare!(@
            $call,
            |env, event| {
                const LIMIT: $crate::http::limit::Limit = $limit;
                Box::pin($serve(env, event, LIMIT, $name))
            },
            $name, [$($trigger),+], $limit, [$($fault),*], None
        );
    };
    (@ $call:ty, $run:expr, $name:ident, [$($trigger:expr),+], $limit:expr, [$($fault:expr),*],
        $admin:expr) => {
        /// How this function is served; all that its binary links.
        pub const RUN: $crate::function::Run = $run;

        /// This function as data.
        pub const FUNCTION: $crate::function::Function = $crate::function::Function {
            name: stringify!($name),
            domain: env!("CARGO_PKG_NAME"),
            file: file!(),
            triggers: &[$($trigger),+],
            limit: $limit,
            member: $crate::function::member::<$call, _, _>(&$name),
            admin: $admin,
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

/// The rate class of an admin operation.
#[doc(hidden)]
#[macro_export]
macro_rules! admin_limit {
    (GET) => {
        $crate::http::limit::Limit::AdminRead
    };
    ($method:ident) => {
        $crate::http::limit::Limit::AdminWrite
    };
    ($method:ident $limit:ident) => {
        $crate::http::limit::Limit::$limit
    };
}

/// `Some` of what is given, or `None`.
#[doc(hidden)]
#[macro_export]
macro_rules! optional {
    () => {
        None
    };
    ($given:literal) => {
        Some($given)
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
