//! Questions to a running container, and whether two containers answer them alike.
//!
//! A [`Plan`] is what is asked; it comes from the command line, from a file, from an OpenAPI
//! document, or from links that are followed. [`ask`] asks a [`Target`] all of it and gives an
//! [`Outcome`] for each question; [`compare`] tells where the outcomes of two targets differ,
//! but for what differs each time.

mod answer;
mod ask;
mod compare;
mod crawl;
mod error;
mod file;
mod http;
mod line;
mod openapi;
mod plan;
mod proxy;
mod target;
mod words;

pub use answer::{Answer, Outcome};
pub use ask::{Asked, Manner, ask};
pub use compare::{Deviation, compare};
pub use crawl::links;
pub use error::{Failed, ProbeError};
pub use file::{parse as parse_file, read as read_file};
pub use line::{exec, host, http, tcp};
pub use openapi::requests as openapi_requests;
pub use plan::{Exec, Host, Http, OpenApiSource, Plan, Probe, Tcp};
pub use proxy::{Place, publish};
pub use target::{Ended, Ran, Target};
