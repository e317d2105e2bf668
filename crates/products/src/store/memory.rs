//! The tables in memory, so that a simulation runs the same commands and handlers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use events::{OrderId, OrderStatus, ProductId, ProductState, names};
use jiff::Timestamp;
use outbox::StoreError;
use outbox::memory::{MemoryDatabase, MemoryTx, Step};
use uuid::Uuid;

use super::{CatalogueStore, ProductRecord, StockChange, StockDecision, StockStore};
use crate::domain::CategoryName;

/// All that the service keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tables {
    /// The products.
    pub products: BTreeMap<ProductId, Arc<Product>>,
    /// What was decided about orders.
    pub stock_decisions: BTreeMap<OrderId, Arc<StockDecision>>,
    /// Whose each name is; two that take one name at once change one row, as in a unique index.
    names: BTreeMap<String, ProductId>,
    /// The categories, by their keys.
    pub categories: BTreeMap<String, CategoryName>,
}

impl outbox::memory::Tables for Tables {
    fn install(&mut self, seen: &Self, left: Self) -> Result<(), StoreError> {
        self.products.install(&seen.products, left.products)?;
        let decisions = &mut self.stock_decisions;
        decisions.install(&seen.stock_decisions, left.stock_decisions)?;
        self.names.install(&seen.names, left.names)?;
        self.categories.install(&seen.categories, left.categories)
    }
}

/// A product as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its public state.
    pub state: ProductState,
    /// All that was ever put in.
    pub stocked: u64,
    /// The raises of its stock.
    pub restocks: Vec<Uuid>,
    /// The public state before the latest change, which is what a stale read is answered with.
    before: ProductState,
}

impl Product {
    fn changed(&self, state: ProductState) -> Self {
        Self {
            before: self.state.clone(),
            state,
            ..self.clone()
        }
    }
}

type Database = MemoryDatabase<Tables>;
type Tx = MemoryTx<Tables>;

impl StockStore for Database {
    async fn stock_decisions(
        &self,
        tx: &mut Tx,
        orders: &[OrderId],
    ) -> Result<BTreeMap<OrderId, StockDecision>, StoreError> {
        self.meet(Step::Read).await?;
        let kept = |id: &OrderId| Some((*id, tx.state.stock_decisions.get(id)?.as_ref().clone()));
        Ok(orders.iter().filter_map(kept).collect())
    }

    async fn products(
        &self,
        tx: &mut Tx,
        products: &[ProductId],
    ) -> Result<BTreeMap<ProductId, ProductState>, StoreError> {
        self.meet(Step::Read).await?;
        let stale = self.stale();
        let state = |id: &ProductId| {
            let kept = tx.state.products.get(id)?;
            let seen = if stale { &kept.before } else { &kept.state };
            Some((*id, seen.clone()))
        };
        Ok(products.iter().filter_map(state).collect())
    }

