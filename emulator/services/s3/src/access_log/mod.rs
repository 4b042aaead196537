//! Server access logging: the configuration (`config`), a line for each request to a logged bucket (`line`), and the delivery of lines into
//! the target bucket (`delivery`), by a task on the cloud's clock.

mod config;
