//! The servers that are played, and the requirements for a client on each.

mod ending;
mod events;
mod ids;
mod opening;
mod reconnecting;
mod redirect;
mod request;
mod waiting;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use super::record::{Record, Verdict};
use crate::{
    kit::check::{Check, Rule},
    scripts::socket::{NO_CONTENT, Step, answer, chunk},
};

/// A server, and the requirement for a client on it.
pub(super) struct Scenario {
    pub(super) check: Check,
    pub(super) script: Script,
    pub(super) until: Until,
    pub(super) judge: Judge,
    /// The URL has a user name and a password.
    pub(super) with_password: bool,
}

/// The script of the server for the connection with this number, from 0.
pub(super) type Script = Arc<dyn Fn(usize, SocketAddr) -> Vec<Step> + Send + Sync>;

pub(super) type Judge = Box<dyn Fn(&Record) -> Verdict + Send + Sync>;

/// When a run ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Until {
    /// After this many requests.
    pub(super) requests: usize,
    /// After this long without an observation; by default `--timeout`.
    pub(super) quiet: Option<Duration>,
    /// This long after the first request.
    pub(super) watch: Option<Duration>,
}

impl Until {
    /// How long it may take, as far as known.
    pub(super) fn longest(&self) -> Duration {
        self.watch.or(self.quiet).unwrap_or_default()
    }
}

/// All scenarios.
pub(super) fn all() -> Vec<Scenario> {
    [
        request::all(),
        opening::all(),
        redirect::all(),
        events::all(),
        ids::all(),
        reconnecting::all(),
        waiting::all(),
        ending::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A scenario that any client passes.
pub(super) fn probe() -> Scenario {
    let check = Check::new("probe", "an event", "without it nothing works", super::rules::WAIT);
    let mut scenario = comes_back(check, 2, |_| stream(EVENT), |_| Ok(()));
    scenario.until.quiet = Some(ms(2_000));
    scenario
}

/// Any client that reconnects does so within this time: browsers wait for 3 s.
const PATIENT: Duration = Duration::from_millis(4_500);

/// An event after which clients reconnect soon.
const EVENT: &str = "retry: 200\nid: 1\ndata: a\n\n";

/// The client makes this many requests; the server answers the last one with 204.
fn comes_back(
    check: Check,
    requests: usize,
    script: impl Fn(usize) -> Vec<Step> + Send + Sync + 'static,
    judge: impl Fn(&Record) -> Verdict + Send + Sync + 'static,
) -> Scenario {
    let script = move |number, _| if number + 1 < requests { script(number) } else { answer(NO_CONTENT) };
    let until = Until { requests, quiet: None, watch: None };
    Scenario { check, script: Arc::new(script), until, judge: Box::new(judge), with_password: false }
}

/// The client makes this many requests and no more.
fn stays_away(
    check: Check,
    requests: usize,
    script: impl Fn(usize) -> Vec<Step> + Send + Sync + 'static,
    judge: impl Fn(&Record) -> Verdict + Send + Sync + 'static,
) -> Scenario {
    let until = Until { requests: requests + 1, quiet: Some(PATIENT), watch: None };
    Scenario {
        check,
        script: Arc::new(move |number, _| script(number)),
        until,
        judge: Box::new(judge),
        with_password: false,
    }
}

/// The client is watched for this long, or until it has made this many requests.
fn watched(
    check: Check,
    watch: Duration,
    requests: usize,
    script: impl Fn(usize, SocketAddr) -> Vec<Step> + Send + Sync + 'static,
    judge: impl Fn(&Record) -> Verdict + Send + Sync + 'static,
) -> Scenario {
    let until = Until { requests, quiet: Some(watch), watch: Some(watch) };
    Scenario { check, script: Arc::new(script), until, judge: Box::new(judge), with_password: false }
}

fn check(name: &str, what: &str, why: &str, rule: Rule) -> Check {
    Check::new(name, what, why, rule)
}

/// An answer with this status line and these header lines, and a body in chunks.
fn head(status: &str, headers: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}connection: close\r\ntransfer-encoding: chunked\r\n\r\n")
}

const OPEN: &str = "content-type: text/event-stream\r\n";

/// An event stream with this text that ends after it.
fn stream(text: &str) -> Vec<Step> {
    answer(head("200 OK", OPEN) + &body(text))
}

/// Another answer with this body.
fn other(status: &str, headers: &str, text: &str) -> Vec<Step> {
    answer(head(status, headers) + &body(text))
}

/// An event stream that begins with this text.
fn begun(text: &str) -> Vec<Step> {
    answer(head("200 OK", OPEN) + &chunk(text))
}

/// A complete body in chunks.
fn body(text: &str) -> String {
    let end = chunk("");
    if text.is_empty() { end } else { chunk(text) + &end }
}

/// A further chunk of a body.
fn more(text: &str) -> Step {
    Step::Write(chunk(text).into())
}

/// The end of a body in chunks.
fn end() -> Step {
    Step::Write(chunk("").into())
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
