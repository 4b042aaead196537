//! Queues as their callers see them.

mod crash;
mod desk;
mod fifo;
mod http;
mod kms;
mod moves;
mod quotas;
mod recorded;
mod standard;
mod wire;
