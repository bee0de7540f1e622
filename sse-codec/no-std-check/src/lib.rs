//! Builds only if `sse-codec`, the rules of `sse-client` and all they depend on do without `std`.
//!
//! There is a panic handler in here. `std` brings its own, and there can be only one: so wherever `std`
//! leaks in, the build fails with `found duplicate lang item panic_impl`. That works on any target,
//! without a toolchain for one that has no `std`.
//!
//!     cargo build --manifest-path sse-codec/no-std-check/Cargo.toml
//!
//! To see it fail, add `--features std`.

#![no_std]

use core::{
    alloc::{GlobalAlloc, Layout},
    panic::PanicInfo,
    ptr, slice,
    time::Duration,
};

use sse_client::{End, Next, Policy, Reconnect};
use sse_codec::Decoder;

/// Decodes and encodes, so that there is code to be generated.
///
/// # Safety
///
/// `stream` points to `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sse_codec_encoded_len(stream: *const u8, len: usize) -> usize {
    // SAFETY: that is what the caller promises.
    let stream = unsafe { slice::from_raw_parts(stream, len) };
    let mut decoder = Decoder::new();
    let mut events = decoder.decode(stream);
    let mut encoded_len = 0;
    while let Some(event) = events.next_event() {
        encoded_len += event.map_or(0, |event| event.to_event().encoded_len());
    }
    encoded_len
}

/// The milliseconds that a client waits after its first failure.
#[unsafe(no_mangle)]
pub extern "C" fn sse_client_first_wait(random: u64) -> u64 {
    let mut reconnect = Reconnect::new(Policy::feed());
    reconnect.connect(Duration::ZERO);
    match reconnect.closed(End::Failed, Duration::ZERO, random) {
        Next::Wait(wait) => wait.delay.as_millis() as u64,
        _ => 0,
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// Has nothing to give: this is built, not run.
struct NoMemory;

// SAFETY: no memory is ever given out.
unsafe impl GlobalAlloc for NoMemory {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: NoMemory = NoMemory;
