//! EventBridge as a caller sees it, below HTTP: through the Directory, on a frozen clock, with fakes of the targets that it sends to.

mod archives;
mod buses;
mod delivery;
mod desk;
mod recorded;
mod rules;
mod schedules;
mod targets;
