//! The flags of servers that send something at an interval.

use std::{num::NonZeroU32, time::Duration};

use lexopt::prelude::*;

use super::cli;

pub(crate) struct Flags {
    pub(crate) addr: String,
    pub(crate) interval: Duration,
}

impl Flags {
    /// None if `help` was asked for, and is shown.
    pub(crate) fn read(help: &str, default_interval: Duration) -> Result<Option<Self>, lexopt::Error> {
        let mut flags = Self { addr: "127.0.0.1:8080".into(), interval: default_interval };
        let mut args = lexopt::Parser::from_env();
        while let Some(arg) = args.next()? {
            match arg {
                Long("addr") => flags.addr = args.value()?.string()?,
                Long("interval") => {
                    let millis: NonZeroU32 = args.value()?.parse()?;
                    flags.interval = Duration::from_millis(millis.get().into());
                }
                Short('h') | Long("help") => {
                    cli::say(help);
                    return Ok(None);
                }
                other => return Err(other.unexpected()),
            }
        }
        Ok(Some(flags))
    }
}
