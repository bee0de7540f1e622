//! A correct client for the tests of the kit. With an argument, it has one fault.
//!
//! `broken_client URL [FAULT]`. It has no HTTP library, and its decoder is the oracle.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::exit,
    thread::sleep,
    time::{Duration, SystemTime},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;
use sse_conformance::oracle::{Oracle, Output, Settings};

const MOST_REDIRECTS: usize = 20;

fn main() {
    let mut args = std::env::args().skip(1);
    let url = args.next().expect("a URL");
    let fault = args.next().unwrap_or_default();
    let mut client = Client {
        fault,
        last_event_id: String::new(),
        retry: None,
        failures: 0,
        connections: 0,
        decoder: None,
    };
    loop {
        let wait = client.connect(&url);
        sleep(wait);
    }
}

struct Client {
    fault: String,
    last_event_id: String,
    retry: Option<u64>,
    failures: u32,
    connections: usize,
    /// Only for a fault that keeps it.
    decoder: Option<Oracle>,
}

/// The head of a response, and the connection.
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    stream: BufReader<TcpStream>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| &**value)
    }
}

impl Client {
    fn has(&self, fault: &str) -> bool {
        self.fault == fault
    }

    /// One connection, up to its end. Returns how long to wait for the next one.
    fn connect(&mut self, url: &str) -> Duration {
        self.connections += 1;
        let Ok(mut answer) = self.ask(url) else { return self.wait(false, None) };
        match answer.status {
            200 => {}
            204 if self.has("again-after-204") => return self.wait(false, None),
            204 => exit(0),
            429 | 503 => {
                let after = answer.header("retry-after").and_then(|value| after(value, &answer));
                return self.wait(false, after.filter(|_| !self.has("deaf-to-retry-after")));
            }
            _ => exit(2),
        }
        if !self.is_event_stream(answer.header("content-type").unwrap_or_default())
            || answer.header("content-encoding").is_some() && !self.has("reads-gzip")
        {
            exit(2);
        }
        let brought_something = self.read(&mut answer);
        self.wait(brought_something, None)
    }

    /// Sends the request, and follows redirects.
    fn ask(&self, url: &str) -> io::Result<Answer> {
        let mut url = Url::parse(url);
        if url.credentials.is_some() && self.has("refuses-passwords") {
            exit(2);
        }
        url.credentials = url.credentials.filter(|_| !self.has("drops-passwords"));
        let credentials = url.credentials.clone();
        let most = if self.has("runs-in-circles") { usize::MAX } else { MOST_REDIRECTS };
        for _ in 0..most {
            let answer = self.ask_once(&url)?;
            let location = answer.header("location").filter(|_| (300..400).contains(&answer.status));
            let Some(location) = location else { return Ok(answer) };
            let next = url.join(location);
            let keeps = next.authority == url.authority || self.has("tells-everyone");
            let path = if self.has("stays") { url.path } else { next.path };
            url = Url { credentials: credentials.clone().filter(|_| keeps), authority: next.authority, path };
        }
        exit(2)
    }

