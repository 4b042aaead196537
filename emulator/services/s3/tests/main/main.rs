//! S3 as its callers see it: signed HTTP through the gateway, on a frozen clock, with fakes of the ports it uses.

mod acls;
mod buckets;
mod conditions;
mod configurations;
mod cors;
mod crash;
mod damage;
mod desk;
mod encryption;
mod event_bridge;
mod forms;
mod http;
mod integrity;
mod keys;
mod lifecycle;
mod listing;
mod lock;
mod multipart;
mod notifications;
mod objects;
mod policies;
mod policy_decider;
mod recorded;
mod versions;
