//! `results` in a directory of its own, with programs of the tests as peers.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use serde_json::{Value, json};
use sse_conformance::{
    examples::path,
    kit::report::Report,
    programs::{Finished, run_within},
    vectors::{self, Vector},
};

struct Workspace(PathBuf);

impl Workspace {
    fn new(name: &str, adapters: &Value) -> Self {
        let directory = std::env::temp_dir().join(format!("sse-conformance-{name}-{}", std::process::id()));
        fs::create_dir_all(directory.join("sse-conformance/adapters")).unwrap();
        fs::write(directory.join("sse-conformance/adapters/peers.json"), adapters.to_string()).unwrap();
        Self(directory)
    }

    /// A script that runs a program in `broken` with this fault, which has spaces.
    fn script(&self, name: &str, program: &str, fault: &str) {
        let text = format!("#!/bin/sh\nexec '{}' '{fault}' \"$@\"\n", path(program).display());
        fs::write(self.0.join(name), text).unwrap();
    }

    fn results(&self, args: &[&str]) -> Finished {
        let mut kit = Command::new(env!("CARGO_BIN_EXE_sse-conformance"));
        kit.arg("results").args(args).current_dir(&self.0);
        run_within(Duration::from_secs(300), &mut kit, b"")
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_tables_have_the_outcomes_of_each_peer() {
    let peers = json!([
        { "suite": "decoder", "name": "drops", "version": "1.2", "command": "sh ./drops" },
        { "suite": "encoder", "name": "ours", "command": "sh ./right" },
        { "suite": "encoder", "name": "theirs", "version": "0.3", "command": "sh ./any-type" },
        { "suite": "client", "name": "absent", "version": "1", "command": "./absent {url}" },
    ]);
    let setup = json!([
        { "for": ["./nothing", "./drops"], "run": "echo done >> set-up" },
        { "for": ["./absent"], "run": "exit 9" },
    ]);
    let workspace = Workspace::new("results", &json!({ "setup": setup, "peers": peers }));
    workspace.script("drops", "broken_decoder", "drops empty data");
    workspace.script("right", "broken_encoder", "none");
    workspace.script("any-type", "broken_encoder", "writes any type");

    let finished = workspace.results(&["--suite", "decoder", "--suite", "encoder", "--out", "page.md"]);
    assert_eq!((&*finished.err, finished.code), ("", Some(0)), "{finished:?}");
    assert!(finished.out.contains("client absent was never run, and is left out\n"), "{finished:?}");
    assert_eq!(workspace.read("set-up"), "done\n");

    let page = workspace.read("page.md");
    let (decoders, encoders) = page.split_once("\n## Encoders\n").unwrap();
    let vectors = vectors::all();
    let drops = |is_in: fn(&Vector) -> bool| {
        let (fail, pass): (Vec<_>, Vec<_>) = vectors
            .iter()
            .filter(|vector| is_in(vector))
            .partition(|vector| vector.events.iter().any(|event| event.data.is_empty()));
        format!("{} of {}", pass.len(), pass.len() + fail.len())
    };
    for line in [
        "| | drops 1.2 |".to_owned(),
        "| basic | 13 |".to_owned(),
        format!("| **all** | {} |", drops(|_| true)),
        format!("| of these, streams of UTF-8 | {} |", drops(|vector| str::from_utf8(&vector.input).is_ok())),
        // The streams of other suites have several categories and one row.
        format!("| from other test suites | {} |", drops(|vector| vector.category.starts_with("suite:"))),
        "- drops: `sh ./drops`".to_owned(),
    ] {
        assert!(decoders.contains(&format!("\n{line}")), "{line}\n{page}");
    }
    // A fault of another crate that lets fields be forged is reported to its authors, not published.
    for line in ["| | ours | theirs 0.3 |", "| block | 34 | 34 |", "| type | 28 | - |"] {
        assert!(encoders.contains(&format!("\n{line}\n")), "{line}\n{page}");
    }
    assert!(!encoders.contains("**all**") && !page.contains("## Clients"), "{page}");

    // The last results of the others are kept.
    let again = workspace.results(&["--peer", "nobody", "--out", "again.md"]);
    assert_eq!(again.out, "client absent was never run, and is left out\n");
    assert_eq!(workspace.read("again.md"), page);
    let report: Report =
        serde_json::from_str(&workspace.read("target/adapters/reports/encoder-theirs.json")).unwrap();
    assert!(report.findings.iter().all(|finding| ["block", "events"].contains(&&*finding.category)));
}

#[test]
fn what_cannot_be_run_is_an_error_that_says_why() {
    let peers = json!([
        { "suite": "client", "name": "absent", "version": "1", "command": "./absent {url}" },
        { "suite": "decoder", "name": "gone", "version": "1", "command": "./gone" },
        { "suite": "proxy", "name": "odd", "version": "1", "command": "./odd" },
    ]);
    let setup = json!([{ "for": ["./absent"], "run": "exit 9" }]);
    let workspace = Workspace::new("no-results", &json!({ "setup": setup, "peers": peers }));
    for (args, reason) in [
        (&["--peer", "absent"][..], "exit 9: exit status: 9"),
        (&["--peer", "gone"], "decoder gone: the first try failed: cannot run \"./gone\""),
        (&["--suite", "proxy"], "proxy odd: there is no suite \"proxy\" in peers.json"),
        (&["--peer", "nobody", "--out", "nowhere/page.md"], "nowhere/page.md: "),
        (&["--sweet"], "invalid option '--sweet'; see --help"),
    ] {
        let finished = workspace.results(args);
        assert_eq!((finished.code, finished.err.lines().count()), (Some(1), 1), "{finished:?}");
        assert!(finished.err.contains(reason), "{reason}: {finished:?}");
    }
    fs::remove_file(workspace.0.join("sse-conformance/adapters/peers.json")).unwrap();
    assert!(workspace.results(&[]).err.contains("; run it from the workspace"));
    assert!(workspace.results(&["--help"]).out.contains("\nUsage: sse-conformance results "));
}
