//! Runs the programs: their common behaviour.

use std::{env, fs, io::Write, net::TcpListener, process, thread};

use sse_conformance::{
    examples::program,
    programs::{Finished, finish, piped, run},
};

/// The programs that read input, an input line for each, and the output for it.
const FILTERS: [(&str, &str, &str); 2] = [
    ("decode", "retry: 1\n", "{\"final\":{\"lastEventId\":\"\",\"retry\":1}}\n"),
    ("encode", "{\"data\":\"a\"}\n", "data: a\n\n"),
];

#[test]
fn they_read_a_file_or_standard_input() {
    for (name, input, output) in FILTERS {
        let good = Finished { out: output.into(), err: "".into(), code: Some(0) };
        let path = env::temp_dir().join(format!("sse-{name}-{}", process::id()));
        fs::write(&path, input).unwrap();
        let from_file = run(program(name).arg(&path), b"");
        fs::remove_file(&path).unwrap();
        assert_eq!(from_file, good, "{name}");
        assert_eq!(run(program(name).arg("-"), input.as_bytes()), good, "{name}");
        assert_eq!(run(&mut program(name), input.as_bytes()), good, "{name}");

        let missing = run(program(name).arg(&path), b"");
        assert!(missing.err.starts_with(&format!("{name}: {}: ", path.display())), "{missing:?}");
        assert_eq!((missing.err.lines().count(), &*missing.out, missing.code), (1, "", Some(1)));
        let directory = run(program(name).arg(env::temp_dir()), b"");
        assert!(directory.err.starts_with(&format!("{name}: ")), "{directory:?}");
        assert_eq!((directory.err.lines().count(), &*directory.out, directory.code), (1, "", Some(1)));
    }
}

#[test]
fn a_closed_output_ends_them_quietly() {
    for (name, input, _) in FILTERS {
        let mut child = piped(&mut program(name));
        drop(child.stdout.take());
        let mut stdin = child.stdin.take().unwrap();
        let input = [input.as_bytes(), b"data\n\n"].concat();
        // `decode` writes nothing before an event. Write until the program has exited, which closes the pipe. Meanwhile
        // its errors are read, or it would wait until they are.
        thread::spawn(move || while stdin.write_all(&input).is_ok() {});
        let Finished { err, code, .. } = finish(child);
        assert_eq!(code, Some(0), "{name}");
        assert!(err.lines().all(|line| line.contains(": line ")), "{name}: {err}");
    }
}

/// The programs that listen.
const SERVERS: &[&str] = &[
    #[cfg(feature = "axum")]
    "axum",
    #[cfg(feature = "gateway")]
    "gateway",
    "ping",
    #[cfg(feature = "warp")]
    "ping_warp",
    "plain",
];

#[test]
fn a_taken_port_gives_one_line_and_exit_code_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    for name in SERVERS {
        let upstream: &[&str] = if *name == "gateway" { &["http://127.0.0.1:9"] } else { &[] };
        let output = run(program(name).args(["--addr", &addr]).args(upstream), b"");
        assert!(output.err.starts_with(&format!("{name}: cannot listen on {addr}: ")), "{output:?}");
        assert_eq!((output.err.lines().count(), &*output.out, output.code), (1, "", Some(1)));
    }
}

#[test]
fn help_and_wrong_flags() {
    for name in SERVERS.iter().chain(&["decode", "encode", "idle"]) {
        for flag in ["-h", "--help"] {
            let help = run(program(name).arg(flag), b"");
            assert!(help.out.contains(&format!("\nUsage: {name} ")), "{help:?}");
            assert_eq!((&*help.err, help.code), ("", Some(0)));
        }
        let wrong: &[&[&str]] = match *name {
            "decode" => &[&["--chunk", "0"], &["--max-event"]],
            "encode" => &[&["--max-line", "0"], &["--max-line"]],
            "gateway" => &[
                &[],
                &["https://127.0.0.1"],
                &["http://127.0.0.1/events"],
                &["--rename", "price"],
                &["--rename", "price=a\nb"],
                &["--keep-alive", "0"],
                &["--addr"],
            ],
            "idle" => {
                &[&["--clients", "5"], &["--server", "none"], &["--streams", "0"], &["--keep-alive", "0"]]
            }
            "plain" => &[&["--silence", "0"], &["--threads", "0"], &["--interval", "0"], &["--addr"]],
            _ => &[&["--silence", "0"], &["--interval", "0"], &["--interval", "soon"], &["--addr"]],
        };
        for args in wrong.iter().chain(&[&["--no-such-flag"][..], &["one file", "another"]]) {
            let output = run(program(name).args(*args), b"");
            assert!(output.err.starts_with(&format!("{name}: ")), "{name} {args:?}: {output:?}");
            let rest = (output.err.lines().count(), &*output.out, output.code);
            assert_eq!(rest, (1, "", Some(1)), "{name} {args:?}");
            // The message names `--help`: a wrong flag such as `idle --clients` is an easy guess.
            let is_flag = !args.contains(&"http://localhost");
            assert!(!is_flag || output.err.contains(&format!("; see `{name} --help`")), "{output:?}");
        }
    }
}
