import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { problems } from "../axe.ts";
import { addToCart, choosePayment, fillAddress, shopper, theShop, windowOf } from "../stage.ts";

/** A page that is ready to order. */
async function atCheckout(page: Page, payment: "balance" | "later" = "later"): Promise<Page> {
  await page.goto("/checkout");
  await fillAddress(page);
  await choosePayment(page, payment);
  return page;
}

async function withInCart(email: string, product: string): Promise<Page> {
  const page = await windowOf(email);
  await page.goto(`/?search=${product}`);
  await addToCart(page, product);
  await page.getByRole("link", { name: /^Cart \d+ items/ }).waitFor();
  return atCheckout(page);
}

const ordering = (page: Page) => page.getByRole("button", { name: /^Order for/ });
const waiting = (page: Page) => page.getByText("Your order is taken and is being placed…");

/** What the page says of an order once it is settled. */
async function outcome(page: Page): Promise<string | null> {
  const message = page.getByText(/Your order is accepted|Your order could not be placed/).first();
  await message.waitFor({ timeout: 40_000 });
  return message.textContent();
}

test("two orders of the last piece are taken while products is stopped: one stands, one is in the cart again", async () => {
  const pages = [await withInCart("aaa@aaa.com", "headphones"), await withInCart("admin@admin.com", "headphones")];
  await theShop().stop("products");
  try {
    for (const page of pages) {
      await ordering(page).click();
      await waiting(page).waitFor();
    }
    // It waits also for who comes back later.
    await pages[0]?.reload();
    await waiting(pages[0] as Page).waitFor();
    expect(await problems(pages[0] as Page)).toEqual([]);
  } finally {
    theShop().start("products");
  }
  const outcomes = await Promise.all(pages.map(outcome));
  expect(outcomes.filter((text) => text?.includes("accepted"))).toHaveLength(1);
  const rejected = pages[outcomes.findIndex((text) => text?.includes("could not be placed"))] as Page;
  expect(new URL(rejected.url()).pathname).toBe("/cart");
  await rejected.getByText(/^It could not be ordered: .*headphones/).waitFor();
  await rejected.getByText("Change the marked lines, then you can order.").waitFor();
  expect(await problems(rejected)).toEqual([]);

  await rejected.getByRole("link", { name: "Orders" }).click();
  await rejected.getByRole("link", { name: "1 × headphones" }).first().click();
  await rejected.getByText("What you ordered was put back into your cart").waitFor();
  await rejected.getByRole("link", { name: "To your cart" }).click();
  await rejected.getByRole("button", { name: "Take headphones out" }).click();
  await rejected.getByText("Your cart is empty").waitFor();
});

test("a checkout is taken while orders is stopped, another one waits for it, and both are placed", async () => {
  const { page } = await shopper("gravy boat", 100);
  await atCheckout(page);
  await theShop().stop("orders");
  try {
    await ordering(page).click();
    await waiting(page).waitFor();
    await page.getByRole("link", { name: "Catalogue" }).click();
    await page.getByLabel("Search").fill("gravy");
    await addToCart(page, "gravy boat");
    await page.getByRole("link", { name: "Cart 1 items" }).waitFor();
    await atCheckout(page, "balance");
    await ordering(page).click();
    await page.getByText("Another order of yours is still being placed.").waitFor();
    await page.getByRole("link", { name: "Look at that order" }).click();
    await waiting(page).waitFor();
  } finally {
    theShop().start("orders");
  }
  await page.getByText("Your order is accepted").waitFor({ timeout: 40_000 });
  await atCheckout(page, "balance");
  await ordering(page).click();
  await page.getByText("€40.00 was paid from the balance.").waitFor();
});

test("ordering while carts is stopped keeps what was filled in, and is one order when it is back", async () => {
  const { page, token } = await shopper("cake stand");
  await atCheckout(page);
  await theShop().stop("carts");
  try {
    await ordering(page).click();
    await page.getByText("The cart can't be reached at the moment.").waitFor();
    await page.getByText("The answer to your order has not arrived.").waitFor();
  } finally {
    theShop().start("carts");
  }
  await page.getByText("The cart can't be reached at the moment.").waitFor({ state: "detached" });
  await ordering(page).click();
  await page.getByText("Your order is accepted").waitFor();
  const { body } = await theShop().call("/api/orders", token);
  expect((body as { orders: unknown[] }).orders).toHaveLength(1);
});
