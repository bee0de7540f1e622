//! Compares the model of Redis with a real server, so that results for the model hold for Redis.

use std::{sync::Arc, time::Duration};

use proptest::prelude::*;
use redis::aio::MultiplexedConnection;
use sse_conformance::redis::{Durability, Server};

use super::{
    attempt::Begun,
    command::{Begin, NewEntry, Stream},
    model::{self, TOPIC, record},
    run::{Numbered, Run},
};
use crate::Position;

/// A command for both. The numbers are offsets of a position from the last one.
#[derive(Clone, Debug)]
enum Command {
    Begin(Option<i64>, i64, i64, bool),
    Append(i64, i64, bool),
    Trim(usize),
    Delete,
    /// Another run of Redis, which may be known to keep everything.
    Restart(bool),
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        5 => (prop::option::of(-2..5_i64), -3..2_i64, -2..3_i64, any::<bool>())
            .prop_map(|(epochs, heard, seq, if_lost)| Command::Begin(epochs, heard, seq, if_lost)),
        8 => (-1..2_i64, -3..2_i64, prop::bool::weighted(0.1)).prop_map(|(epoch, seq, ends)| Command::Append(epoch, seq, ends)),
        1 => (0..5_usize).prop_map(Command::Trim),
        1 => Just(Command::Delete),
        1 => any::<bool>().prop_map(Command::Restart),
    ]
}

/// The position that is this many epochs and numbers from `last`.
fn near(last: Position, epochs: i64, seq: i64) -> Position {
    let number = Position::epoch_number(last.epoch()).saturating_add_signed(epochs);
    Position::new(Position::epoch_of(TOPIC, number), last.seq().saturating_add_signed(seq))
}

/// Compares the last positions. A life that both make is a time: the model gets that of the server.
async fn compare_last(real: &Server, stream: &Stream, current: &mut Numbered, model: &mut model::Server) {
    let (last, _) = stream.after(current, Position::new(0, 0), 1).await.unwrap();
    let life = model.data.life;
    model.live();
    if model.data.life != life {
        let made = real.command(&["HGET", &stream.life_key, "life"]);
        let made = made.lines().nth(1).unwrap().parse().unwrap();
        model.data.life = Some((made, model.run));
    }
    assert_eq!(last, model.known_last());
}

async fn compare(connection: MultiplexedConnection, real: &Server, commands: Vec<Command>) {
    let stream =
        Stream { key: "log".into(), run_key: "run".into(), life_key: "life".into(), topic: TOPIC.into() };
    real.command(&["FLUSHALL"]);
    let mut model = model::Server::default();
    let run = |model: &model::Server| {
        Arc::new(Run { id: model.run.to_string(), keeps_all: model.keeps_all, ..Run::default() })
    };
    let mut current = Numbered { number: 0, connection, run: run(&model) };
    compare_last(real, &stream, &mut current, &mut model).await;
    for (number, command) in commands.into_iter().enumerate() {
        let last = model.last().0;
        let nonce = number.to_string().into_bytes();
        match command {
            Command::Restart(keeps_all) => {
                model.run += 1;
                model.keeps_all = keeps_all;
                current.run = run(&model);
            }
            Command::Begin(epochs, heard, seq, if_lost) => {
                let marker = epochs.map(|epochs| near(Position::new(last.epoch(), 0), epochs, 0));
                // Its publisher may know of a position that the log does not have.
                let heard = near(last, heard, seq);
                let begin = Begin { marker, heard, nonce: &nonce, if_lost };
                let answer = stream.begin(&mut current, begin).await.unwrap();
                let answer = match answer {
                    Begun::Moved(last, ms) => {
                        assert!(ms > 1_700_000_000_000, "{ms} is a time");
                        Begun::Moved(last, 0)
                    }
                    answer => answer,
                };
                assert_eq!(answer, model.begin(begin));
            }
            Command::Append(epochs, seq, ends) => {
                let seen = near(last, epochs, seq);
                let record = record((!ends).then_some(7));
                let entry = NewEntry {
                    record: &record,
                    nonce: &nonce,
                    once: "",
                    once_for: Duration::ZERO,
                    history: 1_000,
                    expire_after: None,
                };
                let answer = stream.append(&mut current.connection, seen, &entry).await.unwrap();
                // Nothing can be appended before there is a marker.
                assert_eq!(answer, model.append(seen, record, &nonce), "{seen} after {last}");
            }
            Command::Trim(keep) => {
                real.command(&["XTRIM", "log", "MAXLEN", &keep.to_string()]);
                let excess = model.data.log.as_ref().map_or(0, |log| log.entries.len().saturating_sub(keep));
                model.data.log.iter_mut().for_each(|log| drop(log.entries.drain(..excess)));
            }
            Command::Delete => {
                real.command(&["DEL", "log"]);
                model.data.log = None;
            }
        }
        compare_last(real, &stream, &mut current, &mut model).await;
        for (after, count) in [(Position::new(0, 0), 1000), (last, 2), (near(last, 0, -2), 3)] {
            let (last, entries) = stream.after(&mut current, after, count).await.unwrap();
            assert_eq!(last, model.known_last());
            assert_eq!(entries, model.after(after, count));
        }
    }
}

#[test]
fn model_is_like_the_real_server() {
    let Some(real) = Server::start(Durability::Saved) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // The default of half a second is too short on a busy machine.
    let config = redis::AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_secs(30)));
    let client = redis::Client::open(real.url()).unwrap();
    let connection = runtime.block_on(client.get_multiplexed_async_connection_with_config(&config)).unwrap();
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) };
    proptest::test_runner::TestRunner::new(config)
        .run(&prop::collection::vec(command(), 0..30), |commands| {
            runtime.block_on(compare(connection.clone(), &real, commands));
            Ok(())
        })
        .unwrap();
}
