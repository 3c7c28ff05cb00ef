//! How long a binary takes from exec to its first poll of the Runtime API, and how much memory it
//! has then: beside the smallest Lambda, because only ratios of one run mean something.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shared::Time;
use shared::accounts::keys;

use crate::lambda::variables;

/// A binary may take this many times the smallest one's time.
const TIME_RATIO_MAX: f64 = 1.6;
/// A binary may have this many times the smallest one's memory.
const MEMORY_RATIO_MAX: f64 = 2.0;
/// Rounds of a check, of a further look at what seems too slow, and of the page.
const ROUNDS: usize = 5;
const ROUNDS_AGAIN: usize = 20;
pub const ROUNDS_PAGE: usize = 20;
/// Longest start, after which the process counts as dead.
const PATIENCE: Duration = Duration::from_secs(20);

/// One start.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    pub ms: f64,
    pub kib: f64,
}

/// Medians of many starts: of the binary's, and of its ratios to the smallest one's in the same
/// round.
#[derive(Clone, Copy, Debug)]
pub struct Compared {
    pub start: Start,
    pub time: f64,
    pub memory: f64,
}

/// What a binary talks to before its first event: the Runtime API, and the store of secrets.
pub struct Host {
    listener: TcpListener,
    signing: String,
}

impl Host {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let (private, _) = keys::first("key-1", [7; 32], Time(0)).expect("keys");
        let signing = private.text().expect("a text");
        let address = listener.local_addr().expect("an address");
        // Wakes whoever waits for a process that died.
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(PATIENCE);
                if TcpStream::connect(address).is_err() {
                    return;
                }
            }
        });
        Self { listener, signing }
    }

    /// Starts a binary once and ends it at its first poll.
    #[expect(clippy::disallowed_methods, reason = "this is what is measured")]
    pub fn start(&self, binary: &Path) -> Start {
        let begin = Instant::now();
        let process = Process(self.spawn(binary));
        loop {
            let (mut stream, _) = self.listener.accept().expect("a connection");
            let Some((head, body)) = read(&mut stream) else {
                let patient = begin.elapsed() < PATIENCE;
                assert!(patient, "{} does not poll", binary.display());
                continue;
            };
            if head.starts_with("GET ") && head.contains("/runtime/invocation/next") {
                let ms = begin.elapsed().as_secs_f64() * 1_000.0;
                let kib = resident_kib(process.0.id());
                return Start { ms, kib };
            }
            let answer = self.secret(&body).to_string();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\n\
                 content-length: {}\r\nconnection: close\r\n\r\n",
                answer.len()
            );
            let sent = stream.write_all(format!("{head}{answer}").as_bytes());
            sent.expect("an answer");
        }
    }

    fn spawn(&self, binary: &Path) -> Child {
        let address = self.listener.local_addr().expect("an address");
        let name = binary.file_name().and_then(|name| name.to_str());
        Command::new(binary)
            .env_clear()
            .envs(variables(name.expect("a name")))
            .env("AWS_LAMBDA_RUNTIME_API", format!("http://{address}"))
            .env("AWS_ENDPOINT_URL", format!("http://{address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process")
    }

    /// The answer to GetSecretValue.
    fn secret(&self, body: &[u8]) -> Value {
        let asked: Value = serde_json::from_slice(body).expect("a question in JSON");
        let name = asked["SecretId"].as_str().expect("the name of a secret");
        let value = match name.rsplit('/').next() {
            Some("signing") => self.signing.as_str(),
            _ => "{}",
        };
        json!({ "ARN": "arn", "Name": name, "SecretString": value, "VersionId": "1" })
    }

    /// Starts the binary and the smallest one in turns.
    pub fn compare(&self, binary: &Path, rounds: usize) -> Compared {
        let hello = crate::hello();
        let (mut starts, mut times, mut memories) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let (least, start) = (self.start(&hello), self.start(binary));
            times.push(start.ms / least.ms);
            memories.push(start.kib / least.kib);
            starts.push(start);
        }
        Compared {
            start: Start {
                ms: median(starts.iter().map(|start| start.ms).collect()),
                kib: median(starts.iter().map(|start| start.kib).collect()),
            },
            time: median(times),
            memory: median(memories),
        }
    }
}

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Head and body of a request; nothing from a connection that was only opened.
fn read(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        head += &line.to_ascii_lowercase().replacen("get ", "GET ", 1);
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length = length.and_then(|length| length.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}

/// `VmRSS` of a process (proc(5)).
fn resident_kib(id: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("a live process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    kib.and_then(|kib| kib.parse().ok()).expect("a number")
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[test]
fn every_binary_starts_nearly_as_fast_and_small_as_the_smallest() {
    let host = Host::new();
    let mut slow = Vec::new();
    for function in local::functions() {
        let binary = crate::binary(function.name);
        let fits =
            |found: &Compared| found.time <= TIME_RATIO_MAX && found.memory <= MEMORY_RATIO_MAX;
        let mut found = host.compare(&binary, ROUNDS);
        if !fits(&found) {
            // Few rounds on a busy machine can be wrong; many of them are not.
            found = host.compare(&binary, ROUNDS_AGAIN);
        }
        if !fits(&found) {
            slow.push((function.name, found));
        }
    }
    assert!(
        slow.is_empty(),
        "more than {TIME_RATIO_MAX} times the time or {MEMORY_RATIO_MAX} times the memory of the \
         smallest Lambda: {slow:#?}"
    );
}
