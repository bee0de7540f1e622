//! A naive encoder with one rule switched off, which its first argument names. The kit must find this fault.
#![allow(clippy::unwrap_used)]

use std::{
    fmt::Write,
    io::{self, BufRead},
    process::exit,
};

use serde_json::Value;

fn main() {
    let fault = std::env::args().nth(1).unwrap();
    let has = |name: &str| fault == name;
    let mut all_encoded = true;
    for line in io::stdin().lock().lines() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        match encode(&line, &has) {
            Some(block) => print!("{block}"),
            None if has("stops at what it refuses") => exit(1),
            None => all_encoded = false,
        }
    }
    exit(if all_encoded { 0 } else { 2 });
}

/// Returns `None` if the line is refused.
fn encode(line: &Value, has: &impl Fn(&str) -> bool) -> Option<String> {
    let mut block = String::new();
    let text = |key: &str| line[key].as_str().map(str::to_owned);
    if let Some(comment) = text("comment") {
        if has("writes no comments") {
            return None;
        }
        for line in lines(&comment, has("splits comments at LF only")) {
            let _ = writeln!(block, ": {line}");
        }
    }
    let unknown = [("id", "writes no ids"), ("event", "writes no types"), ("retry", "writes no times")];
    if unknown.iter().any(|(key, fault)| has(fault) && !line[key].is_null()) {
        return None;
    }
    for (key, raw) in [("id", "writes any id"), ("event", "writes any type")] {
        let Some(mut value) = text(key) else { continue };
        if has("removes what is hostile") {
            value.retain(|char| !['\r', '\n'].contains(&char) && (key != "id" || char != '\0'));
        }
        let is_nul = key == "id" && value.contains('\0') && !has("writes an id with NUL");
        if !has(raw) && (is_nul || value.contains(['\r', '\n'])) {
            return None;
        }
        let _ = writeln!(block, "{key}: {value}");
    }
    match &line["retry"] {
        Value::Null => {}
        retry if retry.is_u64() => _ = writeln!(block, "retry: {retry}"),
        retry if has("writes any retry") => _ = writeln!(block, "retry: {}", retry.as_str().unwrap_or("-1")),
        _ => return None,
    }
    if let Some(mut data) = text("data") {
        if data.is_empty() && has("sends no empty data") {
            return Some(String::new());
        }
        if has("loses the last line feed") {
            data.truncate(data.trim_end_matches('\n').len());
        }
        let space = if has("writes no space") { "" } else { " " };
        for line in lines(&data, has("splits data at LF only")) {
            let _ = writeln!(block, "data:{space}{line}");
        }
    }
    let end = if has("ends no block") { "" } else { "\n" };
    Some(block + end)
}

fn lines(text: &str, at_line_feeds_only: bool) -> Vec<String> {
    let text =
        if at_line_feeds_only { text.to_owned() } else { text.replace("\r\n", "\n").replace('\r', "\n") };
    text.split('\n').map(str::to_owned).collect()
}