    fn ask_once(&self, url: &Url) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(&*url.authority)?;
        if self.has("impatient") {
            stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        }
        let mut request = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\nCache-Control: no-cache\r\n",
            url.path, url.authority
        );
        if self.has("asks-for-anything") {
            request = format!("GET {} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\n", url.path, url.authority);
        }
        if self.has("changes") {
            request += &format!("X-Connection: {}\r\n", self.connections);
        }
        if let Some(credentials) = &url.credentials {
            request += &format!("Authorization: Basic {}\r\n", STANDARD.encode(credentials));
        }
        let is_sendable = !self.last_event_id.chars().any(|char| char.is_control() && char != '\t');
        let has_id = !self.last_event_id.is_empty() || self.has("empty-id");
        if has_id && is_sendable && self.last_event_id.len() <= 8 * 1024 {
            request += &format!("Last-Event-ID: {}\r\n", self.last_event_id);
        }
        stream.write_all((request + "\r\n").as_bytes())?;
        let mut stream = BufReader::new(stream);
        let status = line(&mut stream)?;
        let status = status.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut headers = Vec::new();
        loop {
            let line = line(&mut stream)?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        Ok(Answer { status, headers, stream })
    }

    fn is_event_stream(&self, content_type: &str) -> bool {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if self.has("exact-content-type") {
            return content_type == "text/event-stream";
        }
        if self.has("any-type-with-charset") && content_type.contains("charset") {
            return true;
        }
        essence.eq_ignore_ascii_case("text/event-stream")
    }

    /// Reads the body. Returns whether it ended correctly, after an event.
    fn read(&mut self, answer: &mut Answer) -> bool {
        let fresh = || Oracle::new(Settings::EVENTS, &self.last_event_id);
        let mut decoder = self.decoder.take().unwrap_or_else(fresh);
        let mut body = Body { stream: &mut answer.stream, left: 0 };
        let mut held_back = Vec::new();
        let mut has_id = false;
        let mut has_event = false;
        let is_whole = loop {
            let Ok(piece) = body.piece() else { break false };
            if piece.is_empty() {
                break true;
            }
            decoder.feed_all(&piece);
            for output in decoder.take_outputs() {
                let Output::Event { event_type, data, id, last_event_id, .. } = output else { continue };
                has_event = true;
                has_id |= id.is_some();
                let event_type = event_type.as_deref().unwrap_or("message");
                let data =
                    if self.has("small") { data[..data.len().min(64 * 1024)].to_owned() } else { data };
                let line =
                    json!({ "event": { "type": event_type, "data": data, "lastEventId": last_event_id } });
                held_back.push(line.to_string());
                if self.has("mute") {
                    held_back.clear();
                }
                if !self.has("holds-back") {
                    held_back.drain(..).for_each(say);
                }
            }
        };
        held_back.drain(..).for_each(say);
        self.last_event_id = decoder.last_event_id().to_owned();
        if self.has("loses-id") && !has_id {
            self.last_event_id.clear();
        }
        if !self.has("forgets-retry") || decoder.retry().is_some() {
            self.retry = decoder.retry().or(self.retry);
        } else {
            self.retry = None;
        }
        if self.has("joins") {
            self.decoder = Some(decoder);
        }
        if self.has("gives-up") {
            exit(0);
        }
        is_whole && has_event
    }

    fn wait(&mut self, brought_something: bool, after: Option<Duration>) -> Duration {
        if self.has("hasty") {
            return Duration::from_millis(self.retry.unwrap_or(0));
        }
        self.failures = if brought_something { 0 } else { self.failures + 1 };
        let base = Duration::from_millis(self.retry.unwrap_or(1_000).max(200));
        let base = if self.has("sluggish") { base + Duration::from_secs(3) } else { base };
        // The first failure does not increase its own wait.
        let factor = 1 << self.failures.saturating_sub(1).min(4);
        (base * factor).max(after.unwrap_or_default())
    }
}

/// Reads seconds, or a date by the clock of the server.
fn after(value: &str, answer: &Answer) -> Option<Duration> {
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(3_600)));
    }
    let now = answer.header("date").and_then(|date| httpdate::parse_http_date(date).ok());
    httpdate::parse_http_date(value).ok()?.duration_since(now.unwrap_or_else(SystemTime::now)).ok()
}

fn say(line: String) {
    println!("{line}");
}

/// A chunked body. The kit sends no other.
struct Body<'a> {
    stream: &'a mut BufReader<TcpStream>,
    left: usize,
}

impl Body<'_> {
    /// Returns the next bytes, or none at the end.
    fn piece(&mut self) -> io::Result<Vec<u8>> {
        if self.left == 0 {
            let size = line(self.stream)?;
            self.left = usize::from_str_radix(&size, 16).map_err(|_| io::ErrorKind::InvalidData)?;
            if self.left == 0 {
                return Ok(Vec::new());
            }
        }
        let mut piece = vec![0; self.left.min(8 * 1024)];
        let read = self.stream.read(&mut piece)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        piece.truncate(read);
        self.left -= read;
        if self.left == 0 {
            line(self.stream)?;
        }
        Ok(piece)
    }
}

/// A line without its end.
fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let line = line.strip_suffix("\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(line.to_owned())
}

struct Url {
    authority: String,
    path: String,
    credentials: Option<String>,
}

impl Url {
    fn parse(url: &str) -> Self {
        let Some(rest) = url.strip_prefix("http://") else {
            eprintln!("{url} is no http URL");
            exit(1);
        };
        let (authority, path) = rest.split_once('/').expect("a path");
        let (credentials, authority) = match authority.split_once('@') {
            Some((credentials, authority)) => (Some(credentials.to_owned()), authority),
            None => (None, authority),
        };
        Self { authority: authority.to_owned(), path: format!("/{path}"), credentials }
    }

    fn join(&self, location: &str) -> Self {
        if location.starts_with('/') {
            return Self { authority: self.authority.clone(), path: location.to_owned(), credentials: None };
        }
        Self::parse(location)
    }
}
