//! People, as administrators find them, see them and act on them.

mod measures;
mod search;
mod view;

pub use measures::carry_out;
pub use search::{PeopleFilter, PeopleFound, PersonRow, search};
pub use view::{PersonView, Registry, view};
