//! `cargo bench --bench detectors`: what the detectors take of a send, in processor time of one
//! process and one run: sends of a text through gateway, function and database, and as many
//! readings of the same text by the detectors alone. A number asks for that many sends.
//!
//! Fails when reading a usual text takes more than a tenth of its send.

use std::fs;
use std::hint::black_box;

use shared::moderation::look;
use world::World;

/// Sends of each text.
const SENDS: usize = 400;
/// Largest part of a send of usual length.
const PART_MAX: f64 = 0.1;

/// Processor time of all threads of this process, nanoseconds.
fn processor_ns() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux");
    let spent = tasks.filter_map(|task| {
        let text = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    spent.sum()
}

/// Processor time of `count` sends of a text with everything that follows, and of reading it.
async fn measured(text: &str, count: usize) -> (f64, f64) {
    let world = World::unlimited().await;
    let mut ann = world.person_with("Ann", 10_000).await;
    let ben = world.person("Ben").await;
    for _ in 0..20 {
        ann.says(text).to(&ben).await.ok();
    }
    let start = processor_ns();
    for _ in 0..count {
        ann.says(text).to(&ben).await.ok();
    }
    let sent = processor_ns() - start;
    let start = processor_ns();
    for _ in 0..count {
        black_box(look(black_box(text)));
    }
    let read = processor_ns() - start;
    let each = |spent: u64| spent as f64 / count as f64 / 1_000.0;
    (each(sent), each(read))
}

fn main() {
    let count = std::env::args().find_map(|word| word.parse().ok());
    let count: usize = count.unwrap_or(SENDS);
    let usual = "Hey, I saw that you like hiking. Which trail do you like most? I was in the alps.";
    let long = "a walk by the river, then tea and a long talk about nothing at all; ".repeat(73);
    let long: String = long.chars().take(5_000).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    let runtime = runtime.expect("a runtime");
    println!("| characters | send, µs | without detectors, µs | detectors, µs | with : without |");
    println!("|---|---|---|---|---|");
    for (text, is_usual) in [(usual, true), (long.as_str(), false)] {
        let (sent, read) = runtime.block_on(measured(text, count));
        let without = sent - read;
        let length = text.chars().count();
        let ratio = sent / without;
        println!("| {length} | {sent:.0} | {without:.0} | {read:.0} | {ratio:.3} |");
        assert!(!is_usual || read / sent <= PART_MAX, "{read} of {sent} µs");
    }
}
