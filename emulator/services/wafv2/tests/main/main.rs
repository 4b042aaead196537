//! WAFv2: statements against requests, the control plane, what is told, and the firewall as services ask it.

mod actions;
mod control;
mod corpora;
mod desk;
mod figures;
mod managed;
mod rates;
mod references;
mod statements;
mod told;
