//! Foreign text cannot control a terminal: no C0 except line ends and tabs, no DEL, no C1.
//!
//! `script` (util-linux) provides the terminal; without it these tests are skipped with a message.

use std::{
    env, fs,
    process::{self, Command},
};

use sse_conformance::{
    browser::{find, skipped},
    examples::{path, program},
    programs::run,
};

/// Titles, colours and more in 7 and in 8 bits, in each field and in a comment.
const STREAM: &str = ": \u{1b}[31m\u{9b}31m\u{7f}\u{0}\n\
    id: \u{1b}c\u{9b}\n\
    event: \u{9d}0;title\u{9c}\u{7}\n\
    data: \u{1b}]0;title\u{7}\u{90}\u{85}\ttab\n\n";

#[test]
fn what_decode_writes() {
    let decoded = run(program("decode").arg("--comments"), STREAM.as_bytes());
    assert_eq!(
        decoded.out,
        "{\"comment\":\" \\u001b[31m\\u009b31m\\u007f\\u0000\"}\n\
        {\"event\":{\"type\":\"\\u009d0;title\\u009c\\u0007\",\"data\":\"\\u001b]0;title\\u0007\\u0090\\u0085\\ttab\",\
        \"lastEventId\":\"\\u001bc\\u009b\"}}\n\
        {\"final\":{\"lastEventId\":\"\\u001bc\\u009b\",\"retry\":null}}\n"
    );
    let file = Input::new("decode", STREAM);
    let Some(shown) = on_terminal("decode", &["--comments", &file.0]) else { return };
    assert_eq!(shown, decoded.out);
}

#[test]
fn what_encode_writes() {
    let lines =
        r#"{"comment":"\u001b[31m\u007f","event":"\u009d0;a","data":"\u001b]0;title\u0007\n\u009b\ttab"}"#;
    let stream = ":\u{1b}[31m\u{7f}\nevent: \u{9d}0;a\ndata: \u{1b}]0;title\u{7}\ndata: \u{9b}\ttab\n\n";
    // A file or a pipe gets it unchanged.
    assert_eq!(run(&mut program("encode"), lines.as_bytes()).out, stream);
    let file = Input::new("encode", lines);
    let Some(shown) = on_terminal("encode", &[&file.0]) else { return };
    let printable =
        ":\u{fffd}[31m\u{fffd}\nevent: \u{fffd}0;a\ndata: \u{fffd}]0;title\u{fffd}\ndata: \u{fffd}\ttab\n\n";
    assert_eq!(shown, printable);
}

/// Error messages quote their input.
#[test]
fn what_is_complained_of() {
    let evil = "\u{1b}]0;title\u{7}\u{9b}31m\n";
    for (name, args) in [
        ("decode", &[evil][..]),
        ("encode", &[evil]),
        ("ping", &["--addr", evil]),
        ("plain", &["--addr", evil]),
        ("idle", &["--server", evil]),
    ] {
        let output = run(program(name).args(args), b"");
        assert_printable(name, &output.err);
        assert_eq!((output.err.lines().count(), output.code), (1, Some(1)), "{output:?}");
    }
    let output = run(&mut program("encode"), r#"{"\u001b]0;title\u0007\u009b":1}"#.as_bytes());
    assert_printable("encode", &output.err);
    assert!(output.err.contains("unknown field"), "{output:?}");
}

fn assert_printable(name: &str, text: &str) {
    let is_steering = |char: char| char.is_control() && !matches!(char, '\n' | '\t');
    assert!(!text.is_empty() && !text.contains(is_steering), "{name}: {text:?}");
}

/// A file with this text, until the test is over.
struct Input(String);

impl Input {
    fn new(name: &str, text: &str) -> Self {
        let path = env::temp_dir().join(format!("sse-terminal-{name}-{}", process::id()));
        fs::write(&path, text).unwrap();
        Self(path.to_str().unwrap().into())
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// The output on a terminal, which shows a line end as CR and LF.
fn on_terminal(name: &str, args: &[&str]) -> Option<String> {
    let Some(script) = find(&["script"]) else {
        skipped("script");
        return None;
    };
    let quoted: Vec<String> =
        [path(name).to_str().unwrap()].iter().chain(args).map(|word| format!("'{word}'")).collect();
    let mut command = Command::new(script);
    let shown = run(command.args(["--quiet", "--return", "--command", &quoted.join(" "), "/dev/null"]), b"");
    assert_eq!(shown.code, Some(0), "{shown:?}");
    Some(shown.out.replace("\r\n", "\n"))
}
