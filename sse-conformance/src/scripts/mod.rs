//! Servers that follow a script: [`memory`] without sockets, for paused time; [`socket`] on a socket, byte by byte.

pub mod memory;
pub mod socket;
