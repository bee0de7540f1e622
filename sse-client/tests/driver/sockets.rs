//! Over sockets, with the client of hyper-util: HTTP/1.1 and HTTP/2.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use sse_client::{Attempt, Ending, EventSource, Failure, Policy, Update};
use sse_conformance::{
    programs::PATIENCE,
    scripts::socket::{CHUNKED, OPEN, Seen, Server, Step, answer, chunk, hold},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
};

use super::ms;

type HyperClient = Client<HttpConnector, Empty<Bytes>>;

fn client() -> HyperClient {
    Client::builder(TokioExecutor::new()).build_http()
}

fn connect(
    client: &HyperClient,
    url: String,
) -> impl FnMut(Attempt) -> hyper_util::client::legacy::ResponseFuture + Send + use<> {
    let client = client.clone();
    move |attempt| {
        let mut request = Request::get(&url).body(Empty::new()).unwrap();
        *request.headers_mut() = attempt.headers();
        client.request(request)
    }
}

/// A policy with short waits.
fn quick() -> Policy {
    Policy::feed().spread(0.0)
}

#[tokio::test]
async fn case_24_ids_over_three_reconnections() {
    let odd = "[{\"topic\":\"\u{e9}\",\"offset\":1}]".repeat(40);
    let scripts = [
        answer(format!("{OPEN}id: 1\nretry: 0\ndata: a\n\n")),
        answer(format!("{OPEN}data: b\n\nid: {odd}\ndata: c\n\n")),
        answer(format!("{OPEN}data: d\n\nid: 3\ndata: cut")),
    ];
    let mut server = Server::start(scripts).await;
    let source = EventSource::new(connect(&client(), server.url())).policy(quick());
    let events: Vec<_> = source.map(|event| event.unwrap().data().to_owned()).collect().await;
    assert_eq!(events, ["a", "b", "c", "d"]);
    let mut ids = Vec::new();
    for _ in 0..4 {
        let request = server.request().await;
        assert!(request.contains("\r\naccept: text/event-stream\r\n"), "{request}");
        let id = request.lines().find_map(|line| line.strip_prefix("last-event-id: ")).map(str::to_owned);
        ids.push(id);
    }
    assert_eq!(ids, [None, Some("1".to_owned()), Some(odd.clone()), Some(odd)]);
}

#[tokio::test]
async fn case_11_a_connection_that_breaks() {
    let broken = answer(format!("{CHUNKED}{}{}", chunk("retry: 0\ndata: a\n\n"), "20\r\ndata: cut"));
    let whole = answer(format!("{CHUNKED}{}0\r\n\r\n", chunk("data: b\n\n")));
    let server = Server::start([broken, whole]).await;
    let mut updates = EventSource::new(connect(&client(), server.url())).policy(quick()).updates();
    let mut told = Vec::new();
    while let Some(update) = updates.next().await {
        match update.unwrap() {
            Update::Event(event) => told.push(event.data().to_owned()),
            Update::Waiting { failure: Failure::Broken(_), .. } => told.push("broken".into()),
            Update::Waiting { failure: Failure::Ended, .. } => told.push("ended".into()),
            Update::Ended(ending) => assert_eq!(ending, Ending::NoContent),
            _ => {}
        }
    }
    assert_eq!(told, ["a", "broken", "b", "ended"]);
}

#[tokio::test]
async fn case_27_the_connection_is_used_again() {
    let done = format!("{CHUNKED}{}{}0\r\n\r\n", chunk("data: text\n\n"), chunk("data: [DONE]\n\n"));
    let script = vec![
        Step::Request,
        Step::Write(done.clone().into()),
        Step::Request,
        Step::Write(done.into()),
        Step::Closed,
    ];
    let server = Server::start([script]).await;
    let client = client();
    for _ in 0..2 {
        let source = EventSource::new(connect(&client, server.url())).policy(Policy::until_first_event());
        let events: Vec<_> =
            source.ends_with(|event| event.data() == "[DONE]").map(Result::unwrap).collect().await;
        assert_eq!(events.len(), 2, "another connection would get 204");
    }
}

#[tokio::test]
async fn case_32_a_head_that_never_comes() {
    let mut server = Server::start([hold("")]).await;
    let source = EventSource::new(connect(&client(), server.url())).policy(quick().head_timeout(ms(50)));
    assert_eq!(source.count().await, 0);
    assert!(matches!(server.seen().await, Seen::Request(_)));
    assert_eq!(server.seen().await, Seen::Closed);
    assert!(matches!(server.seen().await, Seen::Request(_)));
}

