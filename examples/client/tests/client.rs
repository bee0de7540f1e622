//! Runs the `client` program with handwritten answers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{fs, io::Write, net::TcpStream, sync::Arc};

use common::{NO_CONTENT, OPEN, Server, TempDir, header, program};
use sse_conformance::programs::{Finished, Running, exit, piped, run, signal};

/// The output of `client` for these answers, one for each connection.
fn ask(flags: &[&str], answers: &[&str]) -> Finished {
    let server = Server::new();
    let url = server.url();
    let requests = server.answers(answers);
    let output = run(program("client").args(flags).arg(url), b"");
    requests.join().unwrap();
    output
}

fn finished(out: &str, err: &str, code: i32) -> Finished {
    Finished { out: out.into(), err: err.into(), code: Some(code) }
}

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
    let never = ["--policy", "never"];
    assert_eq!(ask(&never, &[&format!("{OPEN}{events}")]), finished(text, "", 0));
    let text = text.replace("ping (7)", "comment: a comment\nping (7)") + "comment: two\ncomment: comments\n";
    let flags = ["--policy", "never", "--comments"];
    assert_eq!(ask(&flags, &[&format!("{OPEN}{events}")]), finished(&text, "", 0));
}

#[test]
fn it_prints_each_event_at_once() {
    let server = Server::new();
    let mut command = program("client");
    command.args(["--policy", "never", "--comments", &server.url()]);
    let client = Running::start(command);
    let mut stream = server.accept().1;
    stream.write_all(OPEN.as_bytes()).unwrap();
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
fn json_lines_say_what_happens() {
    let large = format!("id: 9\ndata: {}\n\n", "x".repeat(30));
    let body = format!("{OPEN}: c\nid: 7\nevent: ping\ndata: a\n\n{large}retry: 100\nid: 8\n\n");
    let flags = ["--json", "--comments", "--max-event", "30"];
    let output =
        ask(&flags, &[&body, "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n", NO_CONTENT]);
    let mut lines = output.out.lines().map(|line| match line.split_once("\"delayMs\":") {
        None => line.to_owned(),
        Some((before, after)) => {
            let (delay, after) = after.split_once(',').unwrap();
            assert!((200..=220).contains(&delay.parse().unwrap()), "{line}");
            format!("{before}{after}")
        }
    });
    for expected in [
        r#"{"update":{"state":"connecting","attempt":1}}"#,
        r#"{"update":{"state":"open","status":200}}"#,
        r#"{"comment":" c"}"#,
        r#"{"event":{"type":"ping","data":"a","lastEventId":"7"}}"#,
        r#"{"update":{"state":"last-event-id","lastEventId":"7","isSendable":true}}"#,
        r#"{"error":{"kind":"event_too_large","limit":30,"offset":"#,
        r#"{"update":{"state":"last-event-id","lastEventId":"9","isSendable":true}}"#,
        r#"{"update":{"state":"last-event-id","lastEventId":"8","isSendable":true}}"#,
        r#"{"update":{"state":"waiting","why":"the server ended the stream"}}"#,
        r#"{"update":{"state":"connecting","attempt":2}}"#,
        r#"{"update":{"state":"waiting","status":503,"why":"the server answered 503, which may be temporary; try again later"}}"#,
        r#"{"update":{"state":"connecting","attempt":3}}"#,
        r#"{"final":{"lastEventId":"8","retry":100,"end":"no-content"}}"#,
    ] {
        let line = lines.next().unwrap();
        assert!(line.starts_with(expected), "{line}, not {expected}");
    }
    assert_eq!((lines.next(), &*output.err, output.code), (None, "", Some(0)));
}

#[test]
fn each_end_has_a_name_and_an_exit_code() {
    let open = |body: &str| format!("{OPEN}{body}");
    let broken =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 99\r\n\r\ndata: a\n\n";
    let unavailable = "HTTP/1.1 503 Busy\r\nconnection: close\r\ncontent-length: 5\r\n\r\nbusy\n";
    let not_found =
        "HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 16\r\n\r\nno such \x1b thing\n";
    for (flags, answer, end, code, error) in [
        (&["--policy", "never"][..], &*open("data: a\n\n"), "ended", 0, ""),
        (&[], NO_CONTENT, "no-content", 0, ""),
        (&["--until", "[DONE]"], &*open("data: [DONE]\n\ndata: more\n\n"), "until", 0, ""),
        (&[], not_found, "refused", 2, "no such \u{fffd} thing"),
        (
            &[],
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n",
            "refused",
            2,
            "not text/event-stream",
        ),
        (&["--attempts", "1"], unavailable, "gave-up", 3, "busy"),
        (&["--policy", "never"], broken, "truncated", 4, "cut off"),
        (
            &["--policy", "until-first-event", "--until", "z"],
            &*open("data: a\n\n"),
            "truncated",
            4,
            "cut off",
        ),
        (&["--attempts", "1"], "", "gave-up", 3, "the request failed"),
    ] {
        let output = ask(&[flags, &["--json"]].concat(), &[answer]);
        let last: serde_json::Value = serde_json::from_str(output.out.lines().last().unwrap()).unwrap();
        assert_eq!((last["final"]["end"].as_str(), output.code), (Some(end), Some(code)), "{output:?}");
        assert!(output.err.contains(error) && output.err.is_empty() == error.is_empty(), "{output:?}");
    }
}

#[test]
fn it_sends_what_it_is_told() {
    let dir = TempDir::new("body");
    fs::write(dir.file("body"), "from a file").unwrap();
    let from_file = format!("@{}", dir.file("body").display());
    for (flags, start, parts) in [
        (
            &["--last-event-id", "7"][..],
            "get /a?b=c ",
            &["accept: text/event-stream\r\n", "last-event-id: 7\r\n"][..],
        ),
        (&["--header", "X-A: 1", "--header", "x-a:2"], "get ", &["x-a: 1\r\n", "x-a: 2\r\n"]),
        (&["--header", "accept: */*"], "get ", &["accept: */*\r\n"]),
        (&["--data", "text"], "post ", &["\r\n\r\ntext"]),
        (&["--data", &from_file, "--method", "PUT"], "put ", &["\r\n\r\nfrom a file"]),
    ] {
        let server = Server::new();
        let url = format!("{}a?b=c", server.url());
        let requests = server.answers(&[NO_CONTENT]);
        let output = run(program("client").args(flags).arg(url), b"");
        assert_eq!(output, finished("", "", 0));
        let request = requests.join().unwrap().remove(0);
        assert!(request.starts_with(start), "{request}");
        assert!(parts.iter().all(|part| request.contains(part)), "{request}");
        assert!(!request.contains("accept-encoding"), "{request}");
    }
}

#[test]
fn a_state_file_outlives_the_program() {
    let dir = TempDir::new("state");
    let state = dir.file("id");
    let flags = ["--policy", "never", "--state", state.to_str().unwrap()];
    for (seen, body) in
        [(None, "id: [{\"a\":1}]\ndata: a\n\nid: 2\ndata: cut"), (Some("[{\"a\":1}]"), "id\n\n"), (None, "")]
    {
        let server = Server::new();
        let url = server.url();
        let requests = server.answers(&[&format!("{OPEN}{body}")]);
        assert_eq!(run(program("client").args(flags).arg(url), b"").code, Some(0));
        assert_eq!(header(&requests.join().unwrap()[0], "last-event-id"), seen);
    }
    assert_eq!(fs::read_to_string(&state).unwrap(), "");
    assert_eq!(fs::read_dir(&dir.0).unwrap().count(), 1);
}

#[test]
fn a_silent_server_is_left() {
    let server = Server::new();
    let mut command = program("client");
    command.args(["--idle", "50ms", "--head-timeout", "2s", "--json", &server.url()]);
    let client = Running::start(command);
    let silent = server.accept();
    let (_, mut open) = server.accept();
    open.write_all(format!("{OPEN}retry: 0\n\n").as_bytes()).unwrap();
    server.answer(NO_CONTENT);
    let mut whys = Vec::new();
    for line in client.rest() {
        let json: serde_json::Value = serde_json::from_str(&line).unwrap();
        whys.extend(json["update"]["why"].as_str().map(str::to_owned));
    }
    assert_eq!(whys, ["the server did not answer in time", "the server has gone silent"]);
    assert_eq!(client.finish(), 0);
    drop((silent, open));
}

/// Case 8, in the HTTP client: a redirect is followed, but a token is not sent to another host.
#[test]
fn credentials_do_not_follow_a_redirect() {
    let (first, second) = (Server::new(), Server::new());
    let url = first.url();
    // For the client, `localhost` is another host than 127.0.0.1.
    let elsewhere = format!("http://localhost:{}/there", second.addr.port());
    let redirect =
        format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {elsewhere}\r\nconnection: close\r\n\r\n");
    let (first, second) = (first.answers(&[&redirect]), second.answers(&[NO_CONTENT]));
    let output = run(program("client").args(["--header", "authorization: Bearer secret"]).arg(url), b"");
    assert_eq!(output, finished("", "", 0));
    assert!(first.join().unwrap()[0].contains("secret"));
    let request = second.join().unwrap().remove(0);
    assert!(request.starts_with("get /there ") && !request.contains("secret"), "{request}");
    assert!(request.contains("accept: text/event-stream"), "{request}");
}

#[test]
fn wrong_flags_are_clear_errors() {
    for (args, error) in [
        (&["ftp://localhost/"][..], "ftp://localhost/ does not begin with http://"),
        (&["/sse"], "/sse is not a URL"),
        (&[], "no URL"),
        (&["--policy", "sometimes", "http://x/"], "there is no policy sometimes; choose"),
        (&["--idle", "5", "http://x/"], "a duration must be a number with a unit"),
        (&["--idle=-1s", "http://x/"], "a duration must be a number with a unit"),
        (&["--idle", "s", "http://x/"], "a duration must be a number with a unit"),
        (&["--idle", "1d", "http://x/"], "a duration must be a number with a unit"),
        (&["--header", "none", "http://x/"], "a header must be a name, a colon and a value"),
        (&["--cacert", "/nowhere/ca.pem", "https://x/"], "/nowhere/ca.pem: "),
        (&["--data", "@/nowhere/body", "http://x/"], "/nowhere/body: "),
        (&["--last-event-id", "a\nb", "http://x/"], "line break"),
    ] {
        let output = run(program("client").args(args), b"");
        assert!(output.err.starts_with("client: ") && output.err.contains(error), "{args:?}: {output:?}");
        assert_eq!((&*output.out, output.code), ("", Some(1)), "{args:?}");
    }
    let help = run(program("client").arg("--help"), b"");
    assert!(help.out.starts_with("Prints the events") && help.code == Some(0));
}

/// Server output cannot control a terminal: no C0 except line ends and tabs, no DEL, no C1.
#[test]
fn what_it_prints_is_printable() {
    let events = ": \u{1b}[31m\u{9b}31m\u{7f}\u{0}\n\
        id: \u{1b}c\u{9b}\n\
        event: \u{9d}0;title\u{9c}\u{7}\n\
        data: \u{1b}]0;title\u{7}\u{90}\u{85}\ttab\n\n";
    let is_steering = |char: char| char.is_control() && !matches!(char, '\n' | '\t');
    for flags in [&["--policy", "never", "--comments"][..], &["--policy", "never", "--comments", "--json"]] {
        let output = ask(flags, &[&format!("{OPEN}{events}")]);
        assert!(output.out.contains("tab") && !output.out.contains(is_steering), "{output:?}");
        assert!(!output.err.contains(is_steering), "{output:?}");
    }
    let output = run(program("client").arg("\u{1b}]0;title\u{7}\u{9b}31m\n"), b"");
    assert!(output.err.lines().count() == 1 && !output.err.contains(is_steering), "{output:?}");
}

/// Even if a script starts it in the background, with SIGINT ignored.
#[cfg(unix)]
#[test]
fn signals_stop_it() {
    for (signal, start) in [("INT", "exec"), ("TERM", "exec"), ("INT", "trap '' INT TERM HUP; exec")] {
        let server = Server::new();
        let mut command = std::process::Command::new("sh");
        command
            .args(["-c", &format!("{start} \"$0\" \"$@\"")])
            .arg(program("client").get_program())
            .arg(server.url());
        let client = Running::start(command);
        let mut stream = server.accept().1;
        stream.write_all(format!("{OPEN}data: 1\n\n").as_bytes()).unwrap();
        assert_eq!(client.line(), "message: 1");
        let kill = std::process::Command::new("kill")
            .args([&format!("-{signal}"), &client.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        assert_eq!(client.finish(), 0, "SIG{signal}, {start}");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_it() {
    let server = Server::new();
    let mut command = program("client");
    command.args(["--json", &server.url()]);
    let client = Running::start(command);
    let mut stream = server.accept().1;
    stream.write_all(format!("{OPEN}id: 1\ndata: a\n\n").as_bytes()).unwrap();
    for start in [r#"{"update"#, r#"{"update"#, r#"{"event"#, r#"{"update"#] {
        assert!(client.line().starts_with(start));
    }
    client.interrupt();
    assert_eq!(client.line(), r#"{"final":{"lastEventId":"1","retry":null,"end":"closed"}}"#);
    assert_eq!(client.finish(), 0);

    // Even if nobody reads its output, which is larger than a pipe.
    let mut deaf = piped(program("client").arg(server.url()));
    let (_, mut stream) = server.accept();
    fill(&mut stream);
    signal(deaf.id(), "INT");
    assert_eq!(exit(&mut deaf).code(), Some(0));
}

/// Writes until the pipe stays full for a while.
#[cfg(unix)]
fn fill(stream: &mut TcpStream) {
    stream.set_write_timeout(Some(std::time::Duration::from_millis(200))).unwrap();
    stream.write_all(OPEN.as_bytes()).unwrap();
    while stream.write_all(b"data: more and more and more\n\n").is_ok() {}
}

/// Over TLS with HTTP/2, reconnecting with an id that is a JSON array of 1 KB, like those of Wikimedia.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn tls_and_http_2() {
    use hyper::{
        Request, Response, StatusCode, Version, body::Incoming, server::conn::http2, service::service_fn,
    };
    use hyper_util::rt::{TokioExecutor, TokioIo};

    let authority = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let dir = TempDir::new("tls");
    fs::write(dir.file("ca.pem"), authority.cert.pem()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = rustls::pki_types::PrivateKeyDer::try_from(authority.signing_key.serialize_der()).unwrap();
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![authority.cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());

    let id = format!("[{}]", vec![r#"{"topic":"eqiad.mediawiki","partition":0,"offset":-1}"#; 20].join(","));
    let body = format!("retry: 0\nid: {id}\ndata: {{}}\n\n");
    let seen = id.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let stream = acceptor.accept(stream).await.unwrap();
            let (body, seen) = (body.clone(), seen.clone());
            let service = service_fn(move |request: Request<Incoming>| {
                let last = request.headers().get("last-event-id").map(|id| id.to_str().unwrap().to_owned());
                assert_eq!(request.version(), Version::HTTP_2);
                let is_over = last.is_some_and(|last| last == seen);
                let (status, body) = if is_over {
                    (StatusCode::NO_CONTENT, String::new())
                } else {
                    (StatusCode::OK, body.clone())
                };
                let head = Response::builder().status(status).header("content-type", "text/event-stream");
                async move { head.body(body) }
            });
            tokio::spawn(
                http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    let output = tokio::task::spawn_blocking(move || {
        let flags = ["--cacert", dir.file("ca.pem").to_str().unwrap(), &url].map(str::to_owned);
        run(program("client").args(flags), b"")
    });
    let output = output.await.unwrap();
    assert_eq!((output.out, output.code), (format!("message ({id}): {{}}\n"), Some(0)), "{}", output.err);
    assert!(output.err.starts_with("client: the server ended the stream; again in 0."), "{}", output.err);
}
