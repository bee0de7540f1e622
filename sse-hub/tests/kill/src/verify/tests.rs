//! Tests the verifier on invented logs: it finds each error, and counts it as the right kind.

use std::time::Duration;

use super::*;
use crate::log::Close;

#[test]
fn a_clean_run_is_good() {
    let run = Run::new(10).client(&[ready(0), events(1, 4), asked(4), events(5, 10)]);
    let tally = run.verify();
    assert!(tally.is_good(), "{tally:?}");
    assert_eq!((tally.published, tally.events, tally.resumes, tally.gaps), (10, 10, 1, 0));
}

#[test]
fn a_client_that_comes_late_misses_nothing() {
    let run = Run::new(10).client(&[ready(7), events(8, 10)]).client(&[events(3, 10)]);
    assert!(run.verify().is_good());
}

#[test]
fn what_is_missing_is_lost() {
    for (lines, lost) in [
        (vec![ready(0), events(1, 4), events(6, 10)], 1),
        (vec![ready(0), events(1, 4), asked(4), events(8, 10)], 3),
        // Not even the first one after `ready`.
        (vec![ready(2), events(4, 10)], 1),
        // `ready` for a client that already had a position.
        (vec![ready(0), events(1, 4), asked(4), ready(7), events(8, 10)], 3),
        (vec![events(1, 1), events(10, 10)], 8),
    ] {
        let tally = Run::new(10).client(&lines).verify();
        assert_eq!(tally, Tally { lost, ..tally.without_faults() }, "{lines:?}");
    }
}

#[test]
fn what_only_another_client_saw_is_lost_as_well() {
    let mut run = Run::new(10).client(&[ready(0), events(1, 4), events(6, 10)]);
    // The publisher does not know whether it is in the log.
    run.publishers[0][4].outcome = Outcome::Unknown;
    assert_eq!(run.verify().lost, 0, "nobody saw it");
    assert_eq!(run.client(&[ready(3), events(4, 10)]).verify().lost, 1);
}

#[test]
fn what_comes_twice_is_doubled() {
    let tally = Run::new(10).client(&[ready(0), events(1, 5), asked(5), events(5, 10)]).verify();
    assert_eq!(tally, Tally { doubled: 1, ..tally.without_faults() });
}

#[test]
fn an_event_that_is_in_the_log_twice_is_doubled() {
    let mut run =
        Run::new(10).client(&[ready(0), events(1, 10), vec![Record::Event(at(11), payload(3), TIME)]]);
    assert_eq!(run.verify(), Tally { doubled: 1, ..run.verify().without_faults() });
    run.publishers[0].push(Publication { payload: payload(4), outcome: Outcome::Published(at(12), TIME) });
    assert_eq!(run.verify().doubled, 2);
}

#[test]
fn an_event_may_come_again_if_the_log_lost_it() {
    // A publisher that did not know the outcome has sent it again.
    for (epoch, epochs_grow) in [(2, true), (2, false), (0, false)] {
        let reset = gap_at(Position { epoch, seq: 0 });
        let again = |time| vec![Record::Event(Position { epoch, seq: 1 }, payload(10), time)];
        let run = |time, topic| {
            Run::new(10).client(&[ready(0), events(1, 10), reset.clone(), again(time)]).loss(topic)
        };
        for (time, topic) in [(TOLD, None), (TOLD, Some(0)), (LOST, None), (LOST + SLACK / 2, None)] {
            let tally = run(time, topic).verify_with(epochs_grow);
            assert!(tally.is_good(), "{time:?}, {topic:?}: {tally:?}");
        }
        // Before the loss; and after a loss of another topic, which explains no gap either.
        for (time, topic, false_gaps) in [(TIME, None, 0), (TOLD, Some(1), 1)] {
            let tally = run(time, topic).verify_with(epochs_grow);
            assert_eq!(
                tally,
                Tally { doubled: 1, false_gaps, ..tally.without_faults() },
                "{time:?}, {topic:?}"
            );
        }
    }
}

#[test]
fn a_log_that_begins_again_has_a_new_epoch() {
    let again = vec![Record::Event(at(11), payload(10), TOLD)];
    let run = Run::new(10).client(&[ready(0), events(1, 10), again]).loss(None);
    assert_eq!(run.verify(), Tally { doubled: 1, ..run.verify().without_faults() });
}

#[test]
fn what_comes_after_a_later_one_is_reordered() {
    let swapped = [ready(0), events(1, 4), events(6, 6), events(5, 5), events(7, 10)];
    let tally = Run::new(10).client(&swapped).verify();
    // The one that came late was missing when the later one came.
    assert_eq!((tally.reordered, tally.lost), (1, 1));
}

#[test]
fn a_publisher_whose_events_changed_places_is_reordered() {
    let mut run = Run::new(10);
    let [third, fourth] = [2, 3].map(|n| run.publishers[0][n].outcome);
    run.publishers[0][2].outcome = fourth;
    run.publishers[0][3].outcome = third;
    assert_eq!(run.verify(), Tally { reordered: 1, ..run.verify().without_faults() });
}

