//! The kit finds no fault in a correct client, and each fault that was put in.

use std::{collections::HashSet, ffi::OsString, fs, time::Duration};

use futures_util::future::join_all;
use sse_conformance::{
    examples::path,
    kit::{
        client,
        flags::Flags,
        report::{Outcome, Report},
    },
};

use crate::kit;

/// The client in `broken`.
fn broken_client() -> String {
    path("broken_client").to_str().unwrap().to_owned()
}

/// The report of the kit on a client with this fault, for these checks.
async fn check(fault: &str, only: &[&str]) -> Report {
    let client = broken_client();
    let command = [&*client, "{url}", fault];
    let flags = Flags {
        only: only.iter().map(|&name| name.to_owned()).collect(),
        subject: command.map(OsString::from).into(),
        jobs: 8,
        timeout: Duration::from_secs(20),
        ..Flags::default()
    };
    client::report(&flags).await.unwrap()
}

#[tokio::test]
async fn a_client_without_a_fault_passes_all() {
    let report = check("", &[]).await;
    assert_eq!((report.count().failed, report.count().skipped), (0, 0), "{report}");
    assert!(report.count().passed > 75, "{report}");
}

/// Its events cannot be checked, but everything else can, by its requests.
#[tokio::test]
async fn a_client_that_prints_nothing_is_judged_by_its_requests() {
    let report = check("mute", &["request", "opening", "ids", "events/at-once", "events/heartbeats"]).await;
    let skipped = report.findings.iter().filter(|finding| matches!(finding.outcome, Outcome::Skipped(_)));
    let skipped: Vec<_> = skipped.map(|finding| &*finding.name).collect();
    assert_eq!(skipped, ["opening/other-charset", "opening/gzip", "events/at-once"]);
    assert_eq!(report.count().failed, 0, "{report}");
    assert!(report.to_string().contains("only its requests were checked"), "{report}");
}

