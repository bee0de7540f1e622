//! HTTP/1, byte by byte, to see details that an HTTP library hides.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    time::timeout,
};

use super::target::{Link, Protocol, Target};

/// The largest head, and the largest piece of a body, in bytes.
const MAX_HEAD: u64 = 256 * 1024;
const MAX_PIECE: usize = 64 * 1024;

/// A request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask<'a> {
    pub(super) method: &'static str,
    /// For example `1.1`.
    pub(super) version: &'static str,
    /// Whether to send `Host`.
    pub(super) has_host: bool,
    /// Further headers; values are any bytes.
    pub(super) headers: &'a [(&'static str, &'a [u8])],
}

impl Ask<'_> {
    pub(super) const GET: Self = Self { method: "GET", version: "1.1", has_host: true, headers: &[] };
    pub(super) const HEAD: Self = Self { method: "HEAD", ..Self::GET };
}

/// The head of an answer.
#[derive(Clone, Debug)]
pub(super) struct Head {
    /// For example `HTTP/1.1`.
    pub(super) version: String,
    pub(super) status: u16,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    /// The time from the request to the head.
    pub(super) took: Duration,
}

impl Head {
    /// The values of all headers of this name, joined with commas.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        let values: Vec<_> =
            self.headers.iter().filter(|(other, _)| other == name).map(|(_, value)| &**value).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// An answer whose body is read step by step.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) head: Head,
    framing: Framing,
    stream: BufReader<Box<dyn Link>>,
}

/// How the end of a body is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is no body.
    None,
    /// This many bytes are left.
    Length(u64),
    /// This many bytes are left of a chunk.
    Chunked(u64),
    /// By the end of the connection.
    Close,
}

/// Sends a request on a new connection.
pub(super) async fn ask(target: &Target, ask: Ask<'_>) -> Result<Answer, String> {
    ask_on(BufReader::new(target.connect(Protocol::Http1).await?), target, ask).await
}

/// Sends a request on this connection.
pub(super) async fn ask_on(
    mut stream: BufReader<Box<dyn Link>>,
    target: &Target,
    ask: Ask<'_>,
) -> Result<Answer, String> {
    let asked = Instant::now();
    stream
        .write_all(&request(target, ask))
        .await
        .map_err(|error| format!("the request cannot be sent: {error}"))?;
    let head = timeout(target.patience, read_head(&mut stream, asked)).await;
    let head = head.map_err(|_| format!("no answer came within {} s", target.patience.as_secs()))??;
    let framing = framing(&head, ask.method)?;
    Ok(Answer { head, framing, stream })
}

fn request(target: &Target, Ask { method, version, has_host, headers }: Ask<'_>) -> Vec<u8> {
    let mut text = format!("{method} {} HTTP/{version}\r\n", target.path);
    if has_host {
        let _ = write!(text, "host: {}\r\n", target.authority);
    }
    text.push_str("accept: text/event-stream\r\ncache-control: no-cache\r\n");
    for (name, value) in &target.headers {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    let mut bytes = text.into_bytes();
    for (name, value) in headers {
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}

async fn read_head(stream: &mut BufReader<Box<dyn Link>>, asked: Instant) -> Result<Head, String> {
    loop {
        let status_line = read_line(stream).await?;
        let mut parts = status_line.splitn(3, ' ');
        let (version, status) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let status = status.parse().ok().filter(|_| version.starts_with("HTTP/1."));
        let status: u16 = status.ok_or_else(|| format!("the answer begins with {status_line:?}"))?;
        let mut headers = Vec::new();
        loop {
            let line = read_line(stream).await?;
            if line.is_empty() {
                break;
            }
            let (name, value) =
                line.split_once(':').ok_or_else(|| format!("the head has the line {line:?}"))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        if status >= 200 {
            return Ok(Head { version: version.to_owned(), status, headers, took: asked.elapsed() });
        }
    }
}

/// A line of a head, without its end.
async fn read_line(stream: &mut BufReader<Box<dyn Link>>) -> Result<String, String> {
    let mut line = Vec::new();
    let read = stream.take(MAX_HEAD).read_until(b'\n', &mut line).await;
    read.map_err(|error| format!("the connection broke before the end of a head: {error}"))?;
    match line.strip_suffix(b"\r\n").or(line.strip_suffix(b"\n")) {
        Some(line) => Ok(String::from_utf8_lossy(line).into_owned()),
        None => Err("the connection ended before the end of a head".to_owned()),
    }
}

fn framing(head: &Head, method: &str) -> Result<Framing, String> {
    if method == "HEAD" || matches!(head.status, 204 | 304) {
        return Ok(Framing::None);
    }
    if head.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        return Ok(Framing::Chunked(0));
    }
    match head.header("content-length") {
        None => Ok(Framing::Close),
        Some(length) => {
            let length = length.parse().map_err(|_| format!("the head has content-length: {length}"))?;
            Ok(Framing::Length(length))
        }
    }
}

impl Answer {
    pub(super) fn framing(&self) -> Framing {
        self.framing
    }

    /// The next bytes of the body. `None` at its clean end.
    pub(super) async fn piece(&mut self) -> Result<Option<Vec<u8>>, String> {
        let most = match &mut self.framing {
            Framing::None | Framing::Length(0) => return Ok(None),
            Framing::Length(left) => *left,
            Framing::Close => u64::MAX,
            Framing::Chunked(left) => {
                if *left == 0 {
                    let line = read_line(&mut self.stream).await?;
                    let size = line.split(';').next().unwrap_or_default().trim();
                    *left =
                        u64::from_str_radix(size, 16).map_err(|_| format!("a chunk begins with {line:?}"))?;
                    if *left == 0 {
                        // Trailers, if there are any.
                        while !read_line(&mut self.stream).await?.is_empty() {}
                        self.framing = Framing::None;
                        return Ok(None);
                    }
                }
                *left
            }
        };
        let mut piece = vec![0; usize::try_from(most).unwrap_or(MAX_PIECE).min(MAX_PIECE)];
        let read =
            self.stream.read(&mut piece).await.map_err(|error| format!("the body is incomplete: {error}"))?;
        piece.truncate(read);
        if read == 0 {
            let is_clean = self.framing == Framing::Close;
            return if is_clean { Ok(None) } else { Err("the body is incomplete".to_owned()) };
        }
        match &mut self.framing {
            Framing::Chunked(left) => {
                *left -= read as u64;
                if *left == 0 && !read_line(&mut self.stream).await?.is_empty() {
                    return Err("a chunk is longer than its size".to_owned());
                }
                Ok(Some(piece))
            }
            Framing::Length(left) => {
                *left -= read as u64;
                Ok(Some(piece))
            }
            Framing::Close | Framing::None => Ok(Some(piece)),
        }
    }

    /// The bytes that come after the end of the answer, within this time.
    pub(super) async fn after_the_end(&mut self, within: Duration) -> Vec<u8> {
        let mut bytes = vec![0; 1_024];
        let read = timeout(within, self.stream.read(&mut bytes)).await;
        bytes.truncate(read.ok().and_then(Result::ok).unwrap_or(0));
        bytes
    }

    /// The connection, for another request.
    pub(super) fn into_stream(self) -> BufReader<Box<dyn Link>> {
        self.stream
    }

    /// Closes the connection with an RST.
    pub(super) fn reset(self) {
        let _ = self.stream.get_ref().tcp().set_zero_linger();
    }
}
