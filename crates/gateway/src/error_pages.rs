//! The pages of `docs/errors/`, one for each problem code, inside the program.

use include_dir::{Dir, File, include_dir};

static PAGES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../docs/errors");

const INDEX: &str = "README";

/// The list of all pages.
pub(crate) fn index() -> &'static str {
    page_named(INDEX).unwrap_or_default()
}

/// The page of `code`.
pub(crate) fn page(code: &str) -> Option<&'static str> {
    codes().find(|known| *known == code).and_then(page_named)
}

/// All codes that have a page.
pub fn codes() -> impl Iterator<Item = &'static str> {
    let name = |file: &'static File<'_>| file.path().to_str()?.strip_suffix(".md");
    PAGES.files().filter_map(name).filter(|name| *name != INDEX)
}

fn page_named(name: &str) -> Option<&'static str> {
    PAGES.get_file(format!("{name}.md"))?.contents_utf8()
}
