//! The page of `hub` in headless Chromium: two tabs, cut connections, and a killed server.

use serde_json::{Value, json};

use crate::gate::Gate;
use sse_conformance::{
    browser::{Browser, chromium},
    examples::Server,
    http10::Answer,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn two_tabs_see_the_same_through_cuts_and_restarts() {
    let Some(chromium) = chromium() else { return };
    let hub = Server::start("hub", &[]);
    let (gate, reports) = Gate::open(hub.addr, include_str!("observer.html")).await;
    let browser = Browser::open(chromium, gate.addr(), "/observer", reports);
    let step = |name: &str| {
        let report = browser.report();
        assert_eq!(report["step"], name, "{report:#}");
        report
    };

    let seen = step("live");
    let hello = json!([["said", "Heron", "Hello, all!"]]);
    both(&seen, |tab| {
        assert_eq!(
            (&tab["state"], &tab["gaps"], &tab["resumes"]),
            (&json!("live"), &json!("0"), &json!("0"))
        );
        assert_eq!(tab["topics"], json!(["lobby", "room 1"]), "{tab:#}");
        assert_eq!(of(tab, &["said"]), hello, "{tab:#}");
    });
    assert!(of(&seen["first"], &["note"]).to_string().contains("Wren came."), "{seen:#}");

    // Events of others reach both tabs, at the same position, as plain text.
    say(&hub, "from curl <b>\u{1F600}</b>");
    let seen = step("said");
    let said = json!([["said", "Heron", "Hello, all!"], ["said", "someone", "from curl <b>\u{1F600}</b>"]]);
    both(&seen, |tab| assert_eq!(of(tab, &["said"]), said, "{tab:#}"));
    assert_eq!(seen["first"]["position"], seen["second"]["position"]);

    // While both are cut off, others publish. They resume, and miss nothing.
    gate.close();
    step("cut");
    for n in 1..=3 {
        say(&hub, &format!("missed {n}"));
    }
    gate.reopen(hub.addr);
    let seen = step("resumed");
    both(&seen, |tab| {
        let lines = of(tab, &["said", "gap", "resumed"]);
        let lines = lines.as_array().unwrap();
        let caught_up = ["missed 1", "missed 2", "missed 3"].map(|text| json!(["said", "someone", text]));
        let lines = lines.split_at(2).1;
        assert_eq!(lines[..3], caught_up, "{tab:#}");
        assert_eq!(lines[3], json!(["resumed", null, "Resumed. 3 events caught up."]), "{tab:#}");
        assert_eq!((&tab["gaps"], &tab["resumes"]), (&json!("0"), &json!("1")), "{tab:#}");
    });
    assert!(of(&seen["first"], &["note"]).to_string().contains("Wren resumed."), "{seen:#}");

    // The server is killed. Its memory is lost, and the tabs get a gap.
    gate.close();
    drop(hub);
    step("killed");
    let hub = Server::start("hub", &[]);
    gate.reopen(hub.addr);
    let seen = step("reset");
    both(&seen, |tab| {
        assert_eq!(of(tab, &["gap"]), json!([["gap", null, "Events are missing: reset."]]), "{tab:#}");
        assert_eq!((&tab["state"], &tab["resumes"]), (&json!("live"), &json!("2")), "{tab:#}");
    });

    // The server is stopped, and says so. The browser reconnects to its successor.
    hub.running.interrupt();
    let seen = step("bye");
    both(&seen, |tab| {
        let notes = of(tab, &["note"]);
        assert!(notes.to_string().contains("The server is stopping. This page reconnects."), "{tab:#}");
        assert_eq!(tab["state"], "reconnecting");
    });
    assert_eq!(hub.running.finish(), 0);
    let hub = Server::start("hub", &[]);
    gate.reopen(hub.addr);
    step("back");

    // After `end`, no browser reconnects.
    let finish = b"POST /topics/room%201/finish HTTP/1.0\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(Answer::to(hub.addr, finish).status(), "204");
    let seen = step("finished");
    both(&seen, |tab| {
        assert_eq!(of(tab, &["end"]), json!([["end", null, "This topic is finished."]]), "{tab:#}");
        assert_eq!((&tab["state"], &tab["canSay"]), (&json!("finished"), &json!(false)), "{tab:#}");
    });
    let streams = gate.streams();
    // Each tab requested its stream at the start, after the cut, the kill and the stop, and once more to get 204.
    assert_eq!(streams.len(), 10, "{streams:?}");
    assert!(streams[2..].iter().all(|last_event_id| last_event_id.is_some()), "{streams:?}");
}

/// Two processes form one service: events that one has lost, the other has.
#[cfg(feature = "redis")]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn two_tabs_resume_at_another_server() {
    let Some(chromium) = chromium() else { return };
    let Some(redis) = sse_conformance::redis::Server::start(sse_conformance::redis::Durability::Saved) else {
        return;
    };
    let url = redis.url();
    let [first, second] = [(); 2].map(|()| Server::start("hub", &["--redis", &url]));
    let (gate, reports) = Gate::open(first.addr, include_str!("observer.html")).await;
    let browser = Browser::open(chromium, gate.addr(), "/observer", reports);
    let step = |name: &str| {
        let report = browser.report();
        assert_eq!(report["step"], name, "{report:#}");
        report
    };
    step("live");
    say(&first, "from curl");
    step("said");
    gate.close();
    drop(first);
    step("cut");
    for n in 1..=3 {
        say(&second, &format!("missed {n}"));
    }
    gate.reopen(second.addr);
    let seen = step("resumed");
    both(&seen, |tab| {
        let lines = of(tab, &["said", "gap", "resumed"]);
        let texts =
            ["Hello, all!", "from curl", "missed 1", "missed 2", "missed 3", "Resumed. 3 events caught up."];
        let lines: Vec<&str> =
            lines.as_array().unwrap().iter().map(|line| line[2].as_str().unwrap()).collect();
        assert_eq!(lines, texts);
    });
}

/// Publishes like `curl -d`.
fn say(hub: &Server, text: &str) {
    let head = format!("POST /topics/room%201 HTTP/1.0\r\ncontent-length: {}\r\n\r\n", text.len());
    let answer = Answer::to(hub.addr, &[head.as_bytes(), text.as_bytes()].concat());
    assert_eq!(answer.status(), "200");
}

/// Checks the same for both tabs.
fn both(seen: &Value, check: impl Fn(&Value)) {
    check(&seen["first"]);
    check(&seen["second"]);
}

/// The lines of these kinds that a tab shows: kind, name and text.
fn of(tab: &Value, kinds: &[&str]) -> Value {
    let lines = tab["lines"].as_array().unwrap().iter();
    lines.filter(|line| kinds.contains(&line[0].as_str().unwrap())).cloned().collect()
}
