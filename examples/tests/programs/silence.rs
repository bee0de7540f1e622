//! The servers do not wait for silent clients, but keep listening ones, on real sockets.

use std::{
    io::{BufRead, BufReader, ErrorKind, Write},
    net::TcpStream,
    sync::mpsc,
    thread,
    time::Instant,
};

use sse_conformance::{
    examples::{Server, program},
    http10::{Answer, read_to_end},
    programs::{PATIENCE, exit, piped, run},
};

use crate::SERVERS;

/// The preface of HTTP/2, and an empty SETTINGS frame.
const HTTP_2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

#[test]
fn a_connection_that_says_nothing_is_closed() {
    for name in SERVERS {
        let server = Server::start(name, &["--silence", "200"]);
        let silent = [
            &b""[..],
            b"GET /s",
            b"GET /sse HTTP/1.1\r\nhost: x\r\n",
            b"PRI * HTTP/2",
            HTTP_2,
            // It stays open for the next request, which does not come.
            b"GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n",
        ]
        .map(|said| {
            let mut silent = TcpStream::connect(server.addr).unwrap();
            silent.write_all(said).unwrap();
            (said, silent)
        });
        for (said, mut silent) in silent {
            let waits = read_to_end(&mut silent).is_err_and(|error| error.kind() == ErrorKind::TimedOut);
            assert!(!waits, "{name} waits after {:?}", said.escape_ascii().to_string());
        }
    }
}

#[test]
fn an_open_stream_is_not_silent() {
    thread::scope(|scope| {
        for name in SERVERS {
            scope.spawn(move || {
                let server = Server::start(name, &["--interval", "1200", "--silence", "600"]);
                let mut answer = Answer::get(server.addr, "/sse", b"");
                let (mut events, start) = (0, Instant::now());
                while events < 3 {
                    assert!(start.elapsed() < PATIENCE, "{name} sends only comments after {events} events");
                    let block = answer.block().unwrap_or_else(|| panic!("{name} ends after {events} events"));
                    events += u32::from(block.contains("data: "));
                }
            });
        }
    });
}

#[test]
fn the_limit_is_half_a_minute_unless_it_is_set() {
    for name in SERVERS {
        let help = run(program(name).arg("--help"), b"").out;
        let silence = help.rsplit_once("--silence MS").unwrap().1;
        assert!(silence.split_once("[default: ").unwrap().1.starts_with("30000]"), "{help}");
    }
}

#[test]
fn a_server_whose_output_nobody_reads_goes_on() {
    thread::scope(|scope| {
        // The log has one or two lines of this total length for each client.
        for (name, len) in [("axum", 38), ("ping", 110), ("ping_warp", 100), ("plain", 29)] {
            if SERVERS.contains(&name) {
                scope.spawn(move || goes_on_with_a_full_output(name, 80 * 1024 / len + 1_200));
            }
        }
    });
}

/// Enough clients to log more than a pipe and the queue of the log hold: 64 KiB and 1,000 lines.
fn goes_on_with_a_full_output(name: &str, clients: usize) {
    let mut child = piped(program(name).args(["--addr", "127.0.0.1:0", "--interval", "600000"]));
    let mut stdout = child.stdout.take().unwrap();
    let (sender, first) = mpsc::channel();
    thread::spawn(move || {
        let mut line = String::new();
        BufReader::with_capacity(64, &mut stdout).read_line(&mut line).unwrap();
        sender.send((line, stdout))
    });
    let (line, _unread) = first.recv_timeout(PATIENCE).expect("a line with the address");
    let addr = line.split("//").nth(1).unwrap().split('/').next().unwrap().parse().unwrap();
    for _ in 0..clients {
        assert!(Answer::get(addr, "/sse", b"").block().unwrap().contains("data: "), "{name}");
    }
    // It also stops as usual.
    #[cfg(unix)]
    {
        sse_conformance::programs::signal(child.id(), "INT");
        assert_eq!(exit(&mut child).code(), Some(0), "{name}");
    }
    let _ = child.kill();
    let _ = child.wait();
}
