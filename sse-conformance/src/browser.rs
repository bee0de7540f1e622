//! Headless Chromium, and a page in it that reports its observations.
//!
//! Without Chromium, its tests are skipped with a message; with `SSE_REQUIRE_BROWSER=1` they fail. `CHROMIUM` may name
//! the browser's program.

use std::{
    convert::Infallible,
    env, fs,
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
    process::Command,
    sync::mpsc::{self, Receiver, Sender},
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response, StatusCode, Uri,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::programs::{PATIENCE, Running};

/// A browser on a page, until the test is over. It has a separate profile.
#[derive(Debug)]
pub struct Browser {
    running: Running,
    profile: PathBuf,
    reports: Receiver<Value>,
}

impl Browser {
    /// Opens `/observer?{query}` of a server that answers with the result of `pages`, and collects reports posted to
    /// `/report`. None if there is no browser.
    pub async fn observe(
        query: &str,
        pages: impl Fn(&Uri) -> Option<Response<Full<Bytes>>> + Clone + Send + 'static,
    ) -> Option<Self> {
        let chromium = chromium()?;
        let (addr, reports) = serve(pages).await;
        Some(Self::open(chromium, addr, &format!("/observer?{query}"), reports))
    }

    /// Opens a page of this server, which sends the reports posted to it to `reports`.
    pub fn open(chromium: PathBuf, addr: SocketAddr, path: &str, reports: Receiver<Value>) -> Self {
        let profile = env::temp_dir().join(format!("sse-browser-{}-{}", std::process::id(), addr.port()));
        let mut command = Command::new(chromium);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.arg(format!("--user-data-dir={}", profile.display()));
        command.arg(format!("http://{addr}{path}")).args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--disable-popup-blocking",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            // It must talk to this test only.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        ]);
        Self { running: Running::start(command), profile, reports }
    }

    /// The next report of the page.
    pub fn report(&self) -> Value {
        self.reports.recv_timeout(PATIENCE).expect("a report of the browser")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.running.kill_group();
        let _ = fs::remove_dir_all(&self.profile);
    }
}

/// The browser's program. If there is none, prints so and returns None.
pub fn chromium() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let chromium = env::var_os("CHROMIUM").map(PathBuf::from).or_else(|| find(&names));
    if chromium.is_none() {
        let required = env::var_os("SSE_REQUIRE_BROWSER").is_some_and(|value| value == "1");
        assert!(!required, "there is no Chromium, but SSE_REQUIRE_BROWSER=1 requires it");
        skipped("Chromium");
    }
    chromium
}

async fn serve(
    pages: impl Fn(&Uri) -> Option<Response<Full<Bytes>>> + Clone + Send + 'static,
) -> (SocketAddr, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (sender, reports) = mpsc::channel();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (sender, pages) = (sender.clone(), pages.clone());
            let service = service_fn(move |request| answer(request, pages.clone(), sender.clone()));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    (addr, reports)
}

async fn answer(
    request: Request<Incoming>,
    pages: impl Fn(&Uri) -> Option<Response<Full<Bytes>>>,
    reports: Sender<Value>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::default();
    if (request.method(), request.uri().path()) == (&Method::POST, "/report") {
        let body = request.collect().await.unwrap().to_bytes();
        // The test may be over.
        let _ = reports.send(serde_json::from_slice(&body).unwrap());
        *response.status_mut() = StatusCode::NO_CONTENT;
    } else if let Some(page) = pages(request.uri()) {
        response = page;
    } else {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    Ok(response)
}

/// A page.
pub fn html(text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let response = Response::builder().header("content-type", "text/html; charset=utf-8");
    response.body(Full::new(text.into())).unwrap()
}

/// The first of these programs that is in the `PATH`.
pub fn find(names: &[&str]) -> Option<PathBuf> {
    let dirs = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&dirs)
        .flat_map(|dir| {
            names.iter().map(move |name| dir.join(name).with_extension(env::consts::EXE_EXTENSION))
        })
        .find(|path| path.is_file())
}

/// Reports a skipped test. Not with `eprintln!`, whose output is hidden for a test that passes.
pub fn skipped(what: &str) {
    let _ = writeln!(io::stderr(), "SKIPPED: this test needs {what}, which is not installed");
}
