//! Identifiers, typed by what they name, so that a product's can't be taken for an order's.
//!
//! All are `UUIDv7`: they sort by when they were drawn.

use newtype_uuid::{TypedUuid, TypedUuidKind, TypedUuidTag};

macro_rules! kind {
    ($(#[$doc:meta] $kind:ident $tag:literal $alias:ident;)*) => {$(
        #[$doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $kind {}

        impl TypedUuidKind for $kind {
            fn tag() -> TypedUuidTag {
                const TAG: TypedUuidTag = TypedUuidTag::new($tag);
                TAG
            }
        }

        #[$doc]
        pub type $alias = TypedUuid<$kind>;
    )*};
}

kind! {
    /// Names an order.
    OrderKind "order" OrderId;
    /// Names a product.
    ProductKind "product" ProductId;
    /// Names a person's account.
    AccountKind "account" AccountId;
    /// Names a seller.
    SellerKind "seller" SellerId;
}
