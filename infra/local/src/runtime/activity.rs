//! Counts what is running, so that one can wait until nothing is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// The number of running things.
#[derive(Clone, Debug, Default)]
pub struct Activity(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    running: AtomicUsize,
    begun: AtomicU64,
    ended: Notify,
}

/// One running thing, until dropped.
#[derive(Debug)]
pub struct Running(Activity);

impl Activity {
    /// Counts one more until the guard is dropped.
    pub fn begin(&self) -> Running {
        self.0.running.fetch_add(1, Ordering::SeqCst);
        self.0.begun.fetch_add(1, Ordering::SeqCst);
        Running(self.clone())
    }

    /// Whether nothing runs.
    pub fn is_idle(&self) -> bool {
        self.0.running.load(Ordering::SeqCst) == 0
    }

    /// How many things ever began; tells whether something came and went in between.
    pub fn begun(&self) -> u64 {
        self.0.begun.load(Ordering::SeqCst)
    }

    /// Waits until something ended; create it before looking.
    pub fn ended(&self) -> tokio::sync::futures::Notified<'_> {
        self.0.ended.notified()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.0.running.fetch_sub(1, Ordering::SeqCst);
        self.0.0.ended.notify_waiters();
    }
}
