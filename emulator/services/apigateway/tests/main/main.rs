//! APIs as their makers and callers see them, below HTTP: the control plane through the Directory, the data plane through its door,
//! functions and user pools played by fakes.

mod answers;
mod authorizers;
mod caches;
mod compressed;
mod control;
mod definitions;
mod desk;
mod domains;
mod exact_answers;
mod figures;
mod integrations;
mod judges;
mod limits;
mod logs;
mod mirror;
mod played;
mod player;
mod recorded;
mod recorded_requests;
mod replay;
mod replay_methods;
mod replay_more;
mod roles;
mod serve;
mod validators;
