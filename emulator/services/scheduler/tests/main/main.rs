//! Scheduler as a caller sees it, below HTTP: through the Directory, on a frozen clock, with fakes of the targets that it calls.

mod desk;
mod groups;
mod invocations;
mod schedules;
mod timing;
