//! The one clock of the local cloud: real time, or tokio's paused time in tests, plus an offset.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use shared::time::{Now, Time};
use tokio::time::Instant;

type Moved = Box<dyn Fn(i64) + Send + Sync>;

/// A clock that runs with tokio's and can be moved forward by hand. Under tokio's paused clock it
/// is a virtual clock. It never sleeps and never advances tokio's clock itself: that would fire
/// the timeouts of calls that are under way.
pub struct LocalClock {
    base: Time,
    start: Instant,
    offset: AtomicI64,
    moved: OnceLock<Moved>,
}

impl LocalClock {
    /// A clock that shows `base` now.
    pub fn new(base: Time) -> Arc<Self> {
        Self::with_offset(base, 0)
    }

    /// A clock that shows `base` moved by `offset_ms` now.
    pub fn with_offset(base: Time, offset_ms: i64) -> Arc<Self> {
        Arc::new(Self {
            base,
            start: Instant::now(),
            offset: AtomicI64::new(offset_ms),
            moved: OnceLock::new(),
        })
    }

    /// The present instant.
    pub fn now(&self) -> Time {
        self.running().plus(self.offset_ms())
    }

    /// Moves the clock forward to `to`; an instant that has passed changes nothing.
    pub fn advance_to(&self, to: Time) {
        let wanted = to.ms() - self.running().ms();
        let before = self.offset.fetch_max(wanted, Ordering::SeqCst);
        if let (true, Some(moved)) = (before < wanted, self.moved.get()) {
            moved(wanted);
        }
    }

    /// Milliseconds by which the clock has been moved by hand.
    pub fn offset_ms(&self) -> i64 {
        self.offset.load(Ordering::SeqCst)
    }

    /// Calls `moved` with the new offset after every move, so that it can be stored.
    pub(crate) fn on_move(&self, moved: impl Fn(i64) + Send + Sync + 'static) {
        // Set once, by the cloud that made the clock.
        let _ = self.moved.set(Box::new(moved));
    }

    fn running(&self) -> Time {
        let ms = self.start.elapsed().as_millis();
        self.base.plus(i64::try_from(ms).unwrap_or(i64::MAX))
    }
}

impl Now for LocalClock {
    fn now(&self) -> Time {
        Self::now(self)
    }
}

/// The clock of a machine that is off.
pub struct SkewedClock {
    /// The right one.
    pub clock: Arc<LocalClock>,
    /// By how much, milliseconds.
    pub skew_ms: i64,
}

impl Now for SkewedClock {
    fn now(&self) -> Time {
        self.clock.now().plus(self.skew_ms)
    }
}

impl fmt::Debug for SkewedClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SkewedClock({:?}, {} ms)", self.clock, self.skew_ms)
    }
}

impl fmt::Debug for LocalClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalClock({})", self.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_runs_with_tokio_and_moves_by_hand_but_never_back() {
        let clock = LocalClock::new(Time(1_000));
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        assert_eq!(clock.now(), Time(1_005));
        clock.advance_to(Time(2_000));
        assert_eq!((clock.now(), clock.offset_ms()), (Time(2_000), 995));
        clock.advance_to(Time(1_500));
        assert_eq!(clock.now(), Time(2_000));
        tokio::time::sleep(std::time::Duration::from_millis(7)).await;
        assert_eq!(clock.now(), Time(2_007));
    }
}
