//! `sse-codec` without std: a static library with a panic handler of its own.
//!
//! If anything in it brought in std, there would be two panic handlers, and this would not build. To see
//! that, ask for the feature `std` in Cargo.toml.

#![no_std]

use core::{
    alloc::{GlobalAlloc, Layout},
    panic::PanicInfo,
    ptr,
};

use bytes::Bytes;
use sse_codec::{Decoder, Event, EventId};

struct NoMemory;

// SAFETY: it never gives out memory.
unsafe impl GlobalAlloc for NoMemory {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: NoMemory = NoMemory;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// Everything that allocates, formats and searches, so that it is all compiled.
#[unsafe(no_mangle)]
pub extern "C" fn encode_and_decode(n: u64) -> usize {
    let mut decoder = Decoder::new();
    let encoded: Bytes = Event::new("data").with_id(EventId::from(n)).to_bytes();
    let borrowed = match decoder.decode(&encoded).next_event() {
        Some(Ok(event)) => event.data().len(),
        _ => 0,
    };
    decoder.decode_bytes(encoded).flatten().map(|event| event.data().len()).sum::<usize>() + borrowed
}
