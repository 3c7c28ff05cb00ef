//! Uploads: a client asks for a form, posts its file to the bucket, and a worker decides what
//! becomes of it. `created → uploaded → validating → ready | rejected`.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`Upload`] | data | `usr_…` | `upload#upl_…` (index `due`, shards `upl#0` … `upl#3`) |
//!
//! The row of an upload is also that of its media: `upl_X` becomes `med_X`. It counts the
//! messages that carry it; as long as there is none, the index `due` knows when it goes.

mod clean;
pub mod film;
mod media;
mod picture;
mod post;
mod row;
pub mod sound;
#[cfg(test)]
mod tests;
mod validate;

pub use clean::{Cleaned, clean};
pub use media::MediaType;
pub use picture::{Picture, SIZES, process};
pub use post::{NewUpload, Purpose, UploadForm, UploadProgress, complete, create};
pub use row::{Media, State, Upload};
pub use validate::{Event, validate};
