//! Runs of a segment, compared with the blocks that were pushed.

use std::ops::Range;

use proptest::prelude::*;
use sse_codec::{Block, Encoded, Event, Segment};

#[derive(Clone, Debug)]
enum Step {
    Push(Option<String>, usize),
    Run(Range<usize>),
    Seal,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (proptest::option::of("[a-c\n]{0,8}"), 20..400_usize).prop_map(|(data, max)| Step::Push(data, max)),
        5 => (0..25_usize, 0..25_usize).prop_map(|(start, end)| Step::Run(start..end)),
        1 => Just(Step::Seal),
    ]
}

proptest! {
    #[test]
    fn a_run_is_the_blocks_that_were_pushed(steps in prop::collection::vec(step(), 0..60)) {
        let mut segment = Segment::new();
        let mut blocks: Vec<Encoded> = Vec::new();
        let mut is_sealed = false;
        for step in steps {
            match step {
                Step::Push(data, max) => {
                    let block = match &data {
                        Some(data) => Block::new().data(data),
                        None => Block::new().comment("none"),
                    };
                    let fits = !is_sealed && segment.bytes() + block.encoded_len() <= max;
                    prop_assert_eq!(segment.try_push(block, max), fits);
                    blocks.extend(fits.then(|| block.into()));
                }
                Step::Run(range) => {
                    let run = segment.run(range.clone());
                    let wanted = blocks.iter().take(range.end).skip(range.start);
                    let bytes: Vec<u8> = wanted.clone().flat_map(|block| block.as_bytes().to_vec()).collect();
                    prop_assert_eq!(run.as_bytes(), &bytes);
                    prop_assert_eq!(run.events(), wanted.map(Encoded::events).sum::<usize>());
                }
                Step::Seal => {
                    segment.seal();
                    is_sealed = true;
                }
            }
            prop_assert_eq!(segment.len(), blocks.len());
            prop_assert_eq!(segment.bytes(), blocks.iter().map(|block| block.as_bytes().len()).sum::<usize>());
        }
    }
}

fn segment(events: usize) -> Segment {
    let mut segment = Segment::new();
    for n in 0..events {
        assert!(segment.try_push(&Event::new(n.to_string()), usize::MAX));
    }
    segment
}

fn address(run: &Encoded) -> usize {
    run.as_bytes().as_ptr() as usize
}

#[test]
fn all_who_ask_for_the_same_share_it() {
    let mut segment = segment(3);
    let first = segment.run(0..3);
    assert_eq!(address(&first), address(&segment.run(0..3)));
    // A request for fewer blocks shares them too.
    let last = segment.run(2..3);
    assert_eq!(address(&last), address(&first) + first.as_bytes().len() - last.as_bytes().len());

    // New blocks are shared by requests for only these,
    assert!(segment.try_push(&Event::new("3"), usize::MAX));
    let new = segment.run(3..4);
    assert_eq!(address(&new), address(&segment.run(3..4)));
    // and by requests for more blocks once there is one.
    let more = segment.run(1..4);
    assert_eq!(address(&more), address(&segment.run(1..4)));
    assert_eq!(segment.run(3..4).as_bytes(), new.as_bytes());
}

#[test]
fn a_sealed_segment_is_not_copied() {
    let mut segment = segment(100);
    segment.seal();
    let whole = segment.run(0..100);
    for n in 0..100 {
        let run = segment.run(n..n + 1);
        assert!(whole.as_bytes().as_ptr_range().contains(&run.as_bytes().as_ptr()), "{n}");
    }
    segment.seal();
    assert_eq!(address(&segment.run(0..100)), address(&whole));
}
