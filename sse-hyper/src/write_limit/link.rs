//! What a body and the connection that it is sent on know of each other.

use std::{
    cell::RefCell,
    sync::{
        Arc, Weak,
        atomic::{AtomicU8, AtomicU32, Ordering::Relaxed},
    },
    task::{Context, Waker},
};

use super::Settings;

/// A connection, or one stream of HTTP/2: a place where it says why it cuts its bodies off, since a server only drops
/// them, and where they say whether they are waiting to be asked for more.
///
/// Server and body hand nothing of ours to each other. But on HTTP/1.1 one task polls both the connection's I/O and the
/// body, and the executor of HTTP/2 is given the task that polls the body: so they find each other by that task.
pub(crate) struct Link {
    pub(super) settings: Arc<Settings>,
    /// Of a stream: its connection.
    parent: Option<Arc<Link>>,
    cut: AtomicU8,
    /// How many frames were handed out, twice; odd: the body was not asked for more since.
    frames: AtomicU32,
}

/// Why a connection or a stream was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    WriteTimeout = 1,
    Shutdown,
}

thread_local! {
    /// What this thread has polled last.
    static LATEST: RefCell<Option<(Task, Weak<Link>)>> = const { RefCell::new(None) };
}

impl Link {
    pub(super) fn of_connection(settings: Arc<Settings>) -> Arc<Self> {
        Arc::new(Self { settings, parent: None, cut: AtomicU8::new(0), frames: AtomicU32::new(0) })
    }

    /// To be called where the connection is polled: so that is what this thread has polled last.
    pub(super) fn of_stream(settings: Arc<Settings>) -> Arc<Self> {
        let latest = LATEST.with_borrow(|latest| latest.as_ref()?.1.upgrade());
        let parent = latest.filter(|latest| Arc::ptr_eq(&latest.settings, &settings));
        Arc::new(Self { settings, parent, cut: AtomicU8::new(0), frames: AtomicU32::new(0) })
    }

    /// Says that this task polls the link's connection or stream.
    pub(super) fn is_polled(self: &Arc<Self>, cx: &Context<'_>) {
        let task = Task::of(cx.waker());
        LATEST.with_borrow_mut(|latest| match latest {
            Some((last, link)) if *last == task && link.as_ptr() == Arc::as_ptr(self) => {}
            _ => *latest = Some((task, Arc::downgrade(self))),
        });
    }

    /// What this task is known to poll. None: the server has no write limit, or the body's task is not known to it.
    pub(crate) fn of_task(cx: &Context<'_>) -> Option<Arc<Self>> {
        LATEST.with_borrow(|latest| {
            let (task, link) = latest.as_ref()?;
            if *task == Task::of(cx.waker()) { link.upgrade() } else { None }
        })
    }

    pub(super) fn cut(&self, reason: Cut) {
        self.cut.store(reason as u8, Relaxed);
    }

    pub(crate) fn is_cut(&self) -> Option<Cut> {
        match self.cut.load(Relaxed) {
            0 => self.parent.as_ref()?.is_cut(),
            cut if cut == Cut::WriteTimeout as u8 => Some(Cut::WriteTimeout),
            _ => Some(Cut::Shutdown),
        }
    }

    /// The body hands out a frame. Only one task does that at a time.
    pub(crate) fn hands_out(&self) {
        self.frames.store((self.frames.load(Relaxed) | 1).wrapping_add(2), Relaxed);
    }

    /// The body is asked for more.
    pub(crate) fn is_asked(&self) {
        self.frames.store(self.frames.load(Relaxed) & !1, Relaxed);
    }

    /// How many frames were handed out, twice, if the body was not asked for more since.
    pub(super) fn frames_untaken(&self) -> Option<u32> {
        Some(self.frames.load(Relaxed)).filter(|frames| frames & 1 == 1)
    }
}

/// A task, by the waker that it is polled with. An address may be used again, but not while the connection that it was
/// noted for is there.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Task {
    data: usize,
    vtable: usize,
}

impl Task {
    fn of(waker: &Waker) -> Self {
        Self { data: waker.data().addr(), vtable: std::ptr::from_ref(waker.vtable()).addr() }
    }
}
