//! A blocking client for HTTP/1.0, without an HTTP library.

use std::{
    io::{
        self, BufRead, BufReader,
        ErrorKind::{Interrupted, TimedOut, WouldBlock},
        Read, Write,
    },
    iter,
    net::{SocketAddr, TcpStream},
    time::Instant,
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
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
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

    /// Of an event stream: the other blocks, up to its end. The end must come within [`PATIENCE`].
    pub fn rest(&mut self) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        iter::from_fn(|| {
            assert!(Instant::now() < deadline, "the stream did not end within {PATIENCE:?}");
            self.block()
        })
        .collect()
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

/// Everything up to the end of a connection. If the end does not come within [`PATIENCE`], this is an error of the kind
/// `TimedOut`, also if bytes come again and again.
pub fn read_to_end(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let deadline = Instant::now() + PATIENCE;
    let (mut all, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut chunk) {
            Ok(0) => return Ok(all),
            Ok(len) => all.extend_from_slice(&chunk[..len]),
            // The next round sees whether the time is over.
            Err(error) if matches!(error.kind(), WouldBlock | TimedOut | Interrupted) => {}
            Err(error) => return Err(error),
        }
    }
}
