//! Real clients on the `ping` programs: headless Chromium and curl. Without curl, its test is skipped with a message.

use std::{
    io::Write,
    net::{SocketAddr, TcpStream},
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

use http_body_util::Full;
use hyper::{Response, StatusCode, Uri};

use sse_conformance::{
    browser::{Browser, find, html, skipped},
    examples::Server,
    http10::read_to_end,
    programs::{PATIENCE, Running},
};

const PROGRAMS: &[&str] = &[
    "ping",
    #[cfg(feature = "warp")]
    "ping_warp",
];

#[test]
fn curl_receives_named_and_unnamed_pings() {
    let Some(curl) = find(&["curl"]) else { return skipped("curl") };
    for program in PROGRAMS {
        let ping = Server::start(program, &["--interval", "50"]);
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
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_browser_receives_named_and_unnamed_pings() {
    for program in PROGRAMS {
        a_browser_receives_pings_of(program).await;
    }
}

async fn a_browser_receives_pings_of(program: &str) {
    let ping = Server::start(program, &["--interval", "50"]);
    let addr = ping.addr;
    let pages = move |uri: &Uri| match uri.path() {
        "/observer" => Some(html(include_str!("observer.html"))),
        // The page of `ping` has the same origin, so that the observer can read it.
        "/" => Some(html(page_of(addr))),
        "/sse" => {
            let response = Response::builder().status(StatusCode::TEMPORARY_REDIRECT);
            Some(response.header("location", format!("http://{addr}{uri}")).body(Full::default()).unwrap())
        }
        _ => None,
    };
    let Some(browser) = Browser::observe(&format!("ping=http://{addr}"), pages).await else { return };

    // The named stream dispatches only to `ping` listeners, the unnamed one only to `onmessage`.
    let seen = browser.report();
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

    // The content of the page, at first and after its switch and its button were used.
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
    let page = browser.report();
    assert_eq!(page["state"], "reconnecting");
    let colours = [&page["colour"], &seen["page"]["colour"], &seen["closed"]["colour"]];
    assert!(colours[0] != colours[1] && colours[1] != colours[2] && colours[2] != colours[0], "{colours:?}");
    assert_eq!(seen["page"]["colour"], seen["reopened"]["colour"]);
}

fn page_of(ping: SocketAddr) -> String {
    let mut stream = TcpStream::connect(ping).unwrap();
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let response = String::from_utf8(read_to_end(&mut stream).unwrap()).unwrap();
    response.split_once("\r\n\r\n").unwrap().1.into()
}

/// Whether this is a Unix time in seconds from this test.
fn is_now(seconds: &str) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    seconds.parse().is_ok_and(|seconds: u64| (now - PATIENCE.as_secs()..=now).contains(&seconds))
}
