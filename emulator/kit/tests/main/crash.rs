//! Nothing that was acknowledged is lost: `process` when the process is killed, `power` when the machine stops.

mod kill;
mod power;
mod workload;
