//! What is ordered: which products, drawn so that a run can be had again.

use clap::ValueEnum;
use rand::SeedableRng;
use rand::distr::Distribution;
use rand::distr::weighted::WeightedIndex;
use rand::rngs::SmallRng;

/// How orders spread over the products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Skew {
    /// Each product alike
    Uniform,
    /// The k-th product as often as 1/k: a few are popular
    Zipf,
    /// All want the first one
    Hot,
}

/// Draws orders.
pub(super) struct Demand {
    random: SmallRng,
    choice: WeightedIndex<f64>,
    products: usize,
    lines: usize,
}

impl Demand {
    /// Orders of `lines` different products out of `products`.
    ///
    /// # Errors
    /// When there is no product.
    pub(super) fn new(
        products: usize,
        skew: Skew,
        lines: usize,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let weight = |place: u32| match skew {
            Skew::Uniform => 1.0,
            Skew::Zipf => 1.0 / f64::from(place + 1),
            Skew::Hot if place == 0 => 1.0,
            Skew::Hot => 0.0,
        };
        let choice = WeightedIndex::new((0..).take(products).map(weight))?;
        Ok(Self {
            random: SmallRng::seed_from_u64(seed),
            choice,
            products,
            lines: lines.clamp(1, products),
        })
    }

    /// The places of the products of the next order, each once.
    pub(super) fn next(&mut self) -> Vec<usize> {
        let mut chosen = Vec::with_capacity(self.lines);
        while chosen.len() < self.lines {
            let mut place = self.choice.sample(&mut self.random);
            // Whoever is chosen twice gives way to the next one, or the rare would take for ever.
            while chosen.contains(&place) {
                place = (place + 1) % self.products;
            }
            chosen.push(place);
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(skew: Skew) -> [usize; 4] {
        let mut demand = Demand::new(4, skew, 1, 7).unwrap();
        let mut counts = [0; 4];
        for _ in 0..4_000 {
            counts[demand.next()[0]] += 1;
        }
        counts
    }

    #[test]
    fn skews_are_what_they_say() {
        assert_eq!(counts(Skew::Hot), [4_000, 0, 0, 0]);
        for count in counts(Skew::Uniform) {
            assert!((900..1_100).contains(&count), "{count}");
        }
        let zipf = counts(Skew::Zipf);
        assert!(
            zipf[0] > 1_700 && zipf.is_sorted_by(|a, b| a > b),
            "{zipf:?}"
        );
    }

    #[test]
    fn lines_are_of_different_products() {
        let mut demand = Demand::new(3, Skew::Hot, 5, 1).unwrap();
        let mut lines = demand.next();
        lines.sort_unstable();
        assert_eq!(lines, [0, 1, 2]);
    }
}
