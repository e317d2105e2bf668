//! Stock as it must be once a service has recovered what it published.

/// A product's stock. What accepted orders were given is the difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StockBalance {
    /// How many can still be promised.
    pub quantity: u64,
    /// How many were ever put in; never less than `quantity`.
    pub stocked: u64,
}

impl StockBalance {
    /// What accepted orders were given.
    pub fn given(self) -> u64 {
        self.stocked.saturating_sub(self.quantity)
    }

    /// The balance once it is known that `stocked` were put in; what was given stays.
    ///
    /// What a newer event says of `quantity` is not believed: which orders it counts can't be
    /// told, since the last events before a crash may have been published in part. What was put
    /// in and which orders were accepted is certain, and the rest follows from it.
    #[must_use]
    pub fn put_in(self, stocked: u64) -> Self {
        let stocked = stocked.max(self.given());
        Self {
            stocked,
            quantity: stocked - self.given(),
        }
    }

    /// The balance once it is known that a cancelled order gave `count` back.
    #[must_use]
    pub fn give_back(self, count: u64) -> Self {
        Self {
            quantity: self.quantity + count.min(self.given()),
            ..self
        }
    }

    /// The balance once it is known that an accepted order was given `more`.
    ///
    /// Should the balance be less than that, more must have been put in than is recorded: what is
    /// promised is promised, and nothing of it is promised a second time.
    #[must_use]
    pub fn give(self, more: u64) -> Self {
        let lacking = more.saturating_sub(self.quantity);
        Self {
            stocked: self.stocked.saturating_add(lacking),
            quantity: self.quantity.saturating_sub(more),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_given_stays_given() {
        let balance = StockBalance {
            quantity: 3,
            stocked: 10,
        };
        assert_eq!(balance.given(), 7);
        let restocked = StockBalance {
            quantity: 13,
            stocked: 20,
        };
        assert_eq!(balance.put_in(20), restocked);
        assert_eq!(
            balance.put_in(2).given(),
            7,
            "less than was given can't have been put in"
        );
        assert_eq!(balance.give(3).quantity, 0);
        assert_eq!(balance.give_back(7).quantity, 10);
        assert_eq!(balance.give_back(9).given(), 0, "nothing is made of it");
    }

    #[test]
    fn what_was_promised_was_there() {
        let short = StockBalance {
            quantity: 1,
            stocked: 5,
        };
        let after = StockBalance {
            quantity: 0,
            stocked: 8,
        };
        assert_eq!(short.give(4), after);
    }

    /// A change of one product's stock.
    #[derive(Debug, Clone, Copy)]
    enum Change {
        PutIn(u64),
        Give(u64),
    }

    fn changes() -> impl Strategy<Value = Vec<Change>> {
        let change = prop_oneof![
            (1_u64..20).prop_map(Change::PutIn),
            (1_u64..8).prop_map(Change::Give),
        ];
        prop::collection::vec(change, 0..40)
    }

    fn apply(balance: StockBalance, change: Change) -> Option<StockBalance> {
        match change {
            Change::PutIn(more) => Some(StockBalance {
                quantity: balance.quantity + more,
                stocked: balance.stocked + more,
            }),
            Change::Give(count) if count <= balance.quantity => Some(StockBalance {
                quantity: balance.quantity - count,
                ..balance
            }),
            Change::Give(_) => None,
        }
    }

    proptest! {
        /// A backup at any time, and after it any of the decisions published or not: the books
        /// come out with what is certain, and never promise what is promised already.
        #[test]
        fn the_balance_follows_from_what_is_certain(
            changes in changes(), at in 0_usize..40, heard in prop::collection::vec(any::<bool>(), 40),
        ) {
            let mut balance = StockBalance::default();
            let mut backup = StockBalance::default();
            let mut published = Vec::new();
            for (step, change) in changes.iter().enumerate() {
                if step == at {
                    backup = balance;
                }
                let Some(after) = apply(balance, *change) else { continue };
                balance = after;
                if let Change::Give(count) = change && step >= at && heard[step] {
                    published.push(*count);
                }
            }
            if changes.len() <= at {
                backup = balance;
            }
            let mut again = backup.put_in(balance.stocked);
            for count in &published {
                again = again.give(*count);
            }
            prop_assert_eq!(again.stocked, balance.stocked);
            prop_assert_eq!(again.given(), backup.given() + published.iter().sum::<u64>());
            prop_assert!(again.quantity >= balance.quantity, "what was not said is free again");
        }
    }
}
