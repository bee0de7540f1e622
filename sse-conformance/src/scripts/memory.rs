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
use tokio::time::{Instant, Sleep, sleep};

/// Answers requests with the given answers, one after the other. Further requests get no answer.
///
/// `A` is the description of a request by the client under test.
#[derive(Clone, Debug)]
pub struct Server<A> {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    requests: Arc<Mutex<Vec<(Instant, A)>>>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    /// Each existing request and body has a clone.
    alive: Arc<()>,
    polls: AtomicUsize,
    ends: AtomicUsize,
}

/// A server's reaction to a request.
#[derive(Debug)]
pub enum Answer {
    /// The request fails.
    Fail(&'static str),
    /// The head never comes.
    Hang,
    /// This head and this body.
    Head(Builder, Vec<Step>),
}

/// A step of a body.
#[derive(Clone, Debug)]
pub enum Step {
    /// A frame of data.
    Data(Bytes),
    /// A frame of trailers.
    Trailers,
    /// Not ready at first, but soon.
    Pend,
    /// Not ready for this long.
    Sleep(Duration),
    /// The body fails.
    Break,
    /// Never ready.
    Hang,
}

impl Step {
    /// A frame of this text.
    pub fn data(text: &str) -> Self {
        Self::Data(Bytes::copy_from_slice(text.as_bytes()))
    }
}

/// A status, and no body.
pub fn status(status: u16) -> Answer {
    Answer::Head(Response::builder().status(status), vec![])
}

/// An event stream.
pub fn stream(steps: impl IntoIterator<Item = Step>) -> Answer {
    Answer::Head(Response::builder().header("content-type", "text/event-stream"), steps.into_iter().collect())
}

/// An event stream with this text that ends after it.
pub fn text(text: &str) -> Answer {
    stream([Step::data(text)])
}

impl<A> Server<A> {
    /// A server with these answers.
    pub fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers = Arc::new(Mutex::new(answers.into_iter().collect()));
        Self { answers, requests: Arc::default(), counts: Arc::default() }
    }

    /// The function that makes requests.
    pub fn connect(&self) -> impl FnMut(A) -> Request + Send + use<A>
    where
        A: Send,
    {
        let Self { answers, requests, counts } = Self {
            answers: self.answers.clone(),
            requests: self.requests.clone(),
            counts: self.counts.clone(),
        };
        move |attempt| {
            requests.lock().unwrap().push((Instant::now(), attempt));
            let answer = answers.lock().unwrap().pop_front().unwrap_or(Answer::Hang);
            Request {
                answer: Some(answer),
                was_polled: false,
                _alive: counts.alive.clone(),
                counts: counts.clone(),
            }
        }
    }

    /// The requests, one after the other.
    pub fn attempts(&self) -> Vec<A>
    where
        A: Clone,
    {
        self.requests.lock().unwrap().iter().map(|(_, attempt)| attempt.clone()).collect()
    }

    /// The times between the requests.
    pub fn gaps(&self) -> Vec<Duration> {
        let requests = self.requests.lock().unwrap();
        requests.windows(2).map(|two| two[1].0 - two[0].0).collect()
    }

    /// How many requests and bodies exist.
    pub fn alive(&self) -> usize {
        Arc::strong_count(&self.counts.alive) - 1
    }

    /// How many bodies were read to their ends.
    pub fn ends(&self) -> usize {
        self.counts.ends.load(Ordering::Relaxed)
    }

    /// How often bodies were polled.
    pub fn polls(&self) -> usize {
        self.counts.polls.load(Ordering::Relaxed)
    }
}

/// A request, until its answer comes.
#[derive(Debug)]
pub struct Request {
    answer: Option<Answer>,
    was_polled: bool,
    _alive: Arc<()>,
    counts: Arc<Counts>,
}

impl Future for Request {
    type Output = io::Result<Response<Script>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if !std::mem::replace(&mut self.was_polled, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        match self.answer.take().expect("the request is polled after its answer") {
            Answer::Fail(why) => Poll::Ready(Err(io::Error::other(why))),
            Answer::Hang => {
                self.answer = Some(Answer::Hang);
                Poll::Pending
            }
            Answer::Head(head, steps) => {
                Poll::Ready(Ok(head.body(Script::new(steps, self.counts.clone())).unwrap()))
            }
        }
    }
}

pin_project! {
    /// A body that is not `Unpin`.
    pub struct Script {
        steps: VecDeque<Step>,
        sleep: Option<Pin<Box<Sleep>>>,
        was_over: bool,
        counts: Arc<Counts>,
        alive: Arc<()>,
        #[pin]
        pinned: PhantomPinned,
    }
}

impl Script {
    fn new(steps: Vec<Step>, counts: Arc<Counts>) -> Self {
        let alive = counts.alive.clone();
        Self { steps: steps.into(), sleep: None, was_over: false, counts, alive, pinned: PhantomPinned }
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.project();
        this.counts.polls.fetch_add(1, Ordering::Relaxed);
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
                    this.counts.ends.fetch_add(1, Ordering::Relaxed);
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
