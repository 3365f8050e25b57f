//! What stands between a client and a server and can be cut, as networks are: the connections break, and neither
//! side is told beforehand.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinHandle},
};

/// A way to a server on this machine. It is gone when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    accepting: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Whether who comes is turned away.
    closed: bool,
    connections: Vec<AbortHandle>,
}

impl Proxy {
    /// A way to the server at this port.
    pub async fn to(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Mutex::new(Shared::default()));
        let accepting = tokio::spawn(accept(listener, port, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            accepting,
        })
    }

    /// The address to use in place of the server's.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Breaks every connection. New ones are let through.
    pub fn cut(&self) {
        for connection in self.shared().connections.drain(..) {
            connection.abort();
        }
    }

    /// Breaks every connection, and lets none through until [`Proxy::open`].
    pub fn close(&self) {
        self.shared().closed = true;
        self.cut();
    }

    /// Lets connections through again.
    pub fn open(&self) {
        self.shared().closed = false;
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, port: u16, shared: Arc<Mutex<Shared>>) {
    while let Ok((mut client, _)) = listener.accept().await {
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.closed {
            continue;
        }
        let connection = tokio::spawn(async move {
            if let Ok(mut server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
                // Either side ends it; that is what a connection is.
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            }
        });
        shared
            .connections
            .retain(|connection| !connection.is_finished());
        shared.connections.push(connection.abort_handle());
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// A server that sends back what it gets.
    async fn echo() -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut reader, mut writer) = stream.split();
                    let _ = tokio::io::copy(&mut reader, &mut writer).await;
                });
            }
        });
        port
    }

    async fn says(stream: &mut TcpStream) -> bool {
        let mut answer = [0; 2];
        stream.write_all(b"hi").await.is_ok() && stream.read_exact(&mut answer).await.is_ok()
    }

    #[tokio::test]
    async fn connections_break_when_they_are_cut_and_come_back_when_it_opens() {
        let proxy = Proxy::to(echo().await).await.expect("a port");
        let mut first = TcpStream::connect(proxy.address())
            .await
            .expect("it listens");
        assert!(says(&mut first).await);
        proxy.cut();
        assert!(!says(&mut first).await);
        let mut second = TcpStream::connect(proxy.address())
            .await
            .expect("it listens");
        assert!(says(&mut second).await);
        proxy.close();
        assert!(!says(&mut second).await);
        let mut third = TcpStream::connect(proxy.address())
            .await
            .expect("it listens");
        assert!(!says(&mut third).await);
        proxy.open();
        let mut fourth = TcpStream::connect(proxy.address())
            .await
            .expect("it listens");
        assert!(says(&mut fourth).await);
    }
}
