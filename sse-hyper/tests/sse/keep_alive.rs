//! Comments after a silence, under paused time, which jumps to the next timer when nothing else runs.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::{Duration, Instant as StdInstant},
};

use futures_util::{FutureExt, StreamExt, stream};
use http_body_util::BodyExt;
use hyper::rt::{Sleep, Timer};
use hyper_util::rt::TokioTimer;
use sse_conformance::{
    http::{channel, frame, frames, hesitant, soon},
    responses::{hook, numbered, numbered_text},
};
use sse_hyper::{Event, EventType, Sse};
use tokio::time::{Instant, advance, sleep, timeout};

const INTERVAL: Duration = Duration::from_secs(15);
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);
const COMMENT: &str = ":keep-alive\n\n";

/// Paused time is rounded up to a millisecond.
fn assert_took(start: Instant, expected: Duration) {
    let took = start.elapsed();
    assert!((expected..expected + Duration::from_millis(5)).contains(&took), "{took:?}, not {expected:?}");
}

#[tokio::test(start_paused = true)]
async fn a_comment_after_each_interval_of_silence() {
    let mut body = Box::pin(Sse::new(stream::pending::<Event>()).timer(TokioTimer::new()).into_body());
    for _ in 0..5 {
        let start = Instant::now();
        assert_eq!(frame(&mut body).await.unwrap(), COMMENT);
        assert_took(start, INTERVAL);
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_puts_the_comment_off() {
    let (sender, stream) = channel();
    let mut body = Box::pin(Sse::new(stream).timer(TokioTimer::new()).into_body());
    for silence in [1, 10, 14] {
        assert!(timeout(Duration::from_secs(silence), body.frame()).await.is_err());
        sender.send(Event::new("tick")).unwrap();
        assert_eq!(frame(&mut body).await.unwrap(), "data: tick\n\n");
    }
    let start = Instant::now();
    assert_eq!(frame(&mut body).await.unwrap(), COMMENT);
    assert_took(start, INTERVAL);
}

#[tokio::test(start_paused = true)]
async fn never_while_events_flow() {
    let flow = stream::iter(numbered(100)).then(|event| async {
        sleep(INTERVAL - Duration::from_millis(10)).await;
        event
    });
    let frames = frames(Sse::new(flow).timer(TokioTimer::new()).into_body()).await;
    assert_eq!(frames.concat(), numbered_text(100));
}

#[tokio::test(start_paused = true)]
async fn it_is_on_without_a_timer_of_ones_own() {
    let mut body = Box::pin(Sse::new(stream::pending::<Event>()).into_body());
    let start = Instant::now();
    assert_eq!(frame(&mut body).await.unwrap(), COMMENT);
    assert_took(start, INTERVAL);
}

#[tokio::test(start_paused = true)]
async fn a_line_or_an_event_in_place_of_the_comment() {
    let sse = || Sse::new(stream::iter(numbered(1)).chain(stream::pending::<Event>()));
    let event = Event::new("still here").with_event_type(EventType::from_static("alive"));
    for (sse, expected, events) in [
        (sse().keep_alive_line(""), ":\n", 1),
        (sse().keep_alive_line("are you\nthere"), ":are you\n:there\n", 1),
        (sse().keep_alive_comment(""), ":\n\n", 1),
        (sse().keep_alive_event(event), "event: alive\ndata: still here\n\n", 3),
        // The last one counts.
        (sse().keep_alive_line("").keep_alive_comment("x"), ":x\n\n", 1),
    ] {
        let (on_close, closed) = hook();
        let mut body = Box::pin(sse.on_close(on_close).into_body());
        assert_eq!(frame(&mut body).await.unwrap(), numbered_text(1));
        for _ in 0..2 {
            let start = Instant::now();
            assert_eq!(frame(&mut body).await.unwrap(), expected);
            assert_took(start, INTERVAL);
        }
        drop(body);
        let closed = soon(closed).await.unwrap();
        let bytes = numbered_text(1).len() + 2 * expected.len();
        assert_eq!((closed.events(), closed.bytes()), (events, bytes as u64), "{expected}");
    }
}

/// No comment, and no panic either.
#[test]
fn none_without_a_runtime() {
    let poll = |sse: Sse<stream::Pending<Event>>| {
        let mut body = Box::pin(sse.keep_alive(Duration::from_millis(1)).into_body());
        move || {
            for _ in 0..3 {
                assert!(body.frame().now_or_never().is_none());
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    };
    poll(Sse::new(stream::pending()))();

    // A runtime without timers. Its bodies are also polled outside of it.
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for _ in 0..3 {
        runtime.block_on(async { poll(Sse::new(stream::pending()))() });
    }
    runtime.block_on(async { poll(Sse::new(stream::pending())) })();

    // A runtime with timers, whose bodies are polled in one without timers, or without any runtime.
    let with_timers = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut made = with_timers
        .block_on(async { [poll(Sse::new(stream::pending())), poll(Sse::new(stream::pending()))] });
    made[0]();
    runtime.block_on(async { made[1]() });
}

#[tokio::test(start_paused = true)]
async fn an_interval_and_a_text_of_ones_own() {
    let sse = Sse::new(stream::pending::<Event>()).keep_alive_comment("are you\r\nthere");
    let sse = sse.keep_alive(Duration::from_secs(3)).timer(TokioTimer::new());
    let mut body = Box::pin(sse.into_body());
    let start = Instant::now();
    assert_eq!(frame(&mut body).await.unwrap(), ":are you\n:there\n\n");
    assert_took(start, Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn none_when_turned_off() {
    let stream = stream::pending::<Event>;
    let unwanted = [
        Sse::new(stream()).no_keep_alive(),
        Sse::new(stream()).keep_alive(Duration::ZERO),
        Sse::new(stream()).timer(TokioTimer::new()).keep_alive(Duration::ZERO),
        // An interval that overflows `Instant`.
        Sse::new(stream()).timer(TokioTimer::new()).keep_alive(Duration::MAX),
    ];
    for sse in unwanted {
        assert!(timeout(A_DAY, Box::pin(sse.into_body()).frame()).await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn no_interval_is_so_short_that_comments_flood() {
    let sse = Sse::new(stream::pending::<Event>()).keep_alive(Duration::from_nanos(1));
    let mut body = Box::pin(sse.into_body());
    let start = Instant::now();
    for _ in 0..100 {
        frame(&mut body).await.unwrap();
    }
    assert!(start.elapsed() >= Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn a_timer_that_fires_late_gives_one_comment() {
    let (sender, stream) = channel();
    let mut body = Box::pin(Sse::new(stream).timer(TokioTimer::new()).into_body());
    assert!(timeout(Duration::from_secs(1), body.frame()).await.is_err());

    // The client reads nothing for a long time, so the body is not polled.
    advance(A_DAY).await;
    let start = Instant::now();
    assert_eq!(frame(&mut body).await.unwrap(), COMMENT);
    assert_took(start, Duration::ZERO);
    assert_eq!(frame(&mut body).await.unwrap(), COMMENT);
    assert_took(start, INTERVAL);

    // A waiting event makes the comment unnecessary.
    advance(A_DAY).await;
    sender.send(Event::new("tick")).unwrap();
    let start = Instant::now();
    assert_eq!(frame(&mut body).await.unwrap(), "data: tick\n\n");
    assert_eq!(frame(&mut body).await.unwrap(), COMMENT);
    assert_took(start, INTERVAL);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_stands_still_does_not_make_a_flood() {
    let timer = Stopped { clock: StdInstant::now() };
    let mut body = Box::pin(Sse::new(stream::pending::<Event>()).timer(timer).into_body());
    for _ in 0..5 {
        let start = Instant::now();
        assert_eq!(frame(&mut body).await.unwrap(), COMMENT);
        assert_took(start, INTERVAL);
    }
}

#[tokio::test(start_paused = true)]
async fn a_timer_that_fires_late_delays_comments_and_nothing_else() {
    let late = Duration::from_secs(10);
    let (sender, stream) = channel();
    let mut body = Box::pin(Sse::new(stream).timer(Skewed { late, ..Skewed::default() }).into_body());
    let start = Instant::now();
    for n in 1..=3 {
        assert_eq!(frame(&mut body).await.unwrap(), COMMENT);
        assert_took(start, n * (INTERVAL + late));
    }
    let start = Instant::now();
    sender.send(Event::new("tick")).unwrap();
    assert_eq!(frame(&mut body).await.unwrap(), "data: tick\n\n");
    drop(sender);
    assert!(frame(&mut body).await.is_none());
    assert_took(start, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_timer_that_fires_early_or_whose_clock_disagrees_does_not_make_a_flood() {
    let second = Duration::from_secs(1);
    let timers = [
        (Skewed { early: second, ..Skewed::default() }, 14, 15),
        (Skewed { slow: 10 * second, ..Skewed::default() }, 5, 15),
        // The comment counts as written at the time of the clock.
        (Skewed { ahead: 10 * second, ..Skewed::default() }, 25, 25),
    ];
    for (timer, first, then) in timers {
        let (sender, stream) = channel();
        let mut body = Box::pin(Sse::new(stream).timer(timer).into_body());
        let start = Instant::now();
        for n in 0..5 {
            assert_eq!(frame(&mut body).await.unwrap(), COMMENT);
            assert_took(start, first * second + n * then * second);
        }
        sender.send(Event::new("tick")).unwrap();
        assert_eq!(frame(&mut body).await.unwrap(), "data: tick\n\n");
        drop(sender);
        assert!(frame(&mut body).await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn sleeps_that_never_end_or_are_over_at_once_hold_no_event_back() {
    for over in [false, true] {
        let (sender, stream) = channel();
        let mut body = Box::pin(Sse::new(stream).timer(Broken { over }).into_body());
        for event in numbered(100) {
            // Otherwise tokio's channel eventually reports itself empty, to be fair to other tasks.
            tokio::task::yield_now().await;
            for _ in 0..3 {
                let comment = body.frame().now_or_never();
                assert_eq!(comment.is_some(), over);
            }
            sender.send(event).unwrap();
            assert!(frame(&mut body).await.unwrap().starts_with(b"id: "));
        }
        drop(sender);
        assert!(frame(&mut body).await.is_none());
    }
}

/// Each of these polls is by another task, and only the last one may be woken.
#[tokio::test(start_paused = true)]
async fn the_comment_comes_to_the_task_that_polled_last() {
    let (sender, stream) = channel();
    let mut body = Box::pin(Sse::new(stream).timer(TokioTimer::new()).into_body());
    for _ in 0..3 {
        assert!(body.as_mut().frame().now_or_never().is_none());
        let start = Instant::now();
        body = tokio::spawn(async move {
            assert_eq!(frame(&mut body).await.unwrap(), COMMENT);
            assert_took(start, INTERVAL);
            body
        })
        .await
        .unwrap();
        sender.send(Event::new("tick")).unwrap();
        assert_eq!(frame(&mut body).await.unwrap(), "data: tick\n\n");
    }
}

#[tokio::test(start_paused = true)]
async fn events_cost_no_call_to_the_timer_but_reading_the_clock() {
    let calls = Arc::new(Calls::default());
    let timer = Counting(calls.clone());
    let (sender, stream) = channel();
    let mut body = Box::pin(Sse::new(stream).timer(timer).into_body());
    for event in numbered(1_000) {
        sender.send(event).unwrap();
        frame(&mut body).await.unwrap();
        // Pending: here the silence begins.
        assert!(timeout(Duration::from_millis(5), body.frame()).await.is_err());
    }
    assert_eq!(calls.sleeps.load(Relaxed), 1);
    assert_eq!(calls.resets.load(Relaxed), 0, "5 s have passed, no sleep has fired");
    assert_eq!(calls.polls.load(Relaxed), 1, "one task, and no sleep has fired");
    let readings = calls.readings.load(Relaxed);
    assert!(readings <= 1_010, "{readings} readings for 1000 frames");

    // Ten intervals of a steady stream need ten re-arms.
    for event in numbered(1_500) {
        sender.send(event).unwrap();
        frame(&mut body).await.unwrap();
        assert!(timeout(Duration::from_millis(100), body.frame()).await.is_err());
    }
    assert_eq!(calls.sleeps.load(Relaxed), 1);
    let resets = calls.resets.load(Relaxed);
    assert!((9..=11).contains(&resets), "{resets} re-arms in ten intervals");
}

#[tokio::test(start_paused = true)]
async fn none_after_the_end() {
    let sse = Sse::new(hesitant(numbered(1))).timer(TokioTimer::new()).keep_alive(Duration::from_nanos(1));
    let mut body = Box::pin(sse.into_body());
    while frame(&mut body).await.is_some() {}
    assert!(timeout(A_DAY, body.frame()).await.expect("ended").is_none());
}

/// A timer whose clock stands still while its sleeps end, without its own `reset`.
struct Stopped {
    clock: StdInstant,
}

impl Timer for Stopped {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        TokioTimer::new().sleep(duration)
    }

    fn sleep_until(&self, deadline: StdInstant) -> Pin<Box<dyn Sleep>> {
        TokioTimer::new().sleep_until(deadline)
    }

    fn now(&self) -> StdInstant {
        self.clock
    }
}

/// A timer whose sleeps are longer or shorter than requested, or use a different clock.
#[derive(Default)]
struct Skewed {
    late: Duration,
    early: Duration,
    ahead: Duration,
    slow: Duration,
}

impl Timer for Skewed {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        TokioTimer::new().sleep(duration + self.late - self.early)
    }

    fn sleep_until(&self, deadline: StdInstant) -> Pin<Box<dyn Sleep>> {
        TokioTimer::new().sleep_until(deadline + self.late - self.early)
    }

    fn now(&self) -> StdInstant {
        TokioTimer::new().now() + self.ahead - self.slow
    }
}

/// A timer whose sleeps end at once, or never.
struct Broken {
    over: bool,
}

impl Timer for Broken {
    fn sleep(&self, _: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(BrokenSleep { over: self.over })
    }

    fn sleep_until(&self, _: StdInstant) -> Pin<Box<dyn Sleep>> {
        self.sleep(Duration::ZERO)
    }
}

struct BrokenSleep {
    over: bool,
}

impl Future for BrokenSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.over { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Sleep for BrokenSleep {}

#[derive(Default)]
struct Calls {
    sleeps: AtomicU64,
    polls: AtomicU64,
    resets: AtomicU64,
    readings: AtomicU64,
}

struct Counting(Arc<Calls>);

struct CountingSleep {
    sleep: Pin<Box<dyn Sleep>>,
    calls: Arc<Calls>,
}

impl Future for CountingSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.calls.polls.fetch_add(1, Relaxed);
        self.sleep.as_mut().poll(cx)
    }
}

impl Sleep for CountingSleep {}

impl Timer for Counting {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: StdInstant) -> Pin<Box<dyn Sleep>> {
        self.0.sleeps.fetch_add(1, Relaxed);
        Box::pin(CountingSleep { sleep: TokioTimer::new().sleep_until(deadline), calls: self.0.clone() })
    }

    fn now(&self) -> StdInstant {
        self.0.readings.fetch_add(1, Relaxed);
        TokioTimer::new().now()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn Sleep>>, deadline: StdInstant) {
        self.0.resets.fetch_add(1, Relaxed);
        *sleep =
            Box::pin(CountingSleep { sleep: TokioTimer::new().sleep_until(deadline), calls: self.0.clone() });
    }
}
