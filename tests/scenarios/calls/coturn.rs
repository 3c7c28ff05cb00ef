//! Our credentials against a real TURN server: coturn, on the loopback.

use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use shared::calls::credentials;
use shared::time::{Now, SystemClock};

/// What both sides know.
const SECRET: &str = "a-secret-of-this-test-alone";
const USER: &str = "usr_01J00000000000000000000001";

/// A running server; it ends with the test.
struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn is_installed(tool: &str) -> bool {
    let asked = Command::new(tool)
        .arg("-h")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    asked.is_ok()
}

fn starts() -> Server {
    let free = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let child = Command::new("turnserver")
        .args([
            "-n",
            "--no-cli",
            "--no-tls",
            "--no-dtls",
            "--log-file=stdout",
            "--simple-log",
        ])
        .args([
            "--listening-ip=127.0.0.1",
            "--relay-ip=127.0.0.1",
            "--realm=pairly.test",
        ])
        .args([
            "--use-auth-secret",
            "--allow-loopback-peers",
            "--pidfile=/dev/null",
        ])
        .arg(format!("--static-auth-secret={SECRET}"))
        .arg(format!("--listening-port={port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("turnserver starts");
    Server { child, port }
}

/// Whether a client of these credentials can have packets relayed.
fn relays(server: &Server, (username, credential): &(String, String)) -> bool {
    let client = Command::new("timeout")
        .args([
            "10",
            "turnutils_uclient",
            "-y",
            "-c",
            "-n",
            "2",
            "-m",
            "1",
            "-l",
            "40",
        ])
        .args([
            "-u",
            username,
            "-w",
            credential,
            "-p",
            &server.port.to_string(),
            "127.0.0.1",
        ])
        .output()
        .expect("turnutils_uclient");
    let said = String::from_utf8_lossy(&client.stdout);
    client.status.success() && said.contains("Total lost packets 0")
}

#[test]
fn a_real_turn_server_takes_our_credentials_and_no_others() {
    if !is_installed("turnserver") || !is_installed("turnutils_uclient") {
        println!("skipped: coturn is not installed (tests/run installs the package `coturn`)");
        return;
    }
    let server = starts();
    let now = SystemClock.now();
    let good = credentials(SECRET, USER, now.plus(600_000));
    let taken = (0..20).any(|_| {
        std::thread::sleep(Duration::from_millis(200));
        relays(&server, &good)
    });
    assert!(taken, "the server relays for {}", good.0);
    let past = credentials(SECRET, USER, now.plus(-5_000));
    assert!(!relays(&server, &past), "not after their end");
    let foreign = credentials("another secret", USER, now.plus(600_000));
    assert!(!relays(&server, &foreign), "not under another secret");
    let renamed = (good.0.replace("usr_01J", "usr_01K"), good.1);
    assert!(!relays(&server, &renamed), "not for somebody else");
}
