//! Its blocks, encoded one by one.

use sse_conformance_adapters::{lines, text, write};
use sse_stream::Sse;

fn main() {
    let mut all_encoded = true;
    for line in lines() {
        let block = Sse {
            event: text(&line, "event").map(str::to_owned),
            data: text(&line, "data").map(str::to_owned),
            id: text(&line, "id").map(str::to_owned),
            retry: line["retry"].as_u64(),
        };
        // It has no comments, and only whole numbers.
        let has_other = !line["comment"].is_null() || (!line["retry"].is_null() && block.retry.is_none());
        match block.encode() {
            Ok(bytes) if !has_other => write(&bytes),
            _ => all_encoded = false,
        }
    }
    std::process::exit(if all_encoded { 0 } else { 2 });
}
