//! HTTP/2, with hyper.

use std::{error::Error, time::Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{
    Method, Request,
    body::{Body, Incoming},
    client::conn::http2::{self, SendRequest},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::time::timeout;

use super::{
    http1::Head,
    target::{Protocol, Target},
};

/// A connection for any number of requests.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    sender: SendRequest<Empty<Bytes>>,
}

/// An answer whose body is read step by step.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) head: Head,
    body: Incoming,
    /// Keeps the connection open.
    _connection: Connection,
}

impl Connection {
    pub(super) async fn open(target: &Target) -> Result<Self, String> {
        let io = TokioIo::new(target.connect(Protocol::Http2).await?);
        let handshake = timeout(target.patience, http2::handshake(TokioExecutor::new(), io)).await;
        let handshake = handshake.map_err(|_| "it does not answer in HTTP/2".to_owned())?;
        let (sender, connection) = handshake.map_err(|error| whole(&error))?;
        tokio::spawn(connection);
        Ok(Self { sender })
    }

    pub(super) async fn ask(&self, target: &Target, method: Method) -> Result<Answer, String> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}://{}{}", target.scheme, target.authority, target.path))
            .header("accept", "text/event-stream")
            .header("cache-control", "no-cache");
        for (name, value) in &target.headers {
            request = request.header(name, value);
        }
        let request = request.body(Empty::new()).map_err(|error| error.to_string())?;
        let asked = Instant::now();
        let response = timeout(target.patience, self.sender.clone().send_request(request)).await;
        let response =
            response.map_err(|_| format!("no answer came within {} s", target.patience.as_secs()))?;
        let (parts, body) = response.map_err(|error| whole(&error))?.into_parts();
        let headers = parts.headers.iter().map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        let head = Head {
            version: "HTTP/2".to_owned(),
            status: parts.status.as_u16(),
            headers: headers.collect(),
            took: asked.elapsed(),
        };
        Ok(Answer { head, body, _connection: self.clone() })
    }
}

impl Answer {
    /// The next bytes of the body. `None` at its clean end.
    pub(super) async fn piece(&mut self) -> Result<Option<Vec<u8>>, String> {
        loop {
            match self.body.frame().await {
                None => return Ok(None),
                Some(Err(error)) => return Err(format!("the body is incomplete: {}", whole(&error))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data.to_vec()));
                    }
                }
            }
        }
    }

    /// Whether the head said that no body follows.
    pub(super) fn is_over(&self) -> bool {
        self.body.is_end_stream()
    }
}

/// An error with its sources.
fn whole(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(reason) = source {
        text = format!("{text}: {reason}");
        source = reason.source();
    }
    text
}
