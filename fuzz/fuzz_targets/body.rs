#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| sse_codec_fuzz::body(input));
