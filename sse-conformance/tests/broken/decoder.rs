//! A naive decoder with one rule switched off, which its first argument names. The kit must find this fault.
#![allow(clippy::unwrap_used)]

use std::{
    io::{self, Read},
    mem, process,
};

use serde_json::json;

const BOM: &[u8] = b"\xEF\xBB\xBF";

#[derive(Default)]
struct Decoder {
    fault: String,
    line: Vec<u8>,
    after_cr: bool,
    is_later_line: bool,
    data: Option<String>,
    event_type: String,
    id: String,
    last_event_id: String,
    retry: Option<u64>,
}

fn main() {
    let mut args = std::env::args().skip(1);
    let mut decoder = Decoder { fault: args.next().unwrap(), ..Decoder::default() };
    let mut size = usize::MAX;
    while let Some(arg) = args.next() {
        match &*arg {
            "--chunk" => size = args.next().and_then(|size| size.parse().ok()).unwrap_or_else(|| fail()),
            _ => fail(),
        }
    }
    let mut stream = Vec::new();
    io::stdin().read_to_end(&mut stream).unwrap();
    if decoder.has("reports a NUL as an error") && stream.contains(&0) {
        println!("{}", json!({ "error": { "kind": "nul" } }));
        stream.clear();
    }
    for chunk in stream.chunks(size) {
        if decoder.has("joins chunks as text") && std::str::from_utf8(chunk).is_err() {
            decoder.feed(String::from_utf8_lossy(chunk).as_bytes());
        } else {
            decoder.feed(chunk);
        }
        if decoder.has("forgets a CR at the end of a chunk") {
            decoder.after_cr = false;
        }
    }
    if decoder.has("dispatches at the end") {
        decoder.dispatch();
    }
    if decoder.has("crashes at a NUL") && stream.contains(&0) {
        fail();
    }
    let mut retry = json!(decoder.retry);
    if decoder.has("reports the time as a string") && decoder.retry.is_some() {
        retry = retry.to_string().into();
    }
    println!("{}", json!({ "final": { "lastEventId": decoder.last_event_id, "retry": retry } }));
}

/// Ends as a panic does, without the time that a backtrace takes.
fn fail() -> ! {
    process::exit(101)
}

impl Decoder {
    fn has(&self, fault: &str) -> bool {
        self.fault == fault
    }

    fn feed(&mut self, chunk: &[u8]) {
        for &byte in chunk {
            match (byte, mem::replace(&mut self.after_cr, byte == b'\r')) {
                (b'\n', true) if !self.has("takes no CR alone") => {}
                (b'\n', true) => {
                    self.line.pop();
                    self.end_line();
                }
                (b'\r', _) if self.has("takes no CR alone") => self.line.push(byte),
                (b'\n' | b'\r', _) => self.end_line(),
                _ => self.line.push(byte),
            }
        }
    }

    fn end_line(&mut self) {
        let line = mem::take(&mut self.line);
        let is_first = !mem::replace(&mut self.is_later_line, true);
        let skips_bom = (is_first && !self.has("keeps the BOM")) || self.has("skips each BOM");
        let line = line.strip_prefix(BOM).filter(|_| skips_bom).unwrap_or(&line);
        let line = String::from_utf8_lossy(line).into_owned();
        if line.is_empty() {
            return self.dispatch();
        }
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = match value.strip_prefix(' ') {
            Some(_) if self.has("trims values") => value.trim(),
            Some(rest) if !self.has("keeps the space") => rest,
            _ => value,
        };
        match name {
            "" => println!("{}", json!({ "comment": line[1..] })),
            "event" => self.event_type = value.to_owned(),
            "data" => {
                let data = self.data.take();
                self.data = Some(data.map_or(value.to_owned(), |data| format!("{data}\n{value}")));
            }
            "id" if !value.contains('\0') || self.has("takes an id with NUL") => self.id = value.to_owned(),
            "retry" if self.has("takes 1e3") => {
                let number =
                    value.parse::<f64>().ok().filter(|number| number.fract() == 0.0 && *number >= 0.0);
                self.retry = number.map(|number| number as u64).or(self.retry);
            }
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.retry = value.parse().ok().or(self.retry);
            }
            _ => {}
        }
    }

    fn dispatch(&mut self) {
        self.last_event_id = self.id.clone();
        let event_type = match self.has("lets the type leak") && !self.event_type.is_empty() {
            true => self.event_type.clone(),
            false => mem::take(&mut self.event_type),
        };
        let Some(mut data) = self.data.take() else { return };
        if self.has("loses the last line feed") {
            data.truncate(data.trim_end_matches('\n').len());
        }
        if data.is_empty() && self.has("drops empty data") {
            return;
        }
        let event_type = if event_type.is_empty() { "message" } else { &event_type };
        let event = json!({ "type": event_type, "data": data, "lastEventId": self.last_event_id });
        println!("{}", json!({ "event": event }));
        if self.has("forgets the id") {
            self.id.clear();
        }
    }
}
