import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { addToCart, theShop, windowOf } from "../stage.ts";

async function withInCart(email: string, product: string): Promise<Page> {
  const page = await windowOf(email);
  await page.goto(`/?search=${product}`);
  await addToCart(page, product);
  await page.goto("/cart");
  await page.getByRole("button", { name: "Place the order" }).waitFor();
  return page;
}

/** What the page says of an order once it is settled. */
async function outcome(page: Page): Promise<string | null> {
  const message = page.getByText(/Your order is accepted|headphones is sold out/).first();
  await message.waitFor({ timeout: 40_000 });
  return message.textContent();
}

test("two orders of the last piece are taken while products is stopped, and settle live when it is back", async () => {
  const pages = [await withInCart("aaa@aaa.com", "headphones"), await withInCart("admin@admin.com", "headphones")];
  await theShop().stop("products");
  try {
    for (const page of pages) {
      await page.getByText("The catalogue can't be reached at the moment.").waitFor();
      await page.getByRole("button", { name: "Place the order" }).click();
      await page.getByText("Your order is placed. It is being settled…").waitFor();
      await page.getByText("Pending").waitFor();
    }
  } finally {
    theShop().start("products");
  }
  const outcomes = await Promise.all(pages.map(outcome));
  expect(outcomes.toSorted()).toEqual([
    "headphones is sold out.",
    "Your order is accepted: the goods are reserved for you.",
  ].toSorted());
  for (const page of pages) {
    await page.getByText("The catalogue can't be reached at the moment.").waitFor({ state: "detached" });
  }
  await Promise.any(pages.map((page) => page.getByText("Rejected").first().waitFor()));
});

test("ordering while orders is stopped keeps the cart, and goes on by itself when it is back", async () => {
  const page = await withInCart("aaa@aaa.com", "cutlery");
  await theShop().stop("orders");
  try {
    await page.getByRole("button", { name: "Place the order" }).click();
    await page.getByText("Ordering can't be reached at the moment.").waitFor();
    await page.getByText("The answer to your order has not arrived.").waitFor();
  } finally {
    theShop().start("orders");
  }
  await page.getByText("Ordering can't be reached at the moment.").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Place the order" }).click();
  await page.getByText("Your order is accepted").waitFor();
});
