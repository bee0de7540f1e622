//! The head of a request, by RFC 9112, which says what must be accepted and what must be refused.
//!
//! Anything else is refused if that makes the code shorter.

use std::{
    io::{self, BufRead, ErrorKind, Take},
    net::Ipv6Addr,
};

/// The longest request line, in bytes. "It is RECOMMENDED that all HTTP senders and recipients support, at a
/// minimum, request-line lengths of 8000 octets."
const MAX_LINE: u64 = 16 * 1024;

/// The limit for all header fields together, in bytes.
const MAX_FIELDS: u64 = 32 * 1024;

const BAD: Problem = Problem::Refused("400 Bad Request");

/// The methods of RFC 9110, 9.1, and PATCH.
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

pub(crate) struct Request {
    /// One of `METHODS`.
    pub(crate) method: String,
    /// The path without a query. `*` is the server itself.
    pub(crate) path: String,
    fields: Vec<(String, String)>,
}

/// Why there is no request.
pub(crate) enum Problem {
    /// Refused with this status.
    Refused(&'static str),
    /// The client has left, or is too slow.
    Lost(io::Error),
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Lost(error)
    }
}

impl Request {
    /// Reads up to and including the blank line after the header fields.
    pub(crate) fn read(input: impl BufRead) -> Result<Self, Problem> {
        let mut input = input.take(MAX_LINE);
        // "a server that is expecting to receive and parse a request-line SHOULD ignore at least one empty line (CRLF)
        // received prior to the request-line"
        let mut line = String::new();
        while line.is_empty() {
            line = read_line(&mut input, |line| match line.contains(&b' ') {
                true => "414 URI Too Long",
                // "a method longer than any that it implements"
                false => "501 Not Implemented",
            })?;
        }
        let (method, target, version) = match line.split(' ').collect::<Vec<_>>()[..] {
            [method, target, version] => (method, target, version),
            _ => return Err(BAD),
        };
        let minor_version = minor_version(version)?;
        let path = path(method, target)?.to_owned();
        if !is_token(method) {
            return Err(BAD);
        }
        if !METHODS.contains(&method) {
            return Err(Problem::Refused("501 Not Implemented"));
        }
        let fields = read_fields(&mut input)?;
        let request = Self { method: method.to_owned(), path, fields };
        request.check_host(minor_version)?;
        request.check_body()?;
        Ok(request)
    }

    /// The values of the header fields with this name, in lower case.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |field| field.0 == name).map(|field| &*field.1)
    }

    /// "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message that lacks a Host
    /// header field and to any request message that contains more than one Host header field line or a Host header
    /// field with an invalid field value."
    fn check_host(&self, minor_version: u8) -> Result<(), Problem> {
        let mut hosts = self.values("host");
        match (hosts.next(), hosts.next()) {
            (None, _) if minor_version == 0 => Ok(()),
            (Some(host), None) if is_host(host) => Ok(()),
            _ => Err(BAD),
        }
    }

    /// Bodies are not read, but by 6.1 and 6.3 a request whose end is unclear must be refused.
    fn check_body(&self) -> Result<(), Problem> {
        let list = |name| self.values(name).flat_map(|value| value.split(',')).map(str::trim);
        let lengths: Vec<&str> = list("content-length").collect();
        let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !lengths.iter().all(|length| is_number(length) && *length == lengths[0]) {
            return Err(BAD);
        }
        let codings: Vec<&str> = list("transfer-encoding").filter(|coding| !coding.is_empty()).collect();
        match codings[..] {
            [] if self.values("transfer-encoding").next().is_none() => Ok(()),
            [.., last] if lengths.is_empty() && last.eq_ignore_ascii_case("chunked") => match codings.len() {
                1 => Ok(()),
                // "A server that receives a request message with a transfer coding it does not understand"
                _ => Err(Problem::Refused("501 Not Implemented")),
            },
            _ => Err(BAD),
        }
    }
}

