//! Connects a body and the connection on which it is sent.

use std::{
    cell::RefCell,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering::Relaxed},
    },
    task::{Context, Waker},
};

use super::Settings;

/// The shared state of a connection, or an HTTP/2 stream, and its bodies. The connection records why it cuts its bodies
/// off, since a server only drops them. A body records whether it waits to be polled again.
///
/// The server passes nothing of ours between them. But on HTTP/1.1 one task polls both the connection's I/O and the
/// body, and on HTTP/2 the executor receives the task that polls the body. So they find each other by that task.
pub(crate) struct Link {
    pub(super) settings: Arc<Settings>,
    /// Whether this is an HTTP/2 stream.
    is_stream: bool,
    /// The connection of an HTTP/2 stream.
    parent: Option<Arc<Link>>,
    cut: AtomicU8,
    /// Whether a body has found this connection, and lives.
    is_found: AtomicBool,
    /// Twice the number of frames handed out, plus 1 if the body was not polled since.
    frames: AtomicU32,
}

/// Why a connection or a stream was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    WriteTimeout = 1,
    Shutdown,
}

thread_local! {
    /// The connection or stream that this thread polled last.
    static LATEST: RefCell<Option<(Task, Weak<Link>)>> = const { RefCell::new(None) };
}

impl Link {
    pub(super) fn of_connection(settings: Arc<Settings>) -> Arc<Self> {
        Self::new(settings, false, None)
    }

    /// Must be called while the connection is polled, so that this thread polled it last.
    pub(super) fn of_stream(settings: Arc<Settings>) -> Arc<Self> {
        let latest = LATEST.with_borrow(|latest| latest.as_ref()?.1.upgrade());
        let parent = latest.filter(|latest| Arc::ptr_eq(&latest.settings, &settings));
        Self::new(settings, true, parent)
    }

    fn new(settings: Arc<Settings>, is_stream: bool, parent: Option<Arc<Self>>) -> Arc<Self> {
        Arc::new(Self {
            settings,
            is_stream,
            parent,
            cut: AtomicU8::new(0),
            is_found: AtomicBool::new(false),
            frames: AtomicU32::new(0),
        })
    }

    /// Records that this task polls the connection or stream.
    pub(super) fn is_polled(self: &Arc<Self>, cx: &Context<'_>) {
        let task = Task::of(cx.waker());
        LATEST.with_borrow_mut(|latest| match latest {
            Some((last, link)) if *last == task && link.as_ptr() == Arc::as_ptr(self) => {}
            _ => *latest = Some((task, Arc::downgrade(self))),
        });
    }

    /// The connection or stream that this task polls. `None` if the server has no write limit, or polls the body in
    /// another task.
    pub(crate) fn of_task(cx: &Context<'_>) -> Option<Arc<Self>> {
        let found = LATEST.with_borrow(|latest| {
            let (task, link) = latest.as_ref()?;
            if *task == Task::of(cx.waker()) { link.upgrade() } else { None }
        })?;
        found.is_found.store(true, Relaxed);
        Some(found)
    }

    /// Called when the body that found this connection is dropped.
    pub(crate) fn is_left(&self) {
        self.is_found.store(false, Relaxed);
    }

    /// Whether no other body looks for this connection: HTTP/1.1 has one response at a time.
    #[inline]
    pub(super) fn is_found(&self) -> bool {
        self.is_found.load(Relaxed)
    }

    pub(crate) fn is_stream(&self) -> bool {
        self.is_stream
    }

    pub(super) fn cut(&self, reason: Cut) {
        self.cut.store(reason as u8, Relaxed);
    }

    #[inline]
    pub(crate) fn is_cut(&self) -> Option<Cut> {
        match self.cut.load(Relaxed) {
            0 => self.parent.as_ref()?.is_cut(),
            cut if cut == Cut::WriteTimeout as u8 => Some(Cut::WriteTimeout),
            _ => Some(Cut::Shutdown),
        }
    }

    /// Called when the body hands out a frame. Only one task at a time does so.
    pub(crate) fn hands_out(&self) {
        self.frames.store((self.frames.load(Relaxed) | 1).wrapping_add(2), Relaxed);
    }

    /// Called when the body is polled again.
    pub(crate) fn is_asked(&self) {
        self.frames.store(self.frames.load(Relaxed) & !1, Relaxed);
    }

    /// The value of `frames`, if the body was not polled since it handed out a frame.
    pub(super) fn frames_untaken(&self) -> Option<u32> {
        Some(self.frames.load(Relaxed)).filter(|frames| frames & 1 == 1)
    }
}

/// A task, identified by its waker. An address may be reused, but not while the connection that it was recorded for
/// exists.
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
