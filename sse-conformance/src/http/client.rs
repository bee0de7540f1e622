use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{Request, Response, Version, body::Incoming, client::conn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::soon;

/// A version of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Http {
    /// HTTP/1.1.
    One,
    /// HTTP/2, without TLS.
    Two,
}

/// Both versions.
pub const BOTH: [Http; 2] = [Http::One, Http::Two];

/// A response that is read step by step.
#[derive(Debug)]
pub struct Answer {
    /// Status, version and headers.
    pub head: Response<()>,
    body: Incoming,
    unread: String,
    /// Keeps the connection open.
    sender: Sender,
}

#[derive(Debug)]
enum Sender {
    #[expect(dead_code, reason = "dropping it would close the connection")]
    One(conn::http1::SendRequest<Empty<Bytes>>),
    Two(conn::http2::SendRequest<Empty<Bytes>>),
}

/// Opens a connection and requests `/`.
pub async fn get(addr: SocketAddr, http: Http) -> Answer {
    get_with(addr, http, Request::new(Empty::new())).await
}

/// Opens a connection and sends this request.
pub async fn get_with(addr: SocketAddr, http: Http, request: Request<Empty<Bytes>>) -> Answer {
    try_get_with(addr, http, request).await.unwrap()
}

/// The same, with an error if the server refuses it.
pub async fn try_get_with(
    addr: SocketAddr,
    http: Http,
    mut request: Request<Empty<Bytes>>,
) -> Result<Answer, hyper::Error> {
    address(&mut request, addr);
    let io = TokioIo::new(TcpStream::connect(addr).await.unwrap());
    let (response, sender) = match http {
        Http::One => {
            let (mut sender, connection) = conn::http1::handshake(io).await.unwrap();
            tokio::spawn(connection);
            (soon(sender.send_request(request)).await, Sender::One(sender))
        }
        Http::Two => {
            let (mut sender, connection) = conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
            tokio::spawn(connection);
            (soon(sender.send_request(request)).await, Sender::Two(sender))
        }
    };
    Ok(Answer::new(response?, sender))
}

fn address(request: &mut Request<Empty<Bytes>>, addr: SocketAddr) {
    *request.uri_mut() = format!("http://{addr}/").parse().unwrap();
    request.headers_mut().insert("host", addr.to_string().parse().unwrap());
}

impl Answer {
    fn new(response: Response<Incoming>, sender: Sender) -> Self {
        let (parts, body) = response.into_parts();
        Self { head: Response::from_parts(parts, ()), body, unread: String::new(), sender }
    }

    /// Sends another request on the same connection while this response is open. Only for HTTP/2.
    pub async fn another(&self, addr: SocketAddr, mut request: Request<Empty<Bytes>>) -> Self {
        let Sender::Two(sender) = &self.sender else { panic!("HTTP/1.1 has one answer at a time") };
        let mut sender = sender.clone();
        address(&mut request, addr);
        let response = soon(sender.send_request(request)).await.unwrap();
        Self::new(response, Sender::Two(sender))
    }

    /// The next block, with its blank line. None at the clean end of the response.
    #[track_caller]
    pub fn block(&mut self) -> impl Future<Output = Option<String>> + Send {
        soon(async {
            loop {
                if let Some(end) = self.unread.find("\n\n") {
                    let rest = self.unread.split_off(end + 2);
                    return Some(std::mem::replace(&mut self.unread, rest));
                }
                let Some(frame) = self.body.frame().await else {
                    assert_eq!(self.unread, "", "the response ended within a block");
                    return None;
                };
                let data = frame.unwrap().into_data().unwrap();
                self.unread.push_str(str::from_utf8(&data).unwrap());
            }
        })
    }

    /// Everything up to the end, and whether the end was clean.
    #[track_caller]
    pub fn rest(mut self) -> impl Future<Output = (String, Result<(), hyper::Error>)> + Send {
        soon(async move {
            while let Some(frame) = self.body.frame().await {
                match frame {
                    Ok(frame) => self.unread.push_str(str::from_utf8(&frame.into_data().unwrap()).unwrap()),
                    Err(error) => return (self.unread, Err(error)),
                }
            }
            (self.unread, Ok(()))
        })
    }

    /// Checks for the headers of an event stream, and no others except those that HTTP adds.
    pub fn assert_headers(&self) {
        assert_eq!(self.head.status(), 200);
        let added: &[&str] = match self.head.version() {
            Version::HTTP_11 => &["date", "transfer-encoding"],
            // In particular no `connection`, which hyper would remove with a warning.
            Version::HTTP_2 => &["date"],
            version => panic!("{version:?}"),
        };
        let headers = self.head.headers();
        let mut names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort();
        let mut expected = [added, &["cache-control", "content-type", "x-accel-buffering"]].concat();
        expected.sort();
        assert_eq!(names, expected);
        assert_eq!(headers["content-type"], "text/event-stream");
        assert_eq!(headers["cache-control"], "no-cache, no-transform");
        assert_eq!(headers["x-accel-buffering"], "no");
    }

    /// Cancels this response and keeps the connection: on HTTP/2, with an RST_STREAM.
    pub fn abandon(self) -> impl Send {
        self.sender
    }
}

/// An HTTP/1.1 response without an HTTP library, for unusual requests.
#[derive(Debug)]
pub struct RawAnswer {
    /// The connection, after the head.
    pub socket: TcpStream,
    /// The head, with its blank line.
    pub head: String,
}

impl RawAnswer {
    /// Requests `/` with these additional header lines, and reads the head of the response.
    pub async fn get(addr: SocketAddr, header_lines: &[u8]) -> Self {
        Self::get_version(addr, "1.1", header_lines).await
    }

    /// The same in this version of HTTP, as `1.0`.
    pub async fn get_version(addr: SocketAddr, version: &str, header_lines: &[u8]) -> Self {
        let mut socket = TcpStream::connect(addr).await.unwrap();
        let start = format!("GET / HTTP/{version}\r\nhost: localhost\r\n");
        socket.write_all(&[start.as_bytes(), header_lines, b"\r\n"].concat()).await.unwrap();
        let mut answer = Self { socket, head: String::new() };
        answer.head = answer.read_past("\r\n\r\n").await;
        answer
    }

    /// Reads up to the end of this text.
    #[track_caller]
    pub fn read_past(&mut self, text: &str) -> impl Future<Output = String> + Send {
        soon(async {
            let mut read = Vec::new();
            while !read.ends_with(text.as_bytes()) {
                read.push(self.socket.read_u8().await.unwrap());
            }
            String::from_utf8(read).unwrap()
        })
    }

    /// Sends further bytes, like a client that pipelines its next request.
    pub async fn send(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).await.unwrap();
    }

    /// Closes the connection with an RST.
    pub fn reset(self) {
        self.socket.set_zero_linger().unwrap();
    }

    /// Everything up to the end.
    pub async fn rest(mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // A reset is an end as well.
        let _ = soon(self.socket.read_to_end(&mut rest)).await;
        rest
    }
}
