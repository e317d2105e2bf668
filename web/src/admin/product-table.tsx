import { useInfiniteQuery } from "@tanstack/react-query";
import { Stock } from "../catalogue/stock";
import { productsQuery } from "../catalogue/queries";
import { Button } from "../ui/button";
import { money } from "../ui/money";
import { Empty, Failed, Loading } from "../ui/states";
import { Restock } from "./restock";

export function ProductTable() {
  const list = useInfiniteQuery(productsQuery({ search: "", category: "", sort: "newest" }));
  if (list.data === undefined) {
    if (list.error !== null) return <Failed error={list.error} retry={() => void list.refetch()} />;
    return <Loading what="the products" rows={5} className="h-14" />;
  }
  const products = list.data.pages.flatMap((page) => page.products);
  if (products.length === 0) return <Empty title="No products yet">Add the first one with the form.</Empty>;
  return (
    <div>
      <ul aria-label="Products, newest first" className="border-line bg-card divide-line divide-y rounded-xl border">
        {products.map((product) => (
          <li key={product.id} className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 p-4">
            <div className="min-w-32 grow">
              <h3 className="font-semibold break-words">{product.name}</h3>
              <p className="text-quiet text-sm">
                {money(product.price, product.currency)} · {product.categories.join(", ")}
              </p>
              <Stock quantity={product.quantity} />
            </div>
            <Restock product={product} />
          </li>
        ))}
      </ul>
      {list.hasNextPage && (
        <div className="mt-4 flex justify-center">
          <Button look="plain" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
    </div>
  );
}
