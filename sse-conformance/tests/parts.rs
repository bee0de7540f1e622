//! Tests of the vectors, chunkings and lines, since wrong helpers would prove nothing.

mod vectors {
    #[test]
    fn all_are_there() {
        let vectors = sse_conformance::vectors::all();
        assert_eq!(vectors.len(), 489 + 19);
        assert_eq!(vectors.iter().filter(|v| v.comments.is_none()).count(), 19);
        assert_eq!(vectors.iter().filter(|v| !v.splits.is_empty()).count(), 112 + 19);
        assert_eq!(vectors.iter().filter(|v| v.retry_lenient).count(), 7);
    }
}

mod chunkings {
    use sse_conformance::chunkings::for_each_chunking;

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
        // With the largest chunk sizes, there are few ways to split a short stream.
        assert!(all.len() > 90, "{}", all.len());
    }
}

mod naive_lines {
    use sse_conformance::naive_lines::{NaiveLine, Splitter, split};

    fn line(text: &str) -> NaiveLine {
        NaiveLine::Line(text.as_bytes().to_vec())
    }

    #[test]
    fn lines_end_as_the_standard_says() {
        let lines = |stream: &[u8]| split(stream, 3);
        assert_eq!(
            lines(b"a\nb\rc\r\n\r\n\n\rd"),
            [line("a"), line("b"), line("c"), line(""), line(""), line("")]
        );
        assert_eq!(
            lines(b"123\n1234\r\n12345"),
            [line("123"), NaiveLine::TooLong { offset: 4 }, NaiveLine::TooLong { offset: 10 }]
        );
        assert_eq!(lines(b"\xEF\xBB\xBFa\n"), [line("a")]);
        assert_eq!(split(b"\xEF\xBB\n\n", 1), [NaiveLine::TooLong { offset: 0 }, line("")]);
        assert_eq!(split(b"\xEF\xBB", 1), []);
    }

    #[test]
    fn what_is_lost_ends_in_a_line() {
        for start in [&b""[..], b"a", b"a\r", b"\xEF\xBB"] {
            let mut splitter = Splitter::new(3);
            start.iter().for_each(|&byte| _ = splitter.feed(byte));
            splitter.lose(10 - start.len());
            assert!(splitter.is_mid_line());
            let lines: Vec<_> =
                b"\xBF lost\nab\n1234".iter().filter_map(|&byte| splitter.feed(byte)).collect();
            assert_eq!(lines, [line("ab"), NaiveLine::TooLong { offset: 20 }], "{start:?}");
            splitter.reconnect();
            assert!(!splitter.is_mid_line());
        }
        let mut splitter = Splitter::new(3);
        splitter.lose(1);
        assert_eq!(splitter.feed(b'\n'), None);
        assert_eq!(splitter.feed(b'\n'), Some(line("")));
    }
}

#[cfg(unix)]
mod programs {
    use std::{
        panic,
        process::{Command, Stdio},
        time::Duration,
    };

    use sse_conformance::programs::{Finished, Running, exit, piped, run, run_within};

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_program_gets_its_input_and_gives_its_output() {
        let finished = Finished { out: "in".into(), err: "wrong\n".into(), code: Some(3) };
        assert_eq!(run(&mut sh("cat; echo wrong >&2; exit 3"), b"in"), finished);
        // More than a pipe holds, in both directions, which the program does not read.
        let finished = run(&mut sh("head -c 1000000 /dev/zero | tr '\\0' x"), &[b'x'; 1_000_000]);
        assert_eq!((finished.out.len(), finished.code), (1_000_000, Some(0)));
    }

    #[test]
    fn a_program_that_does_not_exit_is_killed_and_its_output_is_shown() {
        for script in ["echo $$; exec sleep 600", "exec >&- 2>&-; exec sleep 600"] {
            let limit = Duration::from_millis(300);
            let panic = panic::catch_unwind(|| run_within(limit, &mut sh(script), b"")).unwrap_err();
            let message = panic.downcast_ref::<String>().unwrap();
            assert!(message.contains("did not exit within 300ms") && message.contains(script), "{message}");
            if script.starts_with("echo") {
                let id = message.split_once("it printed \"").unwrap().1.split_once("\\n").unwrap().0;
                let is_there = Command::new("kill").args(["-0", id]).stderr(Stdio::null()).status();
                assert!(!is_there.unwrap().success(), "{id} is still there");
            }
        }
    }

    #[test]
    fn a_running_program_has_to_print_nothing_more() {
        let more = Running::start(sh("echo one; echo two; echo three"));
        assert_eq!((more.line(), more.rest()), ("one".into(), vec!["two".into(), "three".into()]));
        assert_eq!(more.finish(), 0);
        let more = Running::start(sh("echo one; echo two; echo three >&2"));
        assert_eq!(more.line(), "one");
        let panic = panic::catch_unwind(|| more.finish()).unwrap_err();
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(message.contains(r#"(["two"], ["three"])"#), "{message}");
        assert_eq!(exit(&mut piped(&mut sh("exit 7"))).code(), Some(7));
    }
}
