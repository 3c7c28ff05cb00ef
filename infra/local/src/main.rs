//! `cargo run`: the whole back end on this machine.

use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use local::gateway;
use local::log::Log;
use local::runtime::{Local, Options, Place};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// How long running work may take after a signal to stop.
const DRAIN_SECONDS_MAX: u64 = 5;

/// How many of a thousand things go wrong with `--chaos`.
const CHAOS_PER_MILLE: u32 = 30;

/// Pairly on this machine: HTTP, WebSocket and everything behind them, in one process.
#[derive(Debug, Parser)]
struct Arguments {
    /// Keep the state in memory only.
    #[arg(long)]
    memory: bool,
    /// Port of HTTP on 127.0.0.1; WebSocket gets the next one.
    #[arg(long, default_value_t = 3000, value_parser = clap::value_parser!(u16).range(1..65_535))]
    port: u16,
    /// File that holds the state.
    #[arg(long, value_name = "PATH", default_value = ".pairly/local.db")]
    state: PathBuf,
    /// Counts no requests against rate limits: for tools that send many.
    #[arg(long)]
    unlimited: bool,
    /// Functions that run in other processes: of all domains, or of the one before the address.
    #[arg(long, value_name = "[DOMAIN=]URL")]
    via: Vec<Place>,
    /// Lets three of a hundred calls, deliveries and invocations go wrong, as this seed decides.
    #[arg(long, value_name = "SEED")]
    chaos: Option<u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(cause) => return refuse(&format!("The runtime does not start: {cause}")),
    };
    let outcome = runtime.block_on(serve(arguments));
    // What is still running after the drain is cut off here.
    runtime.shutdown_timeout(Duration::from_millis(100));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => refuse(&cause),
    }
}

fn refuse(cause: &str) -> ExitCode {
    Log::new(true).problem(cause);
    ExitCode::FAILURE
}

async fn serve(arguments: Arguments) -> Result<(), String> {
    let signalled = signals()?;
    local::log::show_failures();
    let http = listen(arguments.port).await?;
    let socket = listen(arguments.port + 1).await?;
    let state = if arguments.memory {
        None
    } else {
        Some(arguments.state.clone())
    };
    if let Some(state) = &state {
        prepare(state)?;
    }
    let port = arguments.port;
    let unlimited = arguments
        .unlimited
        .then_some(("RATE_LIMIT_ENABLED", "false"));
    let settings = unlimited.into_iter();
    let options = Options {
        state,
        settings: settings
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        seed: true,
        port,
        log: true,
        via: arguments.via.clone(),
        ..Options::default()
    };
    let local = Local::start(options).await?;
    Log::new(true).text(&banner(&local, &arguments));
    if let Some(seed) = arguments.chaos {
        local.cloud().faults().disturb(seed, CHAOS_PER_MILLE);
    }
    let (stop, stopped) = watch::channel(false);
    let http = gateway::http::serve(local.clone(), http, wait(stopped.clone()));
    let http = tokio::spawn(http);
    let socket = tokio::spawn(gateway::socket::serve(local.clone(), socket, wait(stopped)));
    signalled.await;
    Log::new(true).text("Stopping.");
    // Both servers hold the other end, so there is somebody to tell.
    let _ = stop.send(true);
    let drained = async {
        local.stop().await;
        let _ = http.await;
        let _ = socket.await;
    };
    let _ = tokio::time::timeout(Duration::from_secs(DRAIN_SECONDS_MAX), drained).await;
    Ok(())
}

fn signals() -> Result<impl Future<Output = ()>, String> {
    let install = |kind| signal(kind).map_err(|cause| format!("No signals: {cause}"));
    let mut terminate = install(SignalKind::terminate())?;
    let mut interrupt = install(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

async fn wait(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is the end as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn listen(port: u16) -> Result<TcpListener, String> {
    TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|cause| match cause.kind() {
            std::io::ErrorKind::AddrInUse => {
                format!("Port {port} is in use. Is Pairly running already? Try `--port 4000`.")
            }
            _ => format!("Port {port} cannot be opened: {cause}"),
        })
}

/// Makes the directory of the state file, for its owner only.
fn prepare(state: &std::path::Path) -> Result<(), String> {
    use std::os::unix::fs::DirBuilderExt;
    let Some(folder) = state
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    else {
        return Ok(());
    };
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|cause| format!("{} cannot be created: {cause}", folder.display()))
}

fn banner(local: &Local, arguments: &Arguments) -> String {
    let config = local.config();
    let state = match arguments.memory {
        true => "in memory".to_owned(),
        false => arguments.state.display().to_string(),
    };
    let people: String = local
        .people()
        .iter()
        .map(|person| {
            format!(
                "\n  {:<10} {} / {}",
                person.name, person.email, person.password
            )
        })
        .collect();
    let via: String = arguments
        .via
        .iter()
        .map(|place| {
            let domain = place.domain.as_deref().unwrap_or("all");
            format!("\n  Functions  {domain} by {}", place.base)
        })
        .collect();
    let chaos = arguments.chaos.map_or_else(String::new, |seed| {
        format!(
            "\n  Chaos      3 of 100 by seed {seed}; `--chaos {seed}` throws the same dice again"
        )
    });
    format!(
        "Pairly runs with {} functions, state {state}.\n\
         \n  Page       {}\n  WebSocket  {}\n  Outbox     {}/_local/outbox{via}{chaos}\n{people}\n",
        local.functions().len(),
        config.public_url,
        config.socket_url,
        config.public_url,
    )
}
