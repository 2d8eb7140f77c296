//! What scripts of an image need.
//!
//! [`shebang()`] names the interpreter of a script, [`shell()`] what a shell script runs, sources and
//! names, [`perl()`], [`ruby()`] and [`php()`] what sources in these languages load, [`calls()`] what
//! those in Python and JavaScript start. The interpreter of
//! a script may be a script again: whoever asks goes on with each file that is needed.

mod calls;
mod environment;
pub mod perl;
pub mod php;
pub mod ruby;
mod shebang;
pub mod shell;
mod source;

pub use calls::{Call, calls, quoted};
pub use environment::Environment;
pub(in crate::closure) use environment::clean;
pub use perl::perl;
pub use php::{php, php_settings};
pub use ruby::ruby;
pub use shebang::{Shebang, shebang};
pub use shell::{CommandLine, Shell, Sourced, Unknown, shell};
