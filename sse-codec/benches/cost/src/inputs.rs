/// An input of any size.
pub(crate) struct Input {
    pub(crate) name: &'static str,
    before: &'static [u8],
    again: &'static [u8],
    after: &'static [u8],
    /// The length of its chunks.
    pub(crate) chunk: usize,
}

const WHOLE: usize = usize::MAX;

pub(crate) const INPUTS: &[Input] = &[
    Input { name: "one line in 64-byte chunks", before: b"data: ", again: b"x", after: b"\n\n", chunk: 64 },
    Input {
        name: "one such line that is not UTF-8",
        before: b"data: ",
        again: b"\xF0\x9F",
        after: b"\n\n",
        chunk: 64,
    },
    Input { name: "many events in one buffer", before: b"", again: b"data: x\n\n", after: b"", chunk: WHOLE },
    Input {
        name: "many events in 64-byte chunks",
        before: b"",
        again: b"data: x\n\n",
        after: b"",
        chunk: 64,
    },
    Input {
        name: "many events that are not UTF-8",
        before: b"",
        again: b"data: \xFF\n\n",
        after: b"",
        chunk: WHOLE,
    },
    Input { name: "one event of many lines", before: b"", again: b"data: x\n", after: b"\n", chunk: WHOLE },
    Input { name: "many empty lines", before: b"", again: b"\n", after: b"", chunk: WHOLE },
    Input { name: "nothing but CR", before: b"", again: b"\r", after: b"", chunk: WHOLE },
    Input { name: "many comments", before: b"", again: b":\n", after: b"", chunk: WHOLE },
    Input { name: "many ids", before: b"", again: b"id: 1\n", after: b"\n", chunk: WHOLE },
];

impl Input {
    /// Whether it has more than a few items.
    pub(crate) fn has_many_items(&self) -> bool {
        ["many events", "many comments"].iter().any(|start| self.name.starts_with(start))
    }

    pub(crate) fn bytes(&self, size: usize) -> Vec<u8> {
        let mut bytes = self.before.to_vec();
        while bytes.len() + self.after.len() < size {
            bytes.extend_from_slice(self.again);
        }
        bytes.extend_from_slice(self.after);
        bytes
    }
}