#[tokio::test]
async fn case_34_a_drop_closes_the_socket() {
    let mut server = Server::start([hold(""), hold(format!("{OPEN}data: x\n\n"))]).await;
    // Before the head of the answer.
    let mut source = EventSource::new(connect(&client(), server.url())).policy(quick());
    tokio::select! {
        event = source.next() => panic!("{event:?}"),
        _ = server.request() => {}
    }
    drop(source);
    assert_eq!(server.seen().await, Seen::Closed);
    // In its body.
    let mut source = EventSource::new(connect(&client(), server.url())).policy(quick());
    assert_eq!(source.next().await.unwrap().unwrap().data(), "x");
    assert!(source.next().now_or_never().is_none());
    drop(source);
    assert!(matches!(server.seen().await, Seen::Request(_)));
    assert_eq!(server.seen().await, Seen::Closed);
}

#[tokio::test]
async fn case_34_a_close_closes_the_socket() {
    let mut server = Server::start([hold(format!("{OPEN}data: x\n\n"))]).await;
    let mut source = EventSource::new(connect(&client(), server.url()));
    let handle = source.handle();
    source.next().await.unwrap().unwrap();
    let life = tokio::spawn(async move { (source.next().await.is_none(), source) });
    handle.close();
    let (has_ended, _source) = life.await.unwrap();
    assert!(has_ended);
    assert!(matches!(server.seen().await, Seen::Request(_)));
    assert_eq!(server.seen().await, Seen::Closed);
}

#[tokio::test]
async fn case_36_a_slow_consumer_stops_the_server() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let mut source = EventSource::new(connect(&client(), url));
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 1_024]).await.unwrap() > 0);
        stream.write_all(OPEN.as_bytes()).await.unwrap();
        let flood = b"data: some text\n\n".repeat(4_096);
        let mut sent = 0;
        // Until writes stall, because the client does not read.
        while let Ok(written) = tokio::time::timeout(ms(300), stream.write(&flood)).await {
            sent += written.unwrap();
            assert!(sent < 100 << 20, "{sent}");
        }
        stream
    };
    let consumer = async {
        assert!(source.next().await.unwrap().is_ok());
    };
    let (_stream, ()) = tokio::join!(server, consumer);
    assert!(source.next().await.unwrap().is_ok());
}

/// An HTTP/2 server whose streams send this and then nothing. It reports when they are dropped.
async fn http2(first: &'static str) -> (String, mpsc::UnboundedReceiver<()>) {
    struct Dropped(mpsc::UnboundedSender<()>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (sender, dropped) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let sender = sender.clone();
            let service = service_fn(move |_: Request<Incoming>| {
                let dropped = Dropped(sender.clone());
                let chunks =
                    futures_util::stream::iter([Ok::<_, Infallible>(Frame::data(Bytes::from(first)))])
                        .chain(futures_util::stream::pending())
                        .inspect(move |_| {
                            let _ = &dropped;
                        });
                let head = Response::builder().header("content-type", "text/event-stream");
                async move { head.body(StreamBody::new(chunks).boxed_unsync()) }
            });
            tokio::spawn(
                http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    (url, dropped)
}

/// The body before a silence: nothing, an event, heartbeats.
const BEFORE_SILENCE: [&str; 3] = ["", "retry: 0\ndata: x\n\n", "retry: 0\n: beat\n: beat\ndata: x\n\n"];

/// Waits until two connections went silent.
async fn goes_silent_twice(client: &HyperClient, url: String) {
    let mut updates = EventSource::new(connect(client, url)).policy(quick().idle(ms(50))).updates();
    let mut silences = 0;
    while silences < 2 {
        match updates.next().await.unwrap().unwrap() {
            Update::Waiting { failure: Failure::Idle, .. } => silences += 1,
            Update::Waiting { failure, .. } => panic!("{failure:?}"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn case_29_silence_on_http_1() {
    for before in BEFORE_SILENCE {
        let mut server =
            Server::start([hold(format!("{OPEN}{before}")), hold(format!("{OPEN}{before}"))]).await;
        goes_silent_twice(&client(), server.url()).await;
        let mut closed = 0;
        while closed < 2 {
            closed += usize::from(server.seen().await == Seen::Closed);
        }
    }
}

#[tokio::test]
async fn case_29_silence_on_http_2() {
    for before in BEFORE_SILENCE {
        let (url, mut dropped) = http2(before).await;
        let client: HyperClient = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
        goes_silent_twice(&client, url).await;
        // Both streams were reset.
        for _ in 0..2 {
            tokio::time::timeout(PATIENCE, dropped.recv()).await.unwrap().unwrap();
        }
    }
}
