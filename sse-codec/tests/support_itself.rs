//! The test support itself: an oracle that is wrong would prove nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

mod oracle {
    use super::support::oracle::{Oracle, Output, decode, decode_utf8};
    use super::support::vectors;

    const NO_LIMIT: u64 = u64::MAX;

    fn event(data: &str) -> Output {
        Output::Event {
            event_type: None,
            data: data.to_owned(),
            id: None,
            retry: None,
            last_event_id: String::new(),
        }
    }

    fn too_large(limit: u64, offset: u64, id: Option<&str>) -> Output {
        let id = id.map(str::to_owned);
        Output::EventTooLarge { limit, offset, id }
    }

    fn comment(text: &str) -> Output {
        Output::Comment(text.to_owned())
    }

    fn outputs(input: &[u8], event_limit: u64, comments: Option<u64>) -> Vec<Output> {
        decode(input, event_limit, comments).0
    }

    /// The largest limit that is still too small, and where the stream then first goes over it.
    fn peak(input: &[u8]) -> Option<(u64, usize)> {
        (0..input.len() as u64).rev().find_map(|limit| {
            let mut oracle = Oracle::new(limit, None, "");
            let at = input.iter().position(|&byte| {
                oracle.feed(byte);
                let outputs = oracle.take_outputs();
                outputs.iter().any(|o| matches!(o, Output::EventTooLarge { .. }))
            });
            at.map(|at| (limit, at))
        })
    }

    #[test]
    fn passes_all_vectors() {
        for vector in vectors::all() {
            // No event and no comment is larger than the stream it is in.
            let limit = vector.input.len() as u64;
            let (outputs, last_event_id, retry) = decode(&vector.input, limit, Some(limit));
            let mut events = Vec::new();
            let mut comments = Vec::new();
            for output in outputs {
                match output {
                    Output::Event { event_type, data, last_event_id, .. } => {
                        let event_type = event_type.unwrap_or_else(|| "message".to_owned());
                        events.push(vectors::Expected { event_type, data, last_event_id });
                    }
                    Output::Comment(text) => comments.push(text),
                    other => panic!("{}: {other:?}", vector.name),
                }
            }
            assert_eq!(events, vector.events, "{}", vector.name);
            assert_eq!(last_event_id, vector.final_last_event_id, "{}", vector.name);
            if !vector.retry_lenient {
                assert_eq!(retry, vector.retry, "{}", vector.name);
            }
            if let Some(expected) = vector.comments {
                assert_eq!(comments, expected, "{}", vector.name);
            }
        }
    }

    #[test]
    fn keeps_what_the_block_has_set() {
        let input = b"id: 1\nid: 2\x00\nretry: 5\nretry: x\nevent: a\ndata\n\nid\ndata: b\ndata:\n\n";
        let first = Output::Event {
            event_type: Some("a".to_owned()),
            data: String::new(),
            id: Some("1".to_owned()),
            retry: Some(5),
            last_event_id: "1".to_owned(),
        };
        let second = Output::Event {
            event_type: None,
            data: "b\n".to_owned(),
            id: Some(String::new()),
            retry: None,
            last_event_id: String::new(),
        };
        let expected = (vec![first, second], String::new(), Some(5));
        assert_eq!(decode(input, NO_LIMIT, None), expected);
    }

    #[test]
    fn cr_dispatches_at_once_and_swallows_one_lf() {
        let mut oracle = Oracle::new(NO_LIMIT, None, "");
        oracle.feed_all(b"data: a\r\n\r");
        assert_eq!(oracle.take_outputs(), [event("a")]);
        oracle.feed_all(b"\ndata: b\n");
        assert_eq!(oracle.take_outputs(), []);
        oracle.feed(b'\n');
        assert_eq!(oracle.take_outputs(), [event("b")]);
    }

    #[test]
    fn retry_that_is_empty_or_does_not_fit_is_ignored() {
        let retry = |input: &[u8]| decode(input, NO_LIMIT, None).2;
        assert_eq!(retry(b"retry\nretry:\n"), None);
        assert_eq!(retry(b"retry: 7\nretry\nretry: \nretry: 18446744073709551616\n"), Some(7));
        assert_eq!(retry(b"retry: 00018446744073709551615\n"), Some(u64::MAX));
        assert_eq!(retry(b"retry: 7"), None);
    }

