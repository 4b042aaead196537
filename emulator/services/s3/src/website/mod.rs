//! Static websites: the configuration (`config`), the redirects that rules ask for (`route`), the endpoint that serves them (`door`) and the
//! pages that tell what went wrong (`page`).

mod config;
mod door;
mod page;
mod route;

pub(crate) use door::WebsiteDoor;
