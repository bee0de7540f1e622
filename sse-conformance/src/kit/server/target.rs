//! Where the server is, and what is sent to it.

use std::time::Duration;

use hyper::Uri;
use tokio::{net::TcpStream, time::timeout};

/// A server, and what each request to it says.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// Host and port, as the `Host` header has them.
    pub(super) authority: String,
    host: String,
    port: u16,
    /// Path and query.
    pub(super) path: String,
    /// Further headers.
    pub(super) headers: Vec<(String, String)>,
    /// How long to wait for what must come.
    pub(super) patience: Duration,
}

impl Target {
    pub(super) fn parse(
        url: &str,
        headers: Vec<(String, String)>,
        patience: Duration,
    ) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|error| format!("{url} is no URL: {error}"))?;
        let (Some("http"), Some(host)) = (uri.scheme_str(), uri.host()) else {
            return Err(format!("{url} does not begin with http:// and a host"));
        };
        let port = uri.port_u16().unwrap_or(80);
        let authority = if port == 80 { host.to_owned() } else { format!("{host}:{port}") };
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let host = host.trim_matches(['[', ']']).to_owned();
        Ok(Self { authority, host, port, path, headers, patience })
    }

    pub(super) async fn connect(&self) -> Result<TcpStream, String> {
        let stream = timeout(self.patience, TcpStream::connect((&*self.host, self.port))).await;
        let stream = stream.map_err(|_| "it takes no connections".to_owned())?;
        let stream = stream.map_err(|error| format!("cannot connect to {}: {error}", self.authority))?;
        // Requests are small, and do not wait for each other.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }
}
