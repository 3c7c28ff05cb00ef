//! `cargo bench --bench memory`: the most memory that looking at one legal picture takes.
//! Each case runs in a process of its own, which tells its peak (`VmHWM` in `/proc/self/status`);
//! the first one looks at a picture of one pixel, so that the others can be compared with it.
//!
//! Fails when a case takes more than 400 MB; the function has 1,769 MB.

use std::fs;
use std::io::{Cursor, Write};
use std::process::Command;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder};
use shared::matching::uploads::{MediaType, process};
use world::pictures::photo;

/// Most memory of the process, bytes.
const BYTES_MAX: u64 = 400_000_000;
/// The largest legal picture: 8,192 pixels wide and 40 megapixels.
const WIDTH: u32 = 8_192;
/// See [`WIDTH`].
const HEIGHT: u32 = 40_000_000 / WIDTH;

/// Name, type and maker of each case.
/// Name, declared type, and who makes the file.
type Case = (&'static str, MediaType, fn() -> Vec<u8>);
const CASES: [Case; 8] = [
    ("one pixel", MediaType::Png, || {
        png(1, 1, ExtendedColorType::Rgb8)
    }),
    ("photo of 9.9 MB", MediaType::Jpeg, || photo(9_900_000)),
    ("JPEG, baseline", MediaType::Jpeg, || jpeg(0xc0)),
    ("JPEG, progressive", MediaType::Jpeg, || jpeg(0xc2)),
    ("PNG, 3 × 8 bits", MediaType::Png, || {
        png(WIDTH, HEIGHT, ExtendedColorType::Rgb8)
    }),
    ("PNG, 4 × 8 bits", MediaType::Png, || {
        png(WIDTH, HEIGHT, ExtendedColorType::Rgba8)
    }),
    ("WebP, 3 × 8 bits", MediaType::Webp, || {
        webp(ExtendedColorType::Rgb8)
    }),
    ("WebP, 4 × 8 bits", MediaType::Webp, || {
        webp(ExtendedColorType::Rgba8)
    }),
];

fn main() {
    let file = std::env::args().skip_while(|word| word != "--look").nth(1);
    if let Some(file) = file {
        return look(&file);
    }
    println!("| picture | file, bytes | verdict | peak, MB |");
    println!("|---|---|---|---|");
    let mut highest = 0;
    for (at, (name, _, make)) in CASES.into_iter().enumerate() {
        let bytes = make();
        let path = std::env::temp_dir().join(format!("pairly-memory-{}-{at}", std::process::id()));
        fs::write(&path, &bytes).expect("a file");
        let own = std::env::current_exe().expect("this program");
        let told = Command::new(own).arg("--look").arg(&path).output();
        let told = String::from_utf8(told.expect("a process").stdout).expect("a line");
        fs::remove_file(&path).expect("the file");
        let (verdict, peak) = told.trim().rsplit_once(' ').expect("verdict and peak");
        let peak: u64 = peak.parse().expect("a number");
        println!(
            "| {name} | {} | {verdict} | {} |",
            bytes.len(),
            peak / 1_000_000
        );
        highest = highest.max(peak);
    }
    assert!(highest <= BYTES_MAX, "{highest} bytes");
}

/// Reads the file as the worker does, looks at it, and tells what came of it and the peak.
fn look(path: &str) {
    let at: usize = path
        .rsplit('-')
        .next()
        .and_then(|at| at.parse().ok())
        .expect("a case");
    let bytes = fs::read(path).expect("the file");
    let verdict = match process(&bytes, CASES[at].1) {
        Ok(_) => "ready",
        Err(reason) => reason,
    };
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak
        .and_then(|rest| rest.split_whitespace().next())
        .expect("a peak");
    let peak: u64 = peak.parse().expect("kilobytes");
    println!("{verdict} {}", peak * 1_024);
}

fn pixels(color: ExtendedColorType) -> usize {
    usize::from(color.bits_per_pixel() / 8)
}

fn png(width: u32, height: u32, color: ExtendedColorType) -> Vec<u8> {
    let raw = vec![200; width as usize * height as usize * pixels(color)];
    let mut out = Vec::new();
    let encoder =
        PngEncoder::new_with_quality(&mut out, CompressionType::Default, FilterType::NoFilter);
    encoder
        .write_image(&raw, width, height, color)
        .expect("a picture");
    out
}

fn webp(color: ExtendedColorType) -> Vec<u8> {
    let raw = vec![200; WIDTH as usize * HEIGHT as usize * pixels(color)];
    let mut out = Cursor::new(Vec::new());
    let encoder = WebPEncoder::new_lossless(&mut out);
    encoder
        .encode(&raw, WIDTH, HEIGHT, color)
        .expect("a picture");
    out.into_inner()
}

/// A grey JPEG without subsampling (ITU-T T.81), baseline (0xc0) or progressive (0xc2): every
/// block says that nothing differs from the one before. No encoder at hand writes the second kind.
fn jpeg(frame: u8) -> Vec<u8> {
    let mut out = vec![0xff, 0xd8];
    let mut segment = |marker: u8, body: &[u8]| {
        let size = u16::try_from(body.len() + 2).expect("a short segment");
        out.extend([0xff, marker]);
        out.extend(size.to_be_bytes());
        out.extend(body);
    };
    segment(0xdb, &[&[0][..], &[1; 64]].concat());
    let (high, wide) = (HEIGHT as u16, WIDTH as u16);
    let size = [high.to_be_bytes(), wide.to_be_bytes()].concat();
    let parts = [3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0];
    segment(frame, &[&[8][..], &size, &parts].concat());
    // One code of one bit per table: no difference; end of the block.
    let mut lengths = [0; 16];
    lengths[0] = 1;
    for class in [0x00, 0x10] {
        segment(0xc4, &[&[class][..], &lengths, &[0]].concat());
    }
    let (last, bits) = if frame == 0xc2 { (0, 1) } else { (63, 2) };
    segment(0xda, &[3, 1, 0, 2, 0, 3, 0, 0, last, 0]);
    let blocks = (WIDTH as usize).div_ceil(8) * (HEIGHT as usize).div_ceil(8) * 3;
    out.write_all(&vec![0; (blocks * bits).div_ceil(8)])
        .expect("memory");
    out.extend([0xff, 0xd9]);
    out
}
