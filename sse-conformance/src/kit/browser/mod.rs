//! `browser`: a page that plays the vectors to the `EventSource` of the browser that opens it.

mod pages;
mod start;

use std::{error::Error, ffi::OsString, process::ExitCode, time::Duration};

use tokio::{net::TcpListener, time::timeout};

use self::{
    pages::{PageReport, Pages},
    start::Browser,
};
use super::{
    check::Check,
    decoder,
    flags::Flags,
    report::{Report, printable},
};
use crate::vectors::{self, Vector};

const HELP: &str = "\
Serves a page that plays all vectors to the EventSource of the browser that opens it, and shows the results: the
events of each stream, and the Last-Event-ID with which the browser reconnects.

Usage: sse-conformance browser [OPTIONS]

  $ sse-conformance browser
  Open http://127.0.0.1:8000/ in a browser, Ctrl-C stops

  $ sse-conformance browser --run firefox

Options:
  --addr ADDR      Where to listen; with port 0 on a free port [default: 127.0.0.1:8000; with --run: 127.0.0.1:0]
  --run BROWSER    Start this browser without a window (chromium, firefox, or a path), and end with its report
";

/// How long to wait for the report. A browser may have to create a profile first.
const PATIENCE: Duration = Duration::from_secs(90);

/// Runs the subcommand.
///
/// # Errors
///
/// If the flags are wrong, the address is taken, or the browser does not report.
pub async fn run(mut args: lexopt::Parser) -> Result<ExitCode, Box<dyn Error>> {
    use lexopt::ValueExt;
    let (mut addr, mut browser) = (None, None);
    let flags = Flags::parse(&mut args, |name, args| {
        match name {
            "addr" => addr = Some(args.value()?.string()?),
            "run" => browser = Some(args.value()?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    if let Some(code) = flags.answer(HELP, &checks(&vectors::all()))? {
        return Ok(code);
    }
    if let Some(word) = flags.subject.first() {
        return Err(format!("unexpected argument {word:?}; see --help").into());
    }
    match browser {
        Some(browser) => flags.finish(&report(&flags, &browser, addr.as_deref()).await?),
        None => serve(&flags, addr.as_deref()).await,
    }
}

fn checks(vectors: &[Vector]) -> Vec<Check> {
    vectors.iter().map(decoder::check_of).collect()
}

/// Serves the page to any browser, and prints the reports.
async fn serve(flags: &Flags, addr: Option<&str>) -> Result<ExitCode, Box<dyn Error>> {
    let (vectors, checks) = selected(flags)?;
    let listener = listen(addr.unwrap_or("127.0.0.1:8000")).await?;
    println!("Open http://{}/ in a browser, Ctrl-C stops", listener.local_addr()?);
    let mut pages = Pages::serve(listener, &vectors);
    while let Some(report) = pages.report().await {
        match report.and_then(|report| page_report(report, &checks)) {
            Ok(report) => drop(flags.finish(&report)?),
            // The page can be opened again.
            Err(error) => eprintln!("sse-conformance: {error}"),
        }
    }
    Err("the server has ended".into())
}

/// Checks this browser.
///
/// # Errors
///
/// If it cannot be started, or does not report.
pub async fn report(flags: &Flags, browser: &OsString, addr: Option<&str>) -> Result<Report, Box<dyn Error>> {
    let (vectors, checks) = selected(flags)?;
    let listener = listen(addr.unwrap_or("127.0.0.1:0")).await?;
    let url = format!("http://{}/", listener.local_addr()?);
    let mut pages = Pages::serve(listener, &vectors);
    let mut browser = Browser::start(browser, &url)?;
    let report = timeout(PATIENCE.max(flags.timeout), async {
        tokio::select! {
            report = pages.report() => report,
            () = browser.failed() => None,
        }
    });
    let report = report.await.ok().flatten();
    let words = browser.end().await;
    let report = report.ok_or_else(|| format!("the browser did not report; its last error: {words}"))?;
    Ok(page_report(report?, &checks)?)
}

fn selected(flags: &Flags) -> Result<(Vec<Vector>, Vec<Check>), String> {
    let mut vectors = vectors::all();
    let checks = flags.select(&checks(&vectors))?;
    vectors.retain(|vector| checks.iter().any(|check| check.name == vector.name));
    Ok((vectors, checks))
}

async fn listen(addr: &str) -> Result<TcpListener, String> {
    TcpListener::bind(addr).await.map_err(|error| format!("cannot listen on {addr}: {error}"))
}

fn page_report(page: PageReport, checks: &[Check]) -> Result<Report, String> {
    if page.outcomes.len() != checks.len() {
        return Err("the page reports a wrong number of streams".into());
    }
    let mut report = Report::new("browser", printable(&page.user_agent));
    report.notes = page.notes;
    report.findings =
        checks.iter().zip(page.outcomes).map(|(check, outcome)| check.finding(outcome)).collect();
    Ok(report)
}
