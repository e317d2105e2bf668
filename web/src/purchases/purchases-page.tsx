import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { api } from "../api/client";
import { sendOnce } from "../api/once";
import { answer, describe } from "../api/problem";
import { useWho } from "../session/use-who";
import { Button } from "../ui/button";
import { Field } from "../ui/field";
import { Page } from "../ui/page";
import { Empty, Notice } from "../ui/states";

interface Purchase {
  username: string;
  userid: string;
  price: string;
  timestamp: string;
}

const read = (form: HTMLFormElement): Purchase => {
  const data = new FormData(form);
  const text = (name: keyof Purchase) => String(data.get(name) ?? "").trim();
  return {
    username: text("username"),
    userid: text("userid"),
    price: text("price"),
    timestamp: text("timestamp"),
  };
};

/** The purchase intake: four fields, and what was taken of a user. */
export default function PurchasesPage() {
  const who = useWho();
  const form = useRef<HTMLFormElement>(null);
  const list = useMutation({
    mutationFn: (username: string) =>
      answer(api.GET("/getAllUserBuys/{username}", { params: { path: { username } } })),
  });
  const [once] = useState(() => sendOnce());
  const buy = useMutation({
    mutationFn: (purchase: Purchase) =>
      once(purchase, (key, at) => {
        // Two purchases with the same values are one: without a time of its own, each gets that of its first try.
        const body = { ...purchase, timestamp: purchase.timestamp || at.toISOString() };
        return answer(api.POST("/buy", { params: { header: { "Idempotency-Key": key } }, body }));
      }),
    onSuccess: (_, { username }) => list.mutate(username),
  });
  return (
    <Page title="Purchases">
      <div className="grid gap-8 md:grid-cols-2">
        <form
          ref={form}
          className="flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            buy.mutate(read(event.currentTarget));
          }}
        >
          {buy.isSuccess && <Notice tone="good">The purchase is taken.</Notice>}
          {buy.isError && <Notice tone="bad">{describe(buy.error)}</Notice>}
          <Field label="User name" name="username" required maxLength={200} defaultValue={who?.email} />
          <Field label="User id" name="userid" required maxLength={200} />
          <Field label="Price" name="price" required inputMode="decimal" pattern="\d+(\.\d+)?" placeholder="19.99" />
          <Field label="Time" name="timestamp" maxLength={200} hint="Left empty, it is now." />
          <div className="flex flex-wrap gap-3">
            <Button type="submit" disabled={buy.isPending}>
              {buy.isPending ? "Buying…" : "Buy"}
            </Button>
            <Button
              type="button"
              look="plain"
              disabled={list.isPending}
              onClick={() => {
                if (form.current !== null) list.mutate(read(form.current).username);
              }}
            >
              getAllUserBuys
            </Button>
          </div>
        </form>
        <section aria-live="polite" aria-label="Purchases of the user">
          {list.isError && <Notice tone="bad">{describe(list.error)}</Notice>}
          {list.isSuccess && <Taken of={list.data.username} purchases={list.data.purchases} />}
        </section>
      </div>
    </Page>
  );
}

function Taken({ of, purchases }: { of: string; purchases: (Purchase & { _id: string })[] }) {
  if (purchases.length === 0) return <Empty title={`No purchases of ${of}`} />;
  return (
    <>
      <h2 className="mb-3 text-lg font-semibold wrap-anywhere">Purchases of {of}</h2>
      {/* Wider than a phone: it can be scrolled, also by keyboard. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <section aria-label={`Purchases of ${of}`} tabIndex={0} className="overflow-x-auto">
        <table className="w-full text-left text-sm">
          <thead className="text-quiet">
            <tr>
              <th scope="col" className="py-2 pr-4 font-medium">
                User id
              </th>
              <th scope="col" className="py-2 pr-4 font-medium">
                Price
              </th>
              <th scope="col" className="py-2 font-medium">
                Time
              </th>
            </tr>
          </thead>
          <tbody>
            {purchases.map(({ _id, userid, price, timestamp }) => (
              <tr key={_id} className="border-line border-t">
                <td className="py-2 pr-4 wrap-anywhere">{userid}</td>
                <td className="py-2 pr-4">{price}</td>
                <td className="py-2 wrap-anywhere">{timestamp}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}
