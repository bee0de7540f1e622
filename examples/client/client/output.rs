//! The output: text for people, or JSON Lines for programs.

use std::{
    env,
    error::Error,
    io::{self, BufWriter, IsTerminal, Stdout, Write},
    time::Duration,
};

use reqwest::Body;
use serde::Serialize;
use serde_json::Value as Json;
use sse_client::{Event, EventId, Failure, Update};

use crate::{
    cli::{self, printable},
    json::{Skipped, milliseconds, write_line},
};

pub(crate) struct Output {
    stdout: BufWriter<Stdout>,
    json: bool,
    comments: bool,
    colors: bool,
}

impl Output {
    pub(crate) fn new(json: bool, comments: bool) -> Self {
        let stdout = io::stdout();
        // https://no-color.org
        let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colors = stdout.is_terminal() && !no_color;
        Self { stdout: BufWriter::new(stdout), json, comments, colors }
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.stdout.flush()
    }

    pub(crate) fn event(&mut self, event: &Event, last_event_id: &EventId) -> io::Result<()> {
        if self.json {
            let (r#type, data, last_event_id) = (event.event_type(), event.data(), last_event_id.as_str());
            return self.line(&Line::Event { r#type, data, last_event_id });
        }
        let (bold, dim, plain) =
            if self.colors { ("\x1b[1;36m", "\x1b[2m", "\x1b[0m") } else { ("", "", "") };
        write!(self.stdout, "{bold}{}{plain}", printable(event.event_type()))?;
        if !last_event_id.is_empty() {
            write!(self.stdout, " {dim}({}){plain}", printable(last_event_id.as_str()))?;
        }
        self.indented(": ", event.data())
    }

    pub(crate) fn update(&mut self, update: &Update<reqwest::Error, Body>) -> io::Result<()> {
        match update {
            Update::Comment(_) if !self.comments => Ok(()),
            update if self.json => line_of(update).map_or(Ok(()), |line| self.line(&line)),
            Update::Comment(text) => self.indented("comment: ", text),
            update => {
                if let Some(notice) = notice(update) {
                    self.flush()?;
                    cli::complain("client", &notice);
                }
                Ok(())
            }
        }
    }

    pub(crate) fn end(&mut self, id: &EventId, retry: Option<Duration>, end: &str) -> io::Result<()> {
        if self.json {
            let retry = retry.map_or(Json::Null, milliseconds);
            self.line(&Line::Final { last_event_id: id.as_str(), retry, end })?;
        }
        self.flush()
    }

    fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        write_line(&mut self.stdout, line)
    }

    fn indented(&mut self, start: &str, text: &str) -> io::Result<()> {
        let mut before = start;
        for line in text.split('\n') {
            writeln!(self.stdout, "{before}{}", printable(line))?;
            before = "    ";
        }
        Ok(())
    }
}

/// A line of JSON.
#[derive(Serialize)]
#[serde(rename_all = "lowercase", rename_all_fields = "camelCase")]
enum Line<'a> {
    Event { r#type: &'a str, data: &'a str, last_event_id: &'a str },
    Comment(&'a str),
    Error(Skipped<'a>),
    Update(Report<'a>),
    Final { last_event_id: &'a str, retry: Json, end: &'a str },
}

/// A change of the connection.
#[derive(Serialize)]
#[serde(tag = "state", rename_all = "kebab-case", rename_all_fields = "camelCase")]
enum Report<'a> {
    Connecting {
        attempt: u64,
    },
    Open {
        status: u16,
    },
    LastEventId {
        last_event_id: &'a str,
        is_sendable: bool,
    },
    Waiting {
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        delay_ms: u64,
        why: String,
    },
}

/// The line for an update. `None` for kinds that later versions of the client may add.
fn line_of(update: &Update<reqwest::Error, Body>) -> Option<Line<'_>> {
    Some(match update {
        Update::Comment(text) => Line::Comment(text),
        Update::Skipped(error) => Line::Error(error.into()),
        Update::Connecting(attempt) => Line::Update(Report::Connecting { attempt: attempt.number() }),
        Update::Open(head) => Line::Update(Report::Open { status: head.status.as_u16() }),
        Update::LastEventId { id, is_sendable } => {
            Line::Update(Report::LastEventId { last_event_id: id.as_str(), is_sendable: *is_sendable })
        }
        Update::Waiting { failure, wait } => Line::Update(Report::Waiting {
            status: match failure {
                Failure::Refused(refused) => Some(refused.response.status().as_u16()),
                _ => None,
            },
            delay_ms: u64::try_from(wait.delay.as_millis()).unwrap_or(u64::MAX),
            why: whole(failure),
        }),
        _ => return None,
    })
}

fn notice(update: &Update<reqwest::Error, Body>) -> Option<String> {
    match update {
        Update::Waiting { failure, wait } => {
            Some(format!("{}; again in {:.1} s", whole(failure), wait.delay.as_secs_f64()))
        }
        Update::Skipped(error) => Some(error.to_string()),
        Update::LastEventId { is_sendable: false, .. } => Some(
            "the last event ID cannot be sent in a header, so the events after it cannot be requested".into(),
        ),
        _ => None,
    }
}

/// An error with its sources, each once: some errors quote their source.
pub(crate) fn whole(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(reason) = source {
        let reason_text = reason.to_string();
        if !text.contains(&reason_text) {
            text = format!("{text}: {reason_text}");
        }
        source = reason.source();
    }
    text
}
