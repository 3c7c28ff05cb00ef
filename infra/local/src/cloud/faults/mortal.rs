//! Invocations that end where they stand, like processes that die.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::Notify;

tokio::task_local! {
    /// Ends the invocation that this task runs.
    static END: Arc<Notify>;
}

/// Runs an invocation that an [`EndHandler`](super::Kind::EndHandler) fault can end: `None` when it
/// was ended, with the future dropped where it stood, like a process that died.
pub async fn mortal<F: Future>(future: F) -> Option<F::Output> {
    let end = Arc::new(Notify::new());
    let running = END.scope(Arc::clone(&end), future);
    tokio::select! {
        biased;
        () = end.notified() => None,
        output = running => Some(output),
    }
}

/// Ends the invocation of this task; false when it is none that can be ended.
pub(super) fn end() -> bool {
    END.try_with(|end| end.notify_one()).is_ok()
}
