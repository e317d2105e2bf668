//! What must hold after every step, and what must hold in the end.

use std::collections::{BTreeMap, BTreeSet};

use events::{OrderId, ProductId};
use products::domain::{Demand, Outcome as Decided, Stock, Wanted, decide};

use super::exchange::Exchange;
use super::post::Event;
use super::protocol::{Alarm, Micros, OrderNo};
use super::shard::Standing;

/// Looks at the order that `event` was about.
pub(super) fn after(exchange: &mut Exchange, event: &Event, now: Micros) {
    let order = match event {
        Event::Comes(message) => message.order(),
        Event::Rings(Alarm::Order { order, .. } | Alarm::Hold { order, .. }) => *order,
        Event::Recovers(_) => return,
    };
    decided_once(exchange, order, now);
    on_all_shards_or_none(exchange, order);
    let parts = &exchange.parts[order.0 as usize];
    let mut off = Vec::new();
    for (shard, lines) in parts {
        for line in lines {
            let Some(pieces) = exchange.shards[shard.0].stock.get(&line.product) else {
                continue;
            };
            if pieces.free + pieces.held + pieces.sold != pieces.brought {
                off.push(format!(
                    "stock does not add up: {:?} {pieces:?}",
                    line.product
                ));
            }
        }
    }
    exchange.violations.extend(off);
}

fn decided_once(exchange: &mut Exchange, order: OrderNo, now: Micros) {
    let many = exchange.coordinators.len();
    let cases = &exchange.coordinators[order.0 as usize % many].cases;
    let verdict = cases.get(&order).and_then(super::case::Case::verdict);
    match (exchange.verdicts.get(&order), verdict) {
        (None, Some(accepted)) => {
            exchange.verdicts.insert(order, (accepted, now));
        }
        (Some((first, _)), other) if other != Some(*first) => {
            let text = format!("order {} was decided {first} and is now {other:?}", order.0);
            exchange.violations.insert(text);
        }
        _ => {}
    }
}

/// At every moment: what one shard has confirmed was decided, and every other shard has
/// confirmed it, too, or holds it until it hears.
fn on_all_shards_or_none(exchange: &mut Exchange, order: OrderNo) {
    let many = exchange.coordinators.len();
    let Some(case) = exchange.coordinators[order.0 as usize % many]
        .cases
        .get(&order)
    else {
        return;
    };
    let (verdict, attempt) = (case.verdict(), case.attempt);
    let parts = &exchange.parts[order.0 as usize];
    let mut off = Vec::new();
    for shard in parts.keys() {
        let entry = exchange.shards[shard.0].entries.get(&order);
        let confirmed = entry.is_some_and(|entry| entry.standing == Standing::Confirmed);
        let held = entry.is_some_and(|entry| {
            entry.attempt == attempt && matches!(entry.standing, Standing::Held { .. })
        });
        // The one shard of an order decides, and the record follows.
        let early = parts.len() == 1 && verdict.is_none();
        if confirmed && verdict != Some(true) && !early {
            off.push(format!(
                "shard {} has confirmed order {}, which is decided {verdict:?}",
                shard.0, order.0
            ));
        }
        if verdict == Some(true) && !confirmed && !held {
            off.push(format!(
                "order {} is accepted, and shard {} does not hold it",
                order.0, shard.0
            ));
        }
    }
    exchange.violations.extend(off);
}

/// Every order has ended, nothing is held, and nothing was sold twice.
pub(super) fn at_the_end(exchange: &mut Exchange) {
    let mut off = Vec::new();
    let mut sold: BTreeMap<_, u64> = BTreeMap::new();
    for (order, placed) in (0..).map(OrderNo).zip(&exchange.placed) {
        let many = exchange.coordinators.len();
        let case = exchange.coordinators[order.0 as usize % many]
            .cases
            .get(&order);
        if !case.is_some_and(super::case::Case::over) {
            off.push(format!("order {} does not end", order.0));
        }
        let accepted = exchange.verdicts.get(&order).is_some_and(|(yes, _)| *yes);
        for shard in exchange.parts[order.0 as usize].keys() {
            let entry = exchange.shards[shard.0].entries.get(&order);
            let confirmed = entry.is_some_and(|entry| entry.standing == Standing::Confirmed);
            if confirmed != accepted {
                off.push(format!(
                    "order {}: accepted is {accepted}, confirmed by shard {} is {confirmed}",
                    order.0, shard.0
                ));
            }
        }
        if accepted {
            for line in &placed.lines {
                *sold.entry(line.product).or_default() += u64::from(line.pieces);
            }
        }
    }
    for shard in &exchange.shards {
        for (product, pieces) in &shard.stock {
            let promised = sold.get(product).copied().unwrap_or_default();
            if promised > u64::from(pieces.brought) {
                off.push(format!(
                    "oversold: {promised} of {} pieces of {product:?}",
                    pieces.brought
                ));
            }
            if promised != u64::from(pieces.sold) {
                off.push(format!("{product:?}: {promised} promised, {pieces:?}"));
            }
            if pieces.held > 0 {
                off.push(format!("a hold leaked: {} of {product:?}", pieces.held));
            }
        }
    }
    exchange.violations.extend(off);
}

/// How the run compares with the one engine.
pub(super) struct Compared {
    pub(super) accepted_by_one: u32,
    pub(super) refused_though_possible: u32,
}

/// Lets the products service's own engine decide the same orders in the same order, and
/// then the refused ones once more from what is left.
pub(super) fn against_one(exchange: &Exchange) -> Compared {
    let wanted: Vec<(OrderNo, Wanted)> = (0..)
        .map(OrderNo)
        .zip(&exchange.placed)
        .map(|(order, placed)| {
            let lines = placed.lines.iter().map(|line| Demand {
                product_id: ProductId::from_u128(line.product.0 as u128),
                quantity: line.pieces.into(),
            });
            let wanted = Wanted {
                order_id: OrderId::from_u128(order.0.into()),
                lines: lines.collect(),
            };
            (order, wanted)
        })
        .collect();
    let stock = |left: bool| -> BTreeMap<ProductId, Stock> {
        let shards = exchange.shards.iter().flat_map(|shard| &shard.stock);
        let quantity = |pieces: &super::shard::Pieces| {
            if left { pieces.free } else { pieces.brought }
        };
        shards
            .map(|(product, pieces)| {
                let stock = Stock {
                    quantity: quantity(pieces),
                    version: 1,
                };
                (ProductId::from_u128(product.0 as u128), stock)
            })
            .collect()
    };
    let all: Vec<Wanted> = wanted.iter().map(|(_, wanted)| wanted.clone()).collect();
    let refused: BTreeSet<OrderNo> = exchange
        .verdicts
        .iter()
        .filter(|(_, (accepted, _))| !accepted)
        .map(|(order, _)| *order)
        .collect();
    let again: Vec<Wanted> = wanted
        .into_iter()
        .filter(|(order, _)| refused.contains(order))
        .map(|(_, wanted)| wanted)
        .collect();
    Compared {
        accepted_by_one: accepted(&all, &stock(false)),
        refused_though_possible: accepted(&again, &stock(true)),
    }
}

fn accepted(orders: &[Wanted], stock: &BTreeMap<ProductId, Stock>) -> u32 {
    let made = decide(orders, stock).decisions;
    let yes = made.iter().filter(|made| made.outcome == Decided::Accepted);
    u32::try_from(yes.count()).unwrap_or(u32::MAX)
}
