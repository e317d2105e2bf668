//! How an order is to be paid for and where it goes, as its customer says it, every field looked at.

use events::names::Name;
use events::{Address, Country, PaymentChoice};
use thiserror::Error;

/// The longest name, street and city, in characters.
const LONGEST: usize = 200;
/// The longest postal code, in characters.
const LONGEST_POSTAL_CODE: usize = 20;
/// The longest token of a card, in characters.
const LONGEST_TOKEN: usize = 255;

/// A field that is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{why}")]
pub struct InvalidCheckout {
    /// Its path.
    pub field: &'static str,
    /// What is wrong with it.
    pub why: String,
}

/// The payment by the card that the provider knows by `token`.
///
/// # Errors
/// When it is no token.
pub fn card(token: String) -> Result<PaymentChoice, InvalidCheckout> {
    let fits = (1..=LONGEST_TOKEN).contains(&token.len());
    if fits && token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(PaymentChoice::Card { token });
    }
    let field = "payment.token";
    let why = format!("{field} must have 1 to {LONGEST_TOKEN} visible ASCII characters");
    Err(InvalidCheckout { field, why })
}

/// `written` with every field in the form in which it is kept.
///
/// # Errors
/// The first field that is not taken.
pub fn address(written: &Address) -> Result<Address, InvalidCheckout> {
    let text = |field, text: &str, longest| match Name::new(text, longest) {
        Ok(text) => Ok(text.to_string()),
        Err(invalid) => Err(InvalidCheckout {
            field,
            why: invalid.sentence(field),
        }),
    };
    let country = written.country.trim().to_ascii_uppercase();
    // It also knows a country that says that there is none.
    let known = country
        .parse::<Country>()
        .is_ok_and(|it| it != Country::Unspecified);
    if !known {
        let field = "delivery.country";
        let why = format!("{field} must be a code of ISO 3166-1 alpha-2, such as \"DE\"");
        return Err(InvalidCheckout { field, why });
    }
    Ok(Address {
        name: text("delivery.name", &written.name, LONGEST)?,
        street: text("delivery.street", &written.street, LONGEST)?,
        city: text("delivery.city", &written.city, LONGEST)?,
        postal_code: text(
            "delivery.postal_code",
            &written.postal_code,
            LONGEST_POSTAL_CODE,
        )?,
        country,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> Address {
        Address {
            name: " Ann  Example".to_owned(),
            street: "1 High Street".to_owned(),
            city: "Bristol".to_owned(),
            postal_code: "BS1 1AA".to_owned(),
            country: "gb".to_owned(),
        }
    }

    fn part<'a>(address: &'a mut Address, field: &str) -> &'a mut String {
        match field {
            "name" => &mut address.name,
            "street" => &mut address.street,
            "city" => &mut address.city,
            "postal_code" => &mut address.postal_code,
            _ => &mut address.country,
        }
    }

    #[test]
    fn an_address_is_kept_in_one_form() {
        let kept = address(&written()).unwrap();
        assert_eq!((&*kept.name, &*kept.country), ("Ann Example", "GB"));
    }

    #[test]
    fn every_field_is_looked_at() {
        let long = "x".repeat(LONGEST + 1);
        for field in ["name", "street", "city", "postal_code", "country"] {
            for wrong in ["", " ", "a\u{202e}b", "a\nb", &long] {
                let mut address_of = written();
                wrong.clone_into(part(&mut address_of, field));
                let refused = address(&address_of).unwrap_err();
                assert_eq!(refused.field, format!("delivery.{field}"), "{wrong:?}");
                assert!(refused.why.contains(field), "{refused}");
            }
        }
        for wrong in ["Germany", "XX", "ZZ", "D", "276"] {
            let mut address_of = written();
            wrong.clone_into(&mut address_of.country);
            assert_eq!(
                address(&address_of).unwrap_err().field,
                "delivery.country",
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_cards_token_is_one_visible_word() {
        assert!(card("tok_ok".to_owned()).is_ok());
        for wrong in [
            "",
            "tok ok",
            "tok\n",
            "t\u{f6}k",
            &"x".repeat(LONGEST_TOKEN + 1),
        ] {
            assert_eq!(card(wrong.to_owned()).unwrap_err().field, "payment.token");
        }
    }
}
