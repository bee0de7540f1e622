//! `encode` accepts the lines of `decode`.

use std::{
    io::Write,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use sse_conformance::vectors;

use sse_conformance::{
    examples::program,
    programs::{Finished, finish, piped, run},
};

/// Decoding, encoding and decoding again gives the same result, and so does one more encoding.
#[test]
fn each_vector_comes_back() {
    let vectors: Vec<&str> = vectors::lines().collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(vector) = vectors.get(next.fetch_add(1, Ordering::Relaxed)) {
            let vector: Value = serde_json::from_str(vector).unwrap();
            let stream = STANDARD.decode(vector["input_b64"].as_str().unwrap()).unwrap();
            let decoded = run(program("decode").arg("--comments"), &stream);
            let encoded = run(&mut program("encode"), decoded.out.as_bytes());
            let name = &vector["name"];
            assert_eq!((&*encoded.err, encoded.code), ("", Some(0)), "{name}");
            let again = run(program("decode").arg("--comments"), encoded.out.as_bytes());
            assert_eq!(again.out, decoded.out, "{name}: {:?}", encoded.out);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(work);
        }
    });
}

#[test]
fn what_the_lines_of_decode_become() {
    let lines = r#"{"event":{"type":"message","data":"1","lastEventId":""}}
{"comment":" c"}
{"event":{"type":"ping","data":"a\nb","lastEventId":"7"}}
{"event":{"type":"message","data":"","lastEventId":"7"}}
{"id":8}
{"event":{"type":"message","data":"","lastEventId":"8"}}
{"event":{"type":"message","data":"","lastEventId":""}}
{"final":{"lastEventId":"9","retry":"9007199254740993"}}
{"final":{"lastEventId":"9","retry":null}}
"#;
    let stream = "data: 1\n\n: c\n\nid: 7\nevent: ping\ndata: a\ndata: b\n\ndata: \n\nid: 8\n\ndata: \n\n\
        id: \ndata: \n\nid: 9\nretry: 9007199254740993\n\n";
    assert_eq!(encode(&[], lines), Finished { out: stream.into(), err: "".into(), code: Some(0) });

    // Dropped data cannot be encoded.
    let dropped =
        run(program("decode").args(["--max-event", "16"]), b"id: 7\ndata: 12345678901\n\ndata: 1\n\n");
    let encoded = encode(&[], &dropped.out);
    let reason = "encode: line 1: `decode` dropped something at byte 0, with the id 7: event_too_large, with a limit of 16 bytes\n";
    assert_eq!(encoded, Finished { out: "data: 1\n\n".into(), err: reason.into(), code: Some(2) });

    for (line, reason) in [
        (r#"{"event":{"type":"message","data":"1"}}"#, "invalid type: map, expected a string"),
        (r#"{"event":{"type":"a\nb","data":"1","lastEventId":""}}"#, "event: line break at byte 1"),
        (r#"{"event":{"type":"a","data":"1","lastEventId":"\u0000"}}"#, "lastEventId: NUL at byte 0"),
        (r#"{"final":{"lastEventId":"","retry":-1}}"#, "retry: -1 is not a whole number"),
        (r#"{"event":{"type":"a","data":"1","lastEventId":""},"id":1}"#, "invalid type: map"),
    ] {
        let encoded = encode(&[], line);
        assert!(encoded.err.contains(reason), "{line}: {encoded:?}");
        assert_eq!((&*encoded.out, encoded.code), ("", Some(2)), "{line}");
    }
}

#[test]
fn a_byte_order_mark_is_skipped_before_the_first_line_only() {
    assert_eq!(
        encode(&[], "\u{feff}{\"data\":\"a\"}\n{\"data\":\"\u{feff}\"}").out,
        "data: a\n\ndata: \u{feff}\n\n"
    );
    assert_eq!(encode(&[], "\u{feff}\n{\"data\":\"a\"}\n").code, Some(0));
    let second = encode(&[], "{\"data\":\"a\"}\n\u{feff}{\"data\":\"b\"}\n");
    assert_eq!((&*second.out, second.code), ("data: a\n\n", Some(2)));
}

#[test]
fn a_line_that_is_too_long_is_left_out() {
    let line = r#"{"data":"12345"}"#;
    let longer = r#"{"data":"123456"}"#;
    let limit = ["--max-line", &line.len().to_string()];
    let reason = |number| format!("encode: line {number}: longer than 16 bytes; set --max-line for more\n");
    for (input, output, err) in [
        (format!("{line}\n{line}"), "data: 12345\n\n".repeat(2), String::new()),
        (format!("{longer}\n{line}\n"), "data: 12345\n\n".into(), reason(1)),
        (format!("{line}\n{}{longer}", " ".repeat(100_000)), "data: 12345\n\n".into(), reason(2)),
        (format!("{longer}\r\n{longer}"), String::new(), reason(1) + &reason(2)),
    ] {
        let code = if err.is_empty() { 0 } else { 2 };
        assert_eq!(encode(&limit, &input), Finished { out: output, err, code: Some(code) }, "{input:.40}");
    }
}

/// A line that never ends: memory does not grow with it.
#[cfg(target_os = "linux")]
#[test]
fn a_line_without_an_end_does_not_fill_the_memory() {
    let mut child = piped(program("encode").args(["--max-line", "1000000"]));
    let mut stdin = child.stdin.take().unwrap();
    let spaces = vec![b' '; 1 << 20];
    for _ in 0..200 {
        stdin.write_all(&spaces).unwrap();
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let size: usize = size.trim().strip_suffix(" kB").unwrap().parse().unwrap();
    stdin.write_all(b"\n{\"data\":\"a\"}\n").unwrap();
    drop(stdin);
    let Finished { out, code, .. } = finish(child);
    assert_eq!((&*out, code), ("data: a\n\n", Some(2)));
    println!("at most {size} KiB for a line of 200 MiB");
    assert!(size < 50_000, "{size} KiB");
}

fn encode(args: &[&str], input: &str) -> Finished {
    run(program("encode").args(args), input.as_bytes())
}
