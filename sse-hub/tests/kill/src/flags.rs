//! The flags of the program.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use lexopt::prelude::*;

use crate::{
    faults::{MIXES, Mix},
    process::Error,
};

const HELP: &str = "\
Kills servers and Redis under a hub, and checks that clients lose no event without a gap, and get none twice
or out of order.

Usage: kill [--mix NAME[,NAME]] [--duration S] [--clients N] [--seed N] [more]

For each mix of faults it starts its own redis-server and three processes of the program `hub`, on free
ports. Clients listen to topics, leave at random, and come back at any server with the id of the last
event that they saw. Publishers post events to any server. Meanwhile it makes faults. At the end each topic
gets a last event, for which each client waits. Then it checks the events of each client, and prints a line:

  lost        events that a client did not see, without a gap
  doubled     events that a client saw twice, or that are in the log twice
  reordered   events that came after a later one
  reused      positions at which two different events were seen
  false gaps  gaps where no fault could have removed events, or nothing was missing; but each time that a
              log began again, or Redis came back with an older state, a client that has seen everything may
              get one gap
  other       gaps with a wrong number, events that were refused but came, responses that no server should
              give, and clients that did not get the last event

The exit code is 1 if any of these is not 0. Then the logs of all clients and publishers are kept. The same
seed makes the same faults at the same times, but their effects depend on the machine.

Build the program first: cargo build --release --example hub --features redis
";

const OPTIONS: &str = "
Options:
  --mix NAMES       Mixes of faults, separated by commas [default: all, one after another]
  --duration S      Seconds that each mix takes, at least 1 [default: 60]
  --clients N       Clients [default: 200]
  --publishers N    Publishers, at most 250 [default: 4]
  --topics N        Topics [default: 8]
  --rate N          Events per second of each publisher, on average [default: 25]
  --servers N       Processes of `hub`, at most 250 [default: 3]
  --seed N          Seed of the random numbers [default: a new one each time; it is printed]
  --hub PATH        The program `hub` [default: examples/hub in the directory of this program]
  --redis PATH      redis-server, 7.0 or newer, or valkey-server [default: redis-server]
  --dir DIR         Directory of the data of Redis and the logs [default: a new temporary one]
  --keep            Keep the logs even if no check fails
  -h, --help        Show this text
";

#[derive(Debug)]
pub(crate) struct Flags {
    pub(crate) mixes: Vec<&'static Mix>,
    pub(crate) duration: Duration,
    pub(crate) clients: usize,
    pub(crate) publishers: u8,
    pub(crate) topics: u16,
    pub(crate) rate: f64,
    pub(crate) servers: u8,
    pub(crate) seed: u64,
    pub(crate) hub: PathBuf,
    pub(crate) redis: PathBuf,
    pub(crate) dir: PathBuf,
    pub(crate) keep: bool,
}

impl Flags {
    /// Returns `None` after it has printed the help.
    pub(crate) fn read() -> Result<Option<Self>, Error> {
        let seed = fastrand::u64(..1_000_000);
        let mut flags = Self {
            mixes: MIXES.iter().collect(),
            duration: Duration::from_secs(60),
            clients: 200,
            publishers: 4,
            topics: 8,
            rate: 25.0,
            servers: 3,
            seed,
            hub: std::env::current_exe()?.parent().unwrap_or(Path::new(".")).join("examples").join("hub"),
            redis: "redis-server".into(),
            dir: std::env::temp_dir().join(format!("sse-hub-kill-{}", std::process::id())),
            keep: false,
        };
        let mut args = lexopt::Parser::from_env();
        while let Some(arg) = args.next()? {
            match arg {
                Long("mix") => flags.mixes = mixes(&args.value()?.string()?)?,
                Long("duration") => {
                    flags.duration = Duration::from_secs(
                        args.value()?.parse_with(|text| at_least_one(text, u32::MAX))?.into(),
                    );
                }
                Long("clients") => flags.clients = args.value()?.parse()?,
                Long("publishers") => {
                    flags.publishers = args.value()?.parse_with(|text| at_least_one(text, 250))?
                }
                Long("topics") => {
                    flags.topics = args.value()?.parse_with(|text| at_least_one(text, u16::MAX))?
                }
                Long("rate") => {
                    flags.rate = args.value()?.parse_with(|text| at_least_one(text, u16::MAX))?.into()
                }
                Long("servers") => {
                    flags.servers = args.value()?.parse_with(|text| at_least_one(text, 250))?
                }
                Long("seed") => flags.seed = args.value()?.parse()?,
                Long("hub") => flags.hub = args.value()?.into(),
                Long("redis") => flags.redis = args.value()?.into(),
                Long("dir") => flags.dir = args.value()?.into(),
                Long("keep") => flags.keep = true,
                Short('h') | Long("help") => {
                    print!("{HELP}\nMixes:\n");
                    for Mix { name, about, .. } in MIXES {
                        println!("  {name:<16}  {about}");
                    }
                    print!("{OPTIONS}");
                    return Ok(None);
                }
                other => return Err(other.unexpected().into()),
            }
        }
        if !flags.hub.exists() {
            let hub = flags.hub.display();
            return Err(format!("{hub} does not exist: build the program `hub`, see --help").into());
        }
        Ok(Some(flags))
    }
}

fn mixes(names: &str) -> Result<Vec<&'static Mix>, Error> {
    let find = |name: &str| {
        let mix = MIXES.iter().find(|mix| mix.name == name);
        mix.ok_or_else(|| format!("unknown mix {name:?}; --help lists them").into())
    };
    names.split(',').map(find).collect()
}

fn at_least_one<N: std::str::FromStr + PartialOrd + From<u8>>(
    text: &str,
    most: N,
) -> Result<N, &'static str> {
    text.parse().ok().filter(|number| *number >= N::from(1) && *number <= most).ok_or("not a number in range")
}
