import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { PHONE, problems, width } from "../axe.ts";
import { addToCart, newWindow, checkOut, shopper, theShop, windowOf } from "../stage.ts";

/** Checks a page in light and dark, and that a phone does not have to scroll it sideways. */
async function check(page: Page) {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.locator(`html[data-theme=${colorScheme}]`).waitFor({ state: "attached" });
    expect(await problems(page)).toEqual([]);
  }
  const size = page.viewportSize();
  await page.setViewportSize(PHONE);
  expect(await width(page), page.url()).toBeLessThanOrEqual(PHONE.width);
  expect(await problems(page)).toEqual([]);
  if (size !== null) await page.setViewportSize(size);
}

test("axe finds nothing serious on a visitor's pages", async () => {
  const page = await newWindow();
  await page.goto("/");
  await page.getByRole("heading", { name: "chair" }).waitFor();
  await check(page);
  await page.goto("/cart");
  await page.getByText("Your cart is empty").waitFor();
  await check(page);
  await page.goto("/");
  await addToCart(page, "chair");
  await page.goto("/cart");
  await page.getByText("€29.99").first().waitFor();
  await check(page);
  for (const path of ["/login", "/register", "/purchases", "/nowhere"]) {
    await page.goto(path);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await check(page);
  }
});

test("axe finds nothing serious on a member's pages", async () => {
  const page = await windowOf("aaa@aaa.com");
  await page.goto("/orders");
  await page.getByRole("list", { name: "Orders, newest first" }).getByRole("listitem").first().waitFor();
  await check(page);
  const token = await theShop().token("aaa@aaa.com");
  const { body } = await theShop().call("/api/orders", token);
  const [order] = (body as { orders: { id: string }[] }).orders;
  await page.goto(`/orders/${order?.id}`);
  await page.getByText("What happened").waitFor();
  await check(page);
});

test("axe finds nothing serious from the checkout to a payment that is tried again", async () => {
  const { page } = await shopper("trivet", 100);
  await page.goto("/checkout");
  await page.getByText("of €100.00").waitFor();
  await check(page);
  await checkOut(page, { token: "tok_declined" });
  await page.getByText("The card was declined.").waitFor();
  await check(page);
});

test("axe finds nothing serious on an admin's pages", async () => {
  const page = await windowOf("admin@admin.com");
  await page.goto("/admin");
  await page.getByRole("button", { name: "furniture" }).waitFor();
  await page.getByRole("heading", { name: "chair" }).waitFor();
  await check(page);
  await page.getByRole("tab", { name: "Orders" }).click();
  await page.getByRole("list", { name: "Orders of everyone" }).waitFor();
  await check(page);
  await page.getByRole("tab", { name: "Mails" }).click();
  await page.getByRole("list", { name: "Mails, newest first" }).getByRole("listitem").first().waitFor();
  await check(page);
  await page.goto("/operations");
  await page.getByText("orders.order.v1").first().waitFor();
  await check(page);
});

test("a chart that is not drawn anew yet does not widen a phone's page", async () => {
  const page = await windowOf("admin@admin.com");
  await page.addInitScript(() => {
    ResizeObserver.prototype.observe = () => undefined;
  });
  await page.goto("/operations");
  await page.locator(".uplot canvas").waitFor();
  await page.setViewportSize(PHONE);
  expect(await width(page)).toBeLessThanOrEqual(PHONE.width);
});
