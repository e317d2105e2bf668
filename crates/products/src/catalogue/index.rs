//! Products, sorted in every way that they are asked for.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use events::{ProductId, ProductState, names};

use crate::domain::CategoryName;
use crate::store::{After, Listed, Sort};

/// All products, and those of each category.
#[derive(Debug, Default)]
pub(super) struct CatalogueIndex {
    products: Vec<Arc<Listed>>,
    all: SortedIndex,
    of_category: HashMap<String, SortedIndex>,
    bytes: usize,
}

/// Places in [`CatalogueIndex::products`], sorted. A change of quantity, by far the most frequent,
/// moves none of them.
#[derive(Debug, Default)]
struct SortedIndex {
    names: BTreeMap<Arc<str>, usize>,
    prices: BTreeMap<(i64, ProductId), usize>,
    ids: BTreeMap<ProductId, usize>,
}

/// What a product takes in an index besides its name: the three keys, three places, and half as
/// much again for what trees leave empty.
const INDEX_ENTRY_BYTES: usize = (16 + 24 + 16 + 3 * 8) * 3 / 2;

impl CatalogueIndex {
    /// How many products there are.
    pub(super) fn len(&self) -> usize {
        self.products.len()
    }

    /// About how many bytes they take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn by_id(&self, id: ProductId) -> Option<&Arc<Listed>> {
        self.products.get(*self.all.ids.get(&id)?)
    }

    /// The product that is called `name`. One that has kept its former key is found by it alone.
    pub(super) fn by_name(&self, name: &str) -> Option<&Arc<Listed>> {
        let of_key = |key: String| self.all.names.get(key.as_str());
        let place = of_key(names::former_key(name)).or_else(|| of_key(names::key(name)));
        self.products.get(*place?)
    }

    /// Whether a product is in `category`.
    pub(super) fn has_category(&self, category: &CategoryName) -> bool {
        self.of_category.contains_key(category.as_str())
    }

    /// Puts `product` where it belongs, in place of what it was.
    pub(super) fn put(&mut self, product: Listed) {
        let product = Arc::new(product);
        let Some(&place) = self.all.ids.get(&product.product.product_id) else {
            let place = self.products.len();
            self.bytes += bytes_of(&product.product);
            self.products.push(Arc::clone(&product));
            self.sort_in(&product, place);
            return;
        };
        let Some(held) = self.products.get_mut(place) else {
            return;
        };
        let former = std::mem::replace(held, Arc::clone(&product));
        let sorted_by = |it: &Listed| (it.name_key.clone(), it.product.price.minor);
        if former.product.categories != product.product.categories
            || sorted_by(&former) != sorted_by(&product)
        {
            self.take_out(&former, place);
            self.sort_in(&product, place);
        }
        self.bytes =
            (self.bytes + bytes_of(&product.product)).saturating_sub(bytes_of(&former.product));
    }

    fn sort_in(&mut self, product: &Listed, place: usize) {
        self.all.sort_in(product, place);
        for category in &product.product.categories {
            let sorted = self.of_category.entry(category.clone()).or_default();
            sorted.sort_in(product, place);
        }
    }

    fn take_out(&mut self, product: &Listed, place: usize) {
        self.all.take_out(product, place);
        for category in &product.product.categories {
            if let Some(sorted) = self.of_category.get_mut(category) {
                sorted.take_out(product, place);
            }
        }
    }

    /// The products of `category`, or all, in the order `sort`, those behind `after`.
    pub(super) fn from<'a>(
        &'a self,
        category: Option<&CategoryName>,
        sort: Sort,
        after: Option<&'a After>,
    ) -> Box<dyn Iterator<Item = &'a Arc<Listed>> + 'a> {
        let sorted = match category {
            None => &self.all,
            Some(name) => match self.of_category.get(name.as_str()) {
                Some(sorted) => sorted,
                None => return Box::new(std::iter::empty()),
            },
        };
        Box::new(
            sorted
                .from(sort, after)
                .filter_map(|place| self.products.get(place)),
        )
    }
}

impl SortedIndex {
    fn sort_in(&mut self, listed: &Listed, place: usize) {
        let (id, price) = (listed.product.product_id, listed.product.price.minor);
        self.names.insert(Arc::clone(&listed.name_key), place);
        self.prices.insert((price, id), place);
        self.ids.insert(id, place);
    }

    fn take_out(&mut self, listed: &Listed, place: usize) {
        let (id, price) = (listed.product.product_id, listed.product.price.minor);
        // Its name may be another one's by now.
        if self.names.get(&listed.name_key) == Some(&place) {
            self.names.remove(&listed.name_key);
        }
        self.prices.remove(&(price, id));
        self.ids.remove(&id);
    }

