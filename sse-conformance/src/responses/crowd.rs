//! Clients of every kind at once: some stay to the end, the others leave in every possible way.

use std::{
    collections::HashMap,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures_core::Stream;
use futures_util::{StreamExt, future::join_all, stream};
use http_body_util::Empty;
use hyper::{
    HeaderMap, Request,
    rt::{Sleep, Timer},
};
use hyper_util::rt::TokioTimer;
use sse_hyper::{BoxError, CloseReason, Closed, Event, Sse};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{mpsc, oneshot, watch},
};

use super::{numbered, numbered_text};
use crate::http::{Answer, BOTH, Http, RawAnswer, get_with, soon};

/// The behaviour of a client and its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Visit {
    /// Reads to the end.
    Reads,
    /// Reads to the end, in small pieces.
    ReadsSlowly,
    /// Reads nothing of an endless flood, and finally leaves.
    NeverReads,
    /// Closes the connection while the stream is silent.
    Leaves,
    /// Closes the connection within an endless flood.
    LeavesTheFlood,
    /// Cancels a silent stream with an RST_STREAM, and keeps the connection.
    GivesUp,
    /// Cancels an endless flood, and keeps the connection.
    GivesUpTheFlood,
    /// Closes the connection of a silent stream with an RST.
    Resets,
    /// Closes the connection of an endless flood with an RST.
    ResetsTheFlood,
    /// Closes its sending half, and continues to read.
    HalfCloses,
    /// Does not leave: its stream panics.
    SeesAPanic,
    /// Does not leave: its stream fails.
    SeesAnEnd,
    /// Does not leave: its stream fails, and breaks the response.
    SeesABreak,
    /// Stays until the server shuts down.
    Stays,
}

use Visit::*;

/// The visits, their protocols and how they end.
const VISITS: &[(Visit, &[Http], Ending)] = &[
    (Reads, &BOTH, Ending::StreamEnded),
    (ReadsSlowly, &BOTH, Ending::StreamEnded),
    (NeverReads, &BOTH, Ending::Dropped),
    (Leaves, &BOTH, Ending::Dropped),
    (LeavesTheFlood, &BOTH, Ending::Dropped),
    (GivesUp, &[Http::Two], Ending::Dropped),
    (GivesUpTheFlood, &[Http::Two], Ending::Dropped),
    (Resets, &[Http::One], Ending::Dropped),
    (ResetsTheFlood, &[Http::One], Ending::Dropped),
    (HalfCloses, &[Http::One], Ending::Dropped),
    (SeesAPanic, &BOTH, Ending::Dropped),
    (SeesAnEnd, &BOTH, Ending::StreamError),
    (SeesABreak, &BOTH, Ending::StreamError),
    (Stays, &BOTH, Ending::Shutdown),
];

/// [`CloseReason`], as a key for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Ending {
    Dropped,
    StreamEnded,
    StreamError,
    Shutdown,
}

/// More events than hyper and the kernel buffer.
const COUNT: u64 = 17_000;

/// The number of clients for each visit and protocol.
const COPIES: usize = 3;

type BoxStream = Pin<Box<dyn Stream<Item = Result<Event, BoxError>> + Send>>;

/// What the server and the clients share.
#[derive(Clone, Debug)]
pub struct Crowd {
    closings: mpsc::UnboundedSender<(Visit, Closed)>,
    stop: watch::Sender<()>,
    /// The number of open streams.
    streams: watch::Sender<usize>,
    /// For the streams that panic or fail: lets the client choose the time.
    triggers: Arc<Mutex<HashMap<usize, oneshot::Receiver<()>>>>,
}

