//! A proxy in front of the database: counts trips, and can be cut.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Mutex, watch},
    task::JoinHandle,
};

use crate::support::cluster::cluster;

/// A proxy in front of the database.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    trips: Arc<AtomicU64>,
    connections: Arc<AtomicUsize>,
    up: Mutex<Option<Up>>,
}

/// What runs while it isn't cut.
#[derive(Debug)]
struct Up {
    accepting: JoinHandle<()>,
    cut: watch::Sender<()>,
}

impl Proxy {
    /// A proxy that lets everything through.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self::at(listener.local_addr().unwrap());
        proxy.serve(listener).await;
        proxy
    }

    /// A proxy that refuses every connection until it is restored.
    pub async fn cut_from_the_start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::at(listener.local_addr().unwrap())
    }

    fn at(address: SocketAddr) -> Self {
        Self { address, trips: Arc::default(), connections: Arc::default(), up: Mutex::default() }
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How often clients have begun to send after the server had spoken: the trips over the network
    /// since the proxy was started.
    pub fn trips(&self) -> u64 {
        self.trips.load(Ordering::SeqCst)
    }

    /// How many connections were made through it.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Breaks all connections, and refuses new ones.
    pub async fn cut(&self) {
        if let Some(up) = self.up.lock().await.take() {
            up.accepting.abort();
            up.accepting.await.ok();
            drop(up.cut);
        }
    }

    /// Lets connections through again.
    pub async fn restore(&self) {
        // Tokio sets SO_REUSEADDR, so that the port can be taken again at once.
        self.serve(TcpListener::bind(self.address).await.unwrap()).await;
    }

    async fn serve(&self, listener: TcpListener) {
        let (cut, cutting) = watch::channel(());
        let (trips, connections) = (Arc::clone(&self.trips), Arc::clone(&self.connections));
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(carry(client, Arc::clone(&trips), cutting.clone()));
            }
        });
        *self.up.lock().await = Some(Up { accepting, cut });
    }
}

/// Who has spoken last.
const SERVER: usize = 0;
const CLIENT: usize = 1;

async fn carry(client: TcpStream, trips: Arc<AtomicU64>, mut cutting: watch::Receiver<()>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", cluster().port())).await else { return };
    client.set_nodelay(true).ok();
    server.set_nodelay(true).ok();
    let last = AtomicUsize::new(SERVER);
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = pump(from_client, to_server, || {
            if last.swap(CLIENT, Ordering::SeqCst) == SERVER {
                trips.fetch_add(1, Ordering::SeqCst);
            }
        }) => {}
        () = pump(from_server, to_client, || last.store(SERVER, Ordering::SeqCst)) => {}
        // An error means that the sender is gone: the proxy is cut.
        _ = cutting.changed() => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, heard: impl Fn()) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        heard();
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
