//! The network between a server and Redis, which can be made bad.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    time,
};

use crate::process::Error;

/// The state of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    Fine,
    /// Every chunk is delayed by this time.
    Slow(Duration),
    /// Nothing comes through, and no connection is closed.
    Silent,
    /// Connections are closed.
    Down,
}

/// A TCP proxy in front of one port of this machine.
#[derive(Debug)]
pub(crate) struct Proxy {
    addr: SocketAddr,
    weather: watch::Sender<Weather>,
}

impl Proxy {
    pub(crate) async fn start(port: u16) -> Result<Self, Error> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let (sender, weather) = watch::channel(Weather::Fine);
        tokio::spawn(async move {
            // It ends with the proxy.
            let mut over = weather.clone();
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    _ = over.wait_for(|_| false) => return,
                };
                if let Ok((client, _)) = accepted {
                    tokio::spawn(pass(client, port, weather.clone()));
                }
            }
        });
        Ok(Self { addr, weather: sender })
    }

    pub(crate) fn port(&self) -> u16 {
        self.addr.port()
    }

    pub(crate) fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }
}

/// One connection, until either side or the network ends it.
async fn pass(client: TcpStream, port: u16, mut weather: watch::Receiver<Weather>) {
    if *weather.borrow() == Weather::Down {
        return;
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        _ = copy(from_client, to_server, weather.clone()) => {}
        _ = copy(from_server, to_client, weather.clone()) => {}
        _ = weather.wait_for(|weather| *weather == Weather::Down) => {}
    }
}

async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut weather: watch::Receiver<Weather>,
) -> io::Result<()> {
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let len = from.read(&mut chunk).await?;
        if len == 0 {
            return Ok(());
        }
        let now = *weather.borrow();
        if let Weather::Slow(delay) = now {
            time::sleep(delay).await;
        }
        // While it is silent, bytes wait here.
        if weather.wait_for(|weather| *weather != Weather::Silent).await.is_err() {
            return Ok(());
        }
        to.write_all(&chunk[..len]).await?;
    }
}
