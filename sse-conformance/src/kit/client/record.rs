//! The observations of one run of a program, and checks of them.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;

pub(super) use crate::kit::verdict::{Verdict, failed};
use crate::{
    kit::{
        lines::{Event, shorten},
        report::Outcome,
    },
    scripts::socket::{Seen, Sighting, header},
};

/// All observations of a run.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) started: Instant,
    /// The time of the last observation.
    pub(super) last_seen: Instant,
    requests: Vec<Request>,
    events: Vec<(Instant, Event)>,
    /// Whether the program prints events at all.
    tells_events: bool,
    /// Its exit code if it exited without being killed; `Some(None)` after a signal.
    exit: Option<Option<i32>>,
    /// Its standard error.
    errors: String,
}

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) at: std::time::Instant,
    pub(super) text: String,
}

#[derive(Deserialize)]
struct Line {
    event: Event,
}

impl Record {
    pub(super) fn new() -> Self {
        let started = Instant::now();
        Self {
            started,
            last_seen: started,
            requests: Vec::new(),
            events: Vec::new(),
            tells_events: true,
            exit: None,
            errors: String::new(),
        }
    }

    pub(super) fn see(&mut self, Sighting { at, seen, .. }: Sighting) {
        self.last_seen = Instant::now();
        if let Seen::Request(text) = seen {
            self.requests.push(Request { at, text });
        }
    }

    /// Reads a line of output. Lines that are not events are ignored.
    pub(super) fn read(&mut self, line: &[u8]) {
        self.last_seen = Instant::now();
        if let Ok(Line { event }) = serde_json::from_slice(line) {
            self.events.push((Instant::now(), event));
        }
    }

    pub(super) fn ended(&mut self, code: Option<i32>) {
        self.exit = Some(code);
    }

    pub(super) fn errors(&mut self, errors: String) {
        self.errors = errors;
    }

    pub(super) fn telling(self, tells_events: bool) -> Self {
        Self { tells_events, ..self }
    }

    pub(super) fn tells_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// Why there was no request.
    pub(super) fn why_no_request(&self) -> String {
        let end = match self.exit {
            None => "no request came".to_owned(),
            Some(None) => "a signal ended it before it made a request".to_owned(),
            Some(Some(code)) => format!("it ended with the exit code {code} before it made a request"),
        };
        match self.errors.lines().rfind(|line| !line.trim().is_empty()) {
            Some(line) => format!("{end}: {line}"),
            None => end,
        }
    }

    pub(super) fn requests(&self) -> &[Request] {
        &self.requests
    }

    /// The request with this number, from 0. An outcome if it did not come.
    pub(super) fn request(&self, number: usize) -> Result<&Request, Outcome> {
        self.requests.get(number).ok_or_else(|| {
            let count = self.requests.len();
            let end = match self.exit {
                None => "then nothing more",
                Some(_) => "then it exited",
            };
            let errors = self.errors.lines().rfind(|line| !line.trim().is_empty());
            let errors =
                errors.map(|line| format!("\nits last error: {}", shorten(line))).unwrap_or_default();
            failed(match count {
                0 => format!("it made no request{errors}"),
                1 => format!("it made one request, {end}{errors}"),
                _ => format!("it made {count} requests, {end}{errors}"),
            })
        })
    }

    /// `Last-Event-ID` of the request with this number.
    pub(super) fn id_of(&self, number: usize) -> Result<Option<&str>, Outcome> {
        Ok(header(&self.request(number)?.text, "last-event-id"))
    }

    /// Checks that this request has this last event ID.
    pub(super) fn has_id(&self, number: usize, expected: Option<&str>) -> Verdict {
        let id = self.id_of(number)?;
        if id == expected {
            return Ok(());
        }
        let say =
            |id: Option<&str>| id.map_or("no Last-Event-ID".to_owned(), |id| format!("Last-Event-ID: {id}"));
        let (id, expected) = (shorten(&say(id)), shorten(&say(expected)));
        Err(failed(format!("request {} has {id}\nit should have {expected}", number + 1)))
    }

    /// Checks that there were this many requests and no more.
    pub(super) fn stays_away_after(&self, count: usize) -> Verdict {
        self.request(count - 1)?;
        match self.requests.get(count) {
            None => Ok(()),
            Some(again) => {
                let gap = again.at - self.requests[count - 1].at;
                Err(failed(format!("it reconnected after {} ms", gap.as_millis())))
            }
        }
    }

    /// The time between the request with this number and the next one.
    pub(super) fn gap(&self, number: usize) -> Result<Duration, Outcome> {
        Ok(self.request(number + 1)?.at - self.request(number)?.at)
    }

    /// Checks that the gap after this request is no shorter than this.
    pub(super) fn waits(&self, number: usize, least: Duration) -> Verdict {
        // Some timers have a resolution of 15 ms.
        const TOLERANCE: Duration = Duration::from_millis(20);
        let gap = self.gap(number)?;
        if gap + TOLERANCE >= least {
            return Ok(());
        }
        Err(failed(format!("it reconnected after {} ms, not {} ms", gap.as_millis(), least.as_millis())))
    }

    /// The printed events with their times. An error if it never prints any.
    pub(super) fn events(&self) -> Result<&[(Instant, Event)], Outcome> {
        if !self.tells_events {
            return Err(Outcome::Skipped("it prints no events".to_owned()));
        }
        Ok(&self.events)
    }

    /// Checks the events: type, data and last event ID.
    pub(super) fn has_events(&self, expected: &[(&str, &str, &str)]) -> Verdict {
        let events = self.events()?;
        let same = |(_, event): &(Instant, Event), (r#type, data, id): &(&str, &str, &str)| {
            event.r#type == *r#type
                && event.data == *data
                && event.last_event_id.as_ref().is_none_or(|last| last == id)
        };
        if events.len() == expected.len()
            && events.iter().zip(expected).all(|(event, expected)| same(event, expected))
        {
            return Ok(());
        }
        let was: Vec<_> = events
            .iter()
            .map(|(_, Event { r#type, data, last_event_id })| {
                (&**r#type, &**data, last_event_id.as_deref().unwrap_or("?"))
            })
            .collect();
        let (was, expected) = (shorten(&format!("{was:?}")), shorten(&format!("{expected:?}")));
        Err(failed(format!(
            "its events (type, data, last event ID)\n  should be {expected}\n  were      {was}"
        )))
    }

    /// The same, if the program prints events at all.
    pub(super) fn has_events_if_it_tells(&self, expected: &[(&str, &str, &str)]) -> Verdict {
        if self.tells_events { self.has_events(expected) } else { Ok(()) }
    }
}
