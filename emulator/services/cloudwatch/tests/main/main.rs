//! Metrics, alarms and dashboards as their users see them.

mod alarms;
mod composite;
mod crash;
mod dashboards;
mod desk;
mod emission;
mod metrics;
mod recorded;
