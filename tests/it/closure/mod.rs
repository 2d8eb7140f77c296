//! What files need of others, told for trees on disk: compared with the system's
//! own loaders, and for small applications made of a few files.

mod disk;
mod loaders;
mod node;
mod python;
mod written;
