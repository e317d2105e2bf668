import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { useSearchParams } from "react-router";
import { Button, ButtonLink } from "../ui/button";
import { Page } from "../ui/page";
import { Empty, Failed, Loading } from "../ui/states";
import { fromAddress, isFiltered, toAddress, type Filter } from "./filter";
import { Filters } from "./filters";
import { ProductCard } from "./product-card";
import { productsQuery } from "./queries";

export function CataloguePage() {
  const [params, setParams] = useSearchParams();
  const filter = fromAddress(params);
  const change = useCallback(
    (part: Partial<Filter>) =>
      setParams((now) => toAddress({ ...fromAddress(now), ...part }), { replace: true, preventScrollReset: true }),
    [setParams],
  );
  return (
    <Page title="Catalogue">
      <Filters filter={filter} change={change} />
      <Products filter={filter} />
    </Page>
  );
}

function Products({ filter }: { filter: Filter }) {
  const list = useInfiniteQuery(productsQuery(filter));
  const { data, error, hasNextPage, isFetchingNextPage } = list;
  if (data === undefined) {
    if (error !== null) return <Failed error={error} retry={() => void list.refetch()} />;
    return <Loading what="the catalogue" className="h-64" />;
  }
  const products = data.pages.flatMap((page) => page.products);
  if (products.length === 0) {
    return isFiltered(filter) ? (
      <Empty title="Nothing fits">
        <p>No product has this text in its name or description in this category.</p>
        <ButtonLink to="/" look="plain">
          Show everything
        </ButtonLink>
      </Empty>
    ) : (
      <Empty title="The shelves are empty">
        <p>An admin adds products on the Admin page; they appear here by themselves.</p>
      </Empty>
    );
  }
  return (
    <>
      <ul className="grid gap-4 sm:grid-cols-2 lg:grid-cols-3 xl:grid-cols-4">
        {products.map((product) => (
          <ProductCard key={product.id} product={product} />
        ))}
      </ul>
      {hasNextPage && (
        <div className="mt-6 flex justify-center">
          <Button look="plain" disabled={isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {isFetchingNextPage ? "Loading…" : "Show more"}
          </Button>
        </div>
      )}
    </>
  );
}
