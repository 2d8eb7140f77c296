//! Pages for a browser: one file each, with nothing to fetch.
//!
//! A page is static HTML, which says all without a script, and maps of bytes,
//! which a script draws from data that the page holds. Names in images come
//! from strangers: markup is made of `&'static str` alone, texts are escaped on
//! their way in, the data are base64, and the script never makes markup of
//! them. A policy in the page allows its own style and script and nothing else.

mod difference;
mod image;
mod map;
mod page;
mod table;

pub use difference::write as write_difference;
pub use image::write;
