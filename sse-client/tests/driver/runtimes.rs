//! Runtimes without tokio, and types that are neither `Send` nor `Sync`.

use std::{
    io,
    marker::PhantomPinned,
    pin::Pin,
    rc::Rc,
    sync::{Arc, Mutex, mpsc},
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_executor::block_on;
use futures_util::StreamExt;
use http::Response;
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::rt::{Sleep, Timer};
use sse_client::{Error, Event, EventSource, Policy};
use sse_conformance::scripts::memory::{status, text};

use super::Server;

#[test]
fn without_a_timer_it_says_so() {
    let server = Server::new([status(204)]);
    let mut source = EventSource::new(server.connect());
    let error = block_on(source.next()).unwrap().unwrap_err();
    assert!(matches!(error, Error::NoTimer), "{error:?}");
    assert!(block_on(source.next()).is_none());
    assert_eq!(server.attempts().len(), 0);
}

#[test]
fn without_a_timer_in_a_runtime_it_says_so() {
    let server = Server::new([status(204)]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let error = runtime.block_on(EventSource::new(server.connect()).next()).unwrap().unwrap_err();
    assert!(matches!(error, Error::NoTimer), "{error:?}");
}

/// A timer without tokio: a thread for each sleep.
struct Threads;

struct Thread(Arc<Mutex<(bool, Option<Waker>)>>);

impl Timer for Threads {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        let state = Arc::new(Mutex::new((false, None::<Waker>)));
        let sleep = Thread(state.clone());
        thread::spawn(move || {
            thread::sleep(duration);
            let mut state = state.lock().unwrap();
            state.0 = true;
            if let Some(waker) = state.1.take() {
                waker.wake();
            }
        });
        Box::pin(sleep)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep(deadline.saturating_duration_since(Instant::now()))
    }
}

impl Future for Thread {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock().unwrap();
        state.1 = Some(cx.waker().clone());
        if state.0 { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Sleep for Thread {}

#[test]
fn without_tokio() {
    let (sender, requests) = mpsc::channel();
    let connect = move |attempt: sse_client::Attempt| {
        let sender = sender.clone();
        async move {
            sender.send(attempt.last_event_id().cloned()).unwrap();
            let head = Response::builder().header("content-type", "text/event-stream");
            let head = if attempt.number() == 3 { head.status(204) } else { head };
            Ok::<_, io::Error>(head.body(Full::new(Bytes::from("id: 1\nretry: 0\ndata: x\n\n"))).unwrap())
        }
    };
    let source = EventSource::new(connect).timer(Threads);
    let events: Vec<_> = block_on(source.map(Result::unwrap).collect());
    assert_eq!(events.iter().map(Event::data).collect::<Vec<_>>(), ["x", "x"]);
    let ids: Vec<_> = requests.try_iter().map(|id| id.map(|id| id.to_string())).collect();
    assert_eq!(ids, [None, Some("1".to_owned()), Some("1".to_owned())]);
}

/// A request and a body that are neither `Send` nor `Sync` nor `Unpin`, with boxed errors.
#[tokio::test(start_paused = true)]
async fn what_stays_in_its_thread() {
    let here_only = Rc::new("data: x\n\n");
    let connect = move |_| {
        let here_only = here_only.clone();
        async move {
            let (pinned, text) = (PhantomPinned, *here_only);
            let body = Full::new(Bytes::from(text)).map_frame(move |frame| {
                let _ = (&here_only, &pinned);
                frame
            });
            let body = body.map_err(|never| -> Box<dyn std::error::Error + Send + Sync> { match never {} });
            let head = Response::builder().header("content-type", "text/event-stream");
            Ok::<_, Box<dyn std::error::Error>>(head.body(body)?)
        }
    };
    let mut source = EventSource::new(connect).policy(Policy::never());
    assert_eq!(source.next().await.unwrap().unwrap().data(), "x");
    assert!(source.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_not_sync() {
    let connect = async |_| {
        let head = Response::builder().header("content-type", "text/event-stream");
        head.body(UnsyncBoxBody::new(Full::new(Bytes::from("data: x\n\n"))))
    };
    let mut source = EventSource::new(connect).policy(Policy::never());
    assert_eq!(source.next().await.unwrap().unwrap().data(), "x");
}

#[test]
fn it_is_send_if_its_parts_are() {
    fn assert_send<T: Send>(_: &T) {}
    let server = Server::new([text("")]);
    let mut source = EventSource::new(server.connect());
    assert_send(&source);
    let handle = source.handle();
    fn assert_shareable<T: Send + Sync + Clone + 'static>(_: &T) {}
    assert_shareable(&handle);
}
