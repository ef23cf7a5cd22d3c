//! A TCP proxy between the executor and the server: counts trips, and can go down.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::Notify,
    task::JoinSet,
};

use super::support::server;

/// A proxy on a port of its own.
pub(crate) struct Proxy {
    address: SocketAddr,
    trips: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
    cut: Arc<Notify>,
    /// Everything that runs; ends with it.
    tasks: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn start() -> Self {
        let mut proxy = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            trips: Arc::default(),
            connections: Arc::default(),
            cut: Arc::default(),
            tasks: JoinSet::new(),
        };
        proxy.up().await;
        proxy
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// How often a client has said something after the server had its say.
    pub(crate) fn trips(&self) -> usize {
        self.trips.load(Ordering::SeqCst)
    }

    /// How many connections were opened.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Listens, on the same port as before.
    pub(crate) async fn up(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.address = listener.local_addr().unwrap();
        let (trips, connections) = (Arc::clone(&self.trips), Arc::clone(&self.connections));
        let cut = Arc::clone(&self.cut);
        self.tasks.spawn(async move {
            let mut streams = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (trips, cut) = (Arc::clone(&trips), Arc::clone(&cut));
                streams.spawn(async move {
                    tokio::select! {
                        () = forward(client, trips) => {}
                        () = cut.notified() => {}
                    }
                });
            }
        });
    }

    /// Closes every connection, without a word, and takes new ones.
    pub(crate) fn cut(&self) {
        self.cut.notify_waiters();
    }

    /// Closes the port and every connection, without a word.
    pub(crate) async fn down(&mut self) {
        self.tasks.shutdown().await;
    }
}

async fn forward(client: TcpStream, trips: Arc<AtomicUsize>) {
    let server = TcpStream::connect(("127.0.0.1", server().port())).await.unwrap();
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let ((from_client, to_client), (from_server, to_server)) =
        (client.into_split(), server.into_split());
    // Whose turn it was last; the client begins.
    let answered = Arc::new(AtomicBool::new(true));
    let noticed = Arc::clone(&answered);
    tokio::select! {
        () = copy(from_client, to_server, || {
            if answered.swap(false, Ordering::SeqCst) {
                trips.fetch_add(1, Ordering::SeqCst);
            }
        }) => {}
        () = copy(from_server, to_client, || noticed.store(true, Ordering::SeqCst)) => {}
    }
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, note: impl Fn()) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read) = from.read(&mut buffer).await {
        if read == 0 {
            return;
        }
        note();
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
