//! Bytes to text, as the Encoding standard specifies: a part of the oracle.

/// The Encoding standard's UTF-8 decoder with error mode "replacement"; names are the standard's.
/// A BOM is kept: only the stream's own first one is removed.
pub fn decode_utf8(bytes: &[u8]) -> String {
    let mut text = String::new();
    let (mut code_point, mut bytes_needed) = (0_u32, 0);
    let (mut lower, mut upper) = (0x80, 0xBF);

    for &byte in bytes {
        if bytes_needed > 0 {
            let expected = lower <= byte && byte <= upper;
            (lower, upper) = (0x80, 0xBF);
            if expected {
                code_point = code_point << 6 | u32::from(byte & 0x3F);
                bytes_needed -= 1;
                if bytes_needed == 0 {
                    text.push(char::from_u32(code_point).expect("the bounds exclude all others"));
                }
                continue;
            }
            // "Restore byte to ioQueue": it is processed again below, as the start of a sequence.
            bytes_needed = 0;
            text.push(char::REPLACEMENT_CHARACTER);
        }
        match byte {
            0x00..=0x7F => text.push(char::from(byte)),
            0xC2..=0xDF => (bytes_needed, code_point) = (1, u32::from(byte & 0x1F)),
            0xE0..=0xEF => {
                (bytes_needed, code_point) = (2, u32::from(byte & 0x0F));
                match byte {
                    0xE0 => lower = 0xA0,
                    0xED => upper = 0x9F,
                    _ => {}
                }
            }
            0xF0..=0xF4 => {
                (bytes_needed, code_point) = (3, u32::from(byte & 0x07));
                match byte {
                    0xF0 => lower = 0x90,
                    0xF4 => upper = 0x8F,
                    _ => {}
                }
            }
            _ => text.push(char::REPLACEMENT_CHARACTER),
        }
    }
    if bytes_needed > 0 {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}
