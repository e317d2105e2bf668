import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ToggleGroup } from "radix-ui";
import { useRef, useState } from "react";
import { api } from "../api/client";
import { sendOnce } from "../api/once";
import { answer, describe, Problem } from "../api/problem";
import { categoriesQuery } from "../catalogue/queries";
import { Button } from "../ui/button";
import { Field, TextArea } from "../ui/field";
import { Notice } from "../ui/states";
import { Panel } from "./panel";

export function AddProduct() {
  const client = useQueryClient();
  const form = useRef<HTMLFormElement>(null);
  const [categories, setCategories] = useState<string[]>([]);
  const [once] = useState(() => sendOnce());
  const add = useMutation({
    mutationFn: (fields: FormData) => {
      const product = {
        name: String(fields.get("name")),
        description: String(fields.get("description")),
        // At most two places and eight digits before them: a number that is exact again as text.
        price: Number(fields.get("price")),
        quantity: Number(fields.get("quantity")),
        categories,
      };
      return once(product, (key) =>
        answer(api.POST("/api/products", { params: { header: { "Idempotency-Key": key } }, body: { product } })),
      );
    },
    onSuccess: () => {
      form.current?.reset();
      setCategories([]);
      void client.invalidateQueries({ queryKey: ["products"] });
    },
  });
  const field = add.error instanceof Problem ? add.error.members["field"] : undefined;
  const about = (name: string) => (field === name ? describe(add.error) : undefined);
  const elsewhere = add.isError && !["name", "description", "price", "quantity"].includes(String(field));
  return (
    <Panel title="Add a product">
      <form
        ref={form}
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate(new FormData(event.currentTarget));
        }}
      >
        {elsewhere && <Notice>{describe(add.error)}</Notice>}
        {add.isSuccess && <Notice tone="good">{add.data.name} is in the catalogue.</Notice>}
        <Field label="Name" name="name" required maxLength={100} error={about("name")} />
        <TextArea label="Description" name="description" required error={about("description")} />
        <div className="grid grid-cols-2 gap-3">
          <Field
            label="Price"
            name="price"
            inputMode="decimal"
            // A number field would round what is typed before anyone sees it.
            pattern="\d{1,8}(\.\d{1,2})?"
            title="A number with at most two decimal places, such as 19.99"
            required
            error={about("price")}
          />
          <Field label="Stock" name="quantity" type="number" min="0" step="1" required error={about("quantity")} />
        </div>
        <Categories chosen={categories} choose={setCategories} />
        <Button type="submit" disabled={add.isPending}>
          {add.isPending ? "Adding…" : "Add the product"}
        </Button>
      </form>
    </Panel>
  );
}

function Categories({ chosen, choose }: { chosen: string[]; choose: (names: string[]) => void }) {
  const { data: known = [] } = useQuery(categoriesQuery);
  return (
    <fieldset>
      <legend className="mb-1 text-sm font-medium">Categories</legend>
      <ToggleGroup.Root
        type="multiple"
        value={chosen}
        onValueChange={choose}
        aria-label="Categories"
        className="flex flex-wrap gap-2"
      >
        {known.map((name) => (
          <ToggleGroup.Item
            key={name}
            value={name}
            className="border-edge data-[state=on]:bg-accent data-[state=on]:text-on-accent min-h-9 rounded-full border px-3 text-sm font-medium"
          >
            {name}
          </ToggleGroup.Item>
        ))}
      </ToggleGroup.Root>
    </fieldset>
  );
}
