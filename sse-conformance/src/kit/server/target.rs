//! The address of the server, the parts of each request, and connections to it.

use std::{fmt, path::Path, sync::Arc, time::Duration};

use hyper::Uri;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

/// A server, and the parts of each request.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// `http` or `https`.
    pub(super) scheme: &'static str,
    /// Host and port, as the `Host` header has them.
    pub(super) authority: String,
    host: String,
    port: u16,
    /// For `https`.
    tls: Option<Tls>,
    /// Path and query.
    pub(super) path: String,
    /// Further headers.
    pub(super) headers: Vec<(String, String)>,
    /// How long to wait for an expected event.
    pub(super) patience: Duration,
}

#[derive(Clone, Debug)]
struct Tls {
    name: ServerName<'static>,
    config: ClientConfig,
}

/// The protocol of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// A connection, with TLS or without.
pub(super) trait Link: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin {
    /// The connection under it.
    fn tcp(&self) -> &TcpStream;
}

impl Link for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Link for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

impl Target {
    /// With `https`, trusts the certificates in the PEM file `trusts`, or by default those that this machine trusts.
    pub(super) fn parse(
        url: &str,
        headers: Vec<(String, String)>,
        patience: Duration,
        trusts: Option<&Path>,
    ) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|error| format!("{url} is not a URL: {error}"))?;
        let (scheme, default_port) = match uri.scheme_str() {
            Some("http") => ("http", 80),
            Some("https") => ("https", 443),
            _ => return Err(format!("{url} does not begin with http:// or https://")),
        };
        let host = uri.host().ok_or_else(|| format!("{url} has no host"))?;
        let port = uri.port_u16().unwrap_or(default_port);
        let authority = if port == default_port { host.to_owned() } else { format!("{host}:{port}") };
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let host = host.trim_matches(['[', ']']).to_owned();
        let tls = if scheme == "https" { Some(Tls::new(&host, trusts)?) } else { None };
        Ok(Self { scheme, authority, host, port, tls, path, headers, patience })
    }

    pub(super) async fn connect(&self, protocol: Protocol) -> Result<Box<dyn Link>, String> {
        let tcp = timeout(self.patience, TcpStream::connect((&*self.host, self.port))).await;
        let tcp = tcp.map_err(|_| "it accepts no connections".to_owned())?;
        let tcp = tcp.map_err(|error| format!("cannot connect to {}: {error}", self.authority))?;
        // Requests are small, and must not wait for an acknowledgement.
        let _ = tcp.set_nodelay(true);
        let Some(Tls { name, mut config }) = self.tls.clone() else { return Ok(Box::new(tcp)) };
        let offered: &[u8] = if protocol == Protocol::Http2 { b"h2" } else { b"http/1.1" };
        config.alpn_protocols = vec![offered.to_vec()];
        let tls = timeout(self.patience, TlsConnector::from(Arc::new(config)).connect(name, tcp)).await;
        let tls = tls.map_err(|_| "it does not answer in TLS".to_owned())?;
        let tls = tls.map_err(|error| format!("no TLS with {}: {error}", self.authority))?;
        if protocol == Protocol::Http2 && tls.get_ref().1.alpn_protocol() != Some(offered) {
            return Err("it does not offer HTTP/2 over TLS".to_owned());
        }
        Ok(Box::new(tls))
    }
}

impl Tls {
    fn new(host: &str, trusts: Option<&Path>) -> Result<Self, String> {
        let name = ServerName::try_from(host.to_owned()).map_err(|error| format!("{host}: {error}"))?;
        let mut roots = RootCertStore::empty();
        match trusts {
            Some(file) => {
                let complain = |error: &dyn fmt::Display| format!("{}: {error}", file.display());
                for certificate in CertificateDer::pem_file_iter(file).map_err(|error| complain(&error))? {
                    let certificate = certificate.map_err(|error| complain(&error))?;
                    roots.add(certificate).map_err(|error| complain(&error))?;
                }
            }
            None => _ = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs),
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
        Ok(Self { name, config: config.with_root_certificates(roots).with_no_client_auth() })
    }
}
