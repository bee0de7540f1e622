//! Runs the `ping` program, and real clients on it: headless Chromium and curl.
//!
//! Where one of them is missing its test is skipped, and says so; with `SSE_REQUIRE_BROWSER=1` a
//! missing browser is a failure. `CHROMIUM` may name the browser's program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{
    convert::Infallible,
    env, fs,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc::{self, Receiver, Sender},
    time::{SystemTime, UNIX_EPOCH},
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

use common::{PATIENCE, Running, Server};

#[test]
fn curl_receives_named_and_unnamed_pings() {
    let Some(curl) = find(&["curl"]) else { return skipped("curl") };
    let ping = Server::start("ping", &["--interval", "50"]);
    for (path, event) in [("/sse", Some("event: ping")), ("/sse?unnamed", None)] {
        let mut command = Command::new(&curl);
        command.args(["--silent", "--show-error", "--no-buffer", &format!("http://{}{path}", ping.addr)]);
        let curl = Running::start(command);
        for _ in 0..3 {
            let id = curl.line();
            let seconds = id.strip_prefix("id: ").unwrap_or_else(|| panic!("{id}")).to_owned();
            assert!(is_now(&seconds), "{seconds}");
            if let Some(event) = event {
                assert_eq!(curl.line(), event);
            }
            assert_eq!((curl.line(), curl.line()), (format!("data: {seconds}"), String::new()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_browser_receives_named_and_unnamed_pings() {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let Some(chromium) = env::var_os("CHROMIUM").map(PathBuf::from).or_else(|| find(&names)) else {
        let required = env::var_os("SSE_REQUIRE_BROWSER").is_some_and(|value| value == "1");
        assert!(!required, "there is no Chromium, and SSE_REQUIRE_BROWSER=1 asks for it");
        return skipped("Chromium");
    };
    let ping = Server::start("ping", &["--interval", "50"]);
    let (observer, reports) = observe(ping.addr).await;
    let _browser = Browser::open(&chromium, &format!("http://{observer}/observer?ping=http://{}", ping.addr));

    // What the streams dispatch: the named one to `ping` listeners only, the unnamed one to `onmessage` only.
    let seen = next(&reports);
    for (stream, listener, event_type) in [("named", "ping", "ping"), ("unnamed", "onmessage", "message")] {
        let events = seen[stream].as_array().unwrap();
        assert_eq!(events.len(), 3, "{seen:#}");
        for event in events {
            assert_eq!(event["listener"], listener, "{seen:#}");
            assert_eq!(event["type"], event_type, "{seen:#}");
            assert_eq!(event["data"], event["lastEventId"], "{seen:#}");
            assert!(is_now(event["data"].as_str().unwrap()), "{seen:#}");
            assert_eq!(event["origin"], format!("http://{}", ping.addr), "{seen:#}");
        }
    }

    // What the page shows, at first and after its switch and its button were used.
    for (stage, state, newest, code, button) in [
        (
            "page",
            "live",
            "ping",
            "new EventSource('sse')\n  .addEventListener('ping', show)",
            "Close the stream",
        ),
        (
            "switched",
            "live",
            "message",
            "new EventSource('sse?unnamed')\n  .onmessage = show",
            "Close the stream",
        ),
        (
            "closed",
            "closed",
            "message",
            "new EventSource('sse?unnamed')\n  .onmessage = show",
            "Open the stream",
        ),
        (
            "reopened",
            "live",
            "message",
            "new EventSource('sse?unnamed')\n  .onmessage = show",
            "Close the stream",
        ),
    ] {
        let page = &seen[stage];
        let rows = page["rows"].as_array().unwrap();
        assert_eq!(
            (&page["state"], &page["code"], &page["button"]),
            (&state.into(), &code.into(), &button.into())
        );
        assert_eq!(page["count"], rows.len().to_string(), "{page:#}");
        assert!(rows.len() >= 3 && rows[0][0] == newest && rows[rows.len() - 1][0] == "ping", "{page:#}");
        let id = rows[0][1].as_str().unwrap();
        assert_eq!(page["latest"], format!("type  {newest}\nid    {id}\ndata  {id}"));
        let ids: Vec<u64> = rows.iter().map(|row| row[1].as_str().unwrap().parse().unwrap()).collect();
        assert!(ids.is_sorted_by(|newer, older| newer >= older), "{page:#}");
        assert!(is_now(id), "{page:#}");
        assert_eq!(rows[0][2].as_str().unwrap().len(), "12:34:56.789".len(), "{page:#}");
    }
    let rows = |stage: &str| seen[stage]["rows"].as_array().unwrap();
    let newer = rows("reopened").strip_suffix(&rows("closed")[..]).expect("a list that was kept");
    assert!(newer.len() >= 5 && newer.iter().all(|row| row[0] == "message"), "{newer:#?}");

    drop(ping);
    let page = next(&reports);
    assert_eq!(page["state"], "reconnecting");
    let colours = [&page["colour"], &seen["page"]["colour"], &seen["closed"]["colour"]];
    assert!(colours[0] != colours[1] && colours[1] != colours[2] && colours[2] != colours[0], "{colours:?}");
    assert_eq!(seen["page"]["colour"], seen["reopened"]["colour"]);
}

/// Serves the observer; under the same origin, so that it can look into it, the page of `ping`; and
/// takes the reports.
async fn observe(ping: SocketAddr) -> (SocketAddr, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (sender, reports) = mpsc::channel();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let sender = sender.clone();
            let service = service_fn(move |request| answer(request, ping, sender.clone()));
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    (addr, reports)
}

async fn answer(
    request: Request<Incoming>,
    ping: SocketAddr,
    reports: Sender<Value>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let response = Response::builder();
    let html = |text: String| {
        Response::builder().header("content-type", "text/html; charset=utf-8").body(text.into())
    };
    let response = match (request.method(), request.uri().path()) {
        (&Method::GET, "/observer") => html(include_str!("observer.html").into()),
        (&Method::GET, "/") => html(page_of(ping)),
        (&Method::GET, "/sse") => {
            let to = format!("http://{ping}{}", request.uri());
            response.status(StatusCode::TEMPORARY_REDIRECT).header("location", to).body(Full::default())
        }
        (&Method::POST, "/report") => {
            let body = request.collect().await.unwrap().to_bytes();
            // The test may be over.
            let _ = reports.send(serde_json::from_slice(&body).unwrap());
            response.status(StatusCode::NO_CONTENT).body(Full::default())
        }
        _ => response.status(StatusCode::NOT_FOUND).body(Full::default()),
    };
    Ok(response.unwrap())
}

fn page_of(ping: SocketAddr) -> String {
    let mut stream = TcpStream::connect(ping).unwrap();
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response.split_once("\r\n\r\n").unwrap().1.into()
}

fn next(reports: &Receiver<Value>) -> Value {
    reports.recv_timeout(PATIENCE).expect("a report of the browser")
}

/// Seconds of Unix time, from this test.
fn is_now(seconds: &str) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    seconds.parse().is_ok_and(|seconds: u64| (now - PATIENCE.as_secs()..=now).contains(&seconds))
}

fn find(names: &[&str]) -> Option<PathBuf> {
    let dirs = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&dirs)
        .flat_map(|dir| {
            names.iter().map(move |name| dir.join(name).with_extension(env::consts::EXE_EXTENSION))
        })
        .find(|path| path.is_file())
}

/// Not `eprintln!`, which is not seen of a test that passes.
fn skipped(what: &str) {
    let _ = writeln!(io::stderr(), "SKIPPED: the test of `ping` with {what}, since there is no {what} here");
}

/// A browser with a profile of its own, which is closed and deleted when the test is over.
struct Browser {
    running: Running,
    profile: PathBuf,
}

impl Browser {
    fn open(chromium: &Path, url: &str) -> Self {
        let profile = env::temp_dir().join(format!("sse-browser-{}", std::process::id()));
        let mut command = Command::new(chromium);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.arg(format!("--user-data-dir={}", profile.display())).arg(url).args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            // It shall talk to this test only.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        ]);
        Self { running: Running::start(command), profile }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.running.kill_group();
        let _ = fs::remove_dir_all(&self.profile);
    }
}
