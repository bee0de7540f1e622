//! Runs the `decode` program.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sse_conformance::vectors;

use sse_conformance::{
    examples::program,
    programs::{Finished, Running, run},
};

/// The streams with known results of browsers.
#[test]
fn each_vector_gives_what_browsers_give() {
    let vectors: Vec<&str> = vectors::lines().collect();
    assert_eq!(vectors.len(), 508);
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(vector) = vectors.get(next.fetch_add(1, Ordering::Relaxed)) {
            check_vector(&serde_json::from_str(vector).unwrap());
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(work);
        }
    });
}

fn check_vector(vector: &Value) {
    let input = STANDARD.decode(vector["input_b64"].as_str().unwrap()).unwrap();
    for args in [&["--comments", "--chunk", "1"][..], &["--comments", "--chunk", "7"], &["--comments"], &[]] {
        let output = decode(args, &input);
        let name = &vector["name"];
        assert_eq!((&*output.err, output.code), ("", Some(0)), "{name} {args:?}");
        let lines = output.out.lines().map(|line| serde_json::from_str(line).unwrap());
        let mut lines: Vec<Value> = lines.collect();

        let last = lines.pop().unwrap();
        assert_eq!(last["final"]["lastEventId"], vector["final_last_event_id"], "{name} {args:?}");
        if vector["lenient"].as_array().is_none_or(|fields| !fields.contains(&"retry".into())) {
            assert_eq!(last["final"]["retry"], vector["retry"], "{name} {args:?}");
        }
        let (events, rest): (Vec<Value>, Vec<Value>) =
            lines.into_iter().partition(|line| line.get("event").is_some());
        let events: Value = events.iter().map(|line| line["event"].clone()).collect();
        assert_eq!(events, vector["events"], "{name} {args:?}");
        let comments: Value = rest.iter().map(|line| line["comment"].clone()).collect();
        if args.is_empty() {
            assert_eq!(comments, json!([]), "{name}");
        } else if let Some(expected) = vector.get("comments") {
            // Captures have no comments.
            assert_eq!(comments, *expected, "{name} {args:?}");
        }
    }
}

#[test]
fn the_lines_as_they_are_written() {
    let stream = b"\xef\xbb\xbf:a \"b\"\r\n\
        retry: 9007199254740991\r\nid: 1\r\nevent: ping \r\ndata: x\r\ndata\r\n\r\n\
        data: \xff\xe2\x82\n\n\
        id\n\n\
        id: lost\ndata: cut off";
    let output = decode(&["--comments"], stream);
    assert_eq!(
        output.out,
        r#"{"comment":"a \"b\""}
{"event":{"type":"ping ","data":"x\n","lastEventId":"1"}}
{"event":{"type":"message","data":"��","lastEventId":"1"}}
{"final":{"lastEventId":"","retry":9007199254740991}}
"#
    );
    assert_eq!((&*output.err, output.code), ("", Some(0)));

    let finals = [
        ("", r#"{"final":{"lastEventId":"","retry":null}}"#),
        ("id: a\n\nretry: 0\n", r#"{"final":{"lastEventId":"a","retry":0}}"#),
        ("retry: 9007199254740992\n", r#"{"final":{"lastEventId":"","retry":"9007199254740992"}}"#),
        ("retry: 18446744073709551615\n", r#"{"final":{"lastEventId":"","retry":"18446744073709551615"}}"#),
    ];
    for (stream, line) in finals {
        assert_eq!(decode(&[], stream.as_bytes()).out, format!("{line}\n"));
    }
}

#[test]
fn what_passes_a_limit_is_an_error_line() {
    let comment = "c".repeat(64 * 1024 + 1);
    let too_large = "data: 1234567890\n\nid: 7\ndata: 12345678901\n\ndata: 12345678901\n\n";
    let stream = format!("{too_large}:{comment}\ndata: ok\n\n");
    let expected = r#"{"event":{"type":"message","data":"1234567890","lastEventId":""}}
{"error":{"kind":"event_too_large","limit":16,"offset":18,"id":"7"}}
{"error":{"kind":"event_too_large","limit":16,"offset":43}}
{"error":{"kind":"comment_too_large","limit":65536,"offset":62}}
{"event":{"type":"message","data":"ok","lastEventId":""}}
{"final":{"lastEventId":"","retry":null}}
"#;
    for chunk in [&[][..], &["--chunk", "1"], &["--chunk", "7"], &["--chunk", "1000000000000"]] {
        let output = decode(&[&["--comments", "--max-event", "16"], chunk].concat(), stream.as_bytes());
        assert_eq!(output.out, expected, "{chunk:?}");
        assert_eq!((&*output.err, output.code), ("", Some(0)), "{chunk:?}");
    }
}

#[test]
fn an_id_that_is_too_long_is_an_error_line_and_its_event_follows() {
    let stream = format!("id: 1\ndata: 1\n\nid: {}\ndata: 2\n\n", "i".repeat(8 * 1024 + 1));
    let expected = r#"{"event":{"type":"message","data":"1","lastEventId":"1"}}
{"error":{"kind":"id_too_long","limit":8192,"offset":15}}
{"event":{"type":"message","data":"2","lastEventId":"1"}}
{"final":{"lastEventId":"1","retry":null}}
"#;
    for chunk in [&[][..], &["--chunk", "7"]] {
        assert_eq!(decode(chunk, stream.as_bytes()).out, expected, "{chunk:?}");
    }
}

#[test]
fn a_slow_stream_gives_each_event_at_once() {
    let mut decode = Running::start(program("decode"));
    for (chunk, data) in [("data: 1\n\nda", "1"), ("ta: 2\r", ""), ("\r", "2"), ("\ndata: 3\n\n", "3")] {
        decode.write(chunk);
        if !data.is_empty() {
            let line = format!(r#"{{"event":{{"type":"message","data":"{data}","lastEventId":""}}}}"#);
            assert_eq!(decode.line(), line);
        }
    }
    decode.close_input();
    assert_eq!(decode.line(), r#"{"final":{"lastEventId":"","retry":null}}"#);
    assert_eq!(decode.finish(), 0);
}

#[test]
fn a_chunk_of_a_given_size_is_decoded_when_it_is_whole() {
    let mut command = program("decode");
    command.args(["--chunk", "4"]);
    let mut decode = Running::start(command);
    decode.write("data\n\nda");
    // The blank line is in the second chunk, which is complete now.
    assert_eq!(decode.line(), r#"{"event":{"type":"message","data":"","lastEventId":""}}"#);
    decode.write("ta\n\n");
    assert_eq!(decode.line(), r#"{"event":{"type":"message","data":"","lastEventId":""}}"#);
    decode.close_input();
    assert_eq!(decode.line(), r#"{"final":{"lastEventId":"","retry":null}}"#);
    assert_eq!(decode.finish(), 0);
}

fn decode(args: &[&str], input: &[u8]) -> Finished {
    run(program("decode").args(args), input)
}
