//! The body of `sse-hyper`: any settings, any stream, any server.

mod case;
mod items;
mod model;
mod source;
mod timer;

use std::{
    cell::RefCell,
    mem,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http_body::Body;
use sse_codec::lines::RawBlock;
use sse_hyper::{Closed, Encoded, Event, Sse, SseBody, StreamItem};

use case::{Case, Items, KeepAlive, Settings, Step, ms};
use items::Make;
use model::{FAREWELL, FAREWELL_RETRY, KEEP_ALIVE, Model, OPENING};
use source::{Notes, Source, Stop, Woken};
use timer::FakeTimer;

/// With any settings and any stream, and whenever it is polled, dropped or shut down, each poll of the body gives a
/// result that a naive model allows, and the hook is called once at the end.
pub fn body(input: &[u8]) {
    let Some(case) = Case::parse(input) else { return };
    match case.settings.items {
        Items::Event => check::<Event>(&case),
        Items::Encoded => check::<Encoded>(&case),
        Items::RawBlock => check::<RawBlock>(&case),
    }
}

fn check<T>(case: &Case<'_>)
where
    T: Make,
    Result<T, String>: StreamItem<Error = String>,
{
    let mut server = Server::<T>::new(case);
    for step in case.steps() {
        server.takes(step);
        if !server.polls() {
            break;
        }
    }
    server.leaves();
}

/// Polls the body, and keeps its frames like the server of a slow client.
struct Server<T> {
    body: Pin<Box<SseBody<Source<T>>>>,
    model: Model,
    notes: Rc<RefCell<Notes>>,
    timer: FakeTimer,
    stop: Stop,
    woken: Arc<Woken>,
    closed: Arc<Mutex<Vec<Closed>>>,
    keeps: bool,
    /// The kept frames, with a copy of each.
    kept: Vec<(Bytes, Vec<u8>)>,
}

impl<T> Server<T>
where
    T: Make,
    Result<T, String>: StreamItem<Error = String>,
{
    fn new(case: &Case<'_>) -> Self {
        let (timer, stop, dropped) = (FakeTimer::new(), Stop::default(), Arc::new(AtomicBool::new(false)));
        let source = Source::<T>::new(case.ops(), dropped.clone());
        let notes = source.notes.clone();
        let closed = Arc::<Mutex<Vec<Closed>>>::default();
        let hook = closed.clone();
        let sse = with_settings(Sse::new(source), case.settings, &timer, &stop).on_close(move |closed| {
            assert!(dropped.load(Relaxed), "the hook finds the stream dropped");
            hook.lock().expect("nothing panics there").push(closed);
        });
        Self {
            body: Box::pin(sse.into_body()),
            model: Model::new(case.settings),
            notes,
            timer,
            stop,
            woken: Arc::default(),
            closed,
            keeps: false,
            kept: vec![],
        }
    }

    fn takes(&mut self, step: Step) {
        match step {
            Step::Poll => {}
            Step::Wait(millis) => self.timer.advance(millis),
            Step::Stop => self.stop.set(),
            Step::Keep => self.keeps = true,
            Step::LetGo => {
                self.keeps = false;
                self.lets_go();
            }
        }
        let must_wake = self.model.must_wake(self.timer.millis(), self.stop.is_set(), self.kept.len());
        assert!(self.woken.take() || !must_wake, "nothing wakes the body: {:?}", self.model);
    }

    /// Polls the body, and returns whether it has more.
    fn polls(&mut self) -> bool {
        self.model.starts_poll(self.timer.millis(), self.stop.is_set());
        let waker = Waker::from(self.woken.clone());
        let poll = self.body.as_mut().poll_frame(&mut Context::from_waker(&waker));
        let is_woken = self.woken.take();
        self.model.stream_gave(mem::take(&mut self.notes.borrow_mut().given));
        let has_more = match poll {
            Poll::Pending => {
                self.model.is_pending(self.kept.len(), is_woken);
                true
            }
            Poll::Ready(Some(Ok(frame))) => {
                let Ok(bytes) = frame.into_data() else { panic!("there are no trailers") };
                self.model.gets_frame(&bytes);
                if self.keeps {
                    let copy = bytes.to_vec();
                    self.kept.push((bytes, copy));
                }
                true
            }
            Poll::Ready(Some(Err(error))) => {
                assert!(error.to_string().ends_with(": the source is gone"), "{error}");
                self.model.gets_error(self.kept.len());
                true
            }
            Poll::Ready(None) => {
                self.model.gets_end();
                false
            }
        };
        self.is_honest();
        // The task that polled is the one to wake.
        if let Some(waker) = self.notes.borrow_mut().waker.take() {
            waker.wake();
            assert!(self.woken.take());
        }
        has_more
    }

    /// Compares the answers of the body with the model.
    fn is_honest(&self) {
        let is_over = self.model.is_over();
        assert_eq!(self.body.is_end_stream(), is_over, "{:?}", self.model);
        let hint = self.body.size_hint();
        assert_eq!((hint.lower(), hint.upper()), (0, is_over.then_some(0)), "{:?}", self.model);
        assert_eq!(self.calls(), usize::from(self.model.is_closed()), "{:?}", self.model);
    }

    /// The number of calls of the hook.
    fn calls(&self) -> usize {
        self.closed.lock().expect("nothing panics there").len()
    }

    /// The bytes of a frame never change, even if its buffer is reused.
    fn lets_go(&mut self) {
        for (frame, copy) in self.kept.drain(..) {
            assert!(frame == copy, "a frame has changed");
        }
    }

    fn leaves(self) {
        drop(self.body);
        let closed = self.closed.lock().expect("nothing panics there");
        let [closed] = &closed[..] else { panic!("the hook is called {} times", closed.len()) };
        self.model.check_close(closed, self.timer.millis());
        for (frame, copy) in self.kept {
            assert!(frame == copy, "a frame has changed");
        }
    }
}

fn with_settings<S>(sse: Sse<S>, settings: Settings, timer: &FakeTimer, stop: &Stop) -> Sse<S>
where
    S: futures_core::Stream<Item: StreamItem<Error = String>>,
{
    let mut sse =
        sse.keep_alive(ms(settings.interval)).max_age(ms(settings.max_age)).max_age_spread(Duration::ZERO);
    sse = match settings.keep_alive {
        KeepAlive::Off => sse.no_keep_alive(),
        KeepAlive::Comment => sse.keep_alive_comment(KEEP_ALIVE),
        KeepAlive::Line => sse.keep_alive_line(KEEP_ALIVE),
        KeepAlive::Event => sse.keep_alive_event(Event::new(KEEP_ALIVE)),
    };
    if settings.has_timer {
        sse = sse.timer(timer.clone());
    }
    if settings.opening {
        sse = sse.opening_comment(OPENING);
    }
    if settings.until {
        sse = sse.until(stop.clone());
    }
    if settings.farewell {
        sse = sse.farewell(Event::new(FAREWELL).with_retry(ms(FAREWELL_RETRY)));
    }
    if settings.break_on_error {
        sse = sse.break_on_error();
    }
    sse.retry_window(ms(settings.retry_window))
}
