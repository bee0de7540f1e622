//! Runs the programs that are meant to be copied.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{fs, io::Write, net::TcpStream};

use common::{NO_CONTENT, OPEN, Server, TempDir, header, program};
use sse_conformance::{
    http10::read_to_end,
    programs::{Finished, Running, run},
};

/// `llm_server` with these flags, and its URL.
fn llm_server(flags: &[&str]) -> (Running, String) {
    let mut command = program("llm_server");
    command.args(["--addr", "127.0.0.1:0", "--interval", "1"]).args(flags);
    let server = Running::start(command);
    let line = server.line();
    let addr =
        line.strip_prefix("Listening on http://").and_then(|line| line.strip_suffix("/, Ctrl-C stops"));
    let url = format!("http://{}/v1", addr.expect(&line));
    (server, url)
}

fn llm(url: &str, token: &str) -> Finished {
    run(program("llm").arg("Why?").env("OPENAI_BASE_URL", url).env("OPENAI_API_KEY", token), b"")
}

const ANSWER: &str = "You ask: Why? Nobody knows, and least of all this program.\n";

#[test]
fn llm_prints_an_answer() {
    let (_server, url) = llm_server(&[]);
    assert_eq!(llm(&url, "secret"), Finished { out: ANSWER.into(), err: String::new(), code: Some(0) });
}

#[test]
fn llm_tries_again_while_there_is_no_text() {
    let (_server, url) = llm_server(&["--unavailable", "2"]);
    assert_eq!(llm(&url, "secret"), Finished { out: ANSWER.into(), err: String::new(), code: Some(0) });
}

#[test]
fn llm_shows_what_the_service_says_of_an_error() {
    let (_server, url) = llm_server(&[]);
    let output = llm(&url, "");
    assert!(output.err.contains("answered 401") && output.err.contains("bearer token"), "{output:?}");
    assert_eq!((&*output.out, output.code), ("", Some(1)));
}

#[test]
fn llm_never_asks_twice_once_there_is_text() {
    let (_server, url) = llm_server(&["--break-after", "3"]);
    let output = llm(&url, "secret");
    assert_eq!((&*output.out, output.code), ("You ask: Why? ", Some(1)));
    assert!(output.err.contains("the event stream is cut off"), "{output:?}");
}

#[cfg(unix)]
#[test]
fn llm_server_stops_on_ctrl_c() {
    let (server, _) = llm_server(&[]);
    server.interrupt();
    assert_eq!(server.finish(), 0);
}

#[test]
fn feed_goes_on_after_a_restart() {
    let dir = TempDir::new("feed");
    let file = dir.file("id");
    for (seen, answer, printed) in [
        (None, "id: 1\ndata: a\n\nid: 2\ndata: b\n\n", "message: a\nmessage: b\n"),
        (Some("2"), "id: 3\nevent: x\ndata: c\n\nid: 4\ndata: cut", "x: c\n"),
        (Some("3"), "", ""),
    ] {
        let server = Server::new();
        let url = server.url();
        let requests = server.answers(&[&format!("{OPEN}{answer}"), NO_CONTENT]);
        let output = run(program("feed").arg(url).arg(&file), b"");
        assert_eq!((&*output.out, output.code), (printed, Some(0)));
        assert!(output.err.starts_with("the server ended the stream; again in "), "{output:?}");
        assert_eq!(header(&requests.join().unwrap()[0], "last-event-id"), seen);
        // As a person would write the file.
        let id = fs::read_to_string(&file).unwrap();
        fs::write(&file, id + "\n").unwrap();
    }
    assert_eq!(fs::read_to_string(file).unwrap(), "3\n\n");
}

