//! What files need of others, told for trees on disk: compared with the system's
//! own loaders.

mod disk;
mod loaders;
