//! A codec for `tokio_util`, for any `AsyncRead` or `AsyncWrite`.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio_util::codec;

use crate::{
    Block, Decoder, Encoded, Event,
    decode::{Item, OwnedChunk},
    error::DecodeError,
};

/// Decodes and encodes event streams in a `tokio_util::codec::{Framed, FramedRead, FramedWrite}`.
///
/// It yields events, and comments if they are [enabled](crate::decode::DecoderBuilder::comments) in the
/// decoder. An exceeded limit is reported as an item, since an error of the codec itself would end the
/// stream. As an encoder it accepts [`Event`], `&Event`, [`Block`] and [`Encoded`].
///
/// ```
/// use futures_util::StreamExt;
/// use sse_codec::{Event, EventCodec, decode::Item};
/// use tokio_util::codec::FramedRead;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let mut events = FramedRead::new(&b"data: 1\n\n"[..], EventCodec::new());
/// while let Some(item) = events.next().await {
///     assert_eq!(item?, Ok(Item::Event(Event::new("1"))));
/// }
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap().unwrap();
/// ```
///
/// Encoding:
///
/// ```
/// use futures_util::SinkExt;
/// use sse_codec::{Block, Encoded, Event, EventCodec};
/// use tokio_util::codec::FramedWrite;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let mut response = FramedWrite::new(Vec::new(), EventCodec::new());
/// response.send(Encoded::from(Block::new().comment("hi"))).await?;
/// response.send(Event::new("1")).await?;
/// assert_eq!(response.get_ref(), b":hi\n\ndata: 1\n\n");
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap().unwrap();
/// ```
#[derive(Debug, Default)]
pub struct EventCodec {
    decoder: Decoder,
    chunk: OwnedChunk,
}

impl EventCodec {
    /// Creates a codec with the default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a codec with an existing decoder: with its limits, its last event ID and other state.
    ///
    /// Bytes that the decoder has not read yet come first.
    pub fn with_decoder(mut decoder: Decoder) -> Self {
        let mut chunk = OwnedChunk::default();
        chunk.begin(decoder.interpreter(), Bytes::new());
        Self { decoder, chunk }
    }

    /// Returns the decoder, which has the last event ID and the reconnection time as of the last returned
    /// item.
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }
}

impl codec::Decoder for EventCodec {
    type Item = Result<Item, DecodeError>;
    type Error = io::Error;

    fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<Self::Item>> {
        loop {
            if let Some(item) = self.chunk.next_item(self.decoder.interpreter()) {
                return Ok(Some(item));
            }
            if src.is_empty() {
                return Ok(None);
            }
            self.chunk.begin(self.decoder.interpreter(), src.split().freeze());
        }
    }
}

impl codec::Encoder<Block<'_>> for EventCodec {
    type Error = io::Error;

    fn encode(&mut self, block: Block<'_>, dst: &mut BytesMut) -> io::Result<()> {
        dst.reserve(block.encoded_len());
        block.encode(dst);
        Ok(())
    }
}

impl codec::Encoder<&Event> for EventCodec {
    type Error = io::Error;

    fn encode(&mut self, event: &Event, dst: &mut BytesMut) -> io::Result<()> {
        self.encode(event.as_block(), dst)
    }
}

impl codec::Encoder<Event> for EventCodec {
    type Error = io::Error;

    fn encode(&mut self, event: Event, dst: &mut BytesMut) -> io::Result<()> {
        self.encode(event.as_block(), dst)
    }
}

impl codec::Encoder<Encoded> for EventCodec {
    type Error = io::Error;

    fn encode(&mut self, encoded: Encoded, dst: &mut BytesMut) -> io::Result<()> {
        dst.extend_from_slice(encoded.as_bytes());
        Ok(())
    }
}
