//! Runs the `client` program: on servers of this package, and on answers made by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{
    io::{BufRead, BufReader, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use common::{Finished, PATIENCE, Running, Server, piped, program, run};

const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";

#[test]
fn it_prints_events_as_text() {
    let events = "data: hello\n\n\
        :a comment\n\n\
        id: 7\nevent: ping\ndata: two\ndata: lines\ndata\n\n\
        data\n\n\
        id: \nevent: \u{1b}]0;title\u{7}\ndata: \u{1b}[31mred\ttab\u{9b}\n\n\
        :two\n:comments\n\n\
        data: cut o";
    let text = "message: hello\n\
        ping (7): two\n    lines\n    \n\
        message (7): \n\
        \u{fffd}]0;title\u{fffd}: \u{fffd}[31mred\ttab\u{fffd}\n";
    let output = ask(&[], &[&format!("{STREAM}{}", events.strip_suffix("data: cut o").unwrap())]);
    assert_eq!(output, Finished { out: text.into(), err: "".into(), code: Some(0) });

    let output = ask(&["--comments"], &[&format!("{STREAM}{events}")]);
    let text = text.replace("ping (7)", "comment: a comment\nping (7)") + "comment: two\ncomment: comments\n";
    let err = "client: the stream broke off within an event\n";
    assert_eq!(output, Finished { out: text, err: err.into(), code: Some(1) });
}

#[test]
fn it_prints_json_lines_as_decode_does() {
    let events = "retry: 5\n:c\n\nid: 7\nevent: ping\ndata: two\ndata: \u{1b}\n\n: \n\ndata\n\n";
    for flags in [&["--json"][..], &["--json", "--comments"]] {
        let output = ask(flags, &[&format!("{STREAM}{events}")]);
        let decoded = run(program("decode").args(&flags[1..]), events.as_bytes());
        assert_eq!(output, decoded, "{flags:?}");
    }
    let output = ask(&["--json"], &[&format!("{STREAM}data: 1\n\n")]);
    let lines = r#"{"event":{"type":"message","data":"1","lastEventId":""}}
{"final":{"lastEventId":"","retry":null}}
"#;
    assert_eq!(output.out, lines);
}

#[test]
fn it_prints_each_event_at_once() {
    let (listener, addr) = listen();
    let mut command = program("client");
    command.args(["--comments", &format!("http://{addr}/")]);
    let client = Running::start(command);
    let mut stream = accept(&listener).1;
    stream.write_all(STREAM.as_bytes()).unwrap();
    for (chunk, line) in [
        ("data: 1\n\nda", "message: 1"),
        ("ta: 2\r\r", "message: 2"),
        ("\n:3\r", "comment: 3"),
        ("\ndata: 4\n\n", "message: 4"),
    ] {
        stream.write_all(chunk.as_bytes()).unwrap();
        assert_eq!(client.line(), line);
    }
    drop(stream);
    assert_eq!(client.finish(), 0);
}

#[test]
fn what_it_asks_for() {
    let (listener, addr) = listen();
    for (url, flags, expected) in [
        (format!("http://{addr}"), &[][..], "GET / HTTP/1.1\r\nhost: ADDR\r\n"),
        (format!("http://me:secret@{addr}/a/b?c=d&e#f"), &[], "GET /a/b?c=d&e HTTP/1.1\r\nhost: ADDR\r\n"),
        (format!("HTTP://{addr}/?"), &["--last-event-id", "7 \u{e9}"], "GET /? HTTP/1.1\r\nhost: ADDR\r\n"),
    ] {
        let mut command = program("client");
        command.args(flags).arg(url);
        let client = Running::start(command);
        let (request, mut stream) = accept(&listener);
        let expected = expected.replace("ADDR", &addr.to_string());
        let mut rest = request.strip_prefix(&expected).expect(&request).to_owned();
        if !flags.is_empty() {
            rest = rest.replace("last-event-id: 7 \u{e9}\r\n", "");
            assert!(rest.len() < request.len() - expected.len(), "{request}");
        }
        assert_eq!(rest, "accept: text/event-stream\r\ncache-control: no-cache\r\n\r\n");
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        assert_eq!(client.finish(), 0);
    }
}

#[test]
fn wrong_answers_are_clear_errors() {
    let ok = "HTTP/1.1 200 OK\r\n";
    for (answer, error) in [
        (
            "HTTP/1.1 404 Not Found\r\n\r\n",
            "the server answered 404 Not Found; an event stream comes with 200 OK",
        ),
        (
            "HTTP/1.1 500 Oops\r\ncontent-type: text/event-stream\r\n\r\ndata: 1\n\n",
            "the server answered 500 ",
        ),
        (
            "HTTP/1.1 206 Partial Content\r\ncontent-type: text/event-stream\r\n\r\n",
            "the server answered 206 ",
        ),
        ("HTTP/1.1 307 Temporary Redirect\r\nlocation: http://x/\r\n\r\n", "to http://x/: try that URL"),
        ("HTTP/1.1 304 Not Modified\r\n\r\n", "the server answered 304 "),
        (&format!("{ok}\r\ndata: 1\n\n"), "the answer has no content type, not text/event-stream"),
        (
            &format!("{ok}content-type: text/html; a=b\r\n\r\n"),
            "the answer is text/html; a=b, not text/event-stream",
        ),
        (&format!("{ok}content-type: text/event-streams\r\n\r\n"), "the answer is text/event-streams, not "),
        (&format!("{ok}content-type: \u{9b}\r\n\r\n"), "the answer is \u{fffd}, not text/event-stream"),
        ("", "no answer from ADDR: "),
        ("data: 1\n\n", "no answer from ADDR: "),
        (
            &format!("{ok}content-type: text/event-stream\r\ncontent-length: 9\r\n\r\n:\n"),
            "the connection broke: ",
        ),
        (
            &format!("{ok}content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n2\r\n:\n\r\n"),
            "the connection broke: ",
        ),
    ] {
        let (listener, addr) = listen();
        let server = serve(listener, vec![answer.to_owned()]);
        let output = run(program("client").arg(format!("http://{addr}/")), b"");
        server.join().unwrap();
        let error = error.replace("ADDR", &addr.to_string());
        assert!(output.err.starts_with("client: ") && output.err.contains(&error), "{answer:?}: {output:?}");
        assert_eq!((&*output.out, output.err.lines().count(), output.code), ("", 1, Some(1)), "{answer:?}");
    }
    for answer in [
        "HTTP/1.1 204 No Content\r\ncontent-type: text/html\r\n\r\n",
        "HTTP/1.1 200 Fine\r\ncontent-type: Text/Event-Stream ;charset=utf-8\r\n\r\n",
        "HTTP/1.0 200 OK\r\ncontent-type: text/event-stream;x\r\n\r\n",
    ] {
        assert_eq!(
            ask(&[], &[answer]),
            Finished { out: "".into(), err: "".into(), code: Some(0) },
            "{answer:?}"
        );
    }
}

#[test]
fn wrong_urls_are_clear_errors() {
    let (listener, addr) = listen();
    drop(listener);
    for (url, error) in [
        ("https://localhost/sse", "this client speaks no TLS; for https, use: curl -sN URL | decode"),
        ("HTTPS://localhost/sse", "this client speaks no TLS"),
        ("ftp://localhost/", "ftp://localhost/ does not begin with http://"),
        ("localhost:8080", "localhost:8080 does not begin with http://"),
        ("/sse", "/sse does not begin with http://"),
        ("http://", "http:// is not a URL: "),
        ("http:///sse", "http:///sse is not a URL: "),
        ("http://a b/", "http://a b/ is not a URL: "),
        ("http://127.0.0.1:99999/", "cannot connect to 127.0.0.1:99999: "),
        ("http://127.0.0.1:/", "cannot connect to 127.0.0.1:: "),
        (&format!("http://{addr}/"), &format!("cannot connect to {addr}: ")),
    ] {
        let output = run(program("client").arg(url), b"");
        assert!(output.err.starts_with(&format!("client: {error}")), "{url}: {output:?}");
        assert_eq!((&*output.out, output.err.lines().count(), output.code), ("", 1, Some(1)), "{url}");
    }
}

#[test]
fn it_reconnects_after_what_it_has_seen() {
    let (listener, addr) = listen();
    let mut command = program("client");
    command.args(["--reconnect", "--last-event-id", "1", &format!("http://{addr}/")]);
    let client = Running::start(command);
    let last_event_id = |request: &str| {
        let mut lines = request.lines();
        lines.find_map(|line| Some(line.strip_prefix("last-event-id: ")?.to_owned()))
    };
    let mut earliest = Instant::now();
    for (seen, answer, line, why, wait) in [
        // The second id comes to nothing, since its event does not.
        (
            Some("1"),
            "retry: 300\nid: 2\ndata: a\n\nid: 3\ndata: b",
            "message (2): a",
            "broke off within",
            300,
        ),
        // An empty id is none, and this wait is too short.
        (Some("2"), "retry: 0\nid\ndata: b\n\n", "message: b", "the stream ended", 100),
        (None, "retry: 101\nid: \u{1}\ndata: c\n\n", "message (\u{fffd}): c", "the stream ended", 101),
        (None, "data: d\n\nid: 4\n\n", "message (\u{fffd}): d", "the stream ended", 101),
    ] {
        let (request, mut stream) = accept(&listener);
        assert!(Instant::now() > earliest, "{answer}");
        if line.ends_with(": d") {
            assert!(client.error_line().starts_with("client: cannot ask for what comes after: "));
        }
        assert_eq!(last_event_id(&request).as_deref(), seen, "{answer}");
        stream.write_all(format!("{STREAM}{answer}").as_bytes()).unwrap();
        assert_eq!(client.line(), line);
        earliest = Instant::now() + Duration::from_millis(wait);
        drop(stream);
        let error = client.error_line();
        assert!(error.contains(why) && error.ends_with(&format!("; reconnecting in {wait}ms")), "{error}");
    }
    let (request, stream) = accept(&listener);
    assert_eq!(last_event_id(&request).as_deref(), Some("4"));
    // No answer at all is a broken connection, too.
    drop(stream);
    assert!(client.error_line().starts_with(&format!("client: no answer from {addr}: ")));
    accept(&listener).1.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
    assert_eq!(client.finish(), 0);

    let mut output =
        ask(&["--reconnect"], &[&format!("{STREAM}retry: 0\n\n"), "HTTP/1.1 404 Not Found\r\n\r\n"]);
    let error = output.err.split_off(output.err.find('\n').unwrap() + 1);
    assert!(error.starts_with("client: the server answered 404 Not Found"), "{error}");
    assert_eq!((&*output.out, error.lines().count(), output.code), ("", 1, Some(1)));
}

#[test]
fn it_reconnects_where_nobody_listens() {
    let (listener, addr) = listen();
    drop(listener);
    let mut command = program("client");
    command.args(["--reconnect", &format!("http://{addr}/")]);
    let error = Running::start(command).error_line();
    assert!(error.starts_with(&format!("client: cannot connect to {addr}: ")), "{error}");
    assert!(error.ends_with("; reconnecting in 3s"), "{error}");
}

#[cfg(unix)]
#[test]
fn it_listens_to_the_servers_of_this_package() {
    let ping = Server::start("ping", &["--interval", "20"]);
    let mut command = program("client");
    command.arg(format!("http://{}/sse", ping.addr));
    let client = Running::start(command);
    for _ in 0..3 {
        let line = client.line();
        let (id, data) = line.strip_prefix("ping (").and_then(|line| line.split_once("): ")).expect(&line);
        assert!(id == data && id.parse::<u64>().is_ok(), "{line}");
    }
    ping.running.interrupt();
    // Its end is a clean one. There may be some pings before.
    while client.line_or_end().is_some() {}
    assert_eq!(client.finish(), 0);

    let plain = Server::start("plain", &["--interval", "20"]);
    let mut command = program("client");
    command.args(["--json", "--last-event-id", "41", &format!("http://{}/sse", plain.addr)]);
    let client = Running::start(command);
    for number in 42..45 {
        let line = format!(r#"{{"event":{{"type":"message","data":"{number}","lastEventId":"{number}"}}}}"#);
        assert_eq!(client.line(), line);
    }
    client.interrupt();
    assert!(plain.running.line().starts_with("A client left after "));
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_it() {
    let (listener, addr) = listen();
    let mut command = program("client");
    command.arg(format!("http://{addr}/"));
    let client = Running::start(command);
    let (_, mut stream) = accept(&listener);
    stream.write_all(format!("{STREAM}data: 1\n\n").as_bytes()).unwrap();
    assert_eq!(client.line(), "message: 1");
    client.interrupt();
    assert_eq!(client.finish(), 0);

    // Also one whose output nobody reads: it has more to say than a pipe takes.
    let mut command = program("client");
    let mut deaf = piped(command.arg(format!("http://{addr}/")));
    let (_, mut stream) = accept(&listener);
    stream.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    stream.write_all(STREAM.as_bytes()).unwrap();
    while stream.write_all(b"data: more and more and more\n\n").is_ok() {}
    common::interrupt(deaf.id());
    assert_eq!(deaf.wait().unwrap().code(), Some(0));
}

/// What `client` makes of these answers, one for each connection.
fn ask(flags: &[&str], answers: &[&str]) -> Finished {
    let (listener, addr) = listen();
    let server = serve(listener, answers.iter().map(|&answer| answer.to_owned()).collect());
    let output = run(program("client").args(flags).arg(format!("http://{addr}/")), b"");
    server.join().unwrap();
    output
}

fn serve(listener: TcpListener, answers: Vec<String>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for answer in answers {
            let (_, mut stream) = accept(&listener);
            stream.write_all(answer.as_bytes()).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
        }
    })
}

fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

/// The next connection, and the request on it.
fn accept(listener: &TcpListener) -> (String, TcpStream) {
    let (sender, accepted) = mpsc::channel();
    let listener = listener.try_clone().unwrap();
    thread::spawn(move || sender.send(listener.accept().unwrap()));
    let (stream, _) = accepted.recv_timeout(PATIENCE).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut request = String::new();
    let mut reader = BufReader::new(&stream);
    while !request.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut request).unwrap(), 0, "{request}");
    }
    (request, stream)
}
