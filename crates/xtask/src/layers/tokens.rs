//! Rust source as words: enough to see paths, with comments and strings left out.

/// An identifier, or one punctuation character (`::` is one token).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    /// From 1.
    pub(crate) line: usize,
}

/// The tokens of `source`; numbers count as identifiers, lifetimes and literals are left out.
pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = source;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            c if c.is_whitespace() => c.len_utf8(),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment(rest),
            '"' => string(rest),
            '\'' => character_or_lifetime(rest),
            c if c == '_' || c.is_alphanumeric() => {
                let word = word(rest);
                raw_string(rest, word).unwrap_or_else(|| {
                    found.push(Token {
                        text: &rest[..word],
                        line,
                    });
                    word
                })
            }
            c => {
                let length = if rest.starts_with("::") {
                    2
                } else {
                    c.len_utf8()
                };
                found.push(Token {
                    text: &rest[..length],
                    line,
                });
                length
            }
        };
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    found
}

fn word(rest: &str) -> usize {
    rest.find(|c: char| c != '_' && !c.is_alphanumeric())
        .unwrap_or(rest.len())
}

fn block_comment(rest: &str) -> usize {
    let (mut at, mut depth) = (2, 1);
    while depth > 0 && at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
        } else if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else {
            at += 1;
        }
    }
    at
}

/// The length of a string that begins with a quote.
fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of `r"..."`, `br#"..."#` and the like when `rest` begins with one.
fn raw_string(rest: &str, word: usize) -> Option<usize> {
    if !matches!(&rest[..word], "r" | "br" | "cr") {
        return None;
    }
    let after = &rest[word..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = body.find(&close).map_or(body.len(), |at| at + close.len());
    Some(word + hashes + 1 + end)
}

fn character_or_lifetime(rest: &str) -> usize {
    let mut characters = rest.char_indices().skip(1);
    match characters.next() {
        Some((_, '\\')) => {
            // The escaped character itself may be a quote.
            characters.next();
            characters
                .find(|(_, c)| *c == '\'')
                .map_or(rest.len(), |(at, _)| at + 1)
        }
        Some((_, _)) => match characters.next() {
            Some((at, '\'')) => at + 1,
            _ => 1 + word(&rest[1..]),
        },
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<&str> {
        tokens(source).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_strings_characters_and_lifetimes_are_left_out() {
        let source = "fn a<'b>(c: &'b str) { // bson\n /* bson /* bson */ bson */ x('\"', '\\'', 'b', \"bson\\\" bson\", r#\"bson \"# , br\"bson\") }";
        let expected = [
            "fn", "a", "<", ">", "(", "c", ":", "&", "str", ")", "{", "x", "(", ",", ",", ",", ",",
            ",", ")", "}",
        ];
        assert_eq!(words(source), expected);
    }

    #[test]
    fn paths_are_seen_and_longer_words_are_other_words() {
        assert_eq!(words("mongodb::bson"), ["mongodb", "::", "bson"]);
        assert_eq!(words("mongodb_uri"), ["mongodb_uri"]);
    }

    #[test]
    fn lines_are_counted_from_one() {
        let lines: Vec<_> = tokens("a\n\n\"x\ny\" b")
            .iter()
            .map(|token| token.line)
            .collect();
        assert_eq!(lines, [1, 4]);
    }
}
