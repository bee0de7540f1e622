//! The limit on a connection's I/O, under paused time and with a controlled pipe.

use std::{
    future::poll_fn,
    io::{self, ErrorKind, IoSlice},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use futures_util::{FutureExt, future};
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use sse_conformance::http::soon;
use sse_hyper::{LimitedIo, WriteLimit};
use tokio::{
    sync::watch,
    task::yield_now,
    time::{Instant, sleep, timeout},
};

const LIMIT: Duration = Duration::from_secs(30);
const DRAIN: Duration = Duration::from_secs(5);
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Accepts a number of bytes, and then none. Flushes, or not. Never has anything to read.
#[derive(Clone, Default)]
struct Pipe(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    room: usize,
    does_not_flush: bool,
    waker: Option<Waker>,
}

impl Pipe {
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.0.lock().unwrap();
        change(&mut state);
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }
}

impl Read for Pipe {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl Write for Pipe {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.0.lock().unwrap();
        let len = buf.len().min(state.room);
        if len == 0 {
            state.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        state.room -= len;
        Poll::Ready(Ok(len))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.lock().unwrap();
        if state.does_not_flush {
            state.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

async fn write(io: &mut LimitedIo<Pipe>, len: usize) -> io::Result<usize> {
    soon(poll_fn(|cx| Pin::new(&mut *io).poll_write(cx, &vec![b'x'; len]))).await
}

async fn flush(io: &mut LimitedIo<Pipe>) -> io::Result<()> {
    soon(poll_fn(|cx| Pin::new(&mut *io).poll_flush(cx))).await
}

async fn read(io: &mut LimitedIo<Pipe>) -> io::Result<()> {
    let mut buf = [0; 8];
    soon(poll_fn(|cx| Pin::new(&mut *io).poll_read(cx, ReadBuf::new(&mut buf).unfilled()))).await
}

/// Paused time is rounded up to a millisecond at each of the eight checks.
fn assert_took(start: Instant, expected: Duration) {
    let took = start.elapsed();
    assert!((expected..expected + Duration::from_millis(20)).contains(&took), "{took:?}, not {expected:?}");
}

#[tokio::test(start_paused = true)]
async fn what_takes_nothing_fails_after_30_seconds() {
    let mut io = WriteLimit::new().wrap(Pipe::default());
    let start = Instant::now();
    let error = timeout(A_DAY, write(&mut io, 10)).await.unwrap().unwrap_err();
    assert_took(start, LIMIT);
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(error.to_string(), "the client read nothing for longer than the write limit");
    // It stays failed.
    io.get_ref().change(|pipe| pipe.room = 10);
    assert!(
        write(&mut io, 10).await.is_err() && flush(&mut io).await.is_err() && read(&mut io).await.is_err()
    );
    assert_took(start, LIMIT);
}

#[tokio::test(start_paused = true)]
async fn a_byte_now_and_then_is_enough() {
    let pipe = Pipe::default();
    let mut io = WriteLimit::new().limit(LIMIT).wrap(pipe.clone());
    let feeder = tokio::spawn(async move {
        for _ in 0..100 {
            sleep(LIMIT - Duration::from_millis(50)).await;
            pipe.change(|pipe| pipe.room = 1);
        }
    });
    for _ in 0..100 {
        assert_eq!(write(&mut io, 10).await.unwrap(), 1);
    }
    soon(feeder).await.unwrap();
    let start = Instant::now();
    write(&mut io, 10).await.unwrap_err();
    assert_took(start, LIMIT);
}

#[tokio::test(start_paused = true)]
async fn only_the_time_of_a_write_counts() {
    let mut io = WriteLimit::new().wrap(Pipe::default());
    for _ in 0..10 {
        io.get_ref().change(|pipe| pipe.room = 10);
        assert_eq!(write(&mut io, 10).await.unwrap(), 10);
        flush(&mut io).await.unwrap();
        // A long time without writes: the client is not to blame.
        assert!(timeout(A_DAY, read(&mut io)).await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_written_and_not_flushed_is_not_taken() {
    let mut io = WriteLimit::new().wrap(Pipe::default());
    io.get_ref().change(|pipe| (pipe.room, pipe.does_not_flush) = (1_000, true));
    let start = Instant::now();
    // Meanwhile it buffers some bytes, as TLS does.
    for _ in 0..2 {
        assert_eq!(write(&mut io, 10).await.unwrap(), 10);
        assert!(timeout(Duration::from_secs(10), flush(&mut io)).await.is_err());
    }
    assert_eq!(write(&mut io, 10).await.unwrap(), 10);
    assert!(flush(&mut io).await.is_err());
    assert_took(start, LIMIT);

    let mut io = WriteLimit::new().wrap(Pipe::default());
    io.get_ref().change(|pipe| pipe.does_not_flush = true);
    assert!(timeout(LIMIT / 2, flush(&mut io)).await.is_err());
    io.get_ref().change(|pipe| pipe.does_not_flush = false);
    flush(&mut io).await.unwrap();
    io.get_ref().change(|pipe| pipe.does_not_flush = true);
    let start = Instant::now();
    // The limit also applies to the shutdown of a connection.
    soon(poll_fn(|cx| Pin::new(&mut io).poll_shutdown(cx))).await.unwrap_err();
    assert_took(start, LIMIT);
}

#[tokio::test(start_paused = true)]
async fn zero_is_without_a_limit() {
    let mut io =
        WriteLimit::new().limit(Duration::ZERO).until(async {}).drain(Duration::ZERO).wrap(Pipe::default());
    assert!(timeout(A_DAY, write(&mut io, 10)).await.is_err());
    assert!(timeout(A_DAY, read(&mut io)).await.is_err());
}

#[test]
fn without_a_timer_there_is_no_limit_and_no_panic() {
    let mut io = WriteLimit::new().until(async {}).wrap(Pipe::default());
    assert!(write(&mut io, 10).now_or_never().is_none());
    assert!(read(&mut io).now_or_never().is_none());
}

#[tokio::test(start_paused = true)]
async fn the_shutdown_ends_all_connections_whatever_they_do() {
    let (stop, mut stopping) = watch::channel(());
    let limit = WriteLimit::new().limit(A_DAY).until(async move { stopping.changed().await });
    let start = Instant::now();
    let reads = (0..100).map(|_| {
        let mut io = limit.wrap(Pipe::default());
        async move { (read(&mut io).await, start.elapsed()) }
    });
    let writes = (0..100).map(|_| {
        let mut io = limit.wrap(Pipe::default());
        async move { (write(&mut io, 10).await.map(drop), start.elapsed()) }
    });
    let all: Vec<_> = reads.map(tokio::spawn).chain(writes.map(tokio::spawn)).collect();
    sleep(LIMIT).await;
    stop.send(()).unwrap();
    for task in all {
        let (result, ended) = timeout(A_DAY, task).await.unwrap().unwrap();
        assert_eq!(result.unwrap_err().to_string(), "the connection was still open after the drain time");
        assert!((LIMIT + DRAIN..LIMIT + DRAIN + Duration::from_millis(20)).contains(&ended), "{ended:?}");
    }
    // A new connection has no time left either.
    let error = read(&mut limit.wrap(Pipe::default())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_took(start, LIMIT + DRAIN);
}

#[tokio::test(start_paused = true)]
async fn the_future_of_the_shutdown_is_polled_only_when_it_asks_for_it() {
    let polls = Arc::new(AtomicUsize::new(0));
    let count = polls.clone();
    let mut waits = Box::pin(async {
        sleep(LIMIT).await;
        yield_now().await;
        sleep(LIMIT).await;
    });
    let counted = poll_fn(move |cx| {
        count.fetch_add(1, Relaxed);
        waits.as_mut().poll(cx)
    });
    let limit = WriteLimit::new().until(counted).drain(DRAIN);
    let mut connections = Vec::new();
    let start = Instant::now();
    for _ in 0..10 {
        let mut io = limit.wrap(Pipe::default());
        connections.push(tokio::spawn(async move {
            io.get_ref().change(|pipe| pipe.room = 1_000);
            for _ in 0..1_000 {
                write(&mut io, 1).await.unwrap();
            }
            read(&mut io).await.unwrap_err();
        }));
    }
    // A connection that closes does not keep the others from being woken.
    connections.remove(3).abort();
    drop(limit.wrap(Pipe::default()));
    let ended = timeout(A_DAY, future::join_all(connections)).await.unwrap();
    ended.into_iter().for_each(Result::unwrap);
    assert_took(start, 2 * LIMIT + DRAIN);
    // One poll for each connection, and one for each wake, which every connection may notice at the same time.
    let polls = polls.load(Relaxed);
    assert!(polls <= 50, "{polls} polls for 10 connections and 4 wakes");
}

/// The pipe writes one piece at a time, so it takes several only if they were joined.
#[tokio::test]
async fn small_pieces_are_written_at_once() {
    let mut io = WriteLimit::new().wrap(Pipe::default());
    #[cfg(feature = "tokio")]
    let mut of_tokio = WriteLimit::new().wrap(hyper_util::rt::TokioIo::new(Pipe::default()));
    for (frame, written) in [(0, 5), (100, 105), (1019, 1024), (1020, 3), (20_000, 3)] {
        let frame = vec![b'x'; frame];
        let pieces = [&b"64\r"[..], &frame, b"\r\n"].map(IoSlice::new);
        io.get_ref().change(|pipe| pipe.room = 100_000);
        let write = poll_fn(|cx| Pin::new(&mut io).poll_write_vectored(cx, &pieces));
        assert_eq!(soon(write).await.unwrap(), written, "{}", frame.len());
        // A full pipe takes a part.
        io.get_ref().change(|pipe| pipe.room = 2);
        let write = poll_fn(|cx| Pin::new(&mut io).poll_write_vectored(cx, &pieces));
        assert_eq!(soon(write).await.unwrap(), 2, "{}", frame.len());
        #[cfg(feature = "tokio")]
        {
            use tokio::io::AsyncWrite;

            of_tokio.get_ref().inner().change(|pipe| pipe.room = 100_000);
            let write = poll_fn(|cx| AsyncWrite::poll_write_vectored(Pin::new(&mut of_tokio), cx, &pieces));
            assert_eq!(soon(write).await.unwrap(), written, "{}", frame.len());
        }
    }
}

/// tokio's reads and writes go through as well, and the inner I/O can be reached.
#[cfg(feature = "tokio")]
#[tokio::test]
async fn bytes_go_through() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let (near, mut far) = tokio::io::duplex(64);
    let mut io = WriteLimit::new().wrap(near);
    assert_eq!(AsyncWriteExt::write(&mut io, b"hello ").await.unwrap(), 6);
    AsyncWriteExt::flush(&mut io).await.unwrap();
    io.get_mut().write_all(b"world").await.unwrap();
    far.write_all(b"answer").await.unwrap();
    let mut answer = [0; 6];
    soon(AsyncReadExt::read_exact(&mut io, &mut answer)).await.unwrap();
    assert_eq!(&answer, b"answer");
    assert!(format!("{io:?}").contains("DuplexStream"), "{io:?}");
    assert!(format!("{:?}", io.get_ref()).contains("DuplexStream"));
    AsyncWriteExt::shutdown(&mut io).await.unwrap();
    let mut text = String::new();
    soon(far.read_to_string(&mut text)).await.unwrap();
    assert_eq!(text, "hello world");
    drop(io.into_inner());
}

#[cfg(target_os = "linux")]
mod on_linux {
    use hyper::rt::{Sleep, Timer};
    use socket2::SockRef;
    use tokio::{
        io::AsyncWrite,
        net::{TcpListener, TcpStream},
    };

    use super::*;

    #[tokio::test]
    async fn the_system_sends_each_event_at_once_and_gives_up_on_a_silent_client() {
        let limit = WriteLimit::new().limit(Duration::from_secs(7));
        // A server that makes its own tokio sockets, such as actix-web, takes one of these.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        limit.prepare(&listener).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, _) = listener.accept().unwrap();
        let timeout_of = |socket: SockRef<'_>| socket.tcp_user_timeout().unwrap();
        assert_eq!(timeout_of(SockRef::from(&accepted)), Some(Duration::from_secs(7)));

        let client = limit.wrap(client);
        assert!(client.get_ref().nodelay().unwrap());
        assert_eq!(timeout_of(SockRef::from(client.get_ref())), Some(Duration::from_secs(7)));
    }

    /// A timer that is always over.
    struct Hasty;

    impl Timer for Hasty {
        fn sleep(&self, _: Duration) -> Pin<Box<dyn Sleep>> {
            Box::pin(Over)
        }

        fn sleep_until(&self, _: std::time::Instant) -> Pin<Box<dyn Sleep>> {
            Box::pin(Over)
        }
    }

    struct Over;

    impl Future for Over {
        type Output = ();

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            Poll::Ready(())
        }
    }

    impl Sleep for Over {}

    #[tokio::test]
    async fn the_limit_is_the_reason_also_when_the_system_ends_the_connection_between_two_checks() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (_far, _) = soon(listener.accept()).await.unwrap();
        let mut io = WriteLimit::new().timer(Hasty).limit(LIMIT).wrap(near);
        SockRef::from(io.get_ref()).set_tcp_user_timeout(Some(Duration::from_millis(1))).unwrap();
        let mut write =
            || Pin::new(&mut io).poll_write(&mut Context::from_waker(Waker::noop()), &[b'x'; 65536]);
        // The runtime does not learn of the error here, so the check finds it.
        let error = loop {
            let Poll::Ready(written) = write() else { panic!("the timer is over") };
            if let Err(error) = written {
                break error;
            }
        };
        assert!(error.raw_os_error().is_some(), "the system is not the first: {error}");
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let Poll::Ready(Err(error)) = write() else { panic!("it was cut off") };
        assert_eq!(error.to_string(), "the client read nothing for longer than the write limit");
    }
}
