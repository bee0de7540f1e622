//! Tests the command line. This also makes `cargo test` build the program, for `.ci/run`.
#![allow(clippy::unwrap_used)]

use std::process::{Command, Output};

fn kill(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kill")).args(args).output().unwrap()
}

#[test]
fn help_names_the_mixes() {
    let help = kill(&["--help"]);
    let text = String::from_utf8(help.stdout).unwrap();
    assert!(
        help.status.success() && text.contains("\nUsage: kill ") && text.contains("\n  redis-aof "),
        "{text}"
    );
}

#[test]
fn wrong_flags_are_told() {
    for args in [
        &["--mix", "nothing"][..],
        &["--duration", "0"],
        &["--publishers", "251"],
        &["--hub", "no/such/program"],
        &["--no-such-flag"],
        &["more"],
    ] {
        let output = kill(args);
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.starts_with("kill: ") && text.lines().count() == 1, "{args:?}: {text}");
        assert_eq!((output.status.code(), &*output.stdout), (Some(1), &b""[..]), "{args:?}");
    }
}
