//! The reasons for the vectors of each category, with the sentences of the standard.

use super::check::Rule;

/// The reason for a category of vectors, and the sentence of the standard.
pub(super) struct Reason {
    pub(super) why: &'static str,
    pub(super) rule: Rule,
}

const LINES: Rule = Rule::interpretation(
    "The stream must then be parsed by reading everything line by line, with a U+000D CARRIAGE RETURN U+000A LINE \
     FEED (CRLF) character pair, a single U+000A LINE FEED (LF) character not preceded by a U+000D CARRIAGE RETURN \
     (CR) character, and a single U+000D CARRIAGE RETURN (CR) character not followed by a U+000A LINE FEED (LF) \
     character being the ways in which a line can end.",
);
const UTF8: Rule = Rule::interpretation("Streams must be decoded using the UTF-8 decode algorithm.");
const BOM: Rule = Rule::interpretation(
    "The UTF-8 decode algorithm strips one leading UTF-8 Byte Order Mark (BOM), if any.",
);
const COMMENT: Rule =
    Rule::interpretation("If the line starts with a U+003A COLON character (:) Ignore the line.");
const SPACE: Rule =
    Rule::interpretation("If value starts with a U+0020 SPACE character, remove it from value.");
const NAME: Rule =
    Rule::interpretation("Field names must be compared literally, with no case folding performed.");
const DATA: Rule = Rule::interpretation(
    "Append the field value to the data buffer, then append a single U+000A LINE FEED (LF) character to the data \
     buffer.",
);
const EVENT: Rule = Rule::interpretation(
    "If the event type buffer has a value other than the empty string, change the type of the newly created event \
     to equal the value of the event type buffer. Set the data buffer and the event type buffer to the empty string.",
);
const ID: Rule = Rule::interpretation(
    "If the field value does not contain U+0000 NULL, then set the last event ID buffer to the field value. \
     Otherwise, ignore the field.",
);
const RETRY: Rule = Rule::interpretation(
    "If the field value consists of only ASCII digits, then interpret the field value as an integer in base ten, and \
     set the event stream's reconnection time to that integer. Otherwise, ignore the field.",
);
const END: Rule = Rule::interpretation(
    "Once the end of the file is reached, any pending data must be discarded. (If the file ends in the middle of an \
     event, before the final empty line, the incomplete event is not dispatched.)",
);
const DISPATCH: Rule =
    Rule::interpretation("If the line is empty (a blank line) Dispatch the event, as defined below.");

/// The reason for a category of `vectors.jsonl`.
pub(super) fn of_vectors(category: &str) -> Reason {
    let (why, rule) = match category {
        "basic" => ("Without this nothing works.", DISPATCH),
        "bom" => (
            "Files and some frameworks begin a stream with a BOM: a decoder that keeps it loses the first field, and \
             one that removes others changes data.",
            BOM,
        ),
        "chunk" | "seam" => {
            ("A network cuts a stream anywhere, so the result must not depend on the cuts.", DISPATCH)
        }
        "comment" => (
            "Servers send comments to keep a connection open, even within an event: they must not change it.",
            COMMENT,
        ),
        "data" | "size" => ("Data that loses or gains a line break is different data.", DATA),
        "eof" => (
            "A connection can end anywhere: if half an event is dispatched, it looks like a whole one, and its id makes a \
             client skip the rest.",
            END,
        ),
        "event" => ("An event of the wrong type goes to the wrong listener.", EVENT),
        "id" => (
            "A client sends the last event ID when it reconnects: with a wrong one it misses events, or gets them twice.",
            ID,
        ),
        "name" => ("Unknown fields are for later versions of the format, so all decoders ignore them.", NAME),
        "newline" => (
            "Servers on all systems write streams, so all three line ends occur, even mixed; and a decoder that treats \
             other characters as line ends splits data.",
            LINES,
        ),
        "nul" => ("U+0000 is a character like any other, except in an id.", DATA),
        "retry" => ("A misread number makes clients reconnect at once, or not for hours.", RETRY),
        "space" => ("Leading spaces are data in code, Markdown and tokens of language models.", SPACE),
        "utf8" => {
            ("One bad byte must not end a stream, and must not swallow a line end or its neighbours.", UTF8)
        }
        "capture" => ("These streams are like those of real services.", DISPATCH),
        "combo" => ("A decoder that handles each case alone can still fail on a combination.", DISPATCH),
        _ => ("Another test suite has a test for it.", DISPATCH),
    };
    Reason { why, rule }
}
