//! Helpers for the tests of these programs.
#![allow(dead_code)] // each test uses its part
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows test functions, not their helpers

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::Command,
    sync::mpsc,
    thread,
};

use sse_conformance::programs::PATIENCE;

pub(crate) const OPEN: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
pub(crate) const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\n\r\n";

/// A program of this package, independent of the environment.
pub(crate) fn program(name: &str) -> Command {
    let mut command = sse_conformance::examples::program(name);
    command.env_remove("NO_COLOR").env_remove("http_proxy").env_remove("HTTP_PROXY");
    command
}

/// A server whose answers the test controls.
pub(crate) struct Server {
    listener: TcpListener,
    pub(crate) addr: SocketAddr,
}

impl Server {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self { addr: listener.local_addr().unwrap(), listener }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.addr)
    }

    /// The next connection and its request, in lower case.
    pub(crate) fn accept(&self) -> (String, TcpStream) {
        let (sender, accepted) = mpsc::channel();
        let listener = self.listener.try_clone().unwrap();
        thread::spawn(move || sender.send(listener.accept().unwrap()));
        let (stream, _) = accepted.recv_timeout(PATIENCE).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut request = String::new();
        let mut reader = BufReader::new(&stream);
        while !request.ends_with("\r\n\r\n") {
            assert_ne!(reader.read_line(&mut request).unwrap(), 0, "{request}");
        }
        let request_head = request.to_lowercase();
        if let Some(length) = header(&request_head, "content-length") {
            let mut body = vec![0; length.parse().unwrap()];
            reader.read_exact(&mut body).unwrap();
            return (request_head + &String::from_utf8(body).unwrap(), stream);
        }
        (request_head, stream)
    }

    /// Answers the next request, and closes its connection. Returns the request.
    pub(crate) fn answer(&self, text: &str) -> String {
        let (request, mut stream) = self.accept();
        stream.write_all(text.as_bytes()).unwrap();
        request
    }

    /// Answers one request after the other with these texts.
    pub(crate) fn answers(self, texts: &[&str]) -> thread::JoinHandle<Vec<String>> {
        let texts: Vec<_> = texts.iter().map(|&text| text.to_owned()).collect();
        thread::spawn(move || texts.iter().map(|text| self.answer(text)).collect())
    }
}

/// A header of a request.
pub(crate) fn header<'r>(request: &'r str, name: &str) -> Option<&'r str> {
    request.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// A separate directory that is removed at the end.
pub(crate) struct TempDir(pub(crate) PathBuf);

impl TempDir {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sse-client-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
