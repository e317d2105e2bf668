import type { Product } from "../api/client";
import { describe } from "../api/problem";
import { itemOf, quantityOf } from "../cart/cart";
import { useCart, useChangeCart } from "../cart/queries";
import { Button } from "../ui/button";
import { money } from "../ui/money";
import { ProductPicture } from "./product-picture";
import { Stock } from "./stock";

export function ProductCard({ product }: { product: Product }) {
  const { data: cart } = useCart();
  const { add, error } = useChangeCart();
  const inCart = quantityOf(cart, product.id);
  const soldOut = product.quantity === 0;
  return (
    <li className="border-line bg-card flex flex-col overflow-hidden rounded-xl border">
      <ProductPicture name={product.name} />
      <div className="flex grow flex-col gap-2 p-4">
        <div className="flex items-baseline justify-between gap-3">
          <h2 className="text-lg font-semibold break-words">{product.name}</h2>
          <p className="font-semibold tabular-nums">{money(product.price, product.currency)}</p>
        </div>
        <p className="text-quiet line-clamp-3 text-sm">{product.description}</p>
        <ul className="flex flex-wrap gap-1.5" aria-label={`Categories of ${product.name}`}>
          {product.categories.map((name) => (
            <li key={name} className="bg-well text-quiet rounded-full px-2.5 py-0.5 text-xs font-medium">
              {name}
            </li>
          ))}
        </ul>
        <div className="mt-auto flex flex-wrap items-center justify-between gap-2 pt-2">
          <Stock quantity={product.quantity} />
          <Button
            aria-label={`Add ${product.name} to the cart`}
            disabled={soldOut || cart === undefined || inCart >= product.quantity}
            onClick={() => add(itemOf(product), 1)}
          >
            {inCart > 0 ? `In cart: ${inCart}` : "Add to cart"}
          </Button>
        </div>
        {error !== null && (
          <p role="alert" className="text-bad text-sm">
            {describe(error)}
          </p>
        )}
      </div>
    </li>
  );
}
