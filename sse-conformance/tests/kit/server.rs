//! The kit finds no fault in a correct server, and each fault that was put in.

use std::{
    convert::Infallible,
    ffi::OsString,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, future::join_all, stream};
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, Version, body::Frame, body::Incoming, http::response::Builder};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use sse_conformance::{
    http::Server,
    kit::{
        flags::Flags,
        report::{Outcome, Report},
        server::{Settings, report},
    },
    scripts::socket,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::sleep,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
};

/// The report of the kit on the server at this address, for these checks.
async fn check(addr: SocketAddr, only: &[&str]) -> Report {
    let settings = Settings { watch: Duration::from_secs(5), ..Settings::default() };
    check_with(addr, only, &settings).await.unwrap()
}

async fn check_with(addr: SocketAddr, only: &[&str], settings: &Settings) -> Result<Report, String> {
    let flags = Flags {
        only: only.iter().map(|&name| name.to_owned()).collect(),
        subject: vec![OsString::from(format!("http://{addr}/"))],
        timeout: Duration::from_secs(3),
        ..Flags::default()
    };
    // Boxed, since it is large, and a test waits for several at once: without optimisation they need its whole stack.
    Box::pin(report(&flags, settings)).await.map_err(|error| error.to_string())
}

/// Checks that these checks fail, and no others.
fn fails(report: &Report, names: &[&str]) {
    let failed = report.findings.iter().filter(|finding| matches!(finding.outcome, Outcome::Failed(_)));
    let failed: Vec<_> = failed.map(|finding| &*finding.name).collect();
    assert_eq!(failed, names, "{report}");
}

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// The behaviour of a server; [`RIGHT`] is correct.
#[derive(Clone, Copy)]
struct Service {
    content_type: &'static str,
    cache_control: &'static str,
    /// Ends after this many events.
    ends_after: usize,
    ends_on_http2: bool,
    /// Only on HTTP/2, since hyper drops such a body on HTTP/1.
    head_has_body: bool,
    checks_host: bool,
    /// Resumes after the last event ID, or begins again.
    resumes: Option<bool>,
    fails_on_strange_ids: bool,
    /// The text of an event, with `#` for its number.
    event: &'static str,
    interval: Duration,
}

const RIGHT: Service = Service {
    content_type: "text/event-stream",
    cache_control: "no-cache",
    ends_after: usize::MAX,
    ends_on_http2: true,
    head_has_body: false,
    checks_host: true,
    resumes: Some(true),
    fails_on_strange_ids: false,
    event: "id: #\ndata: event #\n\n",
    interval: Duration::from_millis(200),
};

impl Service {
    async fn start(self) -> Server {
        Server::start(move |request| self.answer(&request)).await
    }

    async fn check(self) -> Report {
        let server = self.start().await;
        check(server.addr, &[]).await
    }

    fn answer(self, request: &Request<Incoming>) -> Response<Body> {
        let head = Response::builder()
            .header("content-type", self.content_type)
            .header("cache-control", self.cache_control);
        let id =
            request.headers().get("last-event-id").map(|id| id.to_str().ok().and_then(|id| id.parse().ok()));
        if self.checks_host
            && request.version() == Version::HTTP_11
            && !request.headers().contains_key("host")
        {
            return whole(Response::builder().status(400));
        }
        if self.fails_on_strange_ids && id == Some(None) {
            return whole(Response::builder().status(500));
        }
        if request.method() == Method::HEAD && !self.head_has_body {
            return whole(head);
        }
        let first: usize = match self.resumes {
            Some(true) => id.flatten().map_or(1, |id: usize| id.saturating_add(1)),
            Some(false) => id.flatten().unwrap_or(1),
            None => 1,
        };
        let never_ends = request.version() == Version::HTTP_2 && !self.ends_on_http2;
        let events = self.events(first).chain(stream::once(async move {
            if never_ends {
                std::future::pending::<()>().await;
            }
            Bytes::new()
        }));
        let frames = events.map(|bytes| Ok(Frame::data(bytes)));
        head.body(StreamBody::new(frames).boxed_unsync()).unwrap()
    }

