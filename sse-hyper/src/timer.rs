//! The timer, and the default one.

use std::sync::Arc;

use hyper::rt::Timer;

pub(crate) type SharedTimer = Arc<dyn Timer + Send + Sync>;

/// tokio's timer, if there is a tokio runtime with timers.
#[cfg(feature = "tokio")]
pub(crate) use of_tokio::default_timer;

/// `None`: without the feature `tokio` there is no default timer.
#[cfg(not(feature = "tokio"))]
pub(crate) fn default_timer() -> Option<SharedTimer> {
    None
}

#[cfg(feature = "tokio")]
mod of_tokio {
    use std::{
        panic::catch_unwind,
        pin::Pin,
        sync::{Arc, LazyLock, PoisonError, RwLock},
        task::{Context, Poll},
        time::{Duration, Instant},
    };

    use hyper::rt::{Sleep, Timer};
    use hyper_util::rt::TokioTimer;
    use tokio::{runtime, time};

    use super::SharedTimer;

    pub(crate) fn default_timer() -> Option<SharedTimer> {
        static TIMER: LazyLock<SharedTimer> = LazyLock::new(|| Arc::new(Contained(TokioTimer::new())));
        let runtime = runtime::Handle::try_current().ok()?;
        has_timers(runtime.id()).then(|| TIMER.clone())
    }

    /// tokio does not report whether a runtime has timers, but panics when one is made without them. So this tries, but
    /// only once for a runtime without timers, because the panic is printed to standard error.
    fn has_timers(runtime: runtime::Id) -> bool {
        static WITHOUT: RwLock<Vec<runtime::Id>> = RwLock::new(Vec::new());
        if WITHOUT.read().unwrap_or_else(PoisonError::into_inner).contains(&runtime) {
            return false;
        }
        let has = catch_unwind(|| drop(time::sleep(Duration::ZERO))).is_ok();
        if !has {
            WITHOUT.write().unwrap_or_else(PoisonError::into_inner).push(runtime);
        }
        has
    }

    /// A body may be polled outside the runtime where it was made. The user did not set this timer, so it must not
    /// panic there.
    struct Contained(TokioTimer);

    impl Timer for Contained {
        fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
            contained(|| self.0.sleep(duration))
        }

        fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
            contained(|| self.0.sleep_until(deadline))
        }

        fn now(&self) -> Instant {
            self.0.now()
        }

        fn reset(&self, sleep: &mut Pin<Box<dyn Sleep>>, deadline: Instant) {
            self.0.reset(sleep, deadline);
        }
    }

    fn contained(
        sleep: impl FnOnce() -> Pin<Box<dyn Sleep>> + std::panic::UnwindSafe,
    ) -> Pin<Box<dyn Sleep>> {
        if runtime::Handle::try_current().is_err() {
            return Box::pin(Never);
        }
        catch_unwind(sleep).unwrap_or_else(|_| Box::pin(Never))
    }

    struct Never;

    impl Future for Never {
        type Output = ();

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            Poll::Pending
        }
    }

    impl Sleep for Never {}
}