    async fn deduct(&self, tx: &mut Tx, deductions: &[StockChange]) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        for deduction in deductions {
            let kept = tx.state.products.get_mut(&deduction.product_id);
            let fits = |kept: &&mut Arc<Product>| {
                let state = &kept.state;
                state.version == deduction.version && state.quantity >= deduction.quantity
            };
            let Some(kept) = kept.filter(fits) else {
                return Err(StoreError::conflict(
                    "a product changed while its stock was decided",
                ));
            };
            let left = ProductState {
                quantity: kept.state.quantity - deduction.quantity,
                version: kept.state.version + 1,
                ..kept.state.clone()
            };
            *kept = Arc::new(kept.changed(left));
        }
        Ok(())
    }

    async fn save_decisions(
        &self,
        tx: &mut Tx,
        stock_decisions: &[StockDecision],
    ) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        for stock_decision in stock_decisions {
            let id = stock_decision.decision.order_id;
            let kept = Arc::new(stock_decision.clone());
            let former = tx.state.stock_decisions.insert(id, kept);
            if former.is_some() {
                return Err(StoreError::conflict("an order has a decision by now"));
            }
        }
        Ok(())
    }

    async fn give_back(&self, tx: &mut Tx, returns: &[StockChange]) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        for given in returns {
            let kept = tx.state.products.get_mut(&given.product_id);
            let Some(kept) = kept.filter(|kept| kept.state.version == given.version) else {
                return Err(StoreError::conflict(
                    "a product changed while its stock was decided",
                ));
            };
            let more = ProductState {
                quantity: kept.state.quantity + given.quantity,
                version: kept.state.version + 1,
                ..kept.state.clone()
            };
            *kept = Arc::new(kept.changed(more));
        }
        Ok(())
    }

    async fn mark_released(
        &self,
        tx: &mut Tx,
        orders: &[OrderId],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        for order in orders {
            let kept = tx.state.stock_decisions.get_mut(order);
            let given = |kept: &&mut Arc<StockDecision>| {
                let accepted = kept.decision.outcome.status() == OrderStatus::Accepted;
                accepted && kept.released_at.is_none()
            };
            let Some(kept) = kept.filter(given) else {
                return Err(StoreError::conflict(
                    "what an order was given is given back by now",
                ));
            };
            let released_at = Some(at);
            *kept = Arc::new(StockDecision {
                released_at,
                ..kept.as_ref().clone()
            });
        }
        Ok(())
    }
}

impl CatalogueStore for Database {
    async fn product(
        &self,
        tx: &mut Tx,
        id: ProductId,
    ) -> Result<Option<ProductRecord>, StoreError> {
        self.meet(Step::Read).await?;
        Ok(tx.state.products.get(&id).map(|kept| ProductRecord {
            product: kept.state.clone(),
            restocks: kept.restocks.clone(),
        }))
    }

    async fn product_by_name_key(
        &self,
        tx: &mut Tx,
        name_key: &str,
    ) -> Result<Option<ProductState>, StoreError> {
        self.meet(Step::Read).await?;
        let id = tx.state.names.get(name_key);
        let kept = id.and_then(|id| tx.state.products.get(id));
        Ok(kept.map(|kept| kept.state.clone()))
    }

    async fn add_product(
        &self,
        tx: &mut Tx,
        product: &ProductState,
        _at: Timestamp,
    ) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        let key = names::key(&product.name);
        let named = tx.state.names.insert(key, product.product_id);
        if tx.state.products.contains_key(&product.product_id) || named.is_some() {
            return Err(StoreError::conflict("the product's id or name is taken"));
        }
        let kept = Product {
            state: product.clone(),
            stocked: product.quantity.into(),
            restocks: Vec::new(),
            before: product.clone(),
        };
        tx.state.products.insert(product.product_id, Arc::new(kept));
        Ok(())
    }

    async fn restock(
        &self,
        tx: &mut Tx,
        before: &ProductState,
        after: &ProductState,
        restock_id: Uuid,
    ) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        match tx.state.products.get_mut(&before.product_id) {
            Some(kept) if kept.state.version == before.version => {
                let mut restocked = kept.changed(after.clone());
                restocked.stocked += u64::from(after.quantity - before.quantity);
                restocked.restocks.push(restock_id);
                *kept = Arc::new(restocked);
                Ok(())
            }
            _ => Err(StoreError::conflict(
                "the product changed while it was restocked",
            )),
        }
    }

    async fn known_categories(
        &self,
        tx: &mut Tx,
        names: &BTreeSet<CategoryName>,
    ) -> Result<BTreeMap<CategoryName, CategoryName>, StoreError> {
        self.meet(Step::Read).await?;
        let known = |name: &CategoryName| {
            let stored = tx.state.categories.get(&name.key())?;
            Some((name.clone(), stored.clone()))
        };
        Ok(names.iter().filter_map(known).collect())
    }

    async fn add_category(
        &self,
        tx: &mut Tx,
        name: &CategoryName,
        _at: Timestamp,
    ) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        match tx.state.categories.insert(name.key(), name.clone()) {
            None => Ok(()),
            Some(_) => Err(StoreError::conflict("the category is there by now")),
        }
    }
}
