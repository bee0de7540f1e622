//! Compares the output of an encoder with its input.

use serde_json::Value;

use super::cases::{Block, Demand, Key, mark};
use crate::{
    kit::{lines::shorten, program::Ended},
    naive_lines::{self, NaiveLine},
    oracle::{Output, Settings, expect},
};

/// The lines of a block, without the blank one.
type Lines = Vec<Vec<u8>>;

/// The blocks that the program wrote before each of `count` marks; `None` if a mark is missing.
pub(super) fn segments(output: &[u8], count: usize) -> Option<Vec<Vec<Lines>>> {
    let mut segments = vec![vec![]];
    for block in blocks(output) {
        // The mark must be alone in its block. Otherwise the block before it was not ended.
        let is_mark = match &block[..] {
            [line] => line.strip_prefix(b"data:").is_some_and(|value| {
                value.strip_prefix(b" ").unwrap_or(value) == mark(segments.len() - 1).as_bytes()
            }),
            _ => false,
        };
        match segments.last_mut() {
            Some(segment) if !is_mark => segment.push(block),
            _ => segments.push(vec![]),
        }
    }
    segments.truncate(count + 1);
    segments.pop().filter(|_| segments.len() == count)?;
    Some(segments)
}

/// The lines between blank lines. An unfinished line or block at the end does not count: a client drops it.
fn blocks(output: &[u8]) -> Vec<Lines> {
    let (mut blocks, mut block) = (Vec::new(), Lines::new());
    for line in naive_lines::split(output, usize::MAX) {
        match line {
            NaiveLine::Line(line) if !line.is_empty() => block.push(line),
            _ if !block.is_empty() => blocks.push(std::mem::take(&mut block)),
            _ => {}
        }
    }
    blocks
}

/// Compares the result of a line with the expected one. `segments` has the blocks of this line, if its mark arrived.
pub(super) fn block(asked: &Block, segments: Option<Vec<Vec<Lines>>>, ended: &Ended) -> Result<(), String> {
    let of_line = |reason: String| format!("for the line {}\n{reason}", shorten(&asked.line.to_string()));
    let Some(written) = segments.and_then(|mut segments| segments.pop()) else {
        // The program refused the line and wrote nothing.
        if ended.code != Some(0) && asked.demand != Demand::Arrives && blocks(&ended.out).is_empty() {
            return Ok(());
        }
        let complaint = ended.complaint().map(|complaint| format!("\n{complaint}")).unwrap_or_default();
        let out = shorten(&format!("{:?}", String::from_utf8_lossy(&ended.out)));
        return Err(of_line(format!("the event after it did not arrive; it wrote {out}{complaint}")));
    };
    let result = match asked.demand {
        Demand::ArrivesOrIsRefused | Demand::IsHarmless(_) if written.is_empty() => Ok(()),
        Demand::Arrives | Demand::ArrivesOrIsRefused => arrives(&asked.line, &written),
        Demand::IsHarmless(key) => is_harmless(key, &asked.line, &written),
    };
    result.map_err(|reason| {
        let said = ended
            .err
            .lines()
            .next()
            .map(|line| format!("\nits error: {}", shorten(line)))
            .unwrap_or_default();
        of_line(format!("{reason}\nit wrote {}{said}", show(&written)))
    })
}

/// The content of a block for a client.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    /// The type, the data, and the id of this block.
    events: Vec<(String, String, Option<String>)>,
    comments: Vec<String>,
    last_event_id: String,
    retry: Option<u64>,
}

fn arrives(line: &Value, written: &[Lines]) -> Result<(), String> {
    let text = |key: &str| line.get(key).and_then(Value::as_str);
    let id = text("id").map(str::to_owned);
    let lines = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
    let expected = Seen {
        events: text("data")
            .map(|data| (text("event").unwrap_or("message").to_owned(), lines(data), id.clone()))
            .into_iter()
            .collect(),
        comments: text("comment")
            .map(|text| lines(text).split('\n').map(str::to_owned).collect())
            .unwrap_or_default(),
        last_event_id: id.unwrap_or_default(),
        retry: line.get("retry").and_then(Value::as_u64),
    };
    let mut seen = seen(written);
    // Many encoders write a space after the colon, which a client would show.
    let with_space =
        expected.comments.iter().zip(&seen.comments).all(|(text, seen)| *seen == format!(" {text}"));
    if with_space && seen.comments.len() == expected.comments.len() {
        seen.comments.clone_from(&expected.comments);
    }
    if seen == expected {
        return Ok(());
    }
    let (expected, seen) = (shorten(&format!("{expected:?}")), shorten(&format!("{seen:?}")));
    Err(format!("a client should see {expected}\nbut it sees         {seen}"))
}

fn seen(written: &[Lines]) -> Seen {
    let mut stream = Vec::new();
    for line in written.iter().flat_map(|block| block.iter().map(Vec::as_slice).chain([&b""[..]])) {
        // The splitter has removed a BOM at the start; another one would be removed here.
        let first: &[u8] = if stream.is_empty() { b"\n" } else { b"" };
        stream.extend([first, line, b"\n"].concat());
    }
    let outcome = expect(&stream, Settings::ITEMS);
    let mut seen = Seen { last_event_id: outcome.last_event_id, retry: outcome.retry, ..Seen::default() };
    for output in outcome.outputs {
        match output {
            Output::Event { event_type, data, id, .. } => {
                seen.events.push((event_type.unwrap_or_else(|| "message".to_owned()), data, id));
            }
            Output::Comment(text) => seen.comments.push(text),
            _ => {}
        }
    }
    seen
}

/// Checks for one block with the requested data, at most one field of this kind, and nothing else.
fn is_harmless(key: Key, line: &Value, written: &[Lines]) -> Result<(), String> {
    let [block] = written else {
        return Err(format!("one block was requested, but {} were written", written.len()));
    };
    let field = match key {
        Key::Event => "event",
        Key::Id => "id",
        _ => "retry",
    };
    let (mut data, mut fields) = (0, 0);
    for line_of_block in block {
        let colon = line_of_block.iter().position(|&byte| byte == b':').unwrap_or(line_of_block.len());
        let value = line_of_block.get(colon + 1..).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        if &line_of_block[..colon] == b"data" && Some(value) == line["data"].as_str().map(str::as_bytes) {
            data += 1;
        } else if &line_of_block[..colon] == field.as_bytes() {
            fields += 1;
            match key {
                Key::Id if value.contains(&0) => return Err("clients ignore an id with NUL".to_owned()),
                Key::Retry if value.is_empty() || !value.iter().all(u8::is_ascii_digit) => {
                    return Err("clients ignore a reconnection time that is not all digits".to_owned());
                }
                _ => {}
            }
        } else {
            return Err(format!("the line {:?} was not requested", String::from_utf8_lossy(line_of_block)));
        }
    }
    if data != 1 || fields > 1 {
        return Err(format!("it has {data} lines of data and {fields} of the field `{field}`"));
    }
    Ok(())
}

fn show(written: &[Lines]) -> String {
    let lines = written
        .iter()
        .flat_map(|block| block.iter().map(|line| String::from_utf8_lossy(line)).chain(["".into()]));
    shorten(&format!("{:?}", lines.collect::<Vec<_>>().join("\n")))
}
