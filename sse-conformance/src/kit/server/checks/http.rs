//! Heads, HEAD, and the versions of HTTP.

use super::{Judge, check, rfc};
use crate::kit::{
    check::{Check, Rule},
    server::{
        http1::{Framing, Head},
        observed::Observed,
        watch::{End, Watch},
    },
    verdict::{Verdict, failed, skipped},
};

const OPENS: Rule = rfc(
    "Otherwise, if res's status is not 200, or if res's `Content-Type` is not `text/event-stream`, then fail the \
     connection.",
    "HTML, 9.2.2 The EventSource interface",
);
const CHARSET: Rule = rfc(
    "The charset parameter may be provided. The parameter's value must be \"utf-8\".",
    "HTML, 17.7 text/event-stream",
);
const CACHES: Rule = rfc(
    "Since origin servers do not always provide explicit expiration times, a cache MAY assign a heuristic expiration \
     time when an explicit time is not specified",
    "RFC 9111, 4.2.2 Calculating Heuristic Freshness",
);
const CONTENT_ENCODING: Rule = rfc(
    "If no Accept-Encoding header field is in the request, any content coding is considered acceptable by the user \
     agent.",
    "RFC 9110, 12.5.3 Accept-Encoding",
);
const HEAD: Rule = rfc(
    "The HEAD method is identical to GET except that the server MUST NOT send content in the response.",
    "RFC 9110, 9.3.2 HEAD",
);
const HEAD_FIELDS: Rule = rfc(
    "The server SHOULD send the same header fields in response to a HEAD request as it would have sent if the request \
     method had been GET.",
    "RFC 9110, 9.3.2 HEAD",
);
const UNCHUNKED: Rule = rfc(
    "A server MUST NOT send a response containing Transfer-Encoding unless the corresponding request indicates HTTP/1.1 \
     (or later minor revisions).",
    "RFC 9112, 6.1 Transfer-Encoding",
);
const FRAMING: Rule = rfc(
    "Since there is no way to distinguish a successfully completed, close-delimited response message from a partially \
     received message interrupted by network failure, a server SHOULD generate encoding or length-delimited messages \
     whenever possible.",
    "RFC 9112, 6.3 Message Body Length",
);
const HOST: Rule = rfc(
    "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message that lacks a Host header \
     field",
    "RFC 9112, 3.2 Request Target",
);
const PERSISTENT: Rule = rfc(
    "HTTP/1.1 defaults to the use of \"persistent connections\", allowing multiple requests and responses to be carried \
     over a single connection.",
    "RFC 9112, 9.3 Persistence",
);
const END_STREAM: Rule = rfc(
    "An HTTP/2 response is complete when a frame with the END_STREAM flag set is received",
    "RFC 9113, 8.1 HTTP Message Framing",
);
const STREAMS: Rule =
    rfc("RST_STREAM allows for immediate termination of a stream.", "RFC 9113, 6.4 RST_STREAM");

