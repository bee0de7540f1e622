//! `server`: checks an event stream server from outside.

mod checks;
mod http1;
mod http2;
mod observed;
mod target;
mod watch;

use std::{error::Error, path::PathBuf, process::ExitCode, time::Duration};

use self::{observed::Observed, target::Target};
use super::{
    check::Check,
    flags::Flags,
    report::{Outcome, Report},
};

const HELP: &str = "\
Checks a server of event streams, as far as that is possible from outside.

Usage: sse-conformance server [OPTIONS] URL

Requests URL in many ways: with GET and HEAD, in HTTP/1.0, 1.1 and 2, with ids of the server and with unknown
ids, alone and with other clients; and watches the answers. All requests only read. URL begins with http:// or
https://; HTTP/2 is tried without TLS and with it.

  $ sse-conformance server http://127.0.0.1:8080/sse

Options:
  --header 'NAME: VALUE'   Also send this header; may be given several times
  --cacert FILE    Trust the certificates in this PEM file, and no others
  --watch SECS     How long to watch a stream with few events [default: 20]
";

/// How long a stream is watched by default.
const WATCH: Duration = Duration::from_secs(20);

/// The settings of this subcommand.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long to watch a stream with few events.
    pub watch: Duration,
    /// Further headers, as names and values.
    pub headers: Vec<(String, String)>,
    /// Trusts the certificates in this PEM file, and no others.
    pub cacert: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { watch: WATCH, headers: Vec::new(), cacert: None }
    }
}

/// Runs the subcommand.
///
/// # Errors
///
/// If the flags are wrong, or the server cannot be reached.
pub async fn run(mut args: lexopt::Parser) -> Result<ExitCode, Box<dyn Error>> {
    use lexopt::ValueExt;
    let mut settings = Settings::default();
    let flags = Flags::parse(&mut args, |name, args| {
        match name {
            "watch" => settings.watch = Duration::from_secs(args.value()?.parse()?),
            "cacert" => settings.cacert = Some(args.value()?.into()),
            "header" => settings.headers.push(args.value()?.parse_with(header)?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    if let Some(code) = flags.answer(HELP, &checks())? {
        return Ok(code);
    }
    flags.finish(&report(&flags, &settings).await?)
}

fn header(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once(':').ok_or("a header must be a name, a colon and a value")?;
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty()
        || !name.bytes().all(|byte| byte.is_ascii_graphic())
        || value.contains(char::is_control)
    {
        return Err("this is not a valid header");
    }
    Ok((name.to_owned(), value.to_owned()))
}

fn checks() -> Vec<Check> {
    checks::all().into_iter().map(|(check, _)| check).collect()
}

/// Checks the server of the flags.
///
/// # Errors
///
/// If there is no URL, or no server answers there.
pub async fn report(flags: &Flags, settings: &Settings) -> Result<Report, Box<dyn Error>> {
    let [url] = &flags.subject[..] else { return Err("expected one URL; see --help".into()) };
    let url = url.to_str().ok_or("the URL is not UTF-8")?;
    let target = Target::parse(url, settings.headers.clone(), flags.timeout, settings.cacert.as_deref())?;
    let selected = flags.select(&checks())?;

    let observed = Observed::of(&target, settings.watch).await?;
    let mut report = Report::new("server", flags.subject());
    report.notes = observed.notes();
    let status = observed.get.head.status;
    for (check, judge) in checks::all() {
        if !selected.iter().any(|other| other.name == check.name) {
            continue;
        }
        let outcome = if status == 200 || check.category == "headers" {
            judge(&observed).err().unwrap_or(Outcome::Passed)
        } else {
            Outcome::Skipped(format!("there is no stream: GET gets {status}"))
        };
        report.findings.push(check.finding(outcome));
    }
    Ok(report)
}
