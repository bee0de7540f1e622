//! Runs the `encode` program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{
    io::Write,
    process::{Output, Stdio},
    thread,
};

use common::{Running, program};

/// A line, and the block that it becomes.
const GOOD: &[(&str, &str)] = &[
    (r#"{"data":"hello"}"#, "data: hello\n\n"),
    (r#"{"data":""}"#, "data: \n\n"),
    (r#"{"data":" two\nlines\r\nor\rfour\n"}"#, "data:  two\ndata: lines\ndata: or\ndata: four\ndata: \n\n"),
    (r#"{"data":"\u0000 \u00e9 \ud83d\ude00 é"}"#, "data: \0 é 😀 é\n\n"),
    (r#"{"data":"x","event":"ping "}"#, "event: ping \ndata: x\n\n"),
    (r#"{"id":"row 7"}"#, "id: row 7\n\n"),
    (r#"{"id":""}"#, "id: \n\n"),
    (r#"{"id":18446744073709551615}"#, "id: 18446744073709551615\n\n"),
    (r#"{"id":-9223372036854775808}"#, "id: -9223372036854775808\n\n"),
    (r#"{"retry":0}"#, "retry: 0\n\n"),
    (r#"{"retry":18446744073709551615}"#, "retry: 18446744073709551615\n\n"),
    (r#"{"comment":""}"#, ":\n\n"),
    (r#"{"comment":"a\rb: c"}"#, ":a\n:b: c\n\n"),
    (r#"{"data":"x","event":null,"id":null,"retry":null,"comment":null}"#, "data: x\n\n"),
    (
        " \t{ \"retry\" : 250, \"data\":\"d\", \"comment\":\"c\", \"event\":\"e\", \"id\":\"i\" } \r",
        ":c\nid: i\nevent: e\nretry: 250\ndata: d\n\n",
    ),
    ("", ""),
    (" \t\r", ""),
];

/// A line that cannot be encoded, and what the message about it says.
const BAD: &[(&[u8], &str)] = &[
    (b"{}", "nothing to encode"),
    (br#"{"data":null}"#, "nothing to encode"),
    (b"{", "column 1: EOF"),
    (br#"{"data":"a"} {"data":"b"}"#, "column 14: trailing characters"),
    (br#"{"data":"a",}"#, "column 13: trailing comma"),
    (b"data: hello", "column 1: expected value"),
    (b"null", "expected an object"),
    (b"7", "expected an object"),
    (br#""data""#, "expected an object"),
    (br#"["data","event","id",1,"comment"]"#, "must be an object"),
    (br#"{"data":1}"#, "invalid type"),
    (br#"{"data":["a"]}"#, "invalid type"),
    (br#"{"event":true}"#, "invalid type"),
    (br#"{"comment":{}}"#, "invalid type"),
    (br#"{"id":true}"#, "id: true is neither"),
    (br#"{"id":1.5}"#, "id: 1.5 is neither"),
    (br#"{"id":18446744073709551616}"#, "id: 1.8446744073709552e+19 is neither"),
    (br#"{"retry":-1}"#, "retry: -1 is not a whole number"),
    (br#"{"retry":1.5}"#, "retry: 1.5 is not a whole number"),
    (br#"{"retry":"1"}"#, "retry: \"1\" is not a whole number"),
    (br#"{"retry":18446744073709551616}"#, "is not a whole number"),
    (br#"{"data":"a","event":""}"#, "event: an event type must not be empty"),
    (br#"{"data":"a","event":"a\nb"}"#, "event: line break at byte 1"),
    (br#"{"data":"a","event":"a\rb"}"#, "event: line break at byte 1"),
    (br#"{"data":"a","id":"1\n2"}"#, "id: line break at byte 1"),
    (br#"{"data":"a","id":"1\r"}"#, "id: line break at byte 1"),
    (br#"{"data":"a","id":"\u0000"}"#, "id: NUL at byte 0"),
    (br#"{"data":"a","Event":"b"}"#, "unknown field `Event`"),
    (br#"{"data":"a","data":"b"}"#, "duplicate field `data`"),
    (br#"{"data":"\ud800"}"#, "column 16"),
    (b"{\"data\":\"\xff\"}", "column 10: invalid unicode"),
    (b"{\"data\":\"a\"}\xff", "column 13: trailing characters"),
    (b"{\"data\":\"a\0b\"}", "control character"),
];

#[test]
fn each_line_becomes_its_block() {
    for (line, block) in GOOD {
        let output = encode(line.as_bytes());
        assert_eq!(text(&output.stdout), *block, "{line}");
        assert_eq!(text(&output.stderr), "", "{line}");
        assert_eq!(output.status.code(), Some(0), "{line}");
    }
}

#[test]
fn a_bad_line_gives_a_message_and_nothing_else_is_lost() {
    let mut input = b"{\"data\":\"first\"}\n\n".to_vec();
    let mut expected = "data: first\n\n".to_owned();
    for (number, (line, _)) in BAD.iter().enumerate() {
        input.extend_from_slice(line);
        input.extend_from_slice(format!("\n{{\"data\":\"behind {number}\"}}\n").as_bytes());
        expected += &format!("data: behind {number}\n\n");
    }
    let output = encode(&input);

    assert_eq!(text(&output.stdout), expected);
    let messages = text(&output.stderr);
    assert_eq!(messages.lines().count(), BAD.len(), "{messages}");
    for (number, (message, (line, reason))) in messages.lines().zip(BAD).enumerate() {
        let prefix = format!("encode: line {}: ", 3 + 2 * number);
        assert!(message.starts_with(&prefix), "{prefix:?} in {message:?}");
        assert!(message.contains(reason), "{reason:?} in {message:?} on {}", line.escape_ascii());
    }
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_slow_pipe_gets_each_block_at_once() {
    let mut encode = Running::start(program("encode"));
    for number in 0..3 {
        // One write holds the end of a line and the start of the next.
        encode.write(&format!("{{\"id\":{number}}}\n{{"));
        assert_eq!((encode.line(), encode.line()), (format!("id: {number}"), String::new()));
        encode.write("\"comment\":\"\"}\n");
        assert_eq!((encode.line(), encode.line()), (":".into(), String::new()));
    }
    encode.write("{}\n");
    assert!(encode.error_line().contains("line 7: nothing to encode"));
    assert_eq!(encode.finish(), 2);
}

#[test]
fn a_closed_output_ends_quietly() {
    let mut child = program("encode")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    // Until the program is gone: then this end of the pipe is closed as well.
    while stdin.write_all(b"{\"data\":\"a\"}\n").is_ok() {}
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn reads_a_file_or_says_why_not() {
    let path = std::env::temp_dir().join(format!("sse-encode-{}.jsonl", std::process::id()));
    std::fs::write(&path, "{\"data\":\"from a file\"}").unwrap();
    let output = program("encode").arg(&path).output().unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(text(&output.stdout), "data: from a file\n\n");
    assert_eq!(output.status.code(), Some(0));

    let output = program("encode").arg(&path).output().unwrap();
    let message = text(&output.stderr);
    assert!(message.starts_with(&format!("encode: {}: ", path.display())), "{message}");
    assert_eq!((text(&output.stdout), output.status.code()), ("", Some(1)));
}

#[test]
fn help_and_wrong_flags() {
    let output = program("encode").arg("--help").output().unwrap();
    assert!(text(&output.stdout).contains("Usage: encode [FILE]"));
    assert_eq!((text(&output.stderr), output.status.code()), ("", Some(0)));

    let output = program("encode").arg("--no-such-flag").output().unwrap();
    assert!(text(&output.stderr).contains("--no-such-flag"));
    assert_eq!((text(&output.stdout), output.status.code()), ("", Some(1)));
}

fn encode(input: &[u8]) -> Output {
    let mut child = program("encode")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).unwrap());
        child.wait_with_output().unwrap()
    })
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}
