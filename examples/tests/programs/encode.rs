//! Runs the `encode` program.

use sse_conformance::{
    examples::program,
    programs::{Finished, Running, run},
};

/// A line, and its block.
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
    (r#"{"retry":"18446744073709551615"}"#, "retry: 18446744073709551615\n\n"),
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

/// A line that cannot be encoded, and a part of the message.
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
    (br#"{"retry":"-1"}"#, "retry: \"-1\" is not a whole number"),
    (br#"{"retry":"soon"}"#, "retry: \"soon\" is not a whole number"),
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
        assert_eq!(output, Finished { out: (*block).into(), err: "".into(), code: Some(0) }, "{line}");
    }
}

#[test]
fn a_bad_line_gives_a_message_and_nothing_else_is_lost() {
    let mut input = b"{\"data\":\"first\"}\n\n".to_vec();
    let mut expected = "data: first\n\n".to_owned();
    for (number, (line, _)) in BAD.iter().enumerate() {
        input.extend_from_slice(line);
        input.extend_from_slice(format!("\n{{\"data\":\"after {number}\"}}\n").as_bytes());
        expected += &format!("data: after {number}\n\n");
    }
    let output = encode(&input);

    assert_eq!(output.out, expected);
    let messages = &output.err;
    assert_eq!(messages.lines().count(), BAD.len(), "{messages}");
    for (number, (message, (line, reason))) in messages.lines().zip(BAD).enumerate() {
        let prefix = format!("encode: line {}: ", 3 + 2 * number);
        assert!(message.starts_with(&prefix), "{prefix:?} in {message:?}");
        assert!(message.contains(reason), "{reason:?} in {message:?} on {}", line.escape_ascii());
    }
    assert_eq!(output.code, Some(2));
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

fn encode(input: &[u8]) -> Finished {
    run(&mut program("encode"), input)
}