#[test]
fn mcp_resumes_a_call_and_takes_json() {
    let server = Server::new();
    let url = server.url();
    let progress = r#"{"method":"notifications/progress"}"#;
    let result = r#"{"id":1,"result":{}}"#;
    let first = format!("{OPEN}id: 7\nretry: 0\ndata\n\ndata: {progress}\n\n");
    let requests = server.answers(&[&first, &format!("{OPEN}id: 8\ndata: {result}\n\ndata: more\n\n")]);
    let output = run(program("mcp").arg(url), b"");
    assert_eq!(
        output,
        Finished { out: format!("{progress}\n{result}\n"), err: String::new(), code: Some(0) }
    );
    let requests = requests.join().unwrap();
    assert!(requests[0].starts_with("post / ") && requests[0].contains("tools/call"), "{}", requests[0]);
    assert!(requests[1].starts_with("get / "), "{}", requests[1]);
    assert_eq!(header(&requests[1], "last-event-id"), Some("7"));

    let server = Server::new();
    let url = server.url();
    let json = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
    let requests = server.answers(&[&format!("{json}{result}")]);
    let output = run(program("mcp").arg(url), b"");
    assert_eq!(output, Finished { out: format!("{result}\n"), err: String::new(), code: Some(0) });
    assert!(requests.join().unwrap()[0].contains("accept: application/json"));

    // A failed call is not repeated.
    let server = Server::new();
    let url = server.url();
    let requests = server.answers(&["HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n"]);
    assert_eq!(run(program("mcp").arg(url), b"").code, Some(1));
    assert_eq!(requests.join().unwrap().len(), 1);
}

/// The status of an answer, and its `Location`.
fn ask(addr: &str, method: &str, path: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(addr).unwrap();
    let length = body.len();
    write!(stream, "{method} {path} HTTP/1.0\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
    let answer = String::from_utf8(read_to_end(&mut stream).unwrap()).unwrap();
    let location = header(&answer, "location").unwrap_or_default().to_owned();
    (answer.split(' ').nth(1).unwrap().to_owned(), location)
}

#[test]
fn contract_service_does_what_the_tests_ask_for() {
    let mut command = program("contract_service");
    command.args(["--addr", "127.0.0.1:0"]);
    let service = Running::start(command);
    let line = service.line();
    let addr = line.strip_prefix("Listening on http://").and_then(|line| line.split('/').next()).unwrap();
    let (stream, callback) = (Server::new(), Server::new());
    let urls = format!(r#""streamUrl":"{}","callbackUrl":"{}x""#, stream.url(), callback.url());

    assert_eq!(ask(addr, "GET", "/", "").0, "200");
    assert_eq!(ask(addr, "POST", "/", "{}").0, "400");
    assert_eq!(ask(addr, "DELETE", "/streams/1", "").0, "404");
    let (status, location) = ask(addr, "POST", "/", &format!(r#"{{{urls},"lastEventId":"7"}}"#));
    assert_eq!(status, "201");
    let (request, mut events) = stream.accept();
    assert_eq!(header(&request, "last-event-id"), Some("7"));
    events.write_all(format!("{OPEN}data: a\n\n").as_bytes()).unwrap();
    let told = callback.answer("HTTP/1.1 202 Accepted\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    assert!(
        told.starts_with("post /x/1 ") && told.contains(r#""data":"a","id":"7","type":"message""#),
        "{told}"
    );
    assert_eq!(ask(addr, "POST", &location, r#"{"command":"restart"}"#).0, "202");
    stream.answer(NO_CONTENT);
    assert_eq!(ask(addr, "DELETE", &location, "").0, "204");
    assert_eq!(ask(addr, "DELETE", "/", "").0, "204");
    assert_eq!(service.finish(), 0);
}

#[test]
fn they_are_short_and_in_the_readme() {
    let root = env!("CARGO_MANIFEST_DIR");
    let readme = fs::read_to_string(format!("{root}/../../sse-client/README.md")).unwrap();
    for name in ["llm", "feed", "mcp"] {
        let program = fs::read_to_string(format!("{root}/{name}.rs")).unwrap();
        assert!(program.lines().count() <= 40, "{name} has more than 40 lines");
        // Only these examples have reqwest without a provider.
        let is_ours = |line: &&str| line.starts_with("//!") || line.contains("rustls-no-provider");
        let code: Vec<_> = program.lines().filter(|line| !is_ours(line)).collect();
        assert!(
            readme.contains(&format!("```rust,ignore\n{}\n```", code.join("\n"))),
            "{name} differs from the README"
        );
    }
}
