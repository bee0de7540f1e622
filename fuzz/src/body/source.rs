//! The stream of a response, and the server's signal to end it.

use std::{
    cell::RefCell,
    collections::VecDeque,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, Wake, Waker},
};

use futures_core::Stream;
use sse_hyper::StreamItem;

use super::{
    case::Op,
    items::{Made, Make},
};

/// An answer of the stream.
#[derive(Debug)]
pub(super) enum Given {
    /// The bytes, and the events in them.
    Item(Vec<u8>, u64),
    Empty,
    Pending,
    Error,
    End,
}

/// A stream that follows its steps, and records its answers.
pub(super) struct Source<T> {
    pub(super) notes: Rc<RefCell<Notes>>,
    ops: VecDeque<Op>,
    number: usize,
    is_over: bool,
    make: fn(u8, usize, usize) -> Made<T>,
    empty: fn() -> Option<T>,
    _dropped: SetOnDrop,
}

#[derive(Default)]
pub(super) struct Notes {
    pub(super) given: Vec<Given>,
    /// The waker of the task that waits.
    pub(super) waker: Option<Waker>,
}

impl<T> Source<T>
where
    T: Make,
    Result<T, String>: StreamItem<Error = String>,
{
    pub(super) fn new(ops: Vec<Op>, dropped: Arc<AtomicBool>) -> Self {
        Self {
            notes: Rc::default(),
            ops: ops.into(),
            number: 0,
            is_over: false,
            make: T::make,
            empty: T::empty,
            _dropped: SetOnDrop(dropped),
        }
    }
}

impl<T> Stream for Source<T> {
    type Item = Result<T, String>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        assert!(!self.is_over, "a stream that is over is asked again");
        let (given, poll) = loop {
            break match self.ops.pop_front() {
                Some(Op::Item { kind, len }) => {
                    self.number += 1;
                    let (item, bytes, events) = (self.make)(kind, self.number, len);
                    (Given::Item(bytes, events), Poll::Ready(Some(Ok(item))))
                }
                Some(Op::Empties(count)) => {
                    let Some(item) = (self.empty)().filter(|_| count > 0) else { continue };
                    self.ops.push_front(Op::Empties(count - 1));
                    (Given::Empty, Poll::Ready(Some(Ok(item))))
                }
                Some(Op::Error) => (Given::Error, Poll::Ready(Some(Err("the source is gone".to_owned())))),
                Some(Op::End) => (Given::End, Poll::Ready(None)),
                // After its last item it is pending forever.
                Some(Op::Pending) | None => (Given::Pending, Poll::Pending),
            };
        };
        self.is_over = matches!(given, Given::Error | Given::End);
        let mut notes = self.notes.borrow_mut();
        if let Given::Pending = given {
            notes.waker = Some(cx.waker().clone());
        }
        notes.given.push(given);
        drop(notes);
        poll
    }
}

struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// The server's signal to end, and a future of it.
#[derive(Clone, Default)]
pub(super) struct Stop(Arc<Mutex<(bool, Option<Waker>)>>);

impl Stop {
    pub(super) fn set(&self) {
        let mut state = self.0.lock().expect("nothing panics there");
        state.0 = true;
        if let Some(waker) = state.1.take() {
            waker.wake();
        }
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.lock().expect("nothing panics there").0
    }
}

impl Future for Stop {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock().expect("nothing panics there");
        if state.0 {
            return Poll::Ready(());
        }
        state.1 = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// Records that the task was woken.
#[derive(Default)]
pub(super) struct Woken(AtomicBool);

impl Woken {
    /// Returns whether it was woken since the last call.
    pub(super) fn take(&self) -> bool {
        self.0.swap(false, Relaxed)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Relaxed);
    }
}
