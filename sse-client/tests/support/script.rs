//! A server without a socket, for tests in paused time.

use std::{
    collections::VecDeque,
    io,
    marker::PhantomPinned,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Response, response::Builder};
use http_body::{Body, Frame};
use pin_project_lite::pin_project;
use sse_client::Attempt;
use tokio::time::{Instant, Sleep, sleep};

/// Answers one request after the other as it was told, and never those after them.
#[derive(Clone, Default)]
pub(crate) struct Server {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    answers: Mutex<VecDeque<Answer>>,
    requests: Mutex<Vec<(Instant, Attempt)>>,
    /// One clone is with each request and each body that is there.
    alive: Arc<()>,
    polls: AtomicUsize,
    ends: AtomicUsize,
}

pub(crate) enum Answer {
    /// The request fails.
    Fail(&'static str),
    /// There is no head.
    Hang,
    /// This head and this body.
    Head(Builder, Vec<Step>),
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Data(Bytes),
    Trailers,
    /// Not ready at first, but soon.
    Pend,
    Sleep(Duration),
    Break,
    Hang,
}

impl Step {
    pub(crate) fn data(text: &str) -> Self {
        Self::Data(Bytes::copy_from_slice(text.as_bytes()))
    }
}

/// A status, and no body.
pub(crate) fn status(status: u16) -> Answer {
    Answer::Head(Response::builder().status(status), vec![])
}

/// An event stream.
pub(crate) fn stream(steps: impl IntoIterator<Item = Step>) -> Answer {
    Answer::Head(Response::builder().header("content-type", "text/event-stream"), steps.into_iter().collect())
}

/// An event stream that is this text, and ends.
pub(crate) fn text(text: &str) -> Answer {
    stream([Step::data(text)])
}

impl Server {
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let server = Self::default();
        server.shared.answers.lock().unwrap().extend(answers);
        server
    }

    /// Makes requests.
    pub(crate) fn connect(&self) -> impl FnMut(Attempt) -> Request + Send + use<> {
        let shared = self.shared.clone();
        move |attempt| {
            shared.requests.lock().unwrap().push((Instant::now(), attempt));
            let answer = shared.answers.lock().unwrap().pop_front().unwrap_or(Answer::Hang);
            Request {
                answer: Some(answer),
                was_polled: false,
                _alive: shared.alive.clone(),
                shared: shared.clone(),
            }
        }
    }

    pub(crate) fn attempts(&self) -> Vec<Attempt> {
        self.shared.requests.lock().unwrap().iter().map(|(_, attempt)| attempt.clone()).collect()
    }

    /// The times between the requests.
    pub(crate) fn gaps(&self) -> Vec<Duration> {
        let requests = self.shared.requests.lock().unwrap();
        requests.windows(2).map(|two| two[1].0 - two[0].0).collect()
    }

    /// How many requests and bodies are there.
    pub(crate) fn alive(&self) -> usize {
        Arc::strong_count(&self.shared.alive) - 1
    }

    /// How many bodies were read to their ends.
    pub(crate) fn ends(&self) -> usize {
        self.shared.ends.load(Ordering::Relaxed)
    }

    /// How often bodies were polled.
    pub(crate) fn polls(&self) -> usize {
        self.shared.polls.load(Ordering::Relaxed)
    }
}

pub(crate) struct Request {
    answer: Option<Answer>,
    was_polled: bool,
    _alive: Arc<()>,
    shared: Arc<Shared>,
}

impl Future for Request {
    type Output = io::Result<Response<Script>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if !std::mem::replace(&mut self.was_polled, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        match self.answer.take().expect("an answer is asked for once") {
            Answer::Fail(why) => Poll::Ready(Err(io::Error::other(why))),
            Answer::Hang => {
                self.answer = Some(Answer::Hang);
                Poll::Pending
            }
            Answer::Head(head, steps) => {
                Poll::Ready(Ok(head.body(Script::new(steps, self.shared.clone())).unwrap()))
            }
        }
    }
}

pin_project! {
    /// A body that is not `Unpin`.
    pub(crate) struct Script {
        steps: VecDeque<Step>,
        sleep: Option<Pin<Box<Sleep>>>,
        was_over: bool,
        shared: Arc<Shared>,
        alive: Arc<()>,
        #[pin]
        pinned: PhantomPinned,
    }
}

impl Script {
    fn new(steps: Vec<Step>, shared: Arc<Shared>) -> Self {
        let alive = shared.alive.clone();
        Self { steps: steps.into(), sleep: None, was_over: false, shared, alive, pinned: PhantomPinned }
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.project();
        this.shared.polls.fetch_add(1, Ordering::Relaxed);
        assert!(!*this.was_over, "a body that has ended was polled");
        loop {
            if let Some(sleep) = this.sleep {
                ready!(sleep.as_mut().poll(cx));
                *this.sleep = None;
            }
            match this.steps.pop_front() {
                Some(Step::Data(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Some(Step::Trailers) => return Poll::Ready(Some(Ok(Frame::trailers(Default::default())))),
                Some(Step::Sleep(time)) => *this.sleep = Some(Box::pin(sleep(time))),
                Some(Step::Pend) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(Step::Hang) => {
                    this.steps.push_front(Step::Hang);
                    return Poll::Pending;
                }
                Some(Step::Break) => {
                    *this.was_over = true;
                    return Poll::Ready(Some(Err(io::Error::other("cut"))));
                }
                None => {
                    *this.was_over = true;
                    this.shared.ends.fetch_add(1, Ordering::Relaxed);
                    return Poll::Ready(None);
                }
            }
        }
    }
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Script").field(&self.steps).finish()
    }
}
