//! Messages in several WebSocket frames (RFC 6455 §5.4): the gateway limits each of them, and what
//! they are together is for the functions to judge. And how a line ends.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use local::runtime::{Local, Options};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

type Line = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The connection of a demo person.
async fn connected() -> (Local, Line) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let options = Options {
        port: port - 1,
        seed: true,
        ..Options::default()
    };
    let local = Local::start(options).await.expect("the back end");
    let server = local::gateway::socket::serve(local.clone(), listener, std::future::pending());
    tokio::spawn(server);
    let ann = local.people()[0].user_id.clone();
    let session = local.mint_session(&ann).await.expect("a session");
    let request = local::gateway::HttpRequest {
        method: "POST".into(),
        target: "/api/v2/ws/tickets".into(),
        headers: vec![
            (
                "authorization".into(),
                format!("Bearer {}", session.access_token),
            ),
            ("content-type".into(), "application/json".into()),
        ],
        body: b"{}".to_vec(),
        source_ip: "127.0.0.1".into(),
    };
    let answer = local.http(request).await;
    let ticket: Value = serde_json::from_slice(&answer.body).expect("a ticket");
    let url = ticket["url"].as_str().expect("an address");
    let (line, _) = tokio_tungstenite::connect_async(url)
        .await
        .expect("a socket");
    (local, line)
}

/// Sends a ping of so many bytes in pieces of 16,000, slowly enough that the gateway has judged the
/// first ones before the last is on its way.
async fn ping(line: &mut Line, bytes: usize) {
    let data = json!({ "state": "x".repeat(bytes) });
    let text = json!({ "v": 1, "id": "long", "type": "ping", "data": data }).to_string();
    let pieces: Vec<&[u8]> = text.as_bytes().chunks(16_000).collect();
    for (number, piece) in pieces.iter().enumerate() {
        let kind = if number == 0 {
            Data::Text
        } else {
            Data::Continue
        };
        let last = number + 1 == pieces.len();
        let frame = Frame::message(piece.to_vec(), OpCode::Data(kind), last);
        line.send(Message::Frame(frame)).await.expect("sent");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The next text; the code of a close otherwise.
async fn next(line: &mut Line) -> Result<Value, u16> {
    match line.next().await.expect("something").expect("readable") {
        Message::Text(text) => Ok(serde_json::from_str(&text).expect("JSON")),
        Message::Close(Some(close)) => Err(close.code.into()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_message_in_pieces_is_refused_and_the_connection_stays() {
    let (_local, mut line) = connected().await;
    ping(&mut line, 40_000).await;
    let refusal = next(&mut line).await.expect("a refusal");
    assert_eq!(refusal["data"]["code"], "BAD_FRAME", "{refusal}");
    assert_eq!(refusal["data"]["details"]["reason"], "size");
    ping(&mut line, 200_000).await;
    assert_eq!(next(&mut line).await, Err(1009), "above 128 KB");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_that_is_answered_ends_the_line_at_once() {
    let (local, mut line) = connected().await;
    local.stop().await;
    assert_eq!(next(&mut line).await, Err(1001));
    // The gateway waits for two seconds for those who do not answer.
    let end = tokio::time::timeout(Duration::from_secs(1), line.next());
    assert!(end.await.expect("an end").is_none());
}
