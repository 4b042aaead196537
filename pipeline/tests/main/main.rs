//! Black-box tests of the whole: the pipeline deployed into a cloud in this process, unmodified clients outside, scenarios, roles with a
//! statement taken away, the switch to AWS, and nonsense.
//!
//! One binary, because each would link the whole emulator. What a machine may lack (Python, boto3, Node) is skipped with a sentence,
//! unless WINDTUNNEL_CI=1: there it is installed, and lacking it is a failure.

// What is tested is real code for real AWS, and other people's programs: real time passes here.
#![allow(clippy::disallowed_methods)]

mod bad_input;
mod browser;
mod clients;
mod deploy_aws;
mod http;
mod least_privilege;
mod pictures;
mod programs;
mod real_keys;
mod scenarios;
mod sdk;
mod standing;
mod template;
