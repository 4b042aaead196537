//! Static websites: the configuration (`config`), which key or redirect a request leads to (`route`), the endpoint that serves them
//! (`door`) and the pages that tell what went wrong (`page`).

mod config;
