//! The page in real browsers, without a window: Chromium, and Firefox.
//!
//! If a browser is missing, its test prints a line and is skipped; with `SSE_REQUIRE_BROWSER=1` Chromium is required.

use std::{
    collections::HashMap,
    env,
    io::{self, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::Command,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sse_conformance::{
    http10::read_to_end,
    kit::{
        browser,
        flags::Flags,
        report::{Outcome, Report},
    },
    programs::Running,
    vectors,
};

/// The program that the variable names, or one of these.
fn find(variable: &str, names: &[&str]) -> Option<PathBuf> {
    let dirs = env::var_os("PATH").unwrap_or_default();
    let in_dirs = || {
        env::split_paths(&dirs)
            .flat_map(|dir| names.iter().map(move |name| dir.join(name)))
            .find(|path| path.is_file())
    };
    env::var_os(variable).map(PathBuf::from).or_else(in_dirs)
}

/// Does not use `eprintln!`, whose output is hidden if the test passes.
fn skipped(what: &str) {
    let _ = writeln!(io::stderr(), "SKIPPED: this test needs {what}, which is not installed");
}

async fn report(browser: PathBuf) -> Report {
    browser::report(&Flags::default(), &browser.into(), None).await.unwrap()
}

/// Checks that the browser gives the results that the vectors have recorded for it. Where they differ from the
/// standard, it may follow the standard by now.
fn as_verified(report: &Report, browser: &str) {
    let vectors = vectors::lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let verified: HashMap<_, _> = vectors
        .map(|vector| (vector["name"].as_str().unwrap().to_owned(), vector["verified"].to_string()))
        .collect();
    let mut count = 0;
    for finding in &report.findings {
        if verified[&finding.name].contains(browser) {
            count += 1;
            assert_eq!(finding.outcome, Outcome::Passed, "{}", finding.name);
        }
    }
    assert!(count > 350, "{count}");
    assert_eq!(report.findings.len(), verified.len());
}

#[tokio::test]
async fn chromium() {
    let Some(chromium) = find("CHROMIUM", &["chromium", "chromium-browser", "google-chrome"]) else {
        let required = env::var_os("SSE_REQUIRE_BROWSER").is_some_and(|value| value == "1");
        assert!(!required, "there is no Chromium, but SSE_REQUIRE_BROWSER=1 requires it");
        return skipped("Chromium");
    };
    as_verified(&report(chromium).await, "chromium");
}

#[tokio::test]
async fn firefox() {
    let Some(firefox) = find("FIREFOX", &["firefox-esr", "firefox"]) else { return skipped("Firefox") };
    as_verified(&report(firefox).await, "firefox");
}

#[tokio::test]
async fn a_program_that_is_no_browser_is_an_error_that_says_why() {
    let error = async |name: &str| {
        browser::report(&Flags::default(), &name.into(), None).await.unwrap_err().to_string()
    };
    assert!(error("/nowhere/chromium").await.contains("cannot run /nowhere/chromium"));
    #[cfg(unix)]
    assert!(error("false").await.starts_with("the browser did not report"));
}

/// The page in a browser that the user opens; the test plays the browser.
struct Page {
    kit: Running,
    addr: SocketAddr,
}

impl Page {
    /// The page of a run with these categories and flags.
    fn open(flags: &[&str]) -> Self {
        let mut kit = Command::new(env!("CARGO_BIN_EXE_sse-conformance"));
        kit.args(["browser", "--addr", "127.0.0.1:0"]).args(flags);
        let kit = Running::start(kit);
        let line = kit.line();
        let addr = line
            .strip_prefix("Open http://")
            .and_then(|line| line.strip_suffix("/ in a browser, Ctrl-C stops"));
        Self { addr: addr.unwrap_or_else(|| panic!("{line}")).parse().unwrap(), kit }
    }

    /// The status and the body of an answer.
    fn ask(&self, request: &str, headers: &str, body: &str) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(self.addr).unwrap();
        let length = body.len();
        write!(stream, "{request} HTTP/1.0\r\ncontent-length: {length}\r\n{headers}\r\n{body}").unwrap();
        let answer = read_to_end(&mut stream).unwrap();
        let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
        let status = str::from_utf8(&answer[..head]).unwrap().split(' ').nth(1).unwrap().to_owned();
        (status, answer[head + 4..].to_vec())
    }

    fn get(&self, path: &str) -> (String, Vec<u8>) {
        self.ask(&format!("GET {path}"), "", "")
    }

    fn report(&self, text: &str) {
        assert_eq!(self.ask("POST /report", "", text).0, "204");
    }
}

#[test]
fn a_page_gets_each_stream_once_and_its_report_is_printed() {
    let mut page = Page::open(&["--only", "bom", "--only", "id"]);
    let (status, html) = page.get("/");
    assert!(status == "200" && html.starts_with(b"<!doctype html>"), "{status}");
    let told: Value = serde_json::from_slice(&page.get("/vectors").1).unwrap();
    let told = told.as_array().unwrap();
    assert!(told.len() > 70, "{}", told.len());
    for (number, vector) in told.iter().enumerate() {
        let (status, stream) = page.get(&format!("/stream?run=7&number={number}"));
        assert_eq!(status, "200");
        // Also if the vector is sent in parts.
        assert!(stream == STANDARD.decode(vector["input"].as_str().unwrap()).unwrap(), "{vector}");
    }
    // Each run of the page has its own requests. The second request shows the id, and ends the stream.
    let again = |headers: &str, path: &str| page.ask(&format!("GET {path}"), headers, "").0;
    assert_eq!(again("", "/stream?run=8&number=0"), "200");
    assert_eq!(again("Last-Event-ID: 4 \u{e9}\r\n", "/stream?run=7&number=0"), "204");
    assert_eq!(again("", "/stream?run=7&number=2"), "204");
    assert_eq!(again("Last-Event-ID: late\r\n", "/stream?run=7&number=0"), "204");
    let seen = |run: u64| serde_json::from_slice::<Value>(&page.get(&format!("/seen?run={run}")).1).unwrap();
    assert_eq!([seen(7), seen(8), seen(9)], [json!({ "0": "4 \u{e9}", "2": "" }), json!({}), json!({})]);

    for (path, status) in [
        ("/nothing", "404"),
        ("/stream", "400"),
        ("/stream?run=7", "400"),
        ("/stream?run=7&number=x", "400"),
        ("/stream?run=7&number=100000", "404"),
    ] {
        assert_eq!(page.get(path).0, status, "{path}");
    }

    // Several browsers may open the page, one after the other.
    let mut outcomes = vec![json!({ "outcome": "passed" }); told.len()];
    let text = |outcomes: &[Value]| {
        json!({ "userAgent": "Some\u{1b}[1mBrowser", "outcomes": outcomes, "notes": [] }).to_string()
    };
    let table = |page: &mut Page| {
        let lines: Vec<String> = std::iter::from_fn(|| Some(page.kit.line())).take(6).collect();
        lines
            .into_iter()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>()
    };
    page.report(&text(&outcomes));
    let lines = table(&mut page);
    assert_eq!(lines[0], "browser: Some\u{fffd}[1mBrowser");
    assert_eq!(lines[5], format!("all {0} {0} 0 0", told.len()), "{lines:?}");
    outcomes[1] = json!({ "outcome": "failed", "reason": "no event" });
    page.report(&text(&outcomes));
    let lines = table(&mut page);
    assert_eq!(lines[5], format!("all {} {} 1 0", told.len(), told.len() - 1), "{lines:?}");
}

#[test]
fn a_report_that_is_wrong_is_an_error_that_says_why() {
    let page = Page::open(&["--only", "bom/one"]);
    for (report, reason) in [
        ("{}", "the report of the page is invalid: missing field `userAgent`"),
        (r#"{"userAgent":"x","outcomes":[],"notes":[]}"#, "the page reports a wrong number of streams"),
    ] {
        page.report(report);
        let line = page.kit.error_line();
        assert!(line.starts_with("sse-conformance: ") && line.contains(reason), "{line}");
    }
    // It can be opened again.
    page.report(r#"{"userAgent":"x","outcomes":[{"outcome":"passed"}],"notes":[]}"#);
    assert_eq!(page.kit.line(), "browser: x");
    let kit = crate::kit(&["browser", "--addr", &page.addr.to_string()]);
    assert!(kit.err.contains(&format!("cannot listen on {}: ", page.addr)), "{kit:?}");
    // Starts the browser itself; this one exits without a report.
    #[cfg(unix)]
    {
        let kit = crate::kit(&["browser", "--run", "false"]);
        assert!(kit.err.contains("the browser did not report") && kit.code == Some(1), "{kit:?}");
    }
}