#[test]
fn epochs_have_an_order_only_where_they_grow() {
    let mut run = Run::new(10);
    let before = Position { epoch: 0, seq: 1 };
    run.publishers[0].push(Publication { payload: payload(11), outcome: Outcome::Published(before, TIME) });
    assert_eq!((run.verify_with(true).reordered, run.verify_with(false).reordered), (1, 0));
}

#[test]
fn two_events_at_one_position_are_a_reused_id() {
    let run = Run::new(10).client(&[ready(0), events(1, 9), vec![Record::Event(at(10), payload(77), TIME)]]);
    assert_eq!(run.verify(), Tally { reused: 1, ..run.verify().without_faults() });
}

#[test]
fn a_gap_covers_what_is_missing_if_something_took_it() {
    let told = [ready(0), events(1, 4), asked(4), gap(7, "trimmed", Some(3)), events(8, 10)];
    let run = Run::new(10).client(&told);
    assert_eq!(run.verify(), Tally { false_gaps: 1, ..run.verify().without_faults() });
    let run = run.loss(None);
    assert!(run.verify().is_good(), "{:?}", run.verify());
    assert_eq!(run.verify().gaps, 1);
}

#[test]
fn a_loss_explains_gaps_of_its_topic_and_later_ones_only() {
    let told = [ready(0), events(1, 4), gap(7, "trimmed", Some(3)), events(8, 10)];
    let run = Run::new(10).client(&told).loss(Some(1));
    assert_eq!(run.verify().false_gaps, 1);
    let mut run = run.loss(Some(0));
    assert_eq!(run.verify().false_gaps, 0);
    run.losses[1].at = Duration::from_secs(6);
    assert_eq!(run.verify().false_gaps, 1);
}

#[test]
fn a_gap_covers_no_more_than_it_says() {
    let told = [ready(0), events(1, 4), gap(6, "trimmed", Some(2)), events(8, 10)];
    let mut run = Run::new(10).client(&told).loss(None);
    run.losses[0].is_reset = false;
    assert_eq!(run.verify(), Tally { lost: 1, ..run.verify().without_faults() });
}

#[test]
fn a_gap_where_nothing_is_missing_is_false_the_second_time() {
    // The topic was deleted: one gap is right.
    let told = [
        ready(0),
        events(1, 10),
        gap_at(Position { epoch: 2, seq: 0 }),
        gap_at(Position { epoch: 2, seq: 0 }),
    ];
    let run = Run::new(10).client(&told[..3]).loss(None);
    assert!(run.verify().is_good());
    let run = Run::new(10).client(&told).loss(None);
    assert_eq!(run.verify(), Tally { false_gaps: 1, ..run.verify().without_faults() });
}

#[test]
fn a_reset_excuses_what_was_before_and_nothing_else() {
    // The earlier events are gone. The client gets a gap, and begins again.
    let gone = gap_at(Position { epoch: 0, seq: 0 });
    let later = |seq: u64, time| {
        let payload = payload(100 + seq);
        vec![Record::Event(Position { epoch: 9, seq }, payload, Duration::from_secs(time))]
    };
    let run =
        Run::new(10).client(&[ready(0), events(1, 4), gone.clone(), later(1, 6), later(2, 6)]).loss(None);
    assert!(run.verify().is_good(), "{:?}", run.verify());
    // The reset does not excuse later losses.
    let run = run.client(&[ready(0), events(1, 10), gone.clone(), later(2, 6)]);
    assert_eq!(run.verify(), Tally { lost: 1, ..run.verify().without_faults() });
    // Without a gap no loss is excused.
    let run = Run::new(10).client(&[ready(0), events(1, 4), later(1, 6)]).loss(None);
    assert_eq!(run.verify(), Tally { lost: 6, ..run.verify().without_faults() });
}

#[test]
fn trimming_is_no_reason_for_a_gap_where_nothing_is_missing() {
    let told = [ready(0), events(1, 10), gap(10, "trimmed", Some(0))];
    let mut run = Run::new(10).client(&told).loss(None);
    assert!(run.verify().is_good());
    run.losses[0].is_reset = false;
    assert_eq!(run.verify(), Tally { false_gaps: 1, ..run.verify().without_faults() });
}

#[test]
fn a_gap_with_a_wrong_number_is_miscounted() {
    for missed in [2, 4] {
        let told = [ready(0), events(1, 4), gap(7, "trimmed", Some(missed)), events(8, 10)];
        let run = Run::new(10).client(&told).loss(None);
        assert_eq!(run.verify(), Tally { miscounted: 1, ..run.verify().without_faults() }, "{missed}");
    }
    let told = [ready(0), events(1, 4), gap(7, "reset", None), events(8, 10)];
    assert!(Run::new(10).client(&told).loss(None).verify().is_good());
}