impl Crowd {
    /// A crowd that has not connected, and the receiver of its hooks' reports.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<(Visit, Closed)>) {
        let (closings, closed) = mpsc::unbounded_channel();
        let (stop, streams) = (watch::channel(()).0, watch::channel(0).0);
        (Self { closings, stop, streams, triggers: Arc::default() }, closed)
    }

    /// The response to a request with these headers.
    pub fn respond(&self, headers: &HeaderMap) -> Sse<BoxStream> {
        let number = |name| headers[name].to_str().unwrap().parse::<usize>().unwrap();
        let (visit, ..) = VISITS[number("visit")];
        let trigger = self.triggers.lock().unwrap().remove(&number("client")).unwrap();
        let counted = Counted::new(&self.streams);
        let stream = events(visit, trigger).map(move |item| {
            let _ = &counted;
            item
        });
        let (closings, mut stopping) = (self.closings.clone(), self.stop.subscribe());
        let sse = Sse::new(stream.boxed())
            .timer(Late)
            .keep_alive(Duration::from_millis(20))
            .until(async move { stopping.changed().await })
            .farewell(Event::new("back soon"))
            .on_close(move |closed| closings.send((visit, closed)).unwrap());
        if visit == SeesABreak { sse.break_on_error() } else { sse }
    }

    /// Connects all clients at once. Ready when only those that stay are left.
    pub async fn come(&self, addr: SocketAddr) -> Staying {
        let mut clients = Vec::new();
        for (index, (visit, protocols, _)) in VISITS.iter().enumerate() {
            for &http in protocols.iter() {
                for _ in 0..COPIES {
                    let (trigger, triggered) = oneshot::channel();
                    let number = clients.len();
                    self.triggers.lock().unwrap().insert(number, triggered);
                    let client = Client { addr, http, visit: *visit, index, number, trigger };
                    clients.push(tokio::spawn(client.visit()));
                }
            }
        }
        let (mut staying, mut not_reading, mut connections) = (vec![], vec![], vec![]);
        for kept in soon(join_all(clients)).await {
            match kept.unwrap() {
                Kept::Nothing => {}
                Kept::Staying(answer) => staying.push(answer),
                Kept::NotReading(answer) => not_reading.push(answer),
                Kept::Connection(connection) => connections.push(connection),
            }
        }
        let mut streams = self.streams.subscribe();
        // The server notices cancelled streams while their connections are open.
        soon(streams.wait_for(|&count| count == staying.len() + not_reading.len())).await.unwrap();
        drop((connections, not_reading));
        soon(streams.wait_for(|&count| count == staying.len())).await.unwrap();
        Staying(staying)
    }

    /// Ends the responses to those that stay.
    pub fn stop(&self) {
        self.stop.send(()).unwrap();
    }

    /// After the server has stopped: each hook was called once, with the right reason, and no stream is left.
    pub async fn assert_all_closed(self, mut closed: mpsc::UnboundedReceiver<(Visit, Closed)>) {
        let Self { closings, streams, .. } = self;
        drop(closings);
        let mut counts = HashMap::<(Visit, Ending), usize>::new();
        // The last hook that is dropped closes the channel.
        while let Some((visit, closed)) = soon(closed.recv()).await {
            let ending = match closed.reason() {
                CloseReason::Dropped => Ending::Dropped,
                CloseReason::StreamEnded => Ending::StreamEnded,
                CloseReason::StreamError(_) => Ending::StreamError,
                CloseReason::Shutdown => Ending::Shutdown,
                reason => panic!("{reason:?}"),
            };
            *counts.entry((visit, ending)).or_default() += 1;
        }
        let expected: HashMap<_, _> = VISITS
            .iter()
            .map(|(visit, protocols, ending)| ((*visit, *ending), protocols.len() * COPIES))
            .collect();
        assert_eq!(counts, expected);
        assert_eq!(*streams.borrow(), 0, "streams are left");
    }
}

/// The clients that stay.
#[derive(Debug)]
pub struct Staying(Vec<Answer>);

impl Staying {
    /// The server ends their responses with its farewell.
    pub async fn are_sent_away(self) {
        for answer in self.0 {
            let (text, end) = answer.rest().await;
            end.unwrap();
            assert_eq!(without_comments(&text), "data: back soon\n\n");
        }
    }
}

/// One event, and then the events of the visit.
fn events(visit: Visit, trigger: oneshot::Receiver<()>) -> BoxStream {
    let first = stream::iter(numbered(1)).map(Ok);
    match visit {
        Reads | ReadsSlowly => stream::iter(numbered(COUNT)).map(Ok).boxed(),
        NeverReads | LeavesTheFlood | GivesUpTheFlood | ResetsTheFlood => {
            first.chain(stream::repeat_with(|| Ok(Event::new("x".repeat(1_000))))).boxed()
        }
        Leaves | GivesUp | Resets | HalfCloses | Stays => first.chain(stream::pending()).boxed(),
        SeesAPanic | SeesAnEnd | SeesABreak => {
            let fault = async move {
                trigger.await.unwrap();
                if visit == SeesAPanic {
                    panic!("this panic is part of the test");
                }
                Err("the source is gone".into())
            };
            first.chain(stream::once(fault)).boxed()
        }
    }
}