    fn events(self, first: usize) -> impl Stream<Item = Bytes> + Send {
        stream::iter(first..).take(self.ends_after).then(move |number| async move {
            if number > first {
                sleep(self.interval).await;
            }
            Bytes::from(self.event.replace('#', &number.to_string()))
        })
    }
}

fn whole(head: Builder) -> Response<Body> {
    head.body(StreamBody::new(stream::empty()).boxed_unsync()).unwrap()
}

#[tokio::test]
async fn a_server_without_a_fault_passes_all() {
    let report = RIGHT.check().await;
    fails(&report, &[]);
    // The stream does not end.
    assert_eq!(report.count().skipped, 3, "{report}");
    let report = Service { ends_after: 5, ..RIGHT }.check().await;
    fails(&report, &[]);
    assert_eq!(report.count().skipped, 0, "{report}");
}

/// For each of these services, exactly these checks fail.
async fn each_fails<const N: usize>(services: [(Service, &[&str]); N]) {
    for (report, names) in
        join_all(services.map(async |(service, names)| (service.check().await, names))).await
    {
        fails(&report, names);
    }
}

#[tokio::test]
async fn faults_of_a_head_are_found() {
    let with = |content_type| Service { content_type, ..RIGHT };
    let nowhere: &[&str] = &["headers/content-type", "http10/streams", "http2/streams"];
    each_fails([
        (with("charset=utf-8"), nowhere),
        (with("text/plain; charset=utf-8"), nowhere),
        (with("text/event-stream; charset=iso-8859-1"), &["headers/charset"]),
        (with("Text/Event-Stream;charset=\"UTF-8\""), &[]),
        (Service { cache_control: "public, max-age=60", ..RIGHT }, &["headers/cache-control"]),
        (Service { checks_host: false, ..RIGHT }, &["http11/host"]),
    ])
    .await;
}

#[tokio::test]
async fn faults_of_http_2_are_found() {
    each_fails([
        (Service { ends_after: 3, ends_on_http2: false, ..RIGHT }, &["http2/end"]),
        (Service { head_has_body: true, ..RIGHT }, &["http2/head"]),
    ])
    .await;
}

#[tokio::test]
async fn faults_of_ids_are_found() {
    each_fails([
        (Service { resumes: Some(false), ..RIGHT }, &["ids/not-again", "ids/goes-on"]),
        (Service { resumes: None, ..RIGHT }, &["ids/goes-on"]),
        (Service { fails_on_strange_ids: true, ..RIGHT }, &["ids/strange"]),
        (Service { event: "id: 1\ndata: #\n\n", ..RIGHT }, &["ids/not-again", "ids/different"]),
        (Service { event: "id: 1\u{1}#\ndata\n\n", ..RIGHT }, &["body/ids"]),
    ])
    .await;
}

#[tokio::test]
async fn faults_of_a_body_are_found() {
    let with = |event| Service { event, ..RIGHT };
    each_fails([
        (with("Data: #\ndata\n\n"), &["body/fields"]),
        (with("retry: 3s\ndata: #\n\n"), &["body/retry"]),
        (with("retry: 5\ndata: #\n\n"), &["reconnecting/retry"]),
        (with("\u{feff}data: #\n\n"), &["body/fields", "body/one-bom"]),
        (with("data: #\n"), &["body/comes", "buffering/whole-events"]),
        (with("\ndata: #\n"), &["buffering/whole-events"]),
        (Service { ends_after: 3, ..with("\ndata: #\n") }, &["closing/whole-events"]),
        (Service { interval: Duration::from_secs(60), ..with("") }, &["body/comes"]),
    ])
    .await;
}

