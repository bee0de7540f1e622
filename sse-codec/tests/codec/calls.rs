//! Random sequences of calls: guards that are called again, dropped early or leaked, clones, new connections, and
//! streams over a decoder that has unread bytes. Each call is compared with the model.

use proptest::{collection::vec, prelude::*, sample::select};
use sse_conformance::{
    calls::{self, Levels, what},
    strategies::{cases, fields, limit, settings, stream, tight_settings},
};

/// A step. Calls that read are the most frequent, and calls that lose bytes are rare.
fn step() -> impl Strategy<Value = [u8; 3]> {
    let call = prop_oneof![
        8 => select(&[what::LENT, what::OWNED][..]),
        2 => select(&[what::STREAM, what::CODEC, what::CLONE, what::TWIN][..]),
        1 => select(&[what::RECONNECT, what::EMPTY][..]),
    ];
    let asked = select(&[0, what::EVENT_FIRST, what::MIXED, what::EVENT_FIRST | what::MIXED][..]);
    let end = prop_oneof![9 => Just(0), 1 => Just(what::LEAK)];
    let len = prop_oneof![3 => 0..5_u8, 2 => 5..40_u8, 1 => 40..=0xCF_u8];
    let asks = prop_oneof![2 => 0..4_u8, 1 => Just(what::ALL)];
    (call, asked, end, len, asks).prop_map(|(call, asked, end, len, asks)| [call | asked | end, len, asks])
}

fn steps() -> impl Strategy<Value = Vec<u8>> {
    vec(step(), 1..20).prop_map(|steps| steps.concat())
}

proptest! {
    #![proptest_config(cases(20_000))]

    #[test]
    fn any_calls(steps in steps(), stream in stream(), settings in settings()) {
        calls::decoder(settings, Levels::All, &steps, &stream);
    }

    /// Streams with few kinds of lines reach the interesting states more often.
    #[test]
    fn any_calls_on_usual_fields(
        steps in steps(),
        stream in vec(fields(), 1..4),
        settings in tight_settings(),
    ) {
        calls::decoder(settings, Levels::All, &steps, &stream.concat());
    }

    #[test]
    fn any_calls_for_lines(steps in steps(), stream in stream(), limit in limit()) {
        calls::lines(limit, &steps, &stream);
    }
}
