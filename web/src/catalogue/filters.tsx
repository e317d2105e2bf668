import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Field, Select } from "../ui/field";
import type { Filter } from "./filter";
import { SORTS } from "./filter";
import { categoriesQuery } from "./queries";

/** How long to wait for the next letter before searching. */
const TYPING_MS = 250;

export function Filters({ filter, change }: { filter: Filter; change: (part: Partial<Filter>) => void }) {
  const { data: categories = [] } = useQuery(categoriesQuery);
  const unknown = filter.category !== "" && !categories.includes(filter.category);
  return (
    <search className="mb-6 grid gap-3 sm:grid-cols-[1fr_12rem_12rem]">
      <SearchField text={filter.search} change={(search) => change({ search })} />
      <Select
        label="Category"
        value={filter.category}
        onChange={(event) => change({ category: event.target.value })}
      >
        <option value="">All</option>
        {unknown && <option value={filter.category}>{filter.category}</option>}
        {categories.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </Select>
      <Select
        label="Order"
        value={filter.sort}
        onChange={(event) => change({ sort: event.target.value as Filter["sort"] })}
      >
        {SORTS.map(({ value, name }) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </Select>
    </search>
  );
}

function SearchField({ text, change }: { text: string; change: (text: string) => void }) {
  const [typed, setTyped] = useState(text);
  const [shown, setShown] = useState(text);
  if (text !== shown) {
    // The address was changed elsewhere: by the back button, or by clearing the filter.
    setShown(text);
    setTyped(text);
  }
  useEffect(() => {
    if (typed === shown) return undefined;
    const timer = setTimeout(() => {
      setShown(typed);
      change(typed);
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, shown, change]);
  return (
    <Field
      label="Search"
      type="search"
      maxLength={100}
      placeholder="Name or description"
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
    />
  );
}
