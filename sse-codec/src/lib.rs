//! Encodes and incrementally decodes `text/event-stream`, the format of Server-Sent Events.
//!
//! This crate does no I/O and depends on no runtime or framework. It behaves exactly as browsers do, in
//! bounded memory, without unsafe code, and is `no_std` with `alloc`.
//!
//! # Sending
//!
//! Build an [`Event`] and encode it. The output is exactly one event, whatever text it contains: types
//! and ids are checked when they are created, and data can contain any line breaks.
//!
//! ```
//! use sse_codec::{Event, EventType};
//!
//! const PRICE: EventType = EventType::from_static("price");
//!
//! let mut response = Vec::new();
//! Event::new("12.50\n13.00").with_event_type(PRICE).with_id(7_u64).encode(&mut response);
//! assert_eq!(response, b"id: 7\nevent: price\ndata: 12.50\ndata: 13.00\n\n");
//! ```
//!
//! [`Block`] writes comments, ids and reconnection times without an event. [`Encoded`] is encoded once
//! and sent to many clients. A [`Batch`] joins several events into one [`Encoded`], and a [`Segment`] keeps events for
//! later readers.
//!
//! # Receiving
//!
//! There are three levels. Use the highest that fits.
//!
//! **Streams** (feature `stream`): [`EventStream`] turns a stream of byte chunks, such as the body of
//! a response, into a stream of events. Without a runtime (feature `std`), [`EventReader`] is an iterator over the events
//! of any reader.
//!
//! **Events**: feed [`Decoder`] chunks of any size. This is the whole loop:
//!
//! ```
//! use std::io::{self, Read};
//! use sse_codec::Decoder;
//!
//! fn listen(mut connect: impl FnMut(&str) -> io::Result<Box<dyn Read>>) -> io::Result<()> {
//!     let mut decoder = Decoder::new();
//!     let mut chunk = [0; 16 * 1024];
//!     for _attempt in 0..2 {
//!         // Send `Last-Event-ID`, unless it is empty.
//!         let mut connection = connect(decoder.last_event_id())?;
//!         loop {
//!             let len = connection.read(&mut chunk)?;
//!             if len == 0 {
//!                 break;
//!             }
//!             let mut events = decoder.decode(&chunk[..len]);
//!             while let Some(event) = events.next_event() {
//!                 match event {
//!                     Ok(event) => println!("{}: {}", event.event_type(), event.data()),
//!                     Err(too_large) => eprintln!("{too_large}"), // and go on
//!                 }
//!             }
//!         }
//!         // Wait for `decoder.retry()`, then reconnect.
//!         decoder.reconnect();
//!     }
//!     Ok(())
//! }
//! # listen(|_| Ok(Box::new(&b"id: 1\ndata: hello\n\n"[..]))).unwrap();
//! ```
//!
//! [`Decoder::decode`] yields borrowed events. [`Decoder::decode_bytes`] iterates over events that own
//! their text.
//!
//! **Lines**: [`lines::LineDecoder`] returns every line, for proxies that must not lose comments and unknown
//! fields.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! | --- | --- | --- |
//! | `std` | yes | [`EventReader`]; detects the CPU at run time, for faster search and validation |
//! | `stream` | yes | [`EventStream`], [`EncodeStream`] |
//! | `serde` | no | `Serialize` and `Deserialize` for [`Event`], [`EventId`], [`EventType`] and [`Text`] |
//! | `json` | no | `Event::json` and `parse_json`; with `stream`, `EventStream::json` |
//! | `tokio-codec` | no | `EventCodec` for `tokio_util::codec` |
//!
//! # What it does on the wire
//!
//! It follows the standard, [WHATWG HTML, 9.2 Server-sent events][standard], and browsers:
//!
//! | case | behaviour | standard |
//! | --- | --- | --- |
//! | line ends | LF, CR and CRLF, also mixed. A CR at the end of a chunk ends its line at once; one LF after it is skipped | [parsing] |
//! | byte order mark | one is skipped at the very start, also if it is split between chunks | [parsing] |
//! | bytes that are not UTF-8 | U+FFFD for each maximal subpart, never an error | [parsing] |
//! | `data` | each field is a line of the data; `data` alone is an empty line, and makes an event | [fields] |
//! | `event` | the last one wins; an empty one resets to `message`; trailing spaces count | [fields] |
//! | `id` | one with NUL is ignored, an empty one resets; it takes effect at the blank line, with data or without; one of more than 8 KiB is ignored and reported, see [`Limits`](limits::Limits) | [fields], [dispatch] |
//! | `retry` | ASCII digits that fit into a `u64` of milliseconds; anything else is ignored | [fields] |
//! | other fields, comments | skipped without being buffered; comments are returned if they are enabled | [fields] |
//! | the end of the stream | an unfinished event is discarded | [parsing] |
//! | too large | one [`DecodeError`](error::DecodeError), the block is dropped, decoding goes on after it; see [`Limits`](limits::Limits) | left open |
//! | data is encoded | split at LF, CR and CRLF, always as `data: ` with the space, so that leading spaces survive | [authoring] |
//! | a comment is encoded | `:` and its text, nothing added; each line of it is a comment | [authoring] |
//!
//! The result depends only on the bytes, never on how they are cut into chunks.
//!
//! [standard]: https://html.spec.whatwg.org/multipage/server-sent-events.html
//! [parsing]: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
//! [fields]: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
//! [dispatch]: https://html.spec.whatwg.org/multipage/server-sent-events.html#dispatchMessage
//! [authoring]: https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes

#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
// The documentation links to items of features that may be off.
#![cfg_attr(not(all(feature = "std", feature = "stream")), allow(rustdoc::broken_intra_doc_links))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod batch;
mod bom;
mod buffer;
pub mod decode;
mod encode;
mod encode_event;
pub mod error;
pub mod event;
#[cfg(feature = "json")]
mod json;
pub mod limits;
pub mod lines;
#[cfg(feature = "std")]
pub mod reader;
mod scan;
mod segment;
#[cfg(feature = "serde")]
mod serde;
#[cfg(feature = "stream")]
pub mod stream;
mod text;
#[cfg(feature = "tokio-codec")]
mod tokio_codec;
mod value;

pub use batch::Batch;
#[doc(inline)]
pub use decode::Decoder;
pub use encode::{Block, Encoded};
#[doc(inline)]
pub use event::{Event, EventRef};
#[cfg(feature = "std")]
#[doc(inline)]
pub use reader::EventReader;
pub use segment::Segment;
#[cfg(feature = "stream")]
#[doc(inline)]
pub use stream::{EncodeStream, EventStream};
pub use text::Text;
#[cfg(feature = "tokio-codec")]
pub use tokio_codec::EventCodec;
pub use value::{EventId, EventType};

/// Tests the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
