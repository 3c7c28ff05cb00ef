//! `docs/build.md`: how many functions there are, how large each is, and how it starts. Sizes may
//! not grow by more than a twentieth unless somebody writes the page again, and so says it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::derived::{root, updating};
use crate::start::{Compared, Host, ROUNDS_PAGE};

const PAGE: &str = "docs/build.md";
/// Growth of a binary that needs no words.
const GROWTH_MAX: f64 = 1.05;
/// Bytes of a zip archive around one deflated file named `bootstrap` (APPNOTE 4.3): local header,
/// central directory and its end.
const ARCHIVE_BYTES: usize = (30 + 9) + (46 + 9) + 22;

fn bytes(path: &Path) -> usize {
    let metadata = std::fs::metadata(path).expect("a file");
    usize::try_from(metadata.len()).expect("it fits")
}

fn zipped(path: &Path) -> usize {
    let file = std::fs::read(path).expect("a file");
    let mut zip = DeflateEncoder::new(Vec::new(), Compression::default());
    zip.write_all(&file).expect("memory");
    zip.finish().expect("memory").len() + ARCHIVE_BYTES
}

/// Bytes as KiB.
fn kib(bytes: usize) -> String {
    format!("{}", bytes.div_ceil(1024))
}

/// KiB of every binary as the page has it.
fn stored() -> BTreeMap<String, usize> {
    let page = std::fs::read_to_string(root().join(PAGE)).unwrap_or_default();
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let name = cells.next()?.trim_end_matches('`').to_owned();
        Some((name, cells.next()?.parse().ok()?))
    });
    rows.collect()
}

#[test]
fn no_binary_grows_without_a_word() {
    if updating() {
        write();
        return;
    }
    let stored = stored();
    let mut said = Vec::new();
    let names: Vec<_> = local::functions().iter().map(|one| one.name).collect();
    for name in &names {
        let now = bytes(&crate::binary(name)).div_ceil(1024);
        match stored.get(*name) {
            None => said.push(format!("{name} is not on the page")),
            Some(known) if now as f64 > *known as f64 * GROWTH_MAX => {
                said.push(format!("{name} has grown from {known} to {now} KiB"));
            }
            Some(_) => {}
        }
    }
    let gone = stored.keys().filter(|name| !names.contains(&name.as_str()));
    said.extend(gone.map(|name| format!("{name} is on the page but no function")));
    assert!(
        said.is_empty(),
        "{said:#?}\nIf that is right: `tests/build page`, and commit {PAGE}"
    );
}

fn write() {
    let host = Host::new();
    let hello = crate::hello();
    let least = host.compare(&hello, ROUNDS_PAGE);
    let mut rows = String::new();
    let (mut sum, mut sum_zipped, mut all) = (0, 0, Vec::new());
    for function in local::functions() {
        let binary = crate::binary(function.name);
        let (size, zip) = (bytes(&binary), zipped(&binary));
        let found = host.compare(&binary, ROUNDS_PAGE);
        rows += &row(&format!("`{}`", function.name), size, zip, &found);
        (sum, sum_zipped) = (sum + size, sum_zipped + zip);
        all.push(found);
    }
    let count = all.len();
    let most = |of: fn(&Compared) -> f64| all.iter().map(of).fold(0.0, f64::max);
    let text = format!(
        "# The binaries\n\n\
         Derived by `tests/build page` from the profile `ci-release` (opt-level 3, no LTO, 16 \
         codegen units, stripped) for the machine that built it. `tests/run` fails when a binary \
         is more than 5 % larger than here, or starts in more than 1.6 times the time or 2 times \
         the memory of the smallest Lambda ([`hello`](../shared/examples/hello.rs), same profile). \
         Time is from exec to the first poll of the Runtime API, memory is what is resident then; \
         both are medians of {ROUNDS_PAGE} rounds in which the binary and `hello` start in turns, \
         and the ratios are medians of the rounds' ratios. Milliseconds belong to the machine, \
         ratios carry over.\n\n\
         {count} functions, {} MiB together, {} MiB zipped. At most {:.2} times the time and {:.2} \
         times the memory of `hello`.\n\n\
         | function | KiB | zip KiB | ms | × time | MiB | × memory |\n\
         |---|---|---|---|---|---|---|\n",
        sum / 1_048_576,
        sum_zipped / 1_048_576,
        most(|found| found.time),
        most(|found| found.memory),
    );
    let first = row("hello", bytes(&hello), zipped(&hello), &least);
    std::fs::write(root().join(PAGE), text + &first + &rows).expect("the page");
}

fn row(name: &str, size: usize, zip: usize, found: &Compared) -> String {
    let Compared {
        start,
        time,
        memory,
    } = found;
    let (ms, mib) = (start.ms, start.kib / 1024.0);
    let (size, zip) = (kib(size), kib(zip));
    format!("| {name} | {size} | {zip} | {ms:.2} | {time:.2} | {mib:.1} | {memory:.2} |\n")
}
