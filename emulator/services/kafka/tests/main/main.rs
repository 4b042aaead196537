//! MSK from outside: clusters by their API, and the broker behind them by librdkafka with IAM tokens.

mod clusters;
mod desk;
mod iam;
mod outside;
mod reader;
mod safe;
mod scram;
