use events::names::{InvalidName, Name, fold, key, nfc};
use proptest::prelude::*;

fn shown(text: &str) -> Result<String, InvalidName> {
    Name::new(text, 20).map(|name| name.as_str().to_owned())
}

#[test]
fn a_name_is_shown_as_it_was_written_in_one_form() {
    for (text, name) in [
        ("Chair", "Chair"),
        ("  Big \u{a0}  Chair ", "Big Chair"),
        ("cafe\u{301}", "caf\u{e9}"),
        ("Stra\u{df}e", "Stra\u{df}e"),
        ("\u{1f980}", "\u{1f980}"),
    ] {
        assert_eq!(shown(text).as_deref(), Ok(name), "{text:?}");
    }
}

#[test]
fn what_can_not_be_seen_is_no_name() {
    for text in ["", "  ", "\u{a0}\u{3000}"] {
        assert_eq!(shown(text), Err(InvalidName::Empty), "{text:?}");
    }
    for hidden in [
        '\u{0}',
        '\t',
        '\n',
        '\u{7f}',
        '\u{85}',
        '\u{ad}',
        '\u{34f}',
        '\u{61c}',
        '\u{115f}',
        '\u{180e}',
        '\u{200b}',
        '\u{200d}',
        '\u{200e}',
        '\u{202e}',
        '\u{2028}',
        '\u{2029}',
        '\u{2060}',
        '\u{2066}',
        '\u{2800}',
        '\u{3164}',
        '\u{fe0f}',
        '\u{feff}',
        '\u{ffa0}',
        '\u{e0041}',
    ] {
        // At the ends, white space is trimmed before.
        let text = format!("ch{hidden}air");
        assert_eq!(
            shown(&text),
            Err(InvalidName::Character(hidden)),
            "{text:?}"
        );
        if !hidden.is_whitespace() {
            let alone = hidden.to_string();
            assert_eq!(shown(&alone), Err(InvalidName::Character(hidden)));
        }
    }
    assert_eq!(shown(&"x".repeat(21)), Err(InvalidName::TooLong(20)));
    // Twenty characters once they are put together.
    assert!(shown(&"e\u{301}".repeat(20)).is_ok());
}

#[test]
fn names_that_look_or_read_alike_are_one() {
    for spelling in [
        "CHAIR",
        " chair ",
        "chair\u{200b}",
        "\u{feff}chair",
        "\u{ff43}\u{ff48}\u{ff41}\u{ff49}\u{ff52}",
    ] {
        assert_eq!(key(spelling), "chair", "{spelling:?}");
    }
    assert_eq!(key("Caf\u{e9}"), key("CAFE\u{301}"));
    assert_eq!(key("Stra\u{df}e"), key("STRASSE"));
    assert_eq!(key("\u{3a3}\u{399}\u{3a3}"), key("\u{3c3}\u{3b9}\u{3c2}"));
    assert_eq!(key("home  office"), key("Home\u{a0}Office"));
    assert_ne!(key("chair"), key("chairs"));
    assert_ne!(key("cafe"), key("caf\u{e9}"));
}

#[test]
fn a_text_is_searched_without_case_and_with_its_lines() {
    assert_eq!(fold("Two\nLines"), "two\nlines");
    assert_eq!(fold("CAFE\u{301}\nx"), "caf\u{e9}\nx");
}

proptest! {
    #[test]
    fn a_key_has_its_own_key_and_forms_do_not_matter(text in any::<String>()) {
        let once = key(&text);
        prop_assert_eq!(key(&once), once.clone(), "{:?}", text);
        prop_assert_eq!(key(&nfc(&text)), once, "{:?}", text);
    }

    #[test]
    fn a_name_is_its_own_name(text in any::<String>()) {
        if let Ok(name) = Name::new(&text, usize::MAX) {
            prop_assert_eq!(Name::new(name.as_str(), usize::MAX), Ok(name.clone()), "{:?}", text);
            prop_assert_eq!(name.key(), key(&text));
        }
    }
}