    fn from<'a>(
        &'a self,
        sort: Sort,
        after: Option<&'a After>,
    ) -> Box<dyn Iterator<Item = usize> + 'a> {
        let name = after.map(|after| after.name_key.as_deref().unwrap_or_default());
        let price = after.map(|after| (after.price.unwrap_or_default(), after.id));
        let id = after.map(|after| after.id);
        match sort {
            Sort::Name => places(self.names.range::<str, _>(behind(name))),
            Sort::NameDown => places(self.names.range::<str, _>(before(name)).rev()),
            Sort::Price => places(self.prices.range(behind(price))),
            Sort::PriceDown => places(self.prices.range(before(price)).rev()),
            Sort::Newest => places(self.ids.range(before(id)).rev()),
        }
    }
}

fn places<'a, K: 'a>(
    sorted: impl Iterator<Item = (&'a K, &'a usize)> + 'a,
) -> Box<dyn Iterator<Item = usize> + 'a> {
    Box::new(sorted.map(|(_, place)| *place))
}

fn behind<K>(key: Option<K>) -> (Bound<K>, Bound<K>) {
    (
        key.map_or(Bound::Unbounded, Bound::Excluded),
        Bound::Unbounded,
    )
}

fn before<K>(key: Option<K>) -> (Bound<K>, Bound<K>) {
    (
        Bound::Unbounded,
        key.map_or(Bound::Unbounded, Bound::Excluded),
    )
}

/// About what `product` takes with its entries in the indexes.
fn bytes_of(product: &ProductState) -> usize {
    let categories = product.categories.iter().map(String::len).sum::<usize>();
    let index = 1 + product.categories.len();
    let state = size_of::<Listed>() + product.description.len() + categories;
    state
        + 2 * product.name.len()
        + product.categories.len() * size_of::<String>()
        + index * INDEX_ENTRY_BYTES
        // Two counted pointers, and the place of the first.
        + 5 * size_of::<usize>()
}

#[cfg(test)]
mod tests {
    use events::Money;
    use events::money::DEFAULT_CURRENCY;

    use super::*;

    fn product(id: u128, name: &str, price: i64, categories: &[&str]) -> Listed {
        let product = ProductState {
            product_id: ProductId::from_u128(id),
            name: name.to_owned(),
            description: "a thing".to_owned(),
            price: Money::new(price, DEFAULT_CURRENCY),
            quantity: 3,
            stocked: Some(3),
            categories: categories.iter().map(|&name| name.to_owned()).collect(),
            version: 1,
        };
        Listed {
            name_key: names::key(name).into(),
            product,
        }
    }

    fn names(index: &CatalogueIndex, category: Option<&str>, sort: Sort) -> Vec<String> {
        let category = category.map(CategoryName::asked);
        let found = index.from(category.as_ref(), sort, None);
        found.map(|listed| listed.product.name.clone()).collect()
    }

    #[test]
    fn what_changes_is_found_at_its_new_place_only() {
        let mut index = CatalogueIndex::default();
        index.put(product(1, "Bowl", 200, &["a"]));
        index.put(product(2, "cup", 100, &["a", "b"]));
        assert_eq!(names(&index, None, Sort::Name), ["Bowl", "cup"]);
        assert_eq!(names(&index, None, Sort::Price), ["cup", "Bowl"]);

        index.put(product(1, "dish", 50, &["b"]));
        assert_eq!(names(&index, None, Sort::Name), ["cup", "dish"]);
        assert_eq!(names(&index, None, Sort::Price), ["dish", "cup"]);
        assert_eq!(names(&index, Some("a"), Sort::Name), ["cup"]);
        assert_eq!(names(&index, Some("b"), Sort::Newest), ["cup", "dish"]);
        assert_eq!(index.len(), 2);
        assert!(index.by_name("bowl").is_none());
    }

    #[test]
    fn a_name_may_pass_from_one_to_another() {
        let mut index = CatalogueIndex::default();
        index.put(product(1, "cup", 1, &[]));
        index.put(product(2, "bowl", 2, &[]));
        index.put(product(1, "bowl", 1, &[]));
        index.put(product(2, "cup", 2, &[]));
        let id = |key| index.by_name(key).map(|listed| listed.product.product_id);
        assert_eq!(id("bowl"), Some(ProductId::from_u128(1)));
        assert_eq!(id("cup"), Some(ProductId::from_u128(2)));
    }

    #[test]
    fn the_size_follows_what_is_there() {
        let mut index = CatalogueIndex::default();
        index.put(product(1, "cup", 1, &["a"]));
        let small = index.bytes();
        let mut wordy = product(1, "cup", 1, &["a"]);
        wordy.product.description = "x".repeat(1_007);
        index.put(wordy);
        assert_eq!(index.bytes(), small + 1_000);
        index.put(product(1, "cup", 1, &["a"]));
        assert_eq!(index.bytes(), small);
    }
}