    #[test]
    fn reconnect_keeps_what_is_committed() {
        let mut oracle = Oracle::new(3, None, "0");
        assert_eq!(oracle.last_event_id(), "0");
        oracle.feed_all(b"id: 1\n\nretry: 9\nid: 2\ndata: abc\r");
        assert_eq!(oracle.take_outputs(), [too_large(3, 7, Some("2"))]);
        oracle.reconnect();
        // The LF is a line of its own here, the BOM is at the start again, offsets too.
        oracle.feed_all(b"\ndata: a\n\n");
        oracle.reconnect();
        oracle.feed_all(b"\xEF\xBB\xBFdata: b\n\ndata: abc\n");
        let [Output::Event { data: a, last_event_id, .. }, Output::Event { data: b, .. }, dropped] =
            &oracle.take_outputs()[..]
        else {
            panic!("two events and an error");
        };
        assert_eq!([a, b, last_event_id], ["a", "b", "1"]);
        assert_eq!(dropped, &too_large(3, 12, None));
        assert_eq!((oracle.last_event_id(), oracle.retry()), ("1", Some(9)));
    }

    #[test]
    fn size_counts_values_lines_type_and_id() {
        // The peak is one less than the size, which is the smallest limit that lets it pass.
        assert_eq!(peak(b"data: abc\n\n"), Some((3, 8)));
        assert_eq!(peak(b"data:abc\ndata: d\n\n"), Some((5, 15)));
        assert_eq!(peak(b"event: ab\nid: cde\ndata: f\n\n"), Some((6, 24)));
        assert_eq!(peak("data: ä\u{FEFF}\n\n".as_bytes()), Some((5, 10)));
        assert_eq!(peak(b"data: \xFF\n\n"), Some((1, 6)));
        assert_eq!(peak(b"retry: 100\nfoo: bar\n: comment\nDATA: a\n\n"), None);
    }

    #[test]
    fn data_line_counts_from_its_colon_or_its_end() {
        assert_eq!(peak(b"data:\n\n"), Some((0, 4)));
        assert_eq!(peak(b"data: \n\n"), Some((0, 4)));
        assert_eq!(peak(b"data\n\n"), Some((0, 4)));
        assert_eq!(peak(b"data\r\n\r\n"), Some((0, 4)));
        assert_eq!(peak(b"data"), None);
        assert_eq!(peak(b"datax: a\n"), None);
    }

    #[test]
    fn value_being_read_stands_in_place_of_the_old_one() {
        assert_eq!(peak(b"event: abcd\nevent: ef\ndata: ghi\n\n"), Some((5, 30)));
        assert_eq!(peak(b"event: abcd\nevent\ndata: ghi\n\n"), Some((3, 10)));
        assert_eq!(peak(b"id: abcd\nid: ef\ndata: ghi\n\n"), Some((5, 24)));
    }

    #[test]
    fn id_with_nul_counts_as_nothing() {
        assert_eq!(peak(b"id: \x00abcdef\n\n"), None);
        assert_eq!(peak(b"id: ab\x00cdef\n\n"), Some((1, 5)));
        assert_eq!(peak(b"id: abc\nid: d\x00\ndata:\n\n"), Some((3, 19)));
        // The NUL is looked at before the size, and is no byte of the id.
        assert_eq!(outputs(b"id: ab\x00\ndata\n\n", 2, None), [event("")]);
    }

    #[test]
    fn dropped_block_commits_nothing_and_ends_at_the_blank_line() {
        let input =
            b"data: a\r\n\r\nid: 1\rid: 2\x00\ndata: abcdef\nid: 3\ndata: x\nretry: 4\n:c\n\ndata: b\n\n";
        let (outputs, last_event_id, retry) = decode(input, 4, Some(1));
        let expected = [event("a"), too_large(4, 11, Some("1")), comment("c"), event("b")];
        assert_eq!(outputs, expected);
        assert_eq!((last_event_id.as_str(), retry), ("", Some(4)));
    }

