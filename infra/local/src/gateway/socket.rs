//! The WebSocket server: handshakes, frames and closes on 127.0.0.1.

use std::future::Future;
use std::io::{Error, ErrorKind};
use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Duration, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::machine::TryParse;
use tokio_tungstenite::tungstenite::handshake::server::{Request, create_response, write_response};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};

use super::HEADERS_BYTES_MAX;
use super::connection::{FRAME_BYTES_MAX, Incoming, MESSAGE_BYTES_MAX, Socket};
use crate::runtime::Local;

/// The WebSocket API answers on all of these.
const PATHS: &[&str] = &["/", "/live", "/api/v2/messages/ws", "/api/v2/calls/ws"];
/// How long a client may take to say what it wants.
const HANDSHAKE_SECONDS_MAX: u64 = 10;
/// How long a frame may be on the line; a client that takes nothing for longer has vanished.
const SEND_SECONDS_MAX: u64 = 120;
/// How long a close waits for the other side.
const CLOSE_SECONDS_MAX: u64 = 2;

/// Serves until `stop` ends; open connections are closed by [`Local::stop`].
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(
    local: Local,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send,
) -> std::io::Result<()> {
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => return Ok(()),
            accepted = listener.accept() => accepted,
        };
        // A client that is gone before it was accepted is no failure of the listener.
        let Ok((stream, client)) = accepted else {
            continue;
        };
        let local = local.clone();
        tokio::spawn(async move {
            // Whoever drops the line in the middle of a handshake gets no answer.
            let _ = handshake(local, stream, client).await;
        });
    }
}

async fn handshake(local: Local, mut stream: TcpStream, client: SocketAddr) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let wait = Duration::from_secs(HANDSHAKE_SECONDS_MAX);
    let (request, rest) = timeout(wait, read_request(&mut stream)).await??;
    let path = request.uri().path();
    if !PATHS.contains(&path) {
        return refuse(&mut stream, 404).await;
    }
    let Ok(response) = create_response(&request) else {
        return refuse(&mut stream, 426).await;
    };
    let headers: Vec<(String, String)> = request
        .headers()
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    let query = request.uri().query().unwrap_or_default();
    let socket = match local
        .connect(query, &headers, &client.ip().to_string())
        .await
    {
        Ok(socket) => socket,
        Err(status) => return refuse(&mut stream, status).await,
    };
    let mut head = Vec::new();
    write_response(&mut head, &response).map_err(Error::other)?;
    stream.write_all(&head).await?;
    let config = WebSocketConfig::default()
        .max_frame_size(Some(FRAME_BYTES_MAX))
        .max_message_size(Some(MESSAGE_BYTES_MAX));
    let stream =
        WebSocketStream::from_partially_read(stream, rest, Role::Server, Some(config)).await;
    carry(socket, stream).await;
    Ok(())
}

/// Reads the handshake request and whatever came after it.
async fn read_request(stream: &mut TcpStream) -> std::io::Result<(Request, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        match Request::try_parse(&bytes) {
            Ok(Some((size, request))) => return Ok((request, bytes.split_off(size))),
            Ok(None) if bytes.len() <= HEADERS_BYTES_MAX => {}
            Ok(None) => return refuse_malformed(stream, 431).await,
            Err(_) => return refuse_malformed(stream, 400).await,
        }
    }
}

async fn refuse_malformed<T>(stream: &mut TcpStream, status: u16) -> std::io::Result<T> {
    refuse(stream, status).await?;
    Err(ErrorKind::InvalidData.into())
}

async fn refuse(stream: &mut TcpStream, status: u16) -> std::io::Result<()> {
    let reason = axum::http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Refused");
    let body = serde_json::json!({ "message": reason }).to_string();
    let answer = format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len(),
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

/// Carries frames between the wire and the gateway until one side ends.
async fn carry(mut socket: Socket, mut stream: WebSocketStream<TcpStream>) {
    loop {
        tokio::select! {
            outgoing = socket.receive() => match outgoing {
                Some(Incoming::Text(text)) => {
                    let limit = Duration::from_secs(SEND_SECONDS_MAX);
                    match timeout(limit, stream.send(Message::text(text))).await {
                        Ok(Ok(())) => {}
                        Ok(Err(_)) | Err(_) => return,
                    }
                }
                Some(Incoming::Close(code, reason)) => return close(stream, code, &reason).await,
                None => return,
            },
            incoming = stream.next() => match incoming {
                // Every frame of it was measured when it was read.
                Some(Ok(Message::Text(text))) => socket.send_whole(text.as_str().to_owned()),
                Some(Ok(Message::Binary(bytes))) => {
                    socket.send_whole(String::from_utf8_lossy(&bytes).into_owned());
                }
                Some(Ok(Message::Close(_))) => {
                    socket.close();
                    // The answering close frame leaves with the next flush.
                    let _ = stream.flush().await;
                    return;
                }
                Some(Ok(_)) => {}
                Some(Err(tungstenite::Error::Capacity(_))) => {
                    socket.refuse_size();
                    return farewell(socket, stream).await;
                }
                Some(Err(_)) | None => return,
            },
        }
    }
}

/// Nothing more is read; the end that the gateway has announced is passed on.
async fn farewell(mut socket: Socket, stream: WebSocketStream<TcpStream>) {
    while let Some(incoming) = socket.receive().await {
        if let Incoming::Close(code, reason) = incoming {
            return close(stream, code, &reason).await;
        }
    }
}

async fn close(mut stream: WebSocketStream<TcpStream>, code: u16, reason: &str) {
    // A close frame holds at most 125 bytes, two of them the code.
    let mut end = reason.len().min(123);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let reason = reason.get(..end).unwrap_or_default();
    let frame = CloseFrame {
        code: CloseCode::from(code),
        reason: Utf8Bytes::from(reason),
    };
    let farewell = async {
        if stream.close(Some(frame)).await.is_err() {
            return;
        }
        let mut is_answered = false;
        while let Some(Ok(message)) = stream.next().await {
            is_answered |= message.is_close();
        }
        // The server ends the line first (RFC 6455 §7.1.1).
        if is_answered {
            return;
        }
        // After a message that was too big the stream has ended and the line has not: what is left
        // unread of it would reset the connection while the client still sends, or before it has
        // read the code.
        let mut rest = vec![0; 16 * 1024];
        while let Ok(1..) = stream.get_mut().read(&mut rest).await {}
    };
    // A client that does not answer is not waited for.
    let _ = timeout(Duration::from_secs(CLOSE_SECONDS_MAX), farewell).await;
}
