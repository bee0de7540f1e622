//! A blocking client for HTTP/1.0, without an HTTP library.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpStream},
};

use crate::programs::PATIENCE;

/// The answer to a GET request. In HTTP/1.0 the body has no chunked encoding.
#[derive(Debug)]
pub struct Answer {
    /// The head, with its blank line.
    pub head: String,
    body: BufReader<TcpStream>,
}

impl Answer {
    /// Requests this path; `headers` are whole lines.
    pub fn get(addr: SocketAddr, path: &str, headers: &[u8]) -> Self {
        let line = format!("GET {path} HTTP/1.0\r\n");
        Self::to(addr, &[line.as_bytes(), headers, b"\r\n"].concat())
    }

    /// Sends this request.
    pub fn to(addr: SocketAddr, request: &[u8]) -> Self {
        let mut stream = TcpStream::connect(addr).unwrap();
        stream.write_all(request).unwrap();
        Self::read(stream)
    }

    /// Reads the next answer from this stream.
    pub fn read(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut answer = Self { head: String::new(), body: BufReader::new(stream) };
        answer.head = answer.until("\r\n").expect("an answer");
        answer
    }

    /// The number of the status.
    pub fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    /// Of an event stream: everything up to and including the next blank line. `None` at its end.
    pub fn block(&mut self) -> Option<String> {
        self.until("\n")
    }

    /// Of any body: the next line, with its end.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.body.read_line(&mut line).unwrap();
        line
    }

    /// The connection.
    pub fn stream(&self) -> &TcpStream {
        self.body.get_ref()
    }

    /// Everything up to and including the line `last`.
    fn until(&mut self, last: &str) -> Option<String> {
        let mut lines = String::new();
        loop {
            let start = lines.len();
            if self.body.read_line(&mut lines).unwrap() == 0 {
                assert_eq!(lines, "", "the answer is incomplete");
                return None;
            }
            if &lines[start..] == last {
                return Some(lines);
            }
        }
    }
}
