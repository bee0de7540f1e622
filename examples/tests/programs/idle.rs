//! Runs the `idle` program. Checks that it measures, not the result.

use sse_conformance::{examples::program, programs::run};

#[test]
fn it_measures_each_server() {
    let mut kinds = vec!["sse-hyper", "hyper"];
    if cfg!(feature = "axum") {
        kinds.extend(["axum-sse-hyper", "axum"]);
    }
    if cfg!(feature = "warp") {
        kinds.extend(["sse-warp", "warp"]);
    }
    for kind in kinds {
        let flags = ["--server", kind, "--streams", "20", "--keep-alive", "50"];
        let measured = run(program("idle").args(flags), b"");
        let line = &measured.out;
        assert!(
            line.starts_with(&format!("{kind}: ")) && line.contains(" KiB for each of 20: "),
            "{measured:?}"
        );
        assert_eq!((line.lines().count(), &*measured.err, measured.code), (1, "", Some(0)));
    }
}