/// The minor version of HTTP/1. Each is accepted, since a higher one is treated as the highest known one (RFC 9110,
/// 2.5).
fn minor_version(text: &str) -> Result<u8, Problem> {
    match text.as_bytes() {
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor @ b'0'..=b'9'] => Ok(minor - b'0'),
        [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => {
            Err(Problem::Refused("505 HTTP Version Not Supported"))
        }
        _ => Err(BAD),
    }
}

/// The path of a request target, in any of its four forms (3.2).
fn path<'t>(method: &str, target: &'t str) -> Result<&'t str, Problem> {
    if !target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') {
        return Err(BAD);
    }
    let path_and_query = if target.starts_with('/') {
        target
    } else if method == "CONNECT" || (method == "OPTIONS" && target == "*") {
        return Ok("*");
    } else {
        // "a server MUST accept the absolute-form in requests"
        let (scheme, rest) = target.split_once("://").ok_or(BAD)?;
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.is_empty() || authority.starts_with(':') || !is_host(authority) {
            return Err(BAD);
        }
        if !scheme.eq_ignore_ascii_case("http") {
            // RFC 9110, 7.4: in particular https, since this connection has no TLS.
            return Err(Problem::Refused("421 Misdirected Request"));
        }
        path
    };
    let path = path_and_query.split('?').next().unwrap_or_default();
    // Only the absolute form can have no path. This is the same as `/`, and with OPTIONS as `*` (3.2.4).
    Ok(match path {
        "" if method == "OPTIONS" && !path_and_query.contains('?') => "*",
        "" => "/",
        path => path,
    })
}

fn read_fields(input: &mut Take<impl BufRead>) -> Result<Vec<(String, String)>, Problem> {
    input.set_limit(MAX_FIELDS);
    let mut fields = Vec::new();
    loop {
        let line = read_line(input, |_| "431 Request Header Fields Too Large")?;
        if line.is_empty() {
            return Ok(fields);
        }
        // No name is empty or has spaces. This also refuses a space before the colon, before the first field, and
        // before the rest of a value (obs-fold), as required.
        let (name, value) = line.split_once(':').filter(|(name, _)| is_token(name)).ok_or(BAD)?;
        fields.push((name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).to_owned()));
    }
}

/// The next line, without its end: CRLF, or LF alone.
fn read_line(
    input: &mut Take<impl BufRead>,
    too_long: impl FnOnce(&[u8]) -> &'static str,
) -> Result<String, Problem> {
    let mut line = Vec::new();
    input.read_until(b'\n', &mut line)?;
    if line.pop_if(|byte| *byte == b'\n').is_none() {
        return Err(match input.limit() {
            0 => Problem::Refused(too_long(&line)),
            _ => Problem::Lost(ErrorKind::UnexpectedEof.into()),
        });
    }
    line.pop_if(|byte| *byte == b'\r');
    // "A recipient of such a bare CR MUST consider that element to be invalid", and NUL is as dangerous.
    if line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return Err(BAD);
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// RFC 9110, 5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// `uri-host [ ":" port ]`, which may be empty; RFC 3986, 3.2.2 and 3.2.3.
fn is_host(text: &str) -> bool {
    let (is_name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => (address.parse::<Ipv6Addr>().is_ok() || is_future_address(address), rest),
        None => {
            let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            (is_name(name, b""), port)
        }
    };
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    is_name && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

fn is_future_address(text: &str) -> bool {
    let version_and_address = text.strip_prefix(['v', 'V']).and_then(|rest| rest.split_once('.'));
    version_and_address.is_some_and(|(version, address)| {
        u64::from_str_radix(version, 16).is_ok() && !address.is_empty() && is_name(address, b":")
    })
}

fn is_name(text: &str, more: &[u8]) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut is_hex_digit = || bytes.next().is_some_and(|byte| byte.is_ascii_hexdigit());
        let is_part = match byte {
            b'%' => is_hex_digit() && is_hex_digit(),
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte) || more.contains(&byte),
        };
        if !is_part {
            return false;
        }
    }
    true
}
