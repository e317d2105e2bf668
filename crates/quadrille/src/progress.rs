//! Bars for work that takes its time. They are drawn on a terminal's stderr only, so what a
//! command prints stays clean.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar for `what` of which there are `total`.
pub(crate) fn bar(what: &'static str, total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total);
    let template = "  {msg:24} {bar:30} {human_pos}/{human_len} {per_sec:>12} {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
