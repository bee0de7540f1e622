//! The line decoder returns every line of the wire.

use proptest::{collection::vec, prelude::*, sample::select};
use sse_codec::{
    Decoder,
    error::DecodeErrorKind,
    limits::Limits,
    lines::{Line, LineDecoder},
};
use sse_conformance::{
    chunkings::for_each_chunking,
    levels::event_ref,
    naive_lines::{self, NaiveLine},
    oracle::{Output, Settings, expect},
    vectors,
};

/// Encodes the lines again, naively.
fn naive(input: &[u8]) -> Vec<u8> {
    naive_lines::split(input, usize::MAX)
        .into_iter()
        .flat_map(|line| match line {
            NaiveLine::Line(line) => naive_lines::encoding(&line),
            NaiveLine::TooLong { .. } => unreachable!("there is no limit"),
        })
        .collect()
}

fn encode_again(chunks: &[&[u8]], in_sips: bool) -> Vec<u8> {
    let mut decoder = LineDecoder::new();
    let mut encoded = Vec::new();
    for chunk in chunks {
        let mut lines = decoder.decode(chunk);
        while let Some(line) = lines.next_line() {
            line.unwrap().encode(&mut encoded);
            if in_sips {
                drop(lines);
                lines = decoder.decode(b"");
            }
        }
    }
    encoded
}

#[test]
fn each_line_of_each_vector_in_every_chunking() {
    for vector in vectors::all() {
        let expected = naive(&vector.input);
        for_each_chunking(&vector.input, &vector.splits, |chunking, chunks| {
            assert_eq!(encode_again(chunks, false), expected, "{}, {chunking}", vector.name);
            if vector.input.len() < 1000 {
                assert_eq!(encode_again(chunks, true), expected, "{}, {chunking}, in sips", vector.name);
            }
        });
    }
}

#[test]
fn encoding_the_lines_again_loses_nothing() {
    for vector in vectors::all() {
        let again = encode_again(&[&vector.input], false);
        let mut outcome = expect(&again, Settings::ITEMS);
        let expected = expect(&vector.input, Settings::ITEMS);
        if again.windows(5).any(|bytes| bytes == b":\n\xEF\xBB\xBF") {
            outcome.outputs.retain(|output| *output != Output::Comment(String::new()));
        }
        assert_eq!(outcome, expected, "{}", vector.name);
    }
}

#[test]
fn a_name_that_begins_with_a_bom_does_not_lose_it_at_the_start_of_a_stream() {
    let forwarded = encode_again(&[b"\xEF\xBB\xBF\xEF\xBB\xBFdata: forged\n\n"], false);
    assert_eq!(expect(&forwarded, Settings::EVENTS).outputs, []);
}

#[test]
fn lines_are_taken_apart_as_the_standard_says() {
    let mut decoder = LineDecoder::new();
    let mut lines = decoder.decode(b"\n: c:c \nname:  a:b\nname:\nname\n :x\n");
    let mut next =
        |expected: Option<(&str, &str)>, comment: Option<&str>| match lines.next_line().unwrap().unwrap() {
            Line::Blank => assert_eq!((expected, comment), (None, None)),
            Line::Comment(text) => assert_eq!(comment.map(str::as_bytes), Some(text.as_bytes())),
            Line::Field(field) => {
                let (name, value) = expected.unwrap();
                assert_eq!((field.name(), field.value()), (name.as_bytes(), value.as_bytes()));
            }
        };
    next(None, None);
    next(None, Some(" c:c "));
    next(Some(("name", " a:b")), None);
    next(Some(("name", "")), None);
    next(Some(("name", "")), None);
    next(Some((" ", "x")), None);
    assert!(lines.next_line().is_none());
}

#[test]
fn a_line_of_exactly_the_limit_passes_and_one_byte_more_does_not() {
    let input = b"\xEF\xBB\xBFok\n1234\r\n12345\r\n123456789\n\n1234\r";
    for_each_chunking(input, &[], |chunking, chunks| {
        let mut decoder = LineDecoder::with_limits(Limits::new().with_line(4));
        let mut seen = Vec::new();
        for chunk in chunks {
            let mut lines = decoder.decode(chunk);
            while let Some(line) = lines.next_line() {
                seen.push(match line {
                    Ok(Line::Field(field)) => String::from_utf8(field.name().to_vec()).unwrap(),
                    Ok(Line::Blank) => String::new(),
                    Ok(line) => panic!("{line:?}"),
                    Err(error) => {
                        assert_eq!((error.kind(), error.limit()), (DecodeErrorKind::LineTooLong, 4));
                        format!("dropped at {}", error.offset())
                    }
                });
            }
        }
        assert_eq!(seen, ["ok", "1234", "dropped at 12", "dropped at 19", "", "1234"], "{chunking}");
        assert!(!decoder.is_mid_line());
    });
}

