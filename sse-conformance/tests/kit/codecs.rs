//! Runs the program `sse-conformance` on decoders and encoders with one rule switched off each, and on programs that
//! never work. It must find each fault, by the checks that are named for it, and nothing else.

use std::{env, fs, path::PathBuf};

use serde_json::Value;
use sse_conformance::{
    examples::path,
    kit::report::{Outcome, Report},
    programs::Finished,
    vectors::{self, Vector},
};

use crate::kit;

/// One of the programs in `broken`.
fn program(name: &str) -> String {
    path(name).to_str().unwrap().to_owned()
}

fn file(name: &str) -> PathBuf {
    env::temp_dir().join(format!("sse-conformance-{}-{name}", std::process::id()))
}

/// The report of a broken program, and how the kit ended.
fn report(suite: &str, more: &[&str], fault: &str) -> (Report, Finished) {
    let json = file(&format!("{suite}-{}", fault.replace(' ', "-")));
    let program = program(&format!("broken_{suite}"));
    // A busy machine may need longer than the 10 s of the default.
    let args = [suite, "--timeout", "60", "--json", json.to_str().unwrap()];
    let args = [&args, more, &["--", &program, fault]].concat();
    let finished = kit(&args);
    let text = fs::read(&json).unwrap_or_else(|error| panic!("{error}: {finished:?}"));
    let report: Report = serde_json::from_slice(&text).unwrap();
    fs::remove_file(json).unwrap();
    assert_eq!(finished.code, Some(i32::from(report.count().failed > 0)));
    (report, finished)
}

fn failed(report: &Report) -> Vec<&str> {
    let failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_));
    report.findings.iter().filter(|finding| failed(&finding.outcome)).map(|finding| &*finding.name).collect()
}

fn has(vector: &Vector, bytes: &[u8]) -> bool {
    vector.input.windows(bytes.len()).any(|window| window == bytes)
}

