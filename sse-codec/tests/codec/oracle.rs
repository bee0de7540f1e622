//! Any bytes, in any chunking, under any limits, give exactly the outputs of the naive oracle.

use proptest::{collection::vec, prelude::*};
use sse_codec::EventId;
use sse_conformance::{
    chunkings::of_lengths,
    levels::{EVENT_LEVELS, LEVELS, borrowed, builder, decode, ms},
    oracle::{Oracle, Settings, expect},
    strategies::{cases, fields, lengths, settings, stream, tight_settings},
};

/// Compares all levels with the oracle.
fn check(input: &[u8], chunks: &[&[u8]], settings: Settings) -> Result<(), TestCaseError> {
    let expected = expect(input, settings);
    for &level in LEVELS {
        prop_assert_eq!(&decode(level, chunks, settings), &expected, "{:?}", level);
    }
    let expected = expected.without_comments();
    for &level in EVENT_LEVELS {
        prop_assert_eq!(&decode(level, chunks, settings), &expected, "{:?}", level);
    }
    Ok(())
}

fn check_sizes(input: &[u8], settings: Settings) -> Result<(), TestCaseError> {
    for size in [1, 2, 3, 7, 64, 1400, usize::MAX] {
        check(input, &input.chunks(size).collect::<Vec<_>>(), settings)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(20_000))]

    #[test]
    fn any_bytes_in_any_chunking_under_any_limits(
        input in stream(),
        lengths in lengths(),
        settings in settings(),
    ) {
        check(&input, &of_lengths(&input, &lengths), settings)?;
    }

    #[test]
    fn few_kinds_of_lines(
        input in fields(),
        lengths in prop_oneof![Just(vec![]), vec(0..6_usize, 0..30)],
        settings in tight_settings(),
    ) {
        check(&input, &of_lengths(&input, &lengths), settings)?;
    }

    #[test]
    fn one_connection_after_another(
        streams in vec((stream(), lengths()), 1..4),
        settings in settings(),
    ) {
        let settings = settings.comment(usize::MAX);
        let mut oracle = Oracle::new(settings, "start");
        let start = EventId::from_static("start");
        let mut decoder = builder(settings).last_event_id(start).build();
        for (input, lengths) in &streams {
            oracle.reconnect();
            decoder.reconnect();
            oracle.feed_all(input);
            let mut outputs = Vec::new();
            for chunk in of_lengths(input, lengths) {
                let mut events = decoder.decode(chunk);
                while let Some(item) = events.next_item() {
                    outputs.push(borrowed(item));
                }
            }
            prop_assert_eq!(outputs, oracle.take_outputs());
            prop_assert_eq!(decoder.last_event_id(), oracle.last_event_id());
            prop_assert_eq!(ms(decoder.retry()), oracle.retry());
        }
    }
}

proptest! {
    #![proptest_config(cases(10_000))]

    /// Each stream is tried with all the sizes that find the most faults.
    #[test]
    fn any_bytes_in_seven_chunkings(input in stream(), settings in settings()) {
        check_sizes(&input, settings)?;
    }

    #[test]
    fn few_kinds_of_lines_in_seven_chunkings(input in fields(), settings in settings()) {
        check_sizes(&input, settings)?;
    }
}
