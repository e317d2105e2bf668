import { expect, test } from "vitest";
import { problems } from "../axe.ts";
import { theShop, windowOf } from "../stage.ts";

test("a message that can't be applied is found, looked at, tried again and discarded", async () => {
  const shop = theShop();
  const token = await shop.token("admin@admin.com");
  const product = { name: "parasol", description: "Keeps the sun off.", price: 30, quantity: 4, categories: ["furniture"] };
  const { body } = await shop.call("/api/products", token, { product });
  const { id } = body as { id: string };
  // Orders has to know of it before: what it does not know would wait behind the dead letter, too.
  const wanted = { products: [{ name: product.name, quantity: product.quantity + 1 }] };
  const refusal = async () => ((await shop.call("/api/orders", token, wanted)).body as { code: string }).code;
  await expect.poll(refusal).toBe("insufficient-stock");
  const page = await windowOf("admin@admin.com");
  await page.goto("/operations");
  const section = page.getByRole("region", { name: "Dead letters" });
  await section.getByText("No dead letters").waitFor();

  await shop.publishInvalid(id);
  const row = section.getByRole("list", { name: "Dead letters of orders" }).getByRole("listitem").filter({ hasText: id });
  await row.getByText("ProductsQuantityUpdate version 99 is unknown to this build").waitFor();
  await row.getByText("Nothing waits behind it").waitFor();
  // What is said of the product from now on waits.
  await shop.call(`/api/products/${id}/stock`, token, { quantity: 5 });
  await row.getByText("1 message waits behind it").waitFor();
  expect(await problems(page)).toEqual([]);

  await row.getByRole("button", { name: /^Look at products\.product\.v1:\d+:\d+$/ }).click();
  const drawer = page.getByRole("dialog", { name: /^Dead letter / });
  await drawer.getByText('"said": "in a language of the future"').waitFor();
  await drawer.getByText("ProductsQuantityUpdate at").waitFor();
  expect(await problems(page)).toEqual([]);
  await drawer.getByRole("button", { name: "Try again…" }).click();
  await drawer.getByRole("button", { name: "Try again now" }).click();
  await drawer.getByText("It failed again and stays a dead letter").waitFor();

  await drawer.getByRole("button", { name: "Discard…" }).click();
  await drawer.getByRole("button", { name: "Discard it for good" }).click();
  expect(await drawer.getByLabel("Why it is discarded").evaluate((field: HTMLInputElement) => field.validity.valueMissing)).toBe(true);
  await drawer.getByLabel("Why it is discarded").fill("said by a test");
  await drawer.getByRole("button", { name: "Discard it for good" }).click();
  await drawer.getByText("It is discarded. 1 message behind it was applied.").waitFor();
  await drawer.getByRole("button", { name: "Close" }).click();

  // Carts keeps copies, too, and has a dead letter of its own.
  await section.getByRole("list", { name: "Dead letters of orders" }).waitFor({ state: "detached" });
  const log = section.getByRole("list", { name: "What was done" }).getByRole("listitem");
  await expect.poll(() => log.count()).toBe(2);
  await log.first().getByText("Discarded").waitFor();
  await log.first().getByText("admin@admin.com").waitFor();
  await log.first().getByText("said by a test").waitFor();
  await log.last().getByText("Tried again", { exact: true }).waitFor();

  // What waited reached orders: more can be ordered than there was at first.
  const placed = await shop.call("/api/orders", token, { products: [{ name: "parasol", quantity: 9 }] });
  expect(placed.status).toBe(201);
});
