//! Runs the programs that are meant to be copied.

use std::net::SocketAddr;

use sse_conformance::{
    examples::{Server, program},
    http10::Answer,
    programs::Running,
};

#[test]
fn fan_out_gives_everybody_what_is_said_also_later() {
    let server = start("fan_out");
    let mut clients = [(); 3].map(|()| Answer::get(server.addr, "/events", b""));
    let ready = clients.each_mut().map(|client| client.block().unwrap());
    let position = post(server.addr, "/events", "hello").line();
    let block = format!("id: {}\ndata: hello\n\n", position.trim_end());
    for client in &mut clients {
        assert_eq!(client.block().as_ref(), Some(&block));
    }
    let id = ready[0].lines().next().unwrap().strip_prefix("id: ").unwrap();
    let mut back = Answer::get(server.addr, "/events", format!("Last-Event-ID: {id}\r\n").as_bytes());
    assert_eq!(back.block(), Some(block));
}

#[test]
fn generation_answers_whoever_reads_and_whenever() {
    let server = start("generation");
    assert_eq!(Answer::get(server.addr, "/answers/1", b"").status(), "404");
    let answer = post(server.addr, "/answers", "Why?");
    assert_eq!(answer.status(), "201");
    assert!(answer.head.to_ascii_lowercase().contains("location: /answers/1\r\n"), "{}", answer.head);

    // One reader connects at the start, and is cut off after three words.
    let mut early = Answer::get(server.addr, "/answers/1", b"");
    assert!(early.block().unwrap().contains("\nevent: ready\n"));
    let mut blocks: Vec<String> = (0..3).map(|_| early.block().unwrap()).collect();
    drop(early);
    let id = blocks[2].lines().next().unwrap().strip_prefix("id: ").unwrap().to_owned();
    let mut back = Answer::get(server.addr, "/answers/1", format!("Last-Event-ID: {id}\r\n").as_bytes());
    blocks.extend(back.rest());
    let end = blocks.pop().unwrap();
    assert!(end.contains("\nevent: end\n"), "{end}");
    let words: Vec<&str> =
        blocks.iter().map(|block| block.split_once("data: ").unwrap().1.trim_end_matches('\n')).collect();
    assert_eq!(words.concat(), "You ask: Why? Nobody knows, and least of all this program.");

    // Another one connects after the end.
    let mut late = Answer::get(server.addr, "/answers/1", b"");
    let mut all = late.rest();
    all.retain(|block| !block.contains("\nevent: ready\n"));
    assert_eq!(all, [&blocks[..], std::slice::from_ref(&end)].concat());

    // A client that has the end does not reconnect.
    let id = end.lines().next().unwrap().replace("id: ", "Last-Event-ID: ") + "\r\n";
    assert_eq!(Answer::get(server.addr, "/answers/1", id.as_bytes()).status(), "204");
}

fn start(name: &str) -> Server {
    let mut command = program(name);
    command.arg("127.0.0.1:0");
    Server::of(Running::start(command))
}

fn post(addr: SocketAddr, path: &str, text: &str) -> Answer {
    let head =
        format!("POST {path} HTTP/1.0\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n", text.len());
    Answer::to(addr, [head.as_bytes(), text.as_bytes()].concat().as_slice())
}