/// A server for responses that hyper would not send: it answers each request on a connection with this.
async fn raw<A: Into<Vec<u8>>>(answer: impl Fn(&str) -> A + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = Vec::new();
                while let Ok(byte) = stream.read_u8().await {
                    request.push(byte);
                    if request.ends_with(b"\r\n\r\n") {
                        let text = answer(&String::from_utf8_lossy(&request)).into();
                        // It fails if the client has left.
                        let _ = stream.write_all(&text).await;
                        if String::from_utf8_lossy(&text).contains("connection: close") {
                            break;
                        }
                        request.clear();
                    }
                }
            });
        }
    });
    addr
}

fn of_stream(headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-store\r\n{headers}\r\n{body}"
    )
}

const CHUNKS: &str = "connection: close\r\ntransfer-encoding: chunked\r\n";

fn is(request: &str, start: &str) -> bool {
    request.starts_with(start)
}

#[tokio::test]
async fn faults_of_http_1_are_found() {
    let body = || socket::chunk("id: 1\ndata: a\n\n") + &socket::chunk("");
    // HEAD gets the same response as GET.
    let addr = raw(move |_| of_stream(CHUNKS, &body())).await;
    fails(&check(addr, &["head", "http10", "http11/framing"]).await, &["head/no-body", "http10/unchunked"]);
    // The response ends with the connection.
    let addr = raw(|request| {
        of_stream("connection: close\r\n", if is(request, "HEAD") { "" } else { "id: 1\ndata: a\n\n" })
    })
    .await;
    fails(&check(addr, &["head", "http10", "http11/framing"]).await, &["http11/framing"]);
    // The response breaks off.
    let addr =
        raw(|request| of_stream(CHUNKS, if is(request, "HEAD") { "" } else { "20\r\ndata: a\n\n" })).await;
    fails(&check(addr, &["closing/clean", "closing/whole-events"]).await, &["closing/clean"]);
    // The response allows another request on the connection, and the server closes it.
    let addr = raw(|request| {
        if is(request, "HEAD") {
            of_stream("x: connection: close\r\n", "")
        } else {
            of_stream(CHUNKS, "0\r\n\r\n")
        }
    })
    .await;
    fails(&check(addr, &["head", "http11/next-request"]).await, &["http11/next-request"]);
    // HEAD differs from GET, and gzip comes although the client does not accept it.
    let addr = raw(|request| {
        if is(request, "HEAD") {
            "HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n".to_owned()
        } else {
            of_stream(&format!("content-encoding: gzip\r\n{CHUNKS}"), "0\r\n\r\n")
        }
    })
    .await;
    let only = ["head", "headers"];
    fails(&check(addr, &only).await, &["headers/content-encoding", "head/same-head"]);
}

#[tokio::test]
async fn faults_of_lengths_are_found() {
    let only = ["http11/framing", "closing/clean", "closing/whole-events", "body/utf-8"];
    let with = async |headers: &'static str, body: &'static [u8]| {
        let headers = format!("{headers}connection: close\r\n");
        let addr = raw(move |request| {
            let body = if is(request, "HEAD") { b"" } else { body };
            [of_stream(&headers, "").as_bytes(), body].concat()
        });
        check(addr.await, &only).await
    };
    let chunked = "transfer-encoding: chunked\r\n";
    let cases = [
        // A stream that has ended may have a length.
        (with("content-length: 23\r\n", b"id: 1\ndata: a\n\ndata: b\n\n"), &["closing/whole-events"][..]),
        (with("content-length: 15\r\n", b"id: 1\ndata: a\n\nmore"), &[]),
        (with("content-length: 0\r\n", b""), &[]),
        (with("content-length: 17\r\n", b"id: 1\ndata: a\n\n"), &["http11/framing", "closing/clean"]),
        (with(chunked, b"f\r\nid: 1\ndata: a\n\n\r\n0\r\n\r\n"), &[]),
        // After the 12 bytes of the chunk comes more.
        (with(chunked, b"c\r\nid: 1\ndata: a\n\n\r\n0\r\n\r\n"), &["closing/clean"]),
        (with(chunked, b"x\r\nid: 1\ndata: a\n\n\r\n0\r\n\r\n"), &["closing/clean"]),
        (with(chunked, b"f\r\nid: 1\ndata: \xFF\n\n\r\n0\r\n\r\n"), &["body/utf-8"]),
    ];
    let reports = join_all(cases.map(async |(report, names)| (report.await, names)));
    for (report, names) in reports.await {
        fails(&report, names);
    }
    let addr = raw(|_| of_stream("content-length: many\r\nconnection: close\r\n", "")).await;
    let error = check_with(addr, &[], &Settings::default()).await.unwrap_err();
    assert_eq!(error, "the head has content-length: many");
}