pub(super) fn all() -> Vec<(Check, Judge)> {
    let never = "Browsers and similar clients never connect, and do not retry.";
    vec![
        check("headers/status", "GET is answered with 200", never, OPENS, |seen| is_200(&seen.get.head)),
        check("headers/content-type", "the content type is text/event-stream", never, OPENS, |seen| {
            is_event_stream(&seen.get.head)
        }),
        check(
            "headers/charset",
            "the content type has no parameters but charset=utf-8",
            "Some clients use the charset, but the stream is always UTF-8.",
            CHARSET,
            |seen| charset(&seen.get.head),
        ),
        check(
            "headers/cache-control",
            "Cache-Control has no-store or no-cache",
            "A cache may answer the next client with an old stream.",
            CACHES,
            |seen| match seen.get.head.header("cache-control") {
                Some(value) if value.contains("no-store") || value.contains("no-cache") => Ok(()),
                Some(value) => Err(failed(format!("it has cache-control: {value}"))),
                None => Err(failed("it has no cache-control")),
            },
        ),
        check(
            "headers/content-encoding",
            "there is no content encoding that was not requested",
            "Many clients of event streams do not decode it.",
            CONTENT_ENCODING,
            |seen| match seen.get.head.header("content-encoding") {
                None => Ok(()),
                Some(value) if value.eq_ignore_ascii_case("identity") => Ok(()),
                Some(value) => Err(failed(format!("it has content-encoding: {value}"))),
            },
        ),
        check(
            "head/no-body",
            "HEAD gets a head without a body, in HTTP/1.1",
            "The client reads the body as the answer to the next request on the connection.",
            HEAD,
            |seen| match seen.head.as_ref().map_err(failed)?.body.as_slice() {
                [] => Ok(()),
                body => Err(failed(format!("{:?} came after the head", String::from_utf8_lossy(body)))),
            },
        ),
        check(
            "head/same-head",
            "HEAD gets the status and the content type of GET",
            "With HEAD, monitoring checks a stream without opening one.",
            HEAD_FIELDS,
            |seen| same_head(&seen.get.head, &seen.head.as_ref().map_err(failed)?.head),
        ),
        check(
            "http10/unchunked",
            "the answer to HTTP/1.0 has no chunks",
            "Old proxies use it with servers by default, and forward the chunk sizes as text.",
            UNCHUNKED,
            |seen| match seen.http10.as_ref().map_err(failed)?.head.header("transfer-encoding") {
                None => Ok(()),
                Some(value) => Err(failed(format!("it has transfer-encoding: {value}"))),
            },
        ),
        check("http10/streams", "the stream works in HTTP/1.0 as well", never, OPENS, |seen| {
            streams(seen, &seen.http10)
        }),
        check(
            "http11/framing",
            "in HTTP/1.1 the stream comes in chunks, so that its end differs from a broken connection",
            "Without chunks a broken connection looks like the end of the stream; with a length the stream cannot continue.",
            FRAMING,
            |seen| match seen.framing {
                Framing::Chunked(_) => Ok(()),
                // It has a length, and is complete.
                Framing::Length(_) if seen.get.end == End::Clean => Ok(()),
                Framing::Close => Err(failed("it ends with its connection")),
                framing => Err(failed(format!("its end is marked by {framing:?}"))),
            },
        ),
        check(
            "http11/host",
            "a request without Host gets 400",
            "Such a request can be an attack on a proxy.",
            HOST,
            |seen| {
                match &seen.without_host {
                    Ok(head) if head.status == 400 => Ok(()),
                    Ok(head) => Err(failed(format!("it got {}", head.status))),
                    // It is refused, although without an answer.
                    Err(_) => Ok(()),
                }
            },
        ),
        check(
            "http11/next-request",
            "after HEAD the connection accepts another request, or the answer says that it closes",
            "A client whose request fails on a connection that seemed open reports an error to its user.",
            PERSISTENT,
            |seen| match &seen.head.as_ref().map_err(failed)?.next {
                None => Ok(()),
                Some(next) => next.as_ref().map(drop).map_err(failed),
            },
        ),
        check("http2/streams", "the stream works in HTTP/2 as well", never, OPENS, |seen| {
            streams(seen, &http2(seen)?.get)
        }),
        check(
            "http2/end",
            "a stream that ends in HTTP/1.1 ends in HTTP/2 as well, with END_STREAM",
            "Otherwise the client waits for more, and never reconnects.",
            END_STREAM,
            |seen| {
                let http2 = http2(seen)?;
                if seen.get.end == End::Open {
                    return Err(skipped("the stream did not end while it was watched"));
                }
                match &http2.get.as_ref().map_err(failed)?.end {
                    End::Clean => Ok(()),
                    End::Open => Err(failed("it did not end, though it did in HTTP/1.1")),
                    End::Broken(error) => Err(failed(error)),
                }
            },
        ),
        check(
            "http2/head",
            "HEAD gets a head without a body, in HTTP/2",
            "Unexpected frames end all streams of the client's connection.",
            HEAD,
            |seen| {
                let (head, body) = http2(seen)?.head.as_ref().map_err(failed)?;
                if !body.is_empty() {
                    return Err(failed(format!("{:?} came after the head", String::from_utf8_lossy(body))));
                }
                same_head(&seen.get.head, head)
            },
        ),
        check(
            "http2/neighbour",
            "a reset of one stream does not affect the others of its connection",
            "A browser has all streams of a site, and all its other requests, on one connection.",
            STREAMS,
            |seen| goes_on(seen, http2(seen)?.neighbour.as_ref().map_err(failed)?),
        ),
    ]
}

fn http2(seen: &Observed) -> Result<&crate::kit::server::observed::Http2, crate::kit::report::Outcome> {
    seen.http2.as_ref().ok_or_else(|| skipped("it does not speak HTTP/2"))
}

fn is_200(head: &Head) -> Verdict {
    if head.status == 200 { Ok(()) } else { Err(failed(format!("the status is {}", head.status))) }
}

fn is_event_stream(head: &Head) -> Verdict {
    let Some(value) = head.header("content-type") else { return Err(failed("there is no content type")) };
    let essence = value.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("text/event-stream") {
        return Ok(());
    }
    Err(failed(format!("it is {value}")))
}

fn charset(head: &Head) -> Verdict {
    let value = head.header("content-type").unwrap_or_default();
    let parameters = value.split(';').skip(1).map(str::trim).filter(|parameter| !parameter.is_empty());
    for parameter in parameters {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let is_utf8 = value.trim_matches('"').eq_ignore_ascii_case("utf-8");
        if !name.eq_ignore_ascii_case("charset") || !is_utf8 {
            return Err(failed(format!("it has {parameter}")));
        }
    }
    Ok(())
}

fn same_head(get: &Head, head: &Head) -> Verdict {
    if head.status == 405 {
        return Err(skipped("it answers HEAD with 405"));
    }
    let (expected, seen) = [get, head].map(|head| (head.status, head.header("content-type"))).into();
    if expected == seen {
        return Ok(());
    }
    Err(failed(format!("GET gets {expected:?}, HEAD gets {seen:?}")))
}

/// It is an event stream, and has bytes if the first request had them.
fn streams(seen: &Observed, watch: &Result<Watch, String>) -> Verdict {
    let watch = watch.as_ref().map_err(failed)?;
    is_200(&watch.head)?;
    is_event_stream(&watch.head)?;
    if let End::Broken(error) = &watch.end {
        return Err(failed(error));
    }
    if watch.outputs.is_empty() && !seen.get.outputs.is_empty() {
        return Err(failed(format!("nothing came within {:.1} s", watch.lasted.as_secs_f64())));
    }
    Ok(())
}

/// It is still open, or has ended as it does without another client.
pub(super) fn goes_on(seen: &Observed, watch: &Watch) -> Verdict {
    match &watch.end {
        End::Open => Ok(()),
        End::Clean if seen.get.end == End::Clean => Ok(()),
        End::Clean => Err(failed("it ended")),
        End::Broken(error) => Err(failed(error)),
    }
}
