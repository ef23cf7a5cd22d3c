//! Asks the same request on many connections at once, and counts the good answers.
//!
//! All connections are served by the thread that calls; none has more than one request under way.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{http::Connection, machine::Cpu};

/// What is asked, and how.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) request: Arc<[u8]>,
    /// Another status ends it all.
    pub(crate) status: u16,
    pub(crate) connections: u32,
    /// What isn't counted.
    pub(crate) warm_up: Duration,
    pub(crate) duration: Duration,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Served {
    /// How long each request took that ended in time, shortest first.
    latencies: Vec<Duration>,
    pub(crate) duration: Duration,
    pub(crate) before: Cpu,
    pub(crate) after: Cpu,
}

impl Load {
    pub(crate) async fn run(&self) -> io::Result<Served> {
        let mut clients = JoinSet::new();
        let mut open = Vec::new();
        for _ in 0..self.connections {
            open.push(Connection::open(self.address).await?);
        }
        let begin = Instant::now() + self.warm_up;
        let end = begin + self.duration;
        for connection in open {
            let (request, status) = (Arc::clone(&self.request), self.status);
            clients.spawn(client(connection, request, status, begin, end));
        }
        sleep_until(begin).await;
        let before = Cpu::now();
        sleep_until(end).await;
        let after = Cpu::now();
        let mut latencies = Vec::new();
        while let Some(client) = clients.join_next().await {
            latencies.append(&mut client.map_err(io::Error::other)??);
        }
        latencies.sort_unstable();
        Ok(Served { latencies, duration: self.duration, before, after })
    }
}

impl Served {
    pub(crate) fn requests(&self) -> usize {
        self.latencies.len()
    }

    /// The time within which that part of the requests was answered, if any was.
    pub(crate) fn latency(&self, percent: usize) -> Option<Duration> {
        let last = self.latencies.len().checked_sub(1)?;
        self.latencies.get(last * percent / 100).copied()
    }
}

/// The latencies of the requests of one connection that ended between two moments.
async fn client(
    mut connection: Connection,
    request: Arc<[u8]>,
    status: u16,
    begin: Instant,
    end: Instant,
) -> io::Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    loop {
        let asked = Instant::now();
        let head = connection.ask(&request, |_| ()).await?;
        let answered = Instant::now();
        if head.status != status {
            return Err(io::Error::other(format!("an answer has the status {}", head.status)));
        }
        // A request that began in the warm-up counts, as one that ends too late does not.
        if answered >= end {
            return Ok(latencies);
        }
        if answered >= begin {
            latencies.push(answered - asked);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    /// Answers each request of 4 bytes on any number of connections.
    async fn serve(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    while stream.read_exact(&mut [0; 4]).await.is_ok() {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                        stream.write_all(answer.as_bytes()).await.unwrap();
                    }
                });
            }
        });
        address
    }

    fn load(address: SocketAddr) -> Load {
        Load {
            address,
            request: (*b"ask\n").into(),
            status: 200,
            connections: 3,
            warm_up: Duration::from_millis(20),
            duration: Duration::from_millis(100),
        }
    }

    #[tokio::test]
    async fn good_answers_are_counted_and_timed() {
        let address = serve("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]").await;
        let served = load(address).run().await.unwrap();
        // Three connections for 100 ms, each of whose requests takes 5 ms or more.
        assert!((3..=63).contains(&served.requests()), "{}", served.requests());
        assert!(served.latency(0).unwrap() >= Duration::from_millis(5));
        assert!(
            served.latency(0) <= served.latency(50) && served.latency(50) <= served.latency(99)
        );
    }

    #[tokio::test]
    async fn one_bad_answer_ends_it() {
        let address = serve("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n").await;
        let error = load(address).run().await.unwrap_err();
        assert!(error.to_string().contains("503"), "{error}");
    }
}
