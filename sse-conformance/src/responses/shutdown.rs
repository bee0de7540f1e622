use std::{
    collections::HashSet,
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures_core::Stream;
use futures_util::{StreamExt, stream};
use sse_hyper::{Event, EventType, Sse};
use tokio::sync::watch;

use super::numbered;
use crate::http::{Http, get, soon};

/// The stream of [`open_stream`].
pub type OpenStream = stream::Chain<stream::Iter<std::vec::IntoIter<Event>>, stream::Pending<Event>>;

/// One event, and then silence.
pub fn open_stream() -> OpenStream {
    stream::iter(numbered(1).collect::<Vec<_>>()).chain(stream::pending())
}

/// Ends with a farewell when the server is stopping.
pub fn with_farewell<S>(sse: Sse<S>, mut stopping: watch::Receiver<()>) -> Sse<S>
where
    S: Stream<Item = Event>,
{
    const BYE: EventType = EventType::from_static("bye");
    sse.until(async move { stopping.changed().await })
        .farewell(Event::new("back soon").with_event_type(BYE))
        .retry_window(Duration::from_secs(10))
}

/// Checks with 100 clients of [`open_stream`]s [`with_farewell`] that the shutdown is fast, and that each client gets a
/// farewell.
pub async fn shuts_down(addr: SocketAddr, http: Http, shutdown: impl Future<Output = ()>) {
    let mut answers = Vec::new();
    for _ in 0..100 {
        let mut answer = get(addr, http).await;
        assert_eq!(answer.block().await.unwrap(), "id: 0\ndata: event 0\n\n");
        answers.push(answer);
    }
    let clients = tokio::spawn(async move {
        let mut retries = HashSet::new();
        for answer in answers {
            let (text, end) = answer.rest().await;
            end.unwrap();
            let retry = text.strip_prefix("event: bye\nretry: ").unwrap();
            let retry: u64 = retry.strip_suffix("\ndata: back soon\n\n").unwrap().parse().unwrap();
            assert!(retry <= 10_000, "{retry} is outside the window");
            retries.insert(retry);
        }
        retries.len()
    });

    let start = Instant::now();
    soon(shutdown).await;
    let took = start.elapsed();
    println!("{http:?}: shut down in {took:?}");
    // The expected bound is 1 s; a loaded machine may need more.
    assert!(took < Duration::from_secs(5), "{took:?}");

    let different = soon(clients).await.unwrap();
    assert!(different >= 80, "only {different} different of 100");
}
