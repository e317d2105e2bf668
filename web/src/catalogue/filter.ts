import type { ProductSort } from "../api/client";

/** What of the catalogue is shown; it lives in the page's address. */
export interface Filter {
  search: string;
  category: string;
  sort: ProductSort;
}

export const SORTS: readonly { value: ProductSort; name: string }[] = [
  { value: "name", name: "Name, A to Z" },
  { value: "-name", name: "Name, Z to A" },
  { value: "price", name: "Cheapest first" },
  { value: "-price", name: "Dearest first" },
  { value: "newest", name: "Newest first" },
];

const USUAL: Filter = { search: "", category: "", sort: "name" };

export function fromAddress(params: URLSearchParams): Filter {
  const sort = SORTS.find(({ value }) => value === params.get("sort"));
  return {
    search: params.get("search") ?? USUAL.search,
    category: params.get("category") ?? USUAL.category,
    sort: sort?.value ?? USUAL.sort,
  };
}

/** The address's parameters; what is as usual is left out. */
export function toAddress(filter: Filter): URLSearchParams {
  const params = new URLSearchParams();
  for (const name of ["search", "category", "sort"] as const) {
    if (filter[name] !== USUAL[name]) params.set(name, filter[name]);
  }
  return params;
}

export function isFiltered(filter: Filter): boolean {
  return filter.search !== "" || filter.category !== "";
}
