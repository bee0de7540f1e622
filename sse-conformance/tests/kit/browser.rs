//! The page in real browsers, without a window: Chromium, and Firefox.
//!
//! If a browser is missing, its test prints a line and is skipped; with `SSE_REQUIRE_BROWSER=1` Chromium is required.

use std::{
    collections::HashMap,
    env,
    io::{self, Write},
    path::PathBuf,
};

use sse_conformance::{
    kit::{
        browser,
        flags::Flags,
        report::{Outcome, Report},
    },
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
