const FEW = 5;

/** How many are left, in words and colour. */
export function Stock({ quantity }: { quantity: number }) {
  if (quantity === 0) return <p className="text-bad text-sm font-semibold">Sold out</p>;
  if (quantity <= FEW) {
    return (
      <p className="text-wait text-sm font-semibold">
        {quantity === 1 ? "The last one" : `Only ${quantity} left`}
      </p>
    );
  }
  return <p className="text-good text-sm font-medium">{quantity} in stock</p>;
}
