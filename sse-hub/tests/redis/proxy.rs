//! A connection to Redis that fails on command.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::Notify,
};

use super::client::within;

/// Every append of an event contains this.
const APPEND: &[u8] = b"\r\ndata\r\n";

/// Forwards connections to Redis.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    orders: Mutex<Orders>,
    /// The append came, and Redis answered if it got it.
    came: Notify,
    cut: Notify,
    cut_client: Notify,
    release: Notify,
    released: Notify,
}

#[derive(Debug, Default)]
struct Orders {
    refuses: bool,
    next_append: Order,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Order {
    #[default]
    Forward,
    SwallowAnswer,
    Hold,
}

impl Proxy {
    pub(crate) async fn start(redis: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<State>::default();
        tokio::spawn(accept(listener, redis, state.clone()));
        Self { port, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Forwards the next append, but no answer on its connection.
    pub(crate) fn swallow_answers(&self) {
        self.state.orders().next_append = Order::SwallowAnswer;
    }

    /// Holds the next append back, and all after it on its connection.
    pub(crate) fn hold_requests(&self) {
        self.state.orders().next_append = Order::Hold;
    }

    /// Closes new connections.
    pub(crate) fn refuse(&self, refuses: bool) {
        self.state.orders().refuses = refuses;
    }

    /// Waits for that append.
    pub(crate) async fn request_came(&self) {
        within(self.state.came.notified()).await;
    }

    /// Closes the connection of that append.
    pub(crate) fn cut(&self) {
        self.state.cut.notify_one();
    }

    /// Closes the client's side of that connection, but not that of Redis.
    pub(crate) fn cut_client(&self) {
        self.state.cut_client.notify_one();
    }

    /// Forwards the held requests, and waits for the answer.
    pub(crate) async fn release_requests(&self) {
        self.state.release.notify_one();
        within(self.state.released.notified()).await;
    }
}

impl State {
    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap()
    }
}

async fn accept(listener: TcpListener, redis: u16, state: Arc<State>) {
    while let Ok((client, _)) = listener.accept().await {
        if !state.orders().refuses {
            tokio::spawn(forward(client, redis, state.clone()));
        }
    }
}

async fn forward(client: TcpStream, redis: u16, state: Arc<State>) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", redis)).await?;
    let ((from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let mut from_client = from_client;
    loop {
        let (mut request, mut answer) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
        tokio::select! {
            read = from_client.read(&mut request) => {
                request.truncate(read?);
                if request.is_empty() {
                    return Ok(());
                }
                let is_append = request.windows(APPEND.len()).any(|window| window == APPEND);
                let order = if is_append { std::mem::take(&mut state.orders().next_append) } else { Order::Forward };
                match order {
                    Order::Forward => to_server.write_all(&request).await?,
                    Order::SwallowAnswer => {
                        to_server.write_all(&request).await?;
                        from_server.readable().await?;
                        state.came.notify_one();
                        swallow(&mut from_client, &mut from_server, &state).await;
                        return Ok(());
                    }
                    Order::Hold => {
                        state.came.notify_one();
                        state.cut_client.notified().await;
                        drop((from_client, to_client));
                        return release(&request, &from_server, &mut to_server, &state).await;
                    }
                }
            }
            read = from_server.read(&mut answer) => {
                answer.truncate(read?);
                if answer.is_empty() {
                    return Ok(());
                }
                to_client.write_all(&answer).await?;
            }
        }
    }
}

/// Discards requests and answers, until the connection is cut.
async fn swallow(from_client: &mut OwnedReadHalf, from_server: &mut OwnedReadHalf, state: &State) {
    let (mut request, mut answer) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        tokio::select! {
            () = state.cut.notified() => return,
            read = from_client.read(&mut request) => if !matches!(read, Ok(1..)) { return },
            _ = from_server.read(&mut answer) => {}
        }
    }
}

async fn release(
    request: &[u8],
    from_server: &OwnedReadHalf,
    to_server: &mut OwnedWriteHalf,
    state: &State,
) -> io::Result<()> {
    state.release.notified().await;
    to_server.write_all(request).await?;
    from_server.readable().await?;
    state.released.notify_one();
    Ok(())
}
