//! A server that sends events as the path requests: paced or not, bytes of data, number of events.

use std::{
    error::Error,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    time::{Duration, Instant},
};

/// Long enough for a client to read the previous event.
const PAUSE: Duration = Duration::from_micros(30);

pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    print!("{:5}", listener.local_addr()?.port());
    std::io::stdout().flush()?;
    loop {
        let (stream, _) = listener.accept()?;
        // It fails when a client has read enough and closes.
        let _ = answer(stream);
    }
}

fn answer(mut stream: TcpStream) -> Result<(), Box<dyn Error>> {
    stream.set_nodelay(true)?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().ok_or("no request")??;
    while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
    let mut path = request.split(['/', ' ']).skip(2).map(str::parse::<usize>);
    let mut next = || path.next().ok_or("a short path")?.map_err(|_| "no number");
    let (paced, data, events) = (next()? == 1, next()?, next()?);
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")?;
    let event = format!("id: 1234567\nevent: update\ndata: {}\n\n", "x".repeat(data));
    if paced {
        for _ in 0..events {
            let written = Instant::now();
            stream.write_all(event.as_bytes())?;
            while written.elapsed() < PAUSE {
                std::thread::yield_now();
            }
        }
    } else {
        let together = (64 * 1024 / event.len()).max(1);
        let many = event.repeat(together);
        for _ in 0..events / together {
            stream.write_all(many.as_bytes())?;
        }
        stream.write_all(event.repeat(events % together).as_bytes())?;
    }
    Ok(())
}
