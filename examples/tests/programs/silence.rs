//! The servers do not wait for silent clients, but keep listening ones, on real sockets.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::TcpStream,
    thread,
};

use sse_conformance::{
    examples::{Server, program},
    http10::Answer,
    programs::{PATIENCE, piped, run},
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
            silent.set_read_timeout(Some(PATIENCE)).unwrap();
            silent.write_all(said).unwrap();
            (said, silent)
        });
        for (said, mut silent) in silent {
            let end = silent.read_to_end(&mut Vec::new()).map_err(|error| error.kind());
            let waits = matches!(end, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut));
            assert!(!waits, "{name} waits after {:?}", said.escape_ascii().to_string());
        }
    }
}

#[test]
fn an_open_stream_is_not_silent() {
    thread::scope(|scope| {
        for name in SERVERS {
            scope.spawn(move || {
                let server = Server::start(name, &["--interval", "1000", "--silence", "300"]);
                let mut answer = Answer::get(server.addr, "/sse", b"");
                let mut events = 0;
                while events < 3 {
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
    let mut line = String::new();
    BufReader::with_capacity(64, child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let addr = line.split("//").nth(1).unwrap().split('/').next().unwrap().parse().unwrap();
    for _ in 0..clients {
        assert!(Answer::get(addr, "/sse", b"").block().unwrap().contains("data: "), "{name}");
    }
    // It also stops as usual.
    #[cfg(unix)]
    {
        sse_conformance::programs::interrupt(child.id());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{name}");
    }
    let _ = child.kill();
    let _ = child.wait();
}
