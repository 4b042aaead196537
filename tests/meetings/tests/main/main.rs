//! Services as they meet: real ones in one cloud, with IAM's decider, on a frozen clock. What one of them does alone is tested beside it,
//! with fakes of the others; here are the envelopes, permissions and keys that only show between two.

mod apis;
mod bucket_tags;
mod bus;
mod crawls;
mod destinations;
mod event_workflows;
mod federation;
mod firewall;
mod function_urls;
mod functions;
mod identities;
mod keys;
pub mod metrics;
mod pollers;
mod pool_triggers;
mod queue_events;
mod recorded;
mod replicas;
mod scaling;
mod secrets;
mod square;
mod stacks;
mod stream_mappings;
mod topics;
mod user_pools;