struct Client {
    addr: SocketAddr,
    http: Http,
    visit: Visit,
    /// The index of the visit.
    index: usize,
    number: usize,
    trigger: oneshot::Sender<()>,
}

/// The part of a visit that must stay alive.
enum Kept {
    Nothing,
    Staying(Answer),
    NotReading(Box<dyn Send>),
    Connection(Box<dyn Send>),
}

impl Client {
    async fn visit(self) -> Kept {
        match (self.http, self.visit) {
            (Http::One, Resets | ResetsTheFlood | HalfCloses | ReadsSlowly | SeesAPanic) => {
                self.visit_by_hand().await;
                Kept::Nothing
            }
            _ => self.visit_by_hyper().await,
        }
    }

    async fn visit_by_hyper(self) -> Kept {
        let request = Request::builder().header("visit", self.index).header("client", self.number);
        let mut answer = get_with(self.addr, self.http, request.body(Empty::new()).unwrap()).await;
        if self.visit == NeverReads {
            return Kept::NotReading(Box::new(answer));
        }
        assert_eq!(answer.block().await.unwrap(), numbered_text(1));
        match self.visit {
            Reads | ReadsSlowly => {
                let mut rest = String::new();
                while let Some(block) = answer.block().await {
                    rest.push_str(&block);
                    if self.visit == ReadsSlowly {
                        tokio::task::yield_now().await;
                    }
                }
                let all = numbered_text(1) + &without_comments(&rest);
                assert!(all == numbered_text(COUNT), "{} bytes", all.len());
            }
            LeavesTheFlood | GivesUpTheFlood => {
                for _ in 0..100 {
                    answer.block().await.unwrap();
                }
            }
            SeesAPanic | SeesAnEnd | SeesABreak => {
                self.trigger.send(()).unwrap();
                let (rest, end) = answer.rest().await;
                assert_eq!(without_comments(&rest), "");
                // A panic on HTTP/2 is a CANCEL, which some clients treat as the end.
                assert!(self.visit == SeesAPanic || end.is_err() == (self.visit == SeesABreak), "{end:?}");
                return Kept::Nothing;
            }
            _ => {}
        }
        match self.visit {
            GivesUp | GivesUpTheFlood => Kept::Connection(Box::new(answer.abandon())),
            Stays => Kept::Staying(answer),
            _ => Kept::Nothing,
        }
    }

    /// The visits that need the socket.
    async fn visit_by_hand(self) {
        let headers = format!("visit: {}\r\nclient: {}\r\n", self.index, self.number);
        let mut answer = RawAnswer::get(self.addr, headers.as_bytes()).await;
        answer.read_past("event 0\n\n").await;
        match self.visit {
            ReadsSlowly => {
                let last = format!("data: event {}\n\n", COUNT - 1);
                let rest = answer.read_past(&last).await;
                assert_eq!(rest.matches("data: event ").count() as u64, COUNT - 1);
            }
            Resets => answer.reset(),
            ResetsTheFlood => {
                soon(answer.socket.read_exact(&mut [0; 100_000])).await.unwrap();
                answer.reset();
            }
            HalfCloses => {
                answer.socket.shutdown().await.unwrap();
                // By default, hyper treats this as a disconnect.
                answer.rest().await;
            }
            SeesAPanic => {
                self.trigger.send(()).unwrap();
                let rest = answer.rest().await;
                assert!(!rest.ends_with(b"0\r\n\r\n"), "a broken response must not look whole");
            }
            _ => unreachable!(),
        }
    }
}

fn without_comments(text: &str) -> String {
    text.replace(":keep-alive\n\n", "")
}

/// Counts a stream as long as it exists.
struct Counted(watch::Sender<usize>);

impl Counted {
    fn new(streams: &watch::Sender<usize>) -> Self {
        streams.send_modify(|count| *count += 1);
        Self(streams.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// A timer whose sleeps take too long.
struct Late;

impl Timer for Late {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        TokioTimer::new().sleep(duration + Duration::from_millis(30))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        TokioTimer::new().sleep_until(deadline + Duration::from_millis(30))
    }
}
