//! `cargo bench -p tests --bench timing`: whether sign-in, registration and reset tell by their
//! time that an address is known. 10,000 pairs of calls each, about a known and an unknown address,
//! in random order, the limiter off; a number as argument asks for that many pairs, the name of a
//! function for it alone.
//!
//! Fails when the Mann–Whitney U test finds a difference (p ≤ 0.01) or the medians differ by 2 %.

use world::timing::{DOORS, Door, P_MIN, Street};

/// Pairs of each operation.
const PAIRS: usize = 10_000;
/// Largest difference of the medians, as part of the smaller one.
const DIFFERENCE_MAX: f64 = 0.02;
/// People with an account in each world. Everybody is asked about once, and so is everybody
/// without one: whoever is registered once is known from then on.
const PEOPLE: usize = CHUNK + WARM;
/// Calls before a world is measured, because the first ones of an instance are slow, whoever they
/// are about.
const WARM: usize = 10;
/// Pairs after which a fresh world is used, so that a growing state slows nothing down.
const CHUNK: usize = 500;

fn main() {
    let pairs = std::env::args().find_map(|word| word.parse().ok());
    let pairs: usize = pairs.unwrap_or(PAIRS);
    // One thread with a clock of its own: only the work of the call is measured.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    let runtime = runtime.expect("a runtime");
    println!("{pairs} pairs each\n");
    println!("| operation | median known | median unknown | difference | p |");
    println!("|---|---|---|---|---|");
    let mut told = 0;
    let named = |door: &Door| std::env::args().any(|word| word == door.function());
    let all = !DOORS.iter().any(named);
    for door in DOORS.into_iter().filter(|door| all || named(door)) {
        let sample = runtime.block_on(async {
            let mut all = world::timing::Sample::default();
            for chunk in 0..pairs.div_ceil(CHUNK) {
                let mut street = Street::new(100 + chunk as u64, PEOPLE).await;
                street.sample(door, WARM).await;
                let part = street.sample(door, CHUNK.min(pairs - chunk * CHUNK)).await;
                all.known.extend(part.known);
                all.unknown.extend(part.unknown);
            }
            all
        });
        let (known, unknown) = sample.medians();
        let (difference, p) = (sample.difference(), sample.p());
        println!(
            "| `{}` | {known:.3} ms | {unknown:.3} ms | {:.3} % | {p:.3} |",
            door.function(),
            difference * 100.0
        );
        told += usize::from(p <= P_MIN || difference >= DIFFERENCE_MAX);
    }
    if told > 0 {
        println!("\n{told} operations tell.");
        std::process::exit(1);
    }
}
