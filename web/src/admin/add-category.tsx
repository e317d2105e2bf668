import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { api } from "../api/client";
import { sendOnce } from "../api/once";
import { answer, describe } from "../api/problem";
import { categoriesQuery } from "../catalogue/queries";
import { Button } from "../ui/button";
import { Field } from "../ui/field";
import { Notice } from "../ui/states";
import { Panel } from "./panel";

export function AddCategory() {
  const client = useQueryClient();
  const form = useRef<HTMLFormElement>(null);
  const [once] = useState(() => sendOnce());
  const add = useMutation({
    mutationFn: (name: string) =>
      once({ name }, (key) =>
        answer(api.POST("/api/categories", { params: { header: { "Idempotency-Key": key } }, body: { name } })),
      ),
    onSuccess: () => {
      form.current?.reset();
      void client.invalidateQueries({ queryKey: categoriesQuery.queryKey });
    },
  });
  return (
    <Panel title="Add a category">
      <form
        ref={form}
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate(String(new FormData(event.currentTarget).get("category")));
        }}
      >
        {add.isSuccess && <Notice tone="good">The category {add.data.name} is there.</Notice>}
        <Field
          label="Category"
          name="category"
          required
          maxLength={50}
          error={add.isError ? describe(add.error) : undefined}
        />
        <Button type="submit" look="plain" disabled={add.isPending}>
          {add.isPending ? "Adding…" : "Add the category"}
        </Button>
      </form>
    </Panel>
  );
}
