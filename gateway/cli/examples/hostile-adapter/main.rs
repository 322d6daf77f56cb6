//! A department's adapter for fault drills, on the raw contract: each request says how it is to be
//! broken, in its subject's value. With `--trail` it looks, at every call that reaches it, whether
//! the Intent is in the trail's file already.

#![expect(clippy::unwrap_used, reason = "a tool of drills: it dies where a step fails")]
#![expect(clippy::print_stdout, reason = "the drill waits for the line that says where it listens")]

mod fetch;
mod front;
mod lookup;
mod recorder;
mod reply;
mod shelf;

use std::{io::Read as _, net::IpAddr, path::PathBuf, sync::Arc};

use clap::Parser;
use oncebus_proto::v1::adapter_service_server::AdapterServiceServer;
use oncebus_tests::Proxy;
use oncebus_transport::{Accepts, Credentials, Limits, Refusal, Refusals, Worker, serve};
use tokio::{net::TcpListener, runtime::Handle, sync::oneshot};
use tonic::service::Routes;

use self::{front::Front, recorder::Recorder, shelf::Shelf};

/// As of every adapter: 1 MiB of data and 64 KiB around it.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024 + 64 * 1024;

/// An adapter that breaks its contract as each request wants it
#[derive(Debug, Parser)]
struct Flags {
    /// Folder with cert.pem, key.pem and ca.pem
    #[arg(long)]
    tls: PathBuf,
    /// Department that it serves
    #[arg(long)]
    department: String,
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: String,
    /// Folder of the trail in which every call must find its Intent
    #[arg(long)]
    trail: Option<PathBuf>,
    /// File for what was found there, written when standard input closes
    #[arg(long)]
    report: Option<PathBuf>,
}

#[derive(Debug)]
struct Uncounted;

impl Refusals for Uncounted {
    fn refused(&self, _address: IpAddr, _reason: Refusal) {}
}

#[tokio::main]
async fn main() {
    let flags = Flags::parse();
    let recorder = Arc::new(Recorder::new(&flags.department, flags.trail.as_deref()));
    let credentials = credentials(&flags);
    // The wire in front is ours too: a behaviour can cut every connection at once.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let behind = listener.local_addr().unwrap();
    let wire = Arc::new(Proxy::start(&flags.listen, behind).await.unwrap());
    let shelf = Shelf::new(&flags.department, Arc::clone(&recorder));
    let contract =
        AdapterServiceServer::new(shelf.clone()).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let front = Front::new(contract, shelf, Arc::clone(&recorder), Arc::clone(&wire));
    let worker = Worker::new(Handle::current(), Routes::new(front).prepare());
    let tls = credentials.server(Accepts::Gateways).unwrap();
    let serving =
        serve(listener, tls, Limits::default(), vec![worker], Arc::new(Uncounted)).unwrap();
    println!("ready https://{}", wire.address());
    stdin_closes().await;
    drop(serving);
    if let Some(report) = flags.report {
        std::fs::write(report, recorder.report()).unwrap();
    }
}

fn credentials(flags: &Flags) -> Credentials {
    let [cert, key, ca] = ["cert.pem", "key.pem", "ca.pem"].map(|name| flags.tls.join(name));
    Credentials::load(&cert, &key, &ca, "oncebus.test".parse().unwrap()).unwrap()
}

/// Waits for the drill to end, however it ends.
async fn stdin_closes() {
    let (closed, closes) = oneshot::channel();
    std::thread::spawn(move || {
        drop(std::io::stdin().read_to_end(&mut Vec::new()));
        closed.send(()).ok();
    });
    drop(closes.await);
}
