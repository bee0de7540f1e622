//! The signals that stop the programs: SIGINT, which Ctrl-C sends, and SIGTERM, which containers send.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::Command,
};

use sse_conformance::{
    examples::{Server, path},
    http10::read_to_end,
    programs::{PATIENCE, Running},
};

use crate::SERVERS;

const SIGNALS: [&str; 2] = ["INT", "TERM"];

/// A program that a script starts in the background ignores SIGINT; with `nohup` also SIGHUP.
const STARTS: [&str; 2] = ["exec \"$0\" \"$@\"", "trap '' INT TERM HUP; exec \"$0\" \"$@\""];

#[test]
fn servers_end_their_streams_cleanly_and_stop() {
    for name in SERVERS {
        for (signal, start) in SIGNALS.iter().flat_map(|signal| STARTS.map(|start| (signal, start))) {
            let server = Server::of(started(start, name, &["--addr", "127.0.0.1:0", "--interval", "100"]));
            let mut streams = [(); 3].map(|()| TcpStream::connect(server.addr).unwrap());
            let mut received = [const { Vec::new() }; 3];
            for (stream, received) in streams.iter_mut().zip(&mut received) {
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                stream.write_all(b"GET /sse HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
                // The head and at least one event.
                while !received.windows(6).any(|bytes| bytes == b"\ndata:") {
                    let mut chunk = [0; 1024];
                    let len = stream.read(&mut chunk).unwrap();
                    assert_ne!(len, 0, "{name}");
                    received.extend_from_slice(&chunk[..len]);
                }
            }
            server.running.signal(signal);
            for (stream, received) in streams.iter_mut().zip(&mut received) {
                received.extend(read_to_end(stream).unwrap());
                let text = str::from_utf8(received).unwrap();
                // The last chunk, without which the answer is incomplete. Without chunks the end of the connection ends
                // the answer.
                let is_chunked = text.contains("\r\ntransfer-encoding: chunked\r\n");
                assert_eq!(is_chunked, *name != "plain");
                let end = if is_chunked { "\n\n\r\n0\r\n\r\n" } else { "\n\n" };
                assert!(text.ends_with(end), "{name}, SIG{signal}, {start}: {text:?}");
            }
            server.running.rest();
            assert_eq!(server.running.finish(), 0, "{name}, SIG{signal}, {start}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn idle_stops_and_its_server_with_it() {
    for (signal, start) in SIGNALS.iter().flat_map(|signal| STARTS.map(|start| (signal, start))) {
        let idle = idle_with_server(start);
        idle.signal(signal);
        // This waits for the end of the pipes, which the server would keep open.
        assert_eq!(idle.finish(), 0, "SIG{signal}, {start}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_server_of_idle_ends_even_if_idle_is_killed() {
    let idle = idle_with_server("exec \"$0\" \"$@\" 2>&1");
    idle.signal("KILL");
    // The server has the same pipe for its errors.
    idle.rest();
}

/// It waits for comments that never come.
#[cfg(target_os = "linux")]
fn idle_with_server(start: &str) -> Running {
    let idle = started(start, "idle", &["--streams", "2", "--keep-alive", "4000000000"]);
    let children = format!("/proc/{0}/task/{0}/children", idle.id());
    let deadline = std::time::Instant::now() + PATIENCE;
    while std::fs::read_to_string(&children).unwrap().is_empty() {
        assert!(std::time::Instant::now() < deadline, "idle starts no server");
        std::thread::yield_now();
    }
    idle
}

fn started(start: &str, name: &str, args: &[&str]) -> Running {
    let mut command = Command::new("sh");
    command.args(["-c", start]).arg(path(name)).args(args);
    Running::start(command)
}
