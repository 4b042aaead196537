//! Provisioned concurrency that follows alarms, bounds and schedules.

mod desk;
mod policies;
mod targets;
