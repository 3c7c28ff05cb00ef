//! Time: what becomes due by the local clock, in order, and the clock moved by hand.

use std::pin::pin;
use std::sync::{Mutex, PoisonError, Weak};
use std::time::Duration;

use shared::Time;
use shared::function::{Function, Trigger};
use shared::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};

use super::{Inner, Local};
use crate::gateway::event::schedule;

/// How often expired items are removed.
const SWEEP_MS: i64 = 15 * MINUTE_MS;
/// Runs of one schedule while the clock is moved once, each minute of an hour among them; a longer
/// way is walked in larger steps.
const RUNS_MAX: i64 = 60;

/// When everything runs next.
pub(crate) struct Timetable(Mutex<Vec<Row>>);

struct Row {
    job: Job,
    period_ms: i64,
    /// How far into each period it runs.
    offset_ms: i64,
    step_ms: i64,
    next: Time,
}

#[derive(Clone, Copy)]
enum Job {
    Run(&'static Function),
    SweepExpired,
}

impl Timetable {
    pub(crate) fn new(functions: &[&'static Function], now: Time) -> Self {
        let mut rows = vec![Row::new(Job::SweepExpired, (SWEEP_MS, 0), now)];
        for function in functions {
            for trigger in function.triggers {
                let rhythm = match *trigger {
                    Trigger::Every(seconds) => (i64::from(seconds) * SECOND_MS, 0),
                    Trigger::Daily { hour, minute } => {
                        let (hour, minute) = (i64::from(hour), i64::from(minute));
                        (DAY_MS, hour * HOUR_MS + minute * MINUTE_MS)
                    }
                    _ => continue,
                };
                rows.push(Row::new(Job::Run(function), rhythm, now));
            }
        }
        Self(Mutex::new(rows))
    }

    fn next(&self) -> Option<Time> {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.iter().map(|row| row.next).min()
    }

    /// What is due, each once, however often it was missed.
    fn take(&self, now: Time) -> Vec<Job> {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = rows.iter_mut().filter(|row| row.next <= now);
        let jobs = due.map(|row| {
            row.advance(now);
            row.job
        });
        jobs.collect()
    }

    /// Plans a move of the clock to `target`.
    fn plan(&self, target: Time) {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for row in rows.iter_mut() {
            let runs = target.since(row.next) / row.period_ms;
            row.step_ms = row.period_ms * (runs / RUNS_MAX + 1);
            // Whole steps from here end at the last instant due before the target.
            row.next = row.next.plus(runs * row.period_ms % row.step_ms);
        }
    }

    /// Ends a move of the clock: every run counts again.
    fn arrive(&self, target: Time) {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for row in rows.iter_mut() {
            row.step_ms = row.period_ms;
            row.next = row.aligned_after(target);
        }
    }
}

impl Row {
    fn new(job: Job, (period_ms, offset_ms): (i64, i64), now: Time) -> Self {
        let period_ms = period_ms.max(SECOND_MS);
        let mut row = Self {
            job,
            period_ms,
            offset_ms,
            step_ms: period_ms,
            next: Time(0),
        };
        row.next = row.aligned_after(now);
        row
    }

    /// The first instant after `now` that is a multiple of the period and the offset: equal after
    /// a restart.
    fn aligned_after(&self, now: Time) -> Time {
        let periods = (now.ms() - self.offset_ms).div_euclid(self.period_ms) + 1;
        Time(periods * self.period_ms + self.offset_ms)
    }

    fn advance(&mut self, now: Time) {
        let stepped = self.next.plus(self.step_ms);
        self.next = if stepped > now {
            stepped
        } else {
            self.aligned_after(now)
        };
    }
}

impl Local {
    /// Returns when streams and queues are drained and no function runs.
    pub async fn settle(&self) {
        let activity = &self.0.activity;
        loop {
            let mut ended = pin!(activity.ended());
            ended.as_mut().enable();
            let (idle, begun) = (activity.is_idle(), activity.begun());
            self.pass();
            if activity.is_idle() {
                if idle && activity.begun() == begun {
                    return;
                }
            } else {
                ended.await;
            }
        }
    }

    /// Moves the clock forward; returns when everything that became due has run, in order of
    /// its time. Zero or less only settles.
    pub async fn advance(&self, seconds: i64) {
        let _alone = self.0.moving.lock().await;
        self.settle().await;
        let target = self.now().plus(seconds.max(0).saturating_mul(SECOND_MS));
        self.0.timetable.plan(target);
        while let Some(due) = self.next_due().filter(|due| *due <= target) {
            self.0.cloud.clock().advance_to(due);
            self.fire(due);
            self.settle().await;
        }
        self.0.cloud.clock().advance_to(target);
        self.0.timetable.arrive(target);
        self.0.wake.notify_one();
    }

    /// The earliest instant at which something becomes due.
    fn next_due(&self) -> Option<Time> {
        let candidates = [
            self.0.timetable.next(),
            self.0.cloud.next_visible(),
            self.0.hub.next_limit(),
        ];
        candidates.into_iter().flatten().min()
    }

    /// Starts what is due at this instant.
    fn fire(&self, now: Time) {
        for job in self.0.timetable.take(now) {
            match job {
                Job::SweepExpired => {
                    self.0.cloud.sweep_ttl();
                }
                Job::Run(function) => self.start_schedule(function),
            }
        }
        self.close_overdue(now);
        self.pass();
    }

    fn start_schedule(&self, function: &'static Function) {
        let (local, guard) = (self.clone(), self.0.activity.begin());
        tokio::spawn(async move {
            let event = schedule(function.name, local.now());
            local.work(function, "schedule", event).await;
            drop(guard);
        });
    }

    /// Fires what is due now and tells how long until the next; `None` while the clock is moved
    /// by hand, because then that fires everything.
    fn tick(&self) -> Option<Duration> {
        let _alone = self.0.moving.try_lock().ok()?;
        let now = self.now();
        if self.next_due().is_some_and(|due| due <= now) {
            self.fire(now);
        }
        let wait = self
            .next_due()
            .map_or(MINUTE_MS, |due| due.since(self.now()));
        // At least a millisecond: a message may be due that all consumers are too busy to take.
        Some(Duration::from_millis(wait.max(1).unsigned_abs()))
    }
}

/// Wakes on changes and on time, until the back end is dropped.
pub(crate) async fn dispatch(weak: Weak<Inner>) {
    let Some(first) = weak.upgrade() else { return };
    let (cloud, wake) = (first.cloud.clone(), first.wake.clone());
    drop(first);
    loop {
        let mut changed = pin!(cloud.changed().notified());
        changed.as_mut().enable();
        let wait = {
            let Some(inner) = weak.upgrade() else { return };
            let local = Local(inner);
            local.pass();
            local.tick()
        };
        let sleep = async {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = changed => {}
            () = wake.notified() => {}
            () = sleep => {}
        }
    }
}
