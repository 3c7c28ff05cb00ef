//! Units, split by what causes them.

use local::cloud::Line;
use shared::function::{Function, Trigger};
use world::World;

/// The units of one operation or of many equal ones.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bill {
    /// RRU of the function itself.
    pub reads: f64,
    /// WRU of its writes to tables.
    pub writes: f64,
    /// WRU of the indexes that those writes touch.
    pub index: f64,
    /// RRU of the consumers of the streams and queues.
    pub consumer_reads: f64,
    /// WRU of those.
    pub consumer_writes: f64,
    /// RRU of timers.
    pub timer_reads: f64,
    /// WRU of timers.
    pub timer_writes: f64,
}

impl Bill {
    /// The bill of some lines of the meter.
    pub fn of<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Self {
        let mut bill = Self::default();
        for line in lines {
            let (reads, writes) = match line.function.as_str() {
                name if is(name, is_consumer) => {
                    (&mut bill.consumer_reads, &mut bill.consumer_writes)
                }
                name if is(name, is_timer) => (&mut bill.timer_reads, &mut bill.timer_writes),
                _ if line.index.is_some() => (&mut bill.reads, &mut bill.index),
                _ => (&mut bill.reads, &mut bill.writes),
            };
            *reads += line.read;
            *writes += line.write;
        }
        bill
    }

    /// All RRU.
    pub fn read(&self) -> f64 {
        self.reads + self.consumer_reads + self.timer_reads
    }

    /// All WRU.
    pub fn write(&self) -> f64 {
        self.writes + self.index + self.consumer_writes + self.timer_writes
    }

    /// The share of one of `count` equal operations.
    pub fn per(&self, count: f64) -> Self {
        Self {
            reads: self.reads / count,
            writes: self.writes / count,
            index: self.index / count,
            consumer_reads: self.consumer_reads / count,
            consumer_writes: self.consumer_writes / count,
            timer_reads: self.timer_reads / count,
            timer_writes: self.timer_writes / count,
        }
    }

    /// A row of the table in `docs/costs.md`.
    pub fn row(&self, name: &str) -> String {
        let columns = [
            self.write(),
            self.read(),
            self.writes,
            self.index,
            self.consumer_writes,
            self.timer_writes,
            self.reads,
            self.consumer_reads,
            self.timer_reads,
        ];
        let columns: Vec<_> = columns.iter().map(|units| number(*units)).collect();
        format!("| {name} | {} |\n", columns.join(" | "))
    }
}

fn is(name: &str, what: fn(&Function) -> bool) -> bool {
    local::functions()
        .into_iter()
        .any(|function| function.name == name && what(function))
}

/// Workers and consumers of streams count as what follows from an operation.
fn is_consumer(function: &Function) -> bool {
    let follows = |trigger: &Trigger| matches!(trigger, Trigger::Queue(_) | Trigger::Stream(_));
    function.triggers.iter().any(follows)
}

/// Whether time starts it.
pub fn is_timer(function: &Function) -> bool {
    !is_consumer(function) && !is_called(function)
}

/// Whether clients call it, by HTTP, by frame or by opening and closing sockets.
fn is_called(function: &Function) -> bool {
    let by_client = |trigger: &Trigger| {
        use Trigger::{Alias, Frame, Http, Socket, UnknownRoute};
        matches!(
            trigger,
            Http { .. } | Alias(_) | Frame(_) | Socket(_) | UnknownRoute
        )
    };
    function.triggers.iter().any(by_client)
}

/// Units with at most two decimals.
pub fn number(units: f64) -> String {
    let rounded = (units * 100.0).round() / 100.0;
    if rounded == 0.0 {
        "–".to_owned()
    } else {
        format!("{rounded}")
    }
}

/// Head of the table.
pub const HEAD: &str = "| operation | WRU | RRU | WRU tables | WRU indexes | WRU consumers | \
     WRU timers | RRU itself | RRU consumers | RRU timers |\n\
     |---|---|---|---|---|---|---|---|---|---|\n";

/// What happens in `work` until everything is drained.
pub async fn measured<T>(world: &World, work: impl Future<Output = T>) -> (T, Bill) {
    world.settles().await;
    world.local.cloud().meter().reset();
    let done = work.await;
    world.settles().await;
    let lines = world.local.cloud().meter().take();
    (done, Bill::of(&lines))
}
