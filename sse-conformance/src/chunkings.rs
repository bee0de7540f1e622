//! Ways to cut a stream into chunks: the result must not depend on them.

const SIZES: [usize; 4] = [2, 3, 7, 64];
const RANDOM_CHUNKINGS: usize = 100;
const SEED: u64 = 0x9E37_79B9_7F4A_7C15;

/// Calls `check` with the name and the chunks of each chunking of `input`: whole, bytewise, at `splits`, in equal
/// sizes, with empty chunks, in two at every place, and at seeded random places.
///
/// There are about as many chunkings as bytes, so the work is quadratic in the input.
pub fn for_each_chunking<'a>(input: &'a [u8], splits: &[usize], mut check: impl FnMut(&str, &[&'a [u8]])) {
    check("whole", &[input]);
    check("bytewise", &input.chunks(1).collect::<Vec<_>>());
    check("its own splits", &cut(input, splits));
    for size in SIZES {
        check(&format!("size {size}"), &input.chunks(size).collect::<Vec<_>>());
    }
    let mut with_empty: Vec<&[u8]> = vec![&[]];
    for chunk in input.chunks(1) {
        with_empty.extend([chunk, &[]]);
    }
    check("bytewise with empty chunks", &with_empty);

    for at in 1..input.len() {
        let (head, tail) = input.split_at(at);
        check(&format!("two at {at}"), &[head, tail]);
    }

    let mut random = XorShift(SEED);
    for n in 0..RANDOM_CHUNKINGS {
        // From tiny chunks, which cut everything, to large ones with whole events.
        let largest = 2 << random.below(8);
        check(&format!("random {n}"), &random.cut(input, largest));
    }
}

/// Chunks of these sizes, repeated until the end.
pub fn in_turns<'a>(mut input: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut chunks = Vec::new();
    for &size in sizes.iter().cycle() {
        let (chunk, rest) = input.split_at(size.min(input.len()));
        chunks.push(chunk);
        input = rest;
        if input.is_empty() {
            break;
        }
    }
    chunks
}

/// Chunks of these lengths; the last one is the rest.
pub fn of_lengths<'a>(input: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = input;
    let mut chunks = Vec::new();
    for &length in lengths {
        let (chunk, tail) = rest.split_at(length.min(rest.len()));
        chunks.push(chunk);
        rest = tail;
    }
    chunks.push(rest);
    chunks
}

/// `splits` are ascending offsets.
fn cut<'a>(input: &'a [u8], splits: &[usize]) -> Vec<&'a [u8]> {
    let starts = [0].into_iter().chain(splits.iter().copied());
    let ends = splits.iter().copied().chain([input.len()]);
    starts.zip(ends).map(|(start, end)| &input[start..end]).collect()
}

struct XorShift(u64);

impl XorShift {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // The upper half is more random, and fits every usize.
        (self.0 >> 32) as usize % bound
    }

    fn cut<'a>(&mut self, mut input: &'a [u8], largest: usize) -> Vec<&'a [u8]> {
        let mut chunks = Vec::new();
        while !input.is_empty() {
            let size = (1 + self.below(largest)).min(input.len());
            let (chunk, rest) = input.split_at(size);
            chunks.push(chunk);
            input = rest;
        }
        chunks
    }
}