#[test]
fn a_gap_may_go_back() {
    // The log is older than the client's events. Those do not come again, under any id.
    let epoch = |seq| Position { epoch: 2, seq };
    let mut lines = vec![ready(0), events(1, 9), gap(5, "ahead", None)];
    lines.push(vec![Record::Event(epoch(1), payload(30), TIME)]);
    let run = Run::new(9).client(&lines).loss(None);
    assert!(run.verify().is_good(), "{:?}", run.verify());
    lines.insert(3, events(6, 6));
    assert_eq!(Run::new(9).client(&lines).loss(None).verify().doubled, 1);
}

#[test]
fn an_event_that_was_refused_is_a_ghost_if_it_comes() {
    let mut run = Run::new(10).client(&[ready(0), events(1, 10)]);
    run.publishers[0][6].outcome = Outcome::Refused(503);
    assert_eq!(run.verify(), Tally { ghosts: 1, ..run.verify().without_faults() });
    run.publishers[0][6].outcome = Outcome::Unknown;
    assert!(run.verify().is_good());
}

#[test]
fn what_no_server_should_send_is_odd() {
    let foreign = Payload { topic: 1, publisher: 0, number: 11 };
    for line in
        [Record::Odd("?".into()), Record::Refused { status: 404 }, Record::Event(at(11), foreign, TIME)]
    {
        let run = Run::new(10).client(&[ready(0), events(1, 10), vec![line.clone()]]);
        assert_eq!(run.verify(), Tally { odd: 1, ..run.verify().without_faults() }, "{line}");
    }
    let mut run = Run::new(10);
    run.publishers[0].push(Publication { payload: payload(11), outcome: Outcome::Odd(404) });
    assert_eq!(run.verify().odd, 1);
}

#[test]
fn what_may_happen_is_no_fault() {
    let lines = [
        ready(0),
        events(1, 10),
        vec![Record::Bye, Record::Closed(Close::Broke), Record::Refused { status: 503 }],
    ];
    assert!(Run::new(10).client(&lines).verify().is_good());
}

#[test]
fn a_client_that_waits_in_vain_is_stuck() {
    let run = Run::new(10).client(&[ready(0), events(1, 4), vec![Record::Stuck]]);
    assert_eq!(run.verify(), Tally { stuck: 1, ..run.verify().without_faults() });
}

impl Tally {
    /// The same counts, without errors.
    fn without_faults(self) -> Self {
        let Self { published, refused, unknown, events, resumes, gaps, .. } = self;
        Self { published, refused, unknown, events, resumes, gaps, ..Self::default() }
    }
}

/// A run with one publisher on topic 0, whose events 1 to `count` are at the positions 1-1 to 1-`count`.
struct Run {
    clients: Vec<ClientLog>,
    publishers: Vec<Vec<Publication>>,
    losses: Vec<Loss>,
}

impl Run {
    fn new(count: u64) -> Self {
        let published = |n| Publication { payload: payload(n), outcome: Outcome::Published(at(n), TIME) };
        Self {
            clients: Vec::new(),
            publishers: vec![(1..=count).map(published).collect()],
            losses: Vec::new(),
        }
    }

    fn client(mut self, lines: &[Vec<Record>]) -> Self {
        self.clients.push(ClientLog { client: self.clients.len(), topic: 0, records: lines.concat() });
        self
    }

    fn loss(mut self, topic: Option<u16>) -> Self {
        self.losses.push(Loss { at: LOST, done: LOST, topic, is_reset: true });
        self
    }

    fn verify(&self) -> Tally {
        self.verify_with(true)
    }

    fn verify_with(&self, epochs_grow: bool) -> Tally {
        verify(&self.clients, &self.publishers, Rules { losses: &self.losses, epochs_grow }).tally
    }
}

/// The times of events, of losses, and of gaps.
const TIME: Duration = Duration::from_secs(2);
const LOST: Duration = Duration::from_secs(3);
const TOLD: Duration = Duration::from_secs(5);

fn at(seq: u64) -> Position {
    Position { epoch: 1, seq }
}

fn payload(number: u64) -> Payload {
    Payload { topic: 0, publisher: 0, number: number as u32 }
}

fn ready(seq: u64) -> Vec<Record> {
    vec![Record::Ready(at(seq))]
}

fn events(first: u64, last: u64) -> Vec<Record> {
    (first..=last).map(|n| Record::Event(at(n), payload(n), TIME)).collect()
}

fn asked(after: u64) -> Vec<Record> {
    vec![Record::Closed(Close::Left), Record::Asked { server: 0, cursor: Some(at(after)) }]
}

fn gap(seq: u64, reason: &str, missed: Option<u64>) -> Vec<Record> {
    vec![Record::Gap { id: at(seq), reason: reason.into(), missed, at: TOLD }]
}

fn gap_at(id: Position) -> Vec<Record> {
    vec![Record::Gap { id, reason: "reset".into(), missed: None, at: TOLD }]
}