/// Each fault, checks that fail, and checks that do not.
#[tokio::test]
async fn each_fault_is_found() {
    let faults: &[(&str, &[&str], &[&str])] = &[
        ("loses-id", &["ids/second", "ids/third"], &["ids/first", "ids/newest"]),
        ("again-after-204", &["ending/204-at-first", "ending/204-later"], &["ids/first"]),
        (
            "deaf-to-retry-after",
            &[
                "waiting/retry-after",
                "waiting/retry-after-429",
                "waiting/retry-after-date",
                "waiting/retry-after-huge",
            ],
            &["reconnecting/retry"],
        ),
        ("exact-content-type", &["opening/charset", "opening/case", "opening/parameters"], &["opening/html"]),
        (
            "any-type-with-charset",
            &["opening/html-charset", "opening/plain-charset", "opening/only-charset"],
            &["opening/html", "opening/charset", "opening/json"],
        ),
        (
            "hasty",
            &["waiting/empty", "waiting/503", "waiting/retry-0", "waiting/no-answer"],
            &["reconnecting/retry"],
        ),
        ("tells-everyone", &["redirect/credentials"], &["redirect/307"]),
        ("joins", &["events/unfinished", "events/unfinished-line"], &["events/byte-by-byte"]),
        ("holds-back", &["events/at-once"], &["events/byte-by-byte"]),
        ("forgets-retry", &["reconnecting/retry-kept"], &["reconnecting/retry"]),
        ("empty-id", &["request/no-id-at-first", "ids/reset"], &["ids/first"]),
        ("gives-up", &["reconnecting/end", "reconnecting/without-event"], &["opening/404"]),
        ("impatient", &["events/silence"], &["events/heartbeats"]),
        ("asks-for-anything", &["request/accept", "request/no-cache"], &["request/no-id-at-first"]),
        ("changes", &["reconnecting/same-url"], &["ids/first"]),
        ("sluggish", &["reconnecting/retry"], &["ids/first"]),
        ("small", &["events/megabyte"], &["events/byte-by-byte"]),
        ("reads-gzip", &["opening/gzip"], &["opening/charset"]),
        ("stays", &["redirect/301", "redirect/308"], &["ids/first"]),
        ("runs-in-circles", &["redirect/endless"], &["redirect/301"]),
    ];
    let reports =
        faults.iter().map(async |fault| (fault, check(fault.0, &[fault.1, fault.2].concat()).await));
    let mut wrong = Vec::new();
    for ((fault, fail, pass), report) in join_all(reports).await {
        assert_eq!(report.findings.len(), fail.len() + pass.len());
        wrong.extend(report.findings.into_iter().filter_map(|finding| {
            let fails = matches!(finding.outcome, Outcome::Failed(_));
            (fails != fail.contains(&&*finding.name)).then_some((fault, finding))
        }));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Such a client cannot give a password away.
#[tokio::test]
async fn a_client_without_passwords_is_not_checked_for_them() {
    for (fault, reason) in [
        ("refuses-passwords", "it does not accept a URL with a user name and a password"),
        ("drops-passwords", "it does not send the user name and the password of a URL"),
    ] {
        let report = check(fault, &["redirect/credentials", "redirect/307"]).await;
        let [followed, credentials] = &report.findings[..] else { panic!("{report}") };
        assert_eq!(followed.outcome, Outcome::Passed);
        assert_eq!(credentials.outcome, Outcome::Skipped(reason.to_owned()));
    }
}

#[tokio::test]
async fn what_it_cannot_check_is_an_error_that_says_why() {
    let error = async |command: &[&str]| {
        let subject = command.iter().map(OsString::from).collect();
        let flags = Flags { subject, timeout: Duration::from_secs(1), ..Flags::default() };
        client::report(&flags).await.unwrap_err().to_string()
    };
    assert!(error(&[]).await.contains("no command"));
    assert!(error(&["x"]).await.contains("has no {url}"));
    assert!(error(&["/nowhere/client", "{url}"]).await.contains("cannot run"));
    #[cfg(unix)]
    {
        let words = error(&["sh", "-c", "echo no network >&2; echo >&2; kill -KILL $$", "{url}"]).await;
        assert!(words.contains("a signal ended it before it made a request: no network"), "{words}");
        // It closes its output, and stays.
        let words = error(&["sh", "-c", "exec >&- 2>&-; exec sleep 600", "{url}"]).await;
        assert!(words.contains("a signal ended it before it made a request"), "{words}");
        let words = error(&["sh", "-c", "exec sleep 600", "{url}"]).await;
        assert!(words.contains("no request came"), "{words}");
    }
    // It ends at once, and prints the reason.
    let words = error(&[&broken_client(), "x{url}"]).await;
    assert!(words.contains("before it made a request") && words.contains("is no http URL"), "{words}");
}

#[test]
fn each_check_has_a_name_of_its_own_and_says_why_it_is_there() {
    for suite in ["client", "server", "browser"] {
        let list = kit(&[suite, "--list"]);
        let names: Vec<_> = list.out.lines().map(|line| line.split_once(": ").unwrap().0).collect();
        let different: HashSet<_> = names.iter().collect();
        assert!(names.len() > 30 && different.len() == names.len(), "{suite}: {names:?}");
    }
    for (suite, name, standard) in [
        ("client", "ids/second", "HTML, 9.2.6"),
        ("server", "http2/end", "RFC 9113, 8.1"),
        ("browser", "bom/one", "HTML"),
    ] {
        let explained = kit(&[suite, "--explain", name]);
        for part in [name, "Why: ", &format!("Standard: {standard}")] {
            assert!(explained.out.contains(part), "{explained:?}");
        }
        assert_eq!(explained.code, Some(0));
    }
}

#[test]
fn the_exit_code_and_the_files_say_what_came_of_it() {
    let client = broken_client();
    let command = ["--", &client, "{url}"];
    let passes = kit(&[&["client", "--only", "ids/first"], &command[..]].concat());
    assert_eq!((passes.code, &*passes.err), (Some(0), ""), "{passes:?}");
    assert!(passes.out.contains("\nall            1       1       0        0\n"), "{passes:?}");
    let junit = std::env::temp_dir().join(format!("sse-conformance-{}.xml", std::process::id()));
    let flags = ["client", "--only", "ids/second", "--junit", junit.to_str().unwrap()];
    let fails = kit(&[&flags, &command[..], &["loses-id"]].concat());
    assert_eq!(fails.code, Some(1));
    assert!(
        fails.out.contains("request 3 has no Last-Event-ID\n    it should have Last-Event-ID: 1"),
        "{fails:?}"
    );
    let xml = fs::read_to_string(&junit).unwrap();
    fs::remove_file(junit).unwrap();
    assert!(xml.contains("<failure") && xml.contains("ids/second"), "{xml}");
    for args in [
        &["client", "--sometimes"][..],
        &["server"],
        &["server", "--header", "x", "http://x/"],
        &["browser", "x"],
    ] {
        let wrong = kit(args);
        assert!(wrong.code == Some(1) && wrong.err.starts_with("sse-conformance: "), "{wrong:?}");
    }
}
