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
Kills servers and Redis under a hub, and checks that no client loses, doubles or reorders an event untold.

Usage: kill [--mix NAME[,NAME]] [--duration S] [--clients N] [--seed N] [more]

Starts a redis-server and three processes of the program `hub` for each mix of faults, all of its own and on
free ports. Clients listen to topics, leave at random, and come back at any server with the id of the last
event that they saw. Publishers post events to any server. Meanwhile it makes faults. At the end each topic
gets a last event, for which each client waits. Then it reads what each of them saw, and prints a line:

  lost        events that a client did not see, and was not told to miss by a gap
  doubled     events that a client saw twice, or that are in the log twice
  reordered   events that came after a later one
  reused      positions at which two different events were seen
  false gaps  gaps where nothing was done that could take events away, or nothing was missing; but each time that a
              log began anew, or Redis came back with an older state, a client may be told that it missed something
              also if it had seen everything
  other       gaps with a wrong number, events that were refused but came, answers that no server should
              give, and clients that waited for the last event in vain

The exit code is 1 if any of these is not 0. Then the logs of all clients and publishers are kept. The same
seed makes the same faults at the same times, but what they hit depends on the machine.

Build the program first: cargo build --release --example hub --features redis
";

const OPTIONS: &str = "
Options:
  --mix NAMES       Mixes of faults, separated by commas [default: all of them, one after the other]
  --duration S      Seconds that each mix takes, at least 1 [default: 60]
  --clients N       Clients [default: 200]
  --publishers N    Publishers, at most 250 [default: 4]
  --topics N        Topics [default: 8]
  --rate N          Events in a second that each publisher publishes, about [default: 25]
  --servers N       Processes of `hub`, at most 250 [default: 3]
  --seed N          Where the randomness begins [default: another one each time; it is printed]
  --hub PATH        The program `hub` [default: examples/hub in the directory of this program]
  --redis PATH      redis-server, 7.0 or newer, or valkey-server [default: redis-server]
  --dir DIR         Where the data of Redis and the logs are [default: a new one for temporary files]
  --keep            Keep the logs also if all is well
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
    /// None: it was asked for help, and has given it.
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
            return Err(format!("there is no {hub}: build the program `hub`, see --help").into());
        }
        Ok(Some(flags))
    }
}

fn mixes(names: &str) -> Result<Vec<&'static Mix>, Error> {
    let find = |name: &str| {
        let mix = MIXES.iter().find(|mix| mix.name == name);
        mix.ok_or_else(|| format!("there is no mix {name:?}; --help lists them").into())
    };
    names.split(',').map(find).collect()
}

fn at_least_one<N: std::str::FromStr + PartialOrd + From<u8>>(
    text: &str,
    most: N,
) -> Result<N, &'static str> {
    text.parse().ok().filter(|number| *number >= N::from(1) && *number <= most).ok_or("not a number in range")
}
