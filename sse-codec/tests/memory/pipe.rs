//! A stream of any length is read from a pipe in constant memory.

use std::{
    env, io,
    io::Write,
    thread::{self, JoinHandle},
};

use sse_codec::{EventReader, event::Event};

use crate::{CONSTANT, calls, held, region};

/// How much is read, in MiB, unless `SSE_PIPE_MIB` sets it.
const MIB: usize = 16;

const EVENT: &[u8] = b"id: 7\nevent: ping\ndata: 1700000000\n\n";

pub(super) fn a_reader_of_a_pipe() {
    let mib = env::var("SSE_PIPE_MIB").map_or(MIB, |mib| mib.parse().unwrap());
    let count = (mib << 20) / EVENT.len() + 1;
    let (source, mut sink) = io::pipe().unwrap();
    let burst = EVENT.repeat(1000);
    let writer: JoinHandle<io::Result<()>> = thread::spawn(move || {
        let bursts = (0..count / 1000).map(|_| &burst[..]);
        bursts.chain([&EVENT.repeat(count % 1000)[..]]).try_for_each(|events| sink.write_all(events))
    });

    let expected =
        Event::new("1700000000").with_event_type(sse_codec::EventType::from_static("ping")).with_id(7_u8);
    let mut events = EventReader::new(source);
    assert_eq!(events.next().unwrap().unwrap(), expected);
    let region = region();
    let mut read = 1;
    for event in events.by_ref() {
        read += usize::from(event.unwrap() == expected);
        // The writer may hold one burst that it has just encoded.
        assert!(held(&region.change()) <= CONSTANT + 1000 * EVENT.len() as isize);
    }
    let change = region.change();
    assert_eq!(read, count);
    assert!(calls(&change) < 100, "{change:?}");
    writer.join().unwrap().unwrap();
}
