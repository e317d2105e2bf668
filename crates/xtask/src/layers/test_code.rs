//! What only tests see is left out.

use super::tokens::Token;

/// The tokens without the items, fields and statements under `#[cfg(test)]`.
pub(crate) fn without_tests<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut kept = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        if is_for_tests(&tokens[at..]) {
            at = end_of_item(tokens, at);
        } else {
            kept.push(tokens[at]);
            at += 1;
        }
    }
    kept
}

fn is_for_tests(tokens: &[Token<'_>]) -> bool {
    let begins_with = |words: &[&str]| {
        let mut texts = tokens.iter().map(|token| token.text);
        words.iter().all(|word| texts.next() == Some(*word))
    };
    begins_with(&["#", "[", "cfg", "(", "test", ")", "]"])
        || begins_with(&["#", "[", "cfg", "(", "all", "(", "test"])
}

/// Behind the item whose attributes begin at `at`.
fn end_of_item(tokens: &[Token<'_>], mut at: usize) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    while text(at) == "#" {
        at = behind_brackets(tokens, at + 1);
    }
    loop {
        match (text(at), text(at + 1)) {
            ("pub", "(") => at = behind_brackets(tokens, at + 1),
            ("pub" | "async" | "unsafe" | "extern", _) | ("const", "fn" | "async" | "unsafe") => {
                at += 1;
            }
            _ => break,
        }
    }
    let (has_body, has_comma) = match text(at) {
        "fn" | "struct" | "enum" | "union" | "trait" | "impl" | "mod" | "macro_rules" => {
            (true, false)
        }
        "use" | "let" | "const" | "static" | "type" => (false, false),
        _ => (true, true),
    };
    while at < tokens.len() {
        match text(at) {
            ";" => return at + 1,
            "," if has_comma => return at + 1,
            "}" | ")" | "]" => return at,
            "{" if has_body => return behind_brackets(tokens, at),
            "{" | "(" | "[" => at = behind_brackets(tokens, at),
            _ => at += 1,
        }
    }
    at
}

/// Behind the bracket that closes the one at `at`.
pub(crate) fn behind_brackets(tokens: &[Token<'_>], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token.text {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokens;
    use super::*;

    fn kept(source: &str) -> String {
        let words = without_tests(&tokens(source));
        let words: Vec<_> = words.into_iter().map(|token| token.text).collect();
        words.join(" ")
    }

    #[test]
    fn items_for_tests_are_left_out_to_their_end_and_no_further() {
        let source =
            "#[cfg(test)] use a::{b, c}; #[cfg(test)] #[derive(X)] pub(crate) struct D { e: F }
            #[cfg(test)] const G: H = H { i: 1 }; #[cfg(test)] pub const fn j<K, L>() -> M { n() }
            #[cfg(all(test, unix))] mod tests; fn rest() {}";
        assert_eq!(kept(source), "fn rest ( ) { }");
    }

    #[test]
    fn fields_and_statements_for_tests_are_left_out() {
        let source = "struct A { #[cfg(test)] b: C, d: E, #[cfg(test)] f: G } \
                      fn h() { #[cfg(test)] let i = J { k: 1 }; l() }";
        assert_eq!(kept(source), "struct A { d : E , } fn h ( ) { l ( ) }");
    }

    #[test]
    fn what_is_not_for_tests_stays() {
        let source = "#[cfg(not(test))] fn a() {}";
        assert_eq!(kept(source), "# [ cfg ( not ( test ) ) ] fn a ( ) { }");
    }
}