/// A fault, checks that must fail, and whether the fault can affect a stream: no others may fail.
type Fault = (&'static str, &'static [&'static str], fn(&Vector) -> bool);

const FAULTS: &[Fault] = &[
    ("skips each BOM", &["bom/second-line", "bom/before-second-event", "bom/not-at-start"], |vector| {
        vector.input.windows(3).skip(1).any(|window| window == b"\xEF\xBB\xBF")
    }),
    ("keeps the BOM", &["bom/one", "bom/with-id-and-type"], |vector| {
        vector.input.starts_with(b"\xEF\xBB\xBF")
    }),
    ("takes no CR alone", &["newline/cr-one", "newline/mixed-in-event", "bom/then-cr"], |vector| {
        has(vector, b"\r")
    }),
    ("takes an id with NUL", &["id/nul-ignored", "id/nul-last-char", "id/nul-only"], |vector| {
        has(vector, b"id") && has(vector, b"\0")
    }),
    ("lets the type leak", &["event/reset-after-dispatch", "event/leak-after-id-only"], |vector| {
        has(vector, b"event")
    }),
    ("takes 1e3", &["retry/exponent", "retry/exponent-keeps-previous"], |vector| has(vector, b"retry")),
    (
        "loses the last line feed",
        &["data/empty-last", "data/name-only-twice", "data/two-trailing"],
        |vector| vector.events.iter().any(|event| event.data.ends_with('\n')),
    ),
    ("drops empty data", &["data/name-only", "data/colon-only", "size/empty-events-1k"], |vector| {
        vector.events.iter().any(|event| event.data.is_empty())
    }),
    ("keeps the space", &["space/one-space-removed", "basic/one-event"], |vector| has(vector, b": ")),
    (
        "trims values",
        &["space/three-spaces", "space/event-trailing-space", "space/indented-code"],
        |vector| has(vector, b": "),
    ),
    ("forgets the id", &["id/persists", "id/near-8k"], |vector| has(vector, b"id")),
    ("dispatches at the end", &["eof/no-blank-line", "eof/bom-and-half"], |vector| {
        !vector.input.ends_with(b"\n\n")
    }),
    ("crashes at a NUL", &["nul/data-single", "comment/nul"], |vector| has(vector, b"\0")),
    // Only small chunks show these.
    ("forgets a CR at the end of a chunk", &["newline/crlf-multi", "newline/split-crlf"], |vector| {
        has(vector, b"\r\n")
    }),
    ("joins chunks as text", &["utf8/multibyte", "seam/utf8", "bom/one"], |vector| !vector.input.is_ascii()),
];

#[test]
fn a_decoder_without_a_fault_passes() {
    let (report, finished) = report("decoder", &[], "none");
    let failed = failed(&report);
    assert!(failed.is_empty() && report.notes.is_empty(), "{}", finished.out);
    assert_eq!((report.findings.len(), report.count().passed), (508, 508));
}

#[test]
fn each_fault_of_a_decoder_is_found_where_it_is() {
    let vectors = vectors::all();
    for (fault, named, may_fail) in FAULTS {
        // Less is enough, and faster: one size, the categories of the fault, and streams of all kinds.
        let mut args = vec!["--chunk", "1", "--only", "combo", "--only", "basic"];
        args.extend(named.iter().flat_map(|name| ["--only", name.split('/').next().unwrap()]));
        let (report, finished) = report("decoder", &args, fault);
        let failed = failed(&report);
        for name in *named {
            assert!(failed.contains(name), "{fault}: {name} passed\n{}", finished.out);
        }
        for name in failed {
            let vector = vectors.iter().find(|vector| vector.name == name).unwrap();
            assert!(may_fail(vector), "{fault}: {name} failed\n{}", finished.out);
        }
    }
}

/// A fault, and exactly the checks that must fail, without the events of vectors. A CR before an LF
/// that was written as the end of the line is harmless: both are one line end.
const FAULTS_OF_ENCODERS: &[(&str, &[&str])] = &[
    ("stops at what it refuses", &[]),
    ("removes what is hostile", &[]),
    (
        "writes any type",
        &[
            "type/cr-start",
            "type/cr-middle",
            "type/cr-everywhere",
            "type/lf-start",
            "type/lf-middle",
            "type/lf-end",
            "type/lf-everywhere",
            "type/crlf-start",
            "type/crlf-middle",
            "type/crlf-end",
            "type/crlf-everywhere",
        ],
    ),
    (
        "writes any id",
        &[
            "id/cr-start",
            "id/cr-middle",
            "id/cr-everywhere",
            "id/lf-start",
            "id/lf-middle",
            "id/lf-end",
            "id/lf-everywhere",
            "id/crlf-start",
            "id/crlf-middle",
            "id/crlf-end",
            "id/crlf-everywhere",
            "id/nul-start",
            "id/nul-middle",
            "id/nul-end",
            "id/nul-everywhere",
        ],
    ),
    ("writes an id with NUL", &["id/nul-start", "id/nul-middle", "id/nul-end", "id/nul-everywhere"]),
    ("splits data at LF only", &["data/cr-start", "data/cr-middle", "data/cr-end", "data/cr-everywhere"]),
    (
        "splits comments at LF only",
        &["comment/cr-start", "comment/cr-middle", "comment/cr-end", "comment/cr-everywhere"],
    ),
    ("sends no empty data", &["block/empty-data"]),
    (
        "loses the last line feed",
        &[
            "block/only-line-feed",
            "block/trailing-line-feed",
            "data/lf-end",
            "data/lf-everywhere",
            "data/lf-middle",
            "data/lf-start",
        ],
    ),
    ("writes no space", &["block/leading-space", "block/leading-spaces", "block/only-space"]),
    (
        "writes any retry",
        &["value/retry-negative", "value/retry-fraction", "value/retry-exponent", "value/retry-line"],
    ),
];

#[test]
fn each_fault_of_an_encoder_is_found_where_it_is() {
    for (fault, expected) in FAULTS_OF_ENCODERS {
        // All but `events`, where many faults show.
        let only = ["block", "comment", "data", "id", "type", "value"].map(|category| ["--only", category]);
        let (report, finished) = report("encoder", only.as_flattened(), fault);
        let mut failed = failed(&report);
        let mut expected = expected.to_vec();
        failed.sort();
        expected.sort();
        assert_eq!(failed, expected, "{fault}: {}", finished.out);
    }
}

#[test]
fn an_encoder_without_a_fault_passes() {
    let (report, finished) = report("encoder", &[], "none");
    assert_eq!((report.count().passed, report.findings.len()), (622, 622), "{}", finished.out);
}

#[test]
fn an_encoder_that_ends_no_block_fails_everywhere() {
    let (report, _) = report("encoder", &["--only", "block"], "ends no block");
    assert_eq!((report.count().passed, report.count().failed), (0, 34));
}

#[test]
fn what_a_program_does_not_do_is_not_checked_and_named() {
    let (whole, finished) = report("encoder", &[], "writes no comments");
    assert!(failed(&whole).is_empty());
    assert_eq!(whole.count().skipped, 4 + 28);
    assert_eq!(whole.notes, ["it writes no comments, so this was not checked"]);
    assert!(finished.out.contains("\nSKIPPED comment/cr-start: "), "{}", finished.out);
    for (fault, category, words) in [
        ("writes no types", "type", "it writes no event types"),
        ("writes no ids", "id", "it writes no ids"),
        ("writes no times", "value", "it writes no reconnection times"),
    ] {
        let xml = file(&format!("{category}.xml"));
        let only = ["--only", "block", "--only", category, "--junit", xml.to_str().unwrap()];
        let (report, _) = report("encoder", &only, fault);
        let skipped = report.count().skipped;
        assert!(failed(&report).is_empty() && skipped > 0, "{report}");
        assert_eq!(report.notes, [format!("{words}, so this was not checked")]);
        let text = fs::read_to_string(&xml).unwrap();
        fs::remove_file(xml).unwrap();
        assert_eq!(text.matches(&format!(">{words}</skipped>")).count(), skipped, "{text}");
    }
}

/// They are part of the reason why a check failed, and no failure themselves.
#[test]
fn errors_that_a_decoder_reports_are_shown() {
    let args = ["--only", "nul", "--only", "basic"];
    let (with, finished) = report("decoder", &args, "reports a NUL as an error");
    let said = failed(&with);
    assert!(!said.is_empty() && said.iter().all(|name| name.starts_with("nul/")), "{said:?}");
    assert_eq!(finished.out.matches(r#"it reported {"kind":"nul"}"#).count(), said.len(), "{}", finished.out);
    // A number that does not fit JavaScript may be a string.
    let (with, _) = report("decoder", &["--only", "retry"], "reports the time as a string");
    assert_eq!((failed(&with).len(), with.count().passed), (0, 41));
}

#[test]
fn a_report_is_a_table_json_and_xml() {
    let xml = file("report.xml");
    let (report, finished) = report(
        "decoder",
        &["--only", "retry", "--only", "bom/one", "--junit", xml.to_str().unwrap()],
        "takes 1e3",
    );
    let lines: Vec<&str> = finished.out.lines().collect();
    let words: Vec<Vec<&str>> = lines.iter().map(|line| line.split_whitespace().collect()).collect();
    assert!(lines[0].starts_with("decoder: ") && lines[0].ends_with("broken_decoder takes 1e3"), "{lines:?}");
    assert_eq!(words[2], ["category", "checks", "passed", "failed", "skipped"]);
    assert_eq!(words[3], ["retry", "41", "38", "3", "0"], "{}", finished.out);
    assert_eq!(words[4], ["bom", "1", "1", "0", "0"]);
    assert_eq!(words[5], ["all", "42", "39", "3", "0"]);
    let failed = lines.iter().position(|line| line.starts_with("FAILED retry/exponent: ")).unwrap();
    assert_eq!(
        lines[failed + 1..failed + 4].join("\n").replace(' ', ""),
        "thereconnectiontime\nshouldbe\"none\"\nwas\"1000ms\""
    );

    assert_eq!((&*report.suite, report.findings.len()), ("decoder", 42));
    let xml_text = fs::read_to_string(&xml).unwrap();
    fs::remove_file(xml).unwrap();
    assert!(xml_text.contains(r#" tests="42" failures="3">"#), "{xml_text}");
    assert!(xml_text.contains(r#"<testsuite name="bom" tests="1" failures="0" skipped="0">"#), "{xml_text}");
    assert!(xml_text.contains(r#"<testcase name="bom/one" classname="decoder.bom"/>"#), "{xml_text}");
    assert!(xml_text.contains(r#"<failure message="1e3 is not digits">"#), "{xml_text}");
    let mut reader = quick_xml::Reader::from_str(&xml_text);
    while reader.read_event().unwrap() != quick_xml::events::Event::Eof {}
}

#[test]
fn an_explanation_quotes_the_standard_and_runs_nothing() {
    for (suite, name, quote) in [
        ("decoder", "bom/second-line", "strips one leading UTF-8 Byte Order Mark (BOM), if any."),
        ("decoder", "retry/exponent", "consists of only ASCII digits"),
        ("encoder", "id/nul-end", "does not contain U+0000 NULL"),
        (
            "encoder",
            "type/lf-start",
            "a scalar value other than U+000A LINE FEED (LF) or U+000D CARRIAGE RETURN (CR)",
        ),
    ] {
        let finished = kit(&[suite, "--explain", name]);
        assert_eq!((finished.code, &*finished.err), (Some(0), ""));
        for part in [name, "\nWhat: ", "\nWhy: ", "\nStandard: HTML, 9.2.", "\nFrom: ", quote] {
            assert!(finished.out.contains(part), "{part}: {}", finished.out);
        }
    }
}

#[test]
fn all_checks_have_names_of_their_own_and_stay() {
    for suite in ["decoder", "encoder"] {
        let list = kit(&[suite, "--list"]);
        let mut names: Vec<&str> = list.out.lines().map(|line| line.split(": ").next().unwrap()).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!((names.len(), list.code), (count, Some(0)));
        let one = kit(&[suite, "--list", "--only", names[0]]);
        assert_eq!(one.out.lines().count(), 1);
    }
}

#[test]
fn what_cannot_be_done_is_said_in_a_line() {
    let decoder = program("broken_decoder");
    for (args, reason) in [
        (&["decode"][..], "there is no subcommand \"decode\""),
        (&["decoder"], "no command to check"),
        (&["decoder", "--", "/nonexistent/program"], "cannot run \"/nonexistent/program\""),
        (
            &["decoder", "--", &decoder, "none", "--bad"],
            "the first try failed: it ended with the exit code 101",
        ),
        (&["decoder", "--only", "nothing", "--", &decoder, "none"], "--only \"nothing\" names no check"),
        (&["encoder", "--explain", "nothing"], "no check has the name \"nothing\""),
        (&["encoder", "--chunk", "1"], "invalid option '--chunk'; see --help"),
        (&["decoder", "--chunk", "0", "--", &decoder], "zero"),
        (
            &["decoder", "--json", "/nonexistent/report", "--only", "bom/one", "--", &decoder, "none"],
            "/nonexistent/report: ",
        ),
        (&["encoder", "--", "sleep", "9"], "the first try failed"),
        (&["-x"], "invalid option '-x'; see --help"),
        (&["decoder", "-x"], "invalid option '-x'; see --help"),
        // The first two lines of its errors and the last one: languages differ in where the reason is.
        (
            &["decoder", "--", "sh", "-c", "for n in 1 2 3 4; do echo reason $n >&2; done; exit 3"],
            "it ended with the exit code 3: reason 1: reason 2: reason 4\n",
        ),
        (&["decoder", "--", "sh", "-c", "kill -KILL $$"], "the first try failed: a signal ended it\n"),
        (
            &["decoder", "--", "sh", "-c", "cat >/dev/null; echo; echo data: x"],
            "line 2 of its output does not follow the protocol: expected value at line 1 column 1: data: x\n",
        ),
        (&["decoder", "--", "sh", "-c", "cat >/dev/null"], "a stream with one event gave 0\n"),
        (
            &["encoder", "--", "sh", "-c", "cat >/dev/null; echo no data >&2; exit 2"],
            "the first try failed: it ended with the exit code 2: no data\n",
        ),
    ] {
        let args =
            [&args[..1], if args.len() > 1 { &["--timeout", "5"][..] } else { &[] }, &args[1..]].concat();
        let finished = kit(&args);
        assert_eq!((finished.code, finished.err.lines().count()), (Some(1), 1), "{args:?}: {finished:?}");
        assert!(finished.err.contains(reason), "{args:?}: {finished:?}");
    }
    let help = kit(&["--help"]);
    assert!(help.out.contains("Subcommands:") && help.code == Some(0));
    for suite in ["decoder", "encoder"] {
        let help = kit(&[suite, "--help"]);
        assert!(help.out.contains("--junit FILE") && help.out.contains("Exit code:") && help.code == Some(0));
    }
}

fn read(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// RESULTS.md lists these versions.
#[test]
fn the_adapters_have_the_versions_that_are_listed() {
    let list: Value = serde_json::from_str(&read("adapters/peers.json")).unwrap();
    let [cargo, npm, pip] = ["rust/Cargo.toml", "node/package.json", "python/requirements.txt"]
        .map(|file| read(&format!("adapters/{file}")));
    let mut count = 0;
    for peer in list["peers"].as_array().unwrap() {
        let (Some(version), name) = (peer["version"].as_str(), peer["name"].as_str().unwrap()) else {
            continue;
        };
        let command = peer["command"].as_str().unwrap();
        let is_pinned = match command {
            _ if command.contains("/node/") => npm.contains(&format!("\"{name}\": \"{version}\"")),
            _ if command.contains("/python/") => pip.contains(&format!("{name}=={version}\n")),
            _ => {
                let mut lines = cargo.lines().filter(|line| line.starts_with(&format!("{name} = ")));
                lines.any(|line| line.contains(&format!("\"={version}\"")))
            }
        };
        assert!(is_pinned, "{name} {version}");
        count += 1;
    }
    assert_eq!(count, 9 + 3 + 4);
}

/// The cells of the row of a table with this title, without the title.
fn cells(text: &str, title: &str) -> Vec<String> {
    let row = text
        .lines()
        .find(|line| line.starts_with(&format!("| {title}")))
        .unwrap_or_else(|| panic!("{title}"));
    let cells = row.trim_matches('|').split('|').skip(1);
    cells.map(|cell| cell.trim().split([' ', ':']).next().unwrap().to_owned()).collect()
}

#[test]
fn the_documents_have_the_figures_of_the_results() {
    let results = read("RESULTS.md");
    let (decoders, rest) =
        results.split_once("\n## Decoders\n").unwrap().1.split_once("\n## Encoders\n").unwrap();
    let of = |section: &str, title: &str, names: &[&str]| -> Vec<String> {
        let header = section.lines().find(|line| line.starts_with("| |")).unwrap();
        let columns: Vec<&str> = header.trim_matches('|').split('|').skip(1).map(str::trim).collect();
        let cells = cells(section, title);
        let column =
            |name: &&str| columns.iter().position(|column| column.split(' ').next() == Some(name)).unwrap();
        names.iter().map(|name| cells[column(name)].clone()).collect()
    };
    let crates = ["sse-codec", "eventsource-stream", "sse-stream", "sse-core", "sseer"];
    let encoders = ["sse-codec", "axum", "warp", "sse-stream"];
    for document in ["../README.md", "../COMPARE.md"] {
        let text = read(document);
        assert_eq!(
            cells(&text, "decodes as the standard says, of 508 streams"),
            of(decoders, "**all**", &crates)
        );
        assert_eq!(
            cells(&text, "of the 404 among them"),
            of(decoders, "of these, streams of UTF-8", &crates)
        );
        assert_eq!(
            cells(&text, "events that arrive as they were, of 471 streams"),
            of(rest, "events", &encoders)
        );
    }
}
