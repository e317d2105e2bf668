//! What is published, one byte each.

use std::fmt;

/// An event of the choreography, as far as the model needs it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Message {
    /// An order was placed.
    OrderCreate { order: u8 },
    /// It took a step.
    OrderUpdate { order: u8, step: Step },
    /// It was decided. `id` tells one saying of a decision from another: 1 is the first's.
    OrderStatusUpdate { order: u8, accepted: bool, id: u8 },
    /// A product's state, whole.
    Product {
        product: u8,
        version: u8,
        quantity: u8,
    },
}

/// A step of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Rejected,
    Accepted,
    Cancelled,
}

impl Message {
    /// The order that a record of the order topic is about.
    pub(crate) const fn order(byte: u8) -> u8 {
        byte & 0x3
    }

    pub(crate) const fn to_byte(self) -> u8 {
        match self {
            Self::OrderCreate { order } => order,
            Self::OrderUpdate { order, step } => 0x20 | order | (step as u8) << 2,
            Self::OrderStatusUpdate {
                order,
                accepted,
                id,
            } => 0x40 | order | (accepted as u8) << 2 | (id & 0x7) << 3,
            Self::Product {
                product,
                version,
                quantity,
            } => 0x80 | product | (version & 0x7) << 1 | (quantity & 0x7) << 4,
        }
    }

    pub(crate) const fn from_byte(byte: u8) -> Self {
        if byte & 0x80 != 0 {
            Self::Product {
                product: byte & 1,
                version: byte >> 1 & 0x7,
                quantity: byte >> 4 & 0x7,
            }
        } else if byte & 0x40 != 0 {
            Self::OrderStatusUpdate {
                order: byte & 0x3,
                accepted: byte & 0x4 != 0,
                id: byte >> 3 & 0x7,
            }
        } else if byte & 0x20 != 0 {
            Self::OrderUpdate {
                order: Self::order(byte),
                step: match byte >> 2 & 0x3 {
                    0 => Step::Rejected,
                    1 => Step::Accepted,
                    _ => Step::Cancelled,
                },
            }
        } else {
            Self::OrderCreate { order: byte }
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OrderCreate { order } => write!(f, "OrderCreate {order}"),
            Self::OrderUpdate { order, step } => write!(f, "OrderUpdate {order} {step:?}"),
            Self::OrderStatusUpdate {
                order,
                accepted,
                id,
            } => {
                let outcome = if *accepted { "ACCEPTED" } else { "REJECTED" };
                write!(f, "order {order} {outcome} (saying {id})")
            }
            Self::Product {
                product,
                version,
                quantity,
            } => write!(f, "product {product} v{version}: {quantity}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_what_it_was() {
        let mut all = vec![];
        for order in 0..3 {
            all.push(Message::OrderCreate { order });
            for step in [Step::Rejected, Step::Accepted, Step::Cancelled] {
                all.push(Message::OrderUpdate { order, step });
            }
            for (accepted, id) in [(true, 1), (false, 1), (true, 7)] {
                all.push(Message::OrderStatusUpdate {
                    order,
                    accepted,
                    id,
                });
            }
        }
        for product in 0..2 {
            for (version, quantity) in [(1, 2), (7, 0), (3, 7)] {
                all.push(Message::Product {
                    product,
                    version,
                    quantity,
                });
            }
        }
        for message in all {
            assert!(
                Message::from_byte(message.to_byte()) == message,
                "{message}"
            );
        }
    }
}
