//! An order was placed: decide whether it gets its products.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use events::{
    OrderCreate, OrderId, OrderStatusUpdate, ProductId, ProductState, ProductsQuantityUpdate,
};
use outbox::{Clock, Envelope, EventCollector, Handle, HandleError, MessageContext};

use crate::domain::{Decisions, Demand, Outcome, Stock, Wanted, decide};
use crate::store::{StockChange, StockDecision, StockStore};

/// **Trigger:** `OrderCreate`, a batch of them.
///
/// **Effect:** a reservation for each order, and the stock of the accepted ones taken with
/// one guarded write for each product.
///
/// **Emits:** `OrderStatusUpdate` for each order, `ProductsQuantityUpdate` for each product
/// that changed.
///
/// **Idempotent** because the reservation's id is the order's: an order seen again is not
/// decided again, what was decided is published again under the same event id and time.
pub struct OnOrderCreate<D> {
    store: D,
    clock: Arc<dyn Clock>,
}

impl<D> OnOrderCreate<D> {
    /// A handler that decides on what `store` has; `clock` draws the events' ids.
    pub fn new(store: D, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }
}

impl<D: StockStore> Handle<OrderCreate, D> for OnOrderCreate<D> {
    async fn handle(
        &self,
        tx: &mut D::Tx,
        events: &[&Envelope<OrderCreate>],
        out: &mut EventCollector<'_>,
    ) -> Result<(), HandleError> {
        let orders = first_of_each(events)?;
        let ids: Vec<OrderId> = orders.iter().map(|(wanted, _)| wanted.order_id).collect();
        let mut decided = self.store.stock_decisions(tx, &ids).await?;

        let fresh: Vec<Wanted> = orders
            .iter()
            .filter(|(wanted, _)| !decided.contains_key(&wanted.order_id))
            .map(|(wanted, _)| wanted.clone())
            .collect();
        out.duplicates(events.len() - fresh.len());
        let mut products = BTreeMap::new();
        let mut made = Decisions::default();
        if !fresh.is_empty() {
            products = self.store.products(tx, &wanted_products(&fresh)).await?;
            made = decide(&fresh, &stock_of(&products));
            self.store.deduct(tx, &deductions(&made, &products)).await?;
            let stock_decisions = self.stock_decisions(&made, out);
            self.store.save_decisions(tx, &stock_decisions).await?;
            decided.extend(
                stock_decisions
                    .into_iter()
                    .map(|new| (new.decision.order_id, new)),
            );
        }

        let mut last_taker = BTreeMap::new();
        for (wanted, envelope) in &orders {
            let Some(stock_decision) = decided.get(&wanted.order_id) else {
                continue;
            };
            log(stock_decision, &envelope.context);
            out.push_at(
                stock_decision.event_id,
                stock_decision.decided_at,
                &status_update(stock_decision),
                envelope.consequence(),
            )?;
            if stock_decision.decision.outcome == Outcome::Accepted {
                let taken = stock_decision.decision.lines.iter();
                last_taker.extend(taken.map(|line| (line.product_id, *envelope)));
            }
        }
        for (id, taken) in &made.taken {
            if let Some(before) = products.get(id) {
                let cause = last_taker.get(id).map(|envelope| envelope.consequence());
                out.push(&after_taking(before, *taken), cause.unwrap_or_default())?;
            }
        }
        Ok(())
    }
}

impl<D> OnOrderCreate<D> {
    fn stock_decisions(&self, made: &Decisions, out: &EventCollector<'_>) -> Vec<StockDecision> {
        let kept = |decision: &_| StockDecision {
            decision: Clone::clone(decision),
            event_id: self.clock.uuid(),
            decided_at: out.now(),
            released_at: None,
        };
        made.decisions.iter().map(kept).collect()
    }
}

type Placed<'a> = (Wanted, &'a Envelope<OrderCreate>);

/// Each order once, as it came first.
fn first_of_each<'a>(events: &[&'a Envelope<OrderCreate>]) -> Result<Vec<Placed<'a>>, HandleError> {
    let mut seen = BTreeSet::new();
    let mut orders = Vec::with_capacity(events.len());
    for envelope in events
        .iter()
        .filter(|envelope| seen.insert(envelope.event.order_id))
    {
        orders.push((wanted(&envelope.event)?, *envelope));
    }
    Ok(orders)
}

/// What `order` asks for.
///
/// An order of nothing breaks its contract. There is no decision that would be right, so a
/// person has to look at it.
fn wanted(order: &OrderCreate) -> Result<Wanted, HandleError> {
    if order.lines.is_empty() || order.lines.iter().any(|line| line.quantity == 0) {
        let found = format!(
            "order {} asks for nothing, as a whole or in a line",
            order.order_id
        );
        return Err(HandleError::DeadLetter(found));
    }
    let demand = |line: &events::OrderLine| Demand {
        product_id: line.product_id,
        quantity: line.quantity.into(),
    };
    Ok(Wanted {
        order_id: order.order_id,
        lines: order.lines.iter().map(demand).collect(),
    })
}

fn wanted_products(orders: &[Wanted]) -> Vec<ProductId> {
    let lines = orders.iter().flat_map(|order| &order.lines);
    let unique: BTreeSet<ProductId> = lines.map(|line| line.product_id).collect();
    unique.into_iter().collect()
}

fn stock_of(products: &BTreeMap<ProductId, ProductState>) -> BTreeMap<ProductId, Stock> {
    let stock = |product: &ProductState| Stock {
        quantity: product.quantity,
        version: product.version,
    };
    products
        .iter()
        .map(|(id, product)| (*id, stock(product)))
        .collect()
}

fn deductions(made: &Decisions, products: &BTreeMap<ProductId, ProductState>) -> Vec<StockChange> {
    let taken = made.taken.iter().filter_map(|(id, quantity)| {
        let version = products.get(id)?.version;
        Some(StockChange {
            product_id: *id,
            version,
            quantity: *quantity,
        })
    });
    taken.collect()
}

fn status_update(stock_decision: &StockDecision) -> OrderStatusUpdate {
    let outcome = &stock_decision.decision.outcome;
    OrderStatusUpdate {
        order_id: stock_decision.decision.order_id,
        status: outcome.status(),
        reason: outcome.reason().cloned(),
        version: 1,
    }
}

fn after_taking(before: &ProductState, taken: u32) -> ProductsQuantityUpdate {
    let product = ProductState {
        quantity: before.quantity.saturating_sub(taken),
        version: before.version + 1,
        ..before.clone()
    };
    ProductsQuantityUpdate { product }
}

fn log(stock_decision: &StockDecision, context: &MessageContext) {
    let outcome = &stock_decision.decision.outcome;
    tracing::info!(
        target: "order",
        order_id = %stock_decision.decision.order_id,
        event_id = %stock_decision.event_id,
        request_id = context.correlation_id.as_deref(),
        trace_id = context.trace_id(),
        span_id = context.span_id(),
        reason = outcome.reason().map(tracing::field::debug),
        "{}",
        match outcome {
            Outcome::Accepted => "accepted",
            Outcome::Rejected(_) => "rejected",
        }
    );
}
