//! How a customer says to pay, and where the order goes: one form for every route that takes it.

use std::fmt;

use events::names::Name;
use events::{Address, Country, PaymentChoice};
use serde::Deserialize;
use service::http::Problem;
use utoipa::ToSchema;

/// The longest token of a card, in characters.
const LONGEST_TOKEN: usize = 200;
/// The longest name, street and city, in characters.
const LONGEST: usize = 200;
/// The longest postal code, in characters.
const LONGEST_POSTAL_CODE: usize = 20;

/// How an order is to be paid for.
#[derive(Deserialize, ToSchema)]
#[schema(as = OrderPayment)]
#[serde(tag = "method", rename_all = "lowercase", deny_unknown_fields)]
pub enum PaymentBody {
    /// By a card.
    Card {
        /// The provider's name for the card: 1 to 200 visible ASCII characters.
        #[schema(example = "tok_ok", min_length = 1, max_length = 200)]
        token: String,
    },
    /// From the caller's balance in the shop.
    Balance {},
    /// Within the payment window, by `POST /api/orders/{id}/payment`.
    Later {},
}

/// Where an order goes.
#[derive(Deserialize, ToSchema)]
#[schema(as = OrderDelivery)]
#[serde(deny_unknown_fields)]
pub struct AddressBody {
    /// Who receives it.
    #[schema(example = "Ann Example", min_length = 1, max_length = 200)]
    name: String,
    /// Street and number.
    #[schema(example = "1 High Street", min_length = 1, max_length = 200)]
    street: String,
    /// The town.
    #[schema(example = "Bristol", min_length = 1, max_length = 200)]
    city: String,
    /// Its postal code.
    #[schema(example = "BS1 1AA", min_length = 1, max_length = 20)]
    postal_code: String,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "GB", min_length = 2, max_length = 2)]
    country: String,
}

// Neither is to be seen in a log.
impl fmt::Debug for PaymentBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PaymentBody(***)")
    }
}

impl fmt::Debug for AddressBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AddressBody(***)")
    }
}

impl PaymentBody {
    /// What is chosen.
    ///
    /// # Errors
    /// `invalid-body` when the token can't be one.
    pub fn choice(self) -> Result<PaymentChoice, Problem> {
        match self {
            Self::Balance {} => Ok(PaymentChoice::Balance),
            Self::Later {} => Ok(PaymentChoice::Later),
            Self::Card { token } => {
                let fits = (1..=LONGEST_TOKEN).contains(&token.len());
                if fits && token.bytes().all(|byte| byte.is_ascii_graphic()) {
                    return Ok(PaymentChoice::Card { token });
                }
                let must = format!("must have 1 to {LONGEST_TOKEN} visible ASCII characters");
                Err(invalid("payment.token", &must))
            }
        }
    }
}

impl AddressBody {
    /// The address, every field in the form in which it is kept.
    ///
    /// # Errors
    /// `invalid-body` with the first field that can't be taken as the member `field`.
    pub fn address(&self) -> Result<Address, Problem> {
        let text = |field, text: &str, longest| match Name::new(text, longest) {
            Ok(text) => Ok(text.to_string()),
            Err(why) => Err(of_field(field, why.sentence(field))),
        };
        let country = self.country.trim().to_ascii_uppercase();
        // `Country` has a variant for no country, too.
        let known = country
            .parse::<Country>()
            .is_ok_and(|it| it != Country::Unspecified);
        if !known {
            let must = "must be a code of ISO 3166-1 alpha-2, such as \"DE\"";
            return Err(invalid("delivery.country", must));
        }
        Ok(Address {
            name: text("delivery.name", &self.name, LONGEST)?,
            street: text("delivery.street", &self.street, LONGEST)?,
            city: text("delivery.city", &self.city, LONGEST)?,
            postal_code: text(
                "delivery.postal_code",
                &self.postal_code,
                LONGEST_POSTAL_CODE,
            )?,
            country,
        })
    }
}

fn invalid(field: &'static str, must: &str) -> Problem {
    of_field(field, format!("{field}: {must}"))
}

fn of_field(field: &'static str, sentence: String) -> Problem {
    Problem::invalid_body()
        .detail(sentence)
        .with("field", field)
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::response::IntoResponse;
    use serde_json::Value;

    use super::*;

    fn written() -> AddressBody {
        AddressBody {
            name: " Ann  Example".to_owned(),
            street: "1 High Street".to_owned(),
            city: "Bristol".to_owned(),
            postal_code: "BS1 1AA".to_owned(),
            country: "gb".to_owned(),
        }
    }

    fn part<'a>(address: &'a mut AddressBody, field: &str) -> &'a mut String {
        match field {
            "name" => &mut address.name,
            "street" => &mut address.street,
            "city" => &mut address.city,
            "postal_code" => &mut address.postal_code,
            _ => &mut address.country,
        }
    }

    /// The member `field` of what is answered.
    async fn field<T: fmt::Debug>(refused: Result<T, Problem>) -> Value {
        let answer = refused.unwrap_err().into_response();
        assert_eq!(answer.status(), 422);
        let body = to_bytes(answer.into_body(), 10_000).await.unwrap();
        let mut body: Value = serde_json::from_slice(&body).unwrap();
        body["field"].take()
    }

    #[test]
    fn an_address_is_kept_in_one_form() {
        let kept = written().address().unwrap();
        assert_eq!((&*kept.name, &*kept.country), ("Ann Example", "GB"));
    }

    #[tokio::test]
    async fn every_field_is_looked_at() {
        let long = "x".repeat(LONGEST + 1);
        for name in ["name", "street", "city", "postal_code", "country"] {
            for wrong in ["", " ", "a\u{202e}b", "a\nb", &long] {
                let mut address = written();
                wrong.clone_into(part(&mut address, name));
                let refused = field(address.address()).await;
                assert_eq!(refused, format!("delivery.{name}"), "{wrong:?}");
            }
        }
        for wrong in ["Germany", "XX", "ZZ", "D", "276"] {
            let mut address = written();
            wrong.clone_into(&mut address.country);
            let refused = field(address.address()).await;
            assert_eq!(refused, "delivery.country", "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_cards_token_is_one_visible_word() {
        let card = |token: &str| {
            let token = token.to_owned();
            PaymentBody::Card { token }.choice()
        };
        assert!(card("tok_ok").is_ok());
        let long = "x".repeat(LONGEST_TOKEN + 1);
        for wrong in ["", "tok ok", "tok\n", "t\u{f6}k", &long] {
            assert_eq!(field(card(wrong)).await, "payment.token", "{wrong:?}");
        }
    }
}
