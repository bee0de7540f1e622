//! A reverse proxy that can be closed. For the browser it is one origin, even if the server is replaced.

use std::{
    error::Error,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, Sender},
    },
};

use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    client, server,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

type BoxError = Box<dyn Error + Send + Sync>;
type Body = UnsyncBoxBody<Bytes, hyper::Error>;

/// A reverse proxy that also serves the page of the test, and receives its reports.
pub(crate) struct Gate {
    addr: SocketAddr,
    /// The target server, while the gate is open.
    server: watch::Sender<Option<SocketAddr>>,
    streams: Arc<Mutex<Vec<Option<String>>>>,
}

impl Gate {
    /// Opens a gate with the page at `/observer`.
    pub(crate) async fn open(server: SocketAddr, page: &'static str) -> (Self, Receiver<Value>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (sender, reports) = mpsc::channel();
        let (server, current) = watch::channel(Some(server));
        let streams = Arc::new(Mutex::new(Vec::new()));
        let visitor = Visitor { page, reports: sender, server: current, streams: streams.clone() };
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                tokio::spawn(visitor.clone().serve(socket));
            }
        });
        (Self { addr, server, streams }, reports)
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Cuts all connections.
    pub(crate) fn close(&self) {
        self.server.send_replace(None);
    }

    pub(crate) fn reopen(&self, server: SocketAddr) {
        self.server.send_replace(Some(server));
    }

    /// The `Last-Event-ID` of each request for a stream that reached a server.
    pub(crate) fn streams(&self) -> Vec<Option<String>> {
        self.streams.lock().unwrap().clone()
    }
}

#[derive(Clone)]
struct Visitor {
    page: &'static str,
    reports: Sender<Value>,
    server: watch::Receiver<Option<SocketAddr>>,
    streams: Arc<Mutex<Vec<Option<String>>>>,
}

impl Visitor {
    async fn serve(self, socket: TcpStream) {
        let service = service_fn(move |request| self.clone().answer(request));
        // An error ends only this connection: the browser sees it as cut off.
        let _ = server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>, BoxError> {
        match (request.method(), request.uri().path()) {
            (_, "/observer") => {
                let response = Response::builder().header("content-type", "text/html; charset=utf-8");
                Ok(response.body(whole(self.page))?)
            }
            (&Method::POST, "/report") => {
                let report = request.collect().await?.to_bytes();
                // The test may be over.
                let _ = self.reports.send(serde_json::from_slice(&report)?);
                Ok(Response::builder().status(StatusCode::NO_CONTENT).body(whole(""))?)
            }
            _ => self.forward(request).await,
        }
    }

    /// Forwards the answer of the server, until there is none or another one.
    async fn forward(mut self, request: Request<Incoming>) -> Result<Response<Body>, BoxError> {
        let server = self.server.borrow_and_update().ok_or("the gate is closed")?;
        let socket = TcpStream::connect(server).await?;
        let (mut sender, connection) = client::conn::http1::handshake(TokioIo::new(socket)).await?;
        tokio::spawn(async move {
            tokio::select! {
                _ = connection => {}
                _ = self.server.changed() => {}
            }
        });
        if request.method() == Method::GET && request.uri().path().starts_with("/topics/") {
            let id = request.headers().get("last-event-id").map(|id| id.to_str().unwrap().to_owned());
            self.streams.lock().unwrap().push(id);
        }
        Ok(sender.send_request(request).await?.map(BodyExt::boxed_unsync))
    }
}

fn whole(text: &'static str) -> Body {
    Full::from(text).map_err(|never| match never {}).boxed_unsync()
}