#[tokio::test]
async fn faults_with_many_clients_are_found() {
    let body =
        socket::chunk("id: 1\ndata: a\n\n") + &socket::chunk("id: 2\ndata: b\n\n") + &socket::chunk("");
    // Only the first request is answered.
    let served = AtomicUsize::new(0);
    let text = body.clone();
    let addr = raw(move |_| {
        if served.fetch_add(1, Ordering::Relaxed) == 0 {
            of_stream(CHUNKS, &text)
        } else {
            "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n".to_owned()
        }
    })
    .await;
    fails(&check(addr, &["reconnecting"]).await, &["reconnecting/again", "reconnecting/crowd"]);
    // A client that comes back is turned away, or breaks the connection.
    for (answer, names) in [
        ("HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n", &["ids/accepted"][..]),
        (
            "nonsense\r\nconnection: close\r\n\r\n",
            &["ids/accepted", "ids/not-again", "ids/goes-on", "ids/strange"],
        ),
    ] {
        let text = body.clone();
        let addr = raw(move |request| {
            let comes_back = request.to_ascii_lowercase().contains("\r\nlast-event-id:");
            if comes_back { answer.to_owned() } else { of_stream(CHUNKS, &text) }
        });
        fails(&check(addr.await, &["ids"]).await, names);
    }
    // A server that forbids HEAD may do so, and an event alone has no next one.
    let text = socket::chunk("id: 1\ndata: a\n\n") + &socket::chunk("");
    let addr = raw(move |request| match request {
        _ if is(request, "HEAD") => "HTTP/1.1 405 No\r\nconnection: close\r\n\r\n".to_owned(),
        _ if request.to_ascii_lowercase().contains("last-event-id") => {
            "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_owned()
        }
        _ => of_stream(CHUNKS, &text),
    });
    let report = check(addr.await, &["head/same-head", "ids/accepted", "ids/goes-on"]).await;
    fails(&report, &[]);
    let text = report.to_string();
    assert!(text.contains("it answers HEAD with 405") && text.contains("it sent only one id"), "{text}");
}

/// A server that wants a token. The whole program, since the token comes from its flags.
#[tokio::test]
async fn its_headers_are_sent_with_each_request() {
    let server = Server::start(|request: Request<Incoming>| {
        if request.headers().get("authorization").is_none_or(|token| token != "Bearer 1: 2") {
            return whole(Response::builder().status(401));
        }
        Service { ends_after: 3, ..RIGHT }.answer(&request)
    })
    .await;
    let url = format!("http://{}/", server.addr);
    let kit = async |more: &[&str]| {
        let args = [&["server", "--watch", "5", "--timeout", "5"], more, &[&*url]].concat();
        let args: Vec<_> = args.into_iter().map(str::to_owned).collect();
        let run = move || crate::kit(&args.iter().map(|arg| &**arg).collect::<Vec<_>>());
        tokio::task::spawn_blocking(run).await.unwrap()
    };
    let passes = kit(&["--header", "authorization:Bearer 1: 2", "--header", "x-y: z"]).await;
    assert!(passes.code == Some(0) && passes.out.contains("\nall "), "{passes:?}");
    assert!(!passes.out.contains("SKIPPED"), "{passes:?}");
    assert_eq!(kit(&["--only", "headers/status"]).await.code, Some(1));
    for header in ["x", ": x", "a b: x", "\u{e9}: x", "a: \u{7}"] {
        let wrong = kit(&["--header", header]).await;
        assert!(wrong.code == Some(1) && wrong.err.contains("header"), "{header:?}: {wrong:?}");
    }
}