#[test]
fn a_new_connection_begins_anew() {
    let mut decoder = LineDecoder::new();
    assert!(decoder.decode(b"data: cut").next_line().is_none());
    assert!(decoder.is_mid_line() && decoder.is_mid_block());
    assert!(!decoder.reconnect(), "nothing of the block was returned");
    assert!(!decoder.is_mid_line() && !decoder.is_mid_block());
    drop(decoder.decode(b": unread\n"));
    assert!(decoder.is_mid_line());
    assert!(!decoder.reconnect());
    assert!(!decoder.is_mid_line());
    let mut lines = decoder.decode(b"\xEF\xBB\xBFdata: 1\n");
    assert!(matches!(lines.next_line(), Some(Ok(Line::Field(field))) if field.name() == b"data"));
}

/// The proxy of the documentation, and one that forwards lines at once.
#[test]
fn a_proxy_joins_no_events_of_two_connections() {
    let connections = [&b"id: 1\ndata: a\n"[..], b":c\ndata: b\n\n:hi\n", b"\ndata: c\n\nid: 3"];
    for sends_lines_at_once in [false, true] {
        let mut decoder = LineDecoder::new();
        let (mut client, mut block, mut ended) = (Vec::new(), Vec::new(), vec![]);
        for connection in connections {
            let mut lines = decoder.decode(connection);
            while let Some(line) = lines.next_line() {
                let line = line.unwrap();
                line.encode(&mut block);
                if line == Line::Blank || sends_lines_at_once {
                    client.append(&mut block);
                }
            }
            drop(lines);
            if decoder.reconnect() {
                block.clear();
                // The response of a proxy that sent a part of the block must end.
                ended.push(std::mem::take(&mut client));
            }
        }
        ended.push(client);
        let expected: &[&[u8]] = match sends_lines_at_once {
            false => &[b"", b":c\ndata: b\n\n:hi\n\ndata: c\n\n"],
            true => &[b"id: 1\ndata: a\n", b":c\ndata: b\n\n:hi\n\ndata: c\n\n"],
        };
        assert_eq!(ended, expected);
    }
}

#[test]
fn a_block_is_open_from_its_first_field_to_its_blank_line() {
    let mut decoder = LineDecoder::new();
    for (line, is_open) in
        [(&b":c\n"[..], false), (b"\n", false), (b"x\n", true), (b":c\n", true), (b"\r", false)]
    {
        assert!(decoder.decode(line).next_line().is_some());
        assert_eq!(decoder.is_mid_block(), is_open, "{line:?}");
        assert_eq!(decoder.clone().reconnect(), is_open, "{line:?}");
    }
}

const PIECES: &[&[u8]] = &[b"\n", b"\r", b"\r\n", b":", b" ", b"ab", b"\xEF\xBB\xBF", b"\xEF", b"\xEF\xBB"];

proptest! {
    #[test]
    fn any_lines(pieces in vec(select(PIECES), 0..30)) {
        let input = pieces.concat();
        let expected = naive(&input);
        prop_assert_eq!(&encode_again(&pieces, false), &expected);
        prop_assert_eq!(&encode_again(&pieces, true), &expected);

        // The forwarded lines decode to the same events.
        let mut decoder = Decoder::new();
        let mut events = decoder.decode(&expected);
        let mut outputs = Vec::new();
        while let Some(event) = events.next_event() {
            outputs.push(event_ref(&event.unwrap()));
        }
        let wanted: Vec<Output> = expect(&input, Settings::EVENTS).outputs;
        prop_assert_eq!(outputs, wanted);
    }
}

#[test]
fn the_start_of_a_bom_counts_when_it_is_none() {
    for chunks in [&[&b"\xEF\xBB\ndata\n"[..]][..], &[b"\xEF", b"\xBB\ndata\n"], &[b"\xEF\xBB", b"\ndata\n"]]
    {
        let mut decoder = LineDecoder::with_limits(Limits::new().with_line(1));
        let mut errors = Vec::new();
        for chunk in chunks {
            let mut lines = decoder.decode(chunk);
            while let Some(line) = lines.next_line() {
                errors.push(line.unwrap_err().offset());
            }
        }
        assert_eq!(errors, [0, 3], "{chunks:?}");
    }
}

#[test]
fn the_default_limit_is_as_documented() {
    const LIMIT: usize = 16 * 1024 * 1024;
    let mut decoder = LineDecoder::new();
    for (len, is_ok) in [(LIMIT, true), (LIMIT + 1, false)] {
        let line = [&vec![b'x'; len][..], b"\n"].concat();
        assert_eq!(decoder.decode(&line).next_line().unwrap().is_ok(), is_ok);
    }
}

/// The CR was read, and then the guard was dropped.
#[test]
fn an_lf_behind_an_unread_rest_does_not_belong_to_the_cr_before_it() {
    let mut decoder = LineDecoder::new();
    assert!(decoder.decode(b"a\rb").next_line().is_some());
    let mut lines = decoder.decode(b"\nc\n");
    for name in [b"b", b"c"] {
        assert!(matches!(lines.next_line(), Some(Ok(Line::Field(field))) if field.name() == name));
    }
}
