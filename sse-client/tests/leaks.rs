//! 10,000 connections leak nothing. It counts the sockets of its process, so no other test may run in it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows test functions, not their helpers

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future::join_all};
use http::Request;
use http_body_util::Empty;
use hyper::rt::{Sleep, Timer};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use sse_client::EventSource;
use sse_conformance::{
    programs::PATIENCE,
    scripts::socket::{NO_CONTENT, OPEN, Server, answer, hold},
};
use tokio::runtime::{self, Handle};

/// A timer that counts its live sleeps.
#[derive(Clone, Default)]
struct Counting(Arc<()>);

struct Counted(Pin<Box<tokio::time::Sleep>>, #[allow(dead_code)] Arc<()>);

impl Timer for Counting {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Counted(Box::pin(tokio::time::sleep_until(deadline.into())), self.0.clone()))
    }
}

impl Future for Counted {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl Sleep for Counted {}

/// The number of open sockets of this process. `None` if that is unknown.
fn sockets() -> Option<usize> {
    let links = std::fs::read_dir("/proc/self/fd").ok()?.flatten();
    let target = |entry: std::fs::DirEntry| std::fs::read_link(entry.path()).ok();
    Some(links.filter_map(target).filter(|target| target.to_string_lossy().starts_with("socket:")).count())
}

#[test]
fn ten_thousand_connections_leave_nothing() {
    // The server has its own runtime, so that its tasks are not counted.
    let servers = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let held = || hold(format!("{OPEN}data: x\n\n"));
    let scripts = (0..2_500).flat_map(|_| [hold(""), held(), held(), answer(NO_CONTENT)]);
    let server = servers.block_on(Server::start(scripts));

    let clients = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    clients.block_on(async {
        let timer = Counting::default();
        let before = sockets();
        for _ in 0..100 {
            join_all((0..100).map(async |_| {
                let client: Client<HttpConnector, Empty<Bytes>> =
                    Client::builder(TokioExecutor::new()).build_http();
                let url = server.url();
                let connect = |attempt: sse_client::Attempt| {
                    let mut request = Request::get(&url).body(Empty::new()).unwrap();
                    *request.headers_mut() = attempt.headers();
                    client.request(request)
                };
                let mut source = EventSource::new(connect).timer(timer.clone());
                // Some get an event, some end, and some wait for the head of an answer.
                let _ = tokio::time::timeout(Duration::from_millis(20), source.next()).await;
                let _ = source.next().now_or_never();
            }))
            .await;
        }
        assert_eq!(Arc::strong_count(&timer.0), 1, "a timer was left");
        let left = async || {
            let tasks = Handle::current().metrics().num_alive_tasks();
            (tasks, sockets())
        };
        let nothing_left = async {
            while left().await != (0, before) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, nothing_left).await.is_err() {
            panic!("tasks and sockets that were left: {:?}, not {:?}", left().await, (0, before));
        }
    });
}