/// The correct service over TLS, with these protocols, and the file with its certificate.
async fn over_tls(protocols: &[&str]) -> (SocketAddr, PathBuf) {
    let authority = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let name = format!("sse-conformance-{}-{}.pem", std::process::id(), protocols.len());
    let file = std::env::temp_dir().join(name);
    std::fs::write(&file, authority.cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(authority.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let mut config = config.with_single_cert(vec![authority.cert.der().clone()], key).unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // It fails if the client does not trust the certificate.
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service =
                    service_fn(|request| async move { Ok::<_, Infallible>(RIGHT.answer(&request)) });
                let _ = auto::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    (addr, file)
}

#[tokio::test]
async fn over_tls_it_is_the_same() {
    let (addr, file) = over_tls(&["h2", "http/1.1"]).await;
    let subject = vec![OsString::from(format!("https://localhost:{}/", addr.port()))];
    let flags = Flags { subject, timeout: Duration::from_secs(3), ..Flags::default() };
    let settings = Settings { cacert: Some(file.clone()), ..Settings::default() };
    let report_of = report(&flags, &settings).await.unwrap();
    fails(&report_of, &[]);
    // The stream does not end, so everything else of HTTP/2 was checked.
    assert_eq!(report_of.count().skipped, 3, "{report_of}");
    // Without the file the certificate is not trusted.
    let error = report(&flags, &Settings::default()).await.unwrap_err().to_string();
    assert!(error.starts_with("no TLS with localhost:"), "{error}");
    std::fs::remove_file(&file).unwrap();
    let error = report(&flags, &settings).await.unwrap_err().to_string();
    assert!(error.starts_with(file.to_str().unwrap()), "{error}");
}

#[tokio::test]
async fn http_2_is_not_required() {
    // It would speak HTTP/2, but does not offer it in the handshake, so no browser would use it.
    let (addr, file) = over_tls(&[]).await;
    let subject = vec![OsString::from(format!("https://localhost:{}/", addr.port()))];
    let flags = Flags { subject, timeout: Duration::from_secs(3), ..Flags::default() };
    let settings =
        Settings { cacert: Some(file.clone()), watch: Duration::from_secs(5), ..Settings::default() };
    let report = report(&flags, &settings).await.unwrap();
    std::fs::remove_file(&file).unwrap();
    fails(&report, &[]);
    for finding in &report.findings {
        let is_skipped = matches!(&finding.outcome, Outcome::Skipped(reason) if reason.contains("HTTP/2"));
        assert_eq!(is_skipped, finding.category == "http2", "{finding:?}");
    }
}

#[tokio::test]
async fn without_a_stream_only_its_head_is_checked() {
    let addr = raw(|_| "HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n".to_owned()).await;
    let report = check(addr, &[]).await;
    fails(&report, &["headers/status", "headers/content-type", "headers/cache-control"]);
    assert_eq!(report.count().passed, 2, "{report}");
}

#[tokio::test]
async fn what_it_cannot_check_is_an_error_that_says_why() {
    let error = async |url: &str| {
        let flags = Flags { subject: vec![url.into()], timeout: Duration::from_secs(1), ..Flags::default() };
        report(&flags, &Settings::default()).await.unwrap_err().to_string()
    };
    assert!(error("localhost").await.contains("does not begin with http:// or https://"));
    assert!(error("http://127.0.0.1:1/").await.contains("cannot connect to 127.0.0.1:1"));
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    assert_eq!(
        error(&format!("http://{}/", silent.local_addr().unwrap())).await,
        "no answer came within 1 s"
    );
    let addr = raw(|_| "220 smtp.example ESMTP\r\nconnection: close\r\n\r\n".to_owned()).await;
    assert!(error(&format!("http://{addr}/")).await.contains("the answer begins with"));
}