    #[test]
    fn id_that_is_itself_too_long_is_not_reported() {
        assert_eq!(outputs(b"id: abc\n\n", 2, None), [too_large(2, 0, None)]);
        assert_eq!(outputs(b"id\nid: abc\n\n", 2, None), [too_large(2, 0, Some(""))]);
    }

    #[test]
    fn block_begins_after_the_blank_line() {
        let offset = |input: &[u8]| match &outputs(input, 0, None)[..] {
            [Output::EventTooLarge { offset, .. }] => *offset,
            other => panic!("{other:?}"),
        };
        assert_eq!(offset(b"data:"), 0);
        assert_eq!(offset(b"\xEF\xBB\xBFdata:"), 3);
        assert_eq!(offset(b"\xEF\xBB\n\ndata:"), 4);
        assert_eq!(offset(b"\xEF\xBB\xBF\r\ndata:"), 5);
        assert_eq!(offset(b":c\n\n\ndata:"), 5);
        assert_eq!(offset(b":c\r\n\r\n:c\r\ndata:"), 6);
        assert_eq!(offset(b"\r\rfoo\rdata:"), 2);
    }

    #[test]
    fn comments_come_at_their_line_ends() {
        let input = b"data: a\n: b\r\n:\n::c\xFF\n\n:unfinished";
        let expected = [comment(" b"), comment(""), comment(":c\u{FFFD}"), event("a")];
        assert_eq!(outputs(input, NO_LIMIT, Some(NO_LIMIT)), expected);
        assert_eq!(outputs(input, NO_LIMIT, None), [event("a")]);
    }

    #[test]
    fn long_comment_is_reported_once_and_harms_no_event() {
        let input = b"data: a\r\n:bc\n:bcdef\r\n:\n\n";
        let long = Output::CommentTooLarge { limit: 2, offset: 13 };
        let expected = [comment("bc"), long, comment(""), event("a")];
        assert_eq!(outputs(input, 2, Some(2)), expected);
        let long = Output::CommentTooLarge { limit: 0, offset: 3 };
        assert_eq!(outputs(b"\xEF\xBB\xBF: ", 0, Some(0)), [long]);
        assert_eq!(outputs(b"\xEF\xBB: \n", 0, Some(0)), []);
    }

    #[test]
    fn utf8_is_decoded_as_std_does_it() {
        // Both sides of every bound in the decoder.
        let bytes = [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC,
            0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ];
        for a in bytes {
            for b in bytes {
                for c in bytes {
                    for d in bytes {
                        let input = [a, b, c, d, b'.'];
                        for input in [&input[..3], &input[..4], &input] {
                            assert_eq!(decode_utf8(input), String::from_utf8_lossy(input));
                        }
                    }
                }
            }
        }
    }
}

mod vectors {
    #[test]
    fn all_are_there() {
        let vectors = super::support::vectors::all();
        assert_eq!(vectors.len(), 424 + 19);
        assert_eq!(vectors.iter().filter(|v| v.comments.is_none()).count(), 19);
        assert_eq!(vectors.iter().filter(|v| !v.splits.is_empty()).count(), 99 + 19);
        assert_eq!(vectors.iter().filter(|v| v.retry_lenient).count(), 7);
    }
}

mod chunkings {
    use super::support::chunkings::for_each_chunking;

    #[test]
    fn chunks_make_up_the_input() {
        for length in [0, 1, 2, 300] {
            let input: Vec<u8> = (0..=u8::MAX).cycle().take(length).collect();
            let mut count = 0;
            for_each_chunking(&input, &[length / 2, length], |name, chunks| {
                assert_eq!(chunks.concat(), input, "{name}");
                count += 1;
            });
            assert_eq!(count, 8 + length.saturating_sub(1) + 100);
        }
    }

    #[test]
    fn random_chunkings_differ_and_are_the_same_each_time() {
        let collect = || {
            let mut all = Vec::new();
            for_each_chunking(&[0; 300], &[], |name, chunks| {
                if name.starts_with("random") {
                    all.push(chunks.iter().map(|c| c.len()).collect::<Vec<_>>());
                }
            });
            all
        };
        let mut all = collect();
        assert_eq!(all, collect());
        all.sort();
        all.dedup();
        // Some of the largest chunk sizes leave few ways to cut so little.
        assert!(all.len() > 90, "{}", all.len());
    }
}
