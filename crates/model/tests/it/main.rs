//! The model's tests: the promises hold, each guard is needed, the reductions leave nothing out.

mod guards;
mod promises;
mod reductions;
