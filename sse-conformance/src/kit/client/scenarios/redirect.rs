//! Redirects.

use std::net::SocketAddr;

use super::{EVENT, PATIENT, Scenario, check, comes_back, ms, other, stream, watched};
use crate::{
    kit::{
        client::{
            record::{Record, Verdict, failed},
            rules::{REDIRECT, REDIRECT_HEADERS, REDIRECT_LOOP},
        },
        report::Outcome,
    },
    scripts::socket::header,
};

/// Browsers follow 20. A client that retries after some time makes twice as many requests, or more.
const MOST: usize = 120;

pub(super) fn all() -> Vec<Scenario> {
    let mut all: Vec<_> = [
        "301 Moved Permanently",
        "302 Found",
        "303 See Other",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ]
    .into_iter()
    .map(follows)
    .collect();
    all.push(credentials());
    let check = check(
        "redirect/endless",
        "a redirect to itself ends",
        "A wrong setting of a proxy makes such a loop: each client would flood the server.",
        REDIRECT_LOOP,
    );
    let script = |_, _: SocketAddr| other("307 Temporary Redirect", "location: /events\r\n", "");
    all.push(watched(check, PATIENT, MOST + 1, script, |record| {
        record.request(0)?;
        match record.requests().get(MOST) {
            None => Ok(()),
            Some(last) => {
                let time = last.at - record.request(0)?.at;
                Err(failed(format!("it made {MOST} requests within {} ms", time.as_millis())))
            }
        }
    }));
    all
}

fn follows(status: &'static str) -> Scenario {
    let check = check(
        &format!("redirect/{}", &status[..3]),
        &format!("{status} is followed"),
        "Services move, and load balancers redirect clients.",
        REDIRECT,
    );
    let script = move |number| match number {
        0 => other(status, "location: /there\r\n", ""),
        _ => stream(EVENT),
    };
    comes_back(check, 3, script, |record| {
        let second = record.request(1)?;
        if !second.text.starts_with("GET /there ") {
            let line = second.text.lines().next().unwrap_or_default();
            return Err(failed(format!("request 2 is {line}")));
        }
        record.has_events_if_it_tells(&[("message", "a", "1")])
    })
}

/// For a client, `localhost` is another host than 127.0.0.1.
fn credentials() -> Scenario {
    let check = check(
        "redirect/credentials",
        "credentials are not sent to another host to which the first one redirects",
        "Otherwise anyone who can make a server redirect gets the password.",
        REDIRECT_HEADERS,
    );
    let script = |number, addr: SocketAddr| match number {
        0 => {
            let location = format!("location: http://localhost:{}/there\r\n", addr.port());
            other("307 Temporary Redirect", &location, "")
        }
        _ => stream(EVENT),
    };
    Scenario { with_password: true, ..watched(check, ms(3_000), 2, script, keeps_secret) }
}

fn keeps_secret(record: &Record) -> Verdict {
    let skipped = |reason: &str| Err(Outcome::Skipped(reason.to_owned()));
    let Ok(first) = record.request(0) else {
        return skipped("it does not accept a URL with a user name and a password");
    };
    if header(&first.text, "authorization").is_none() {
        return skipped("it does not send the user name and the password of a URL");
    }
    let Ok(second) = record.request(1) else { return Ok(()) };
    match header(&second.text, "authorization") {
        None => Ok(()),
        Some(value) => Err(failed(format!("it sent authorization: {value} to the other host"))),
    }
}
