//! HTTP APIs as their makers and callers see them, below HTTP: the control plane through the Directory, the data plane through its door,
//! functions and user pools played by fakes.

mod control;
mod desk;
mod exact_answers;
mod guards;
mod imports;
mod serve;
