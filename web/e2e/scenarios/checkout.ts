import { expect, test } from "vitest";
import { problems } from "../axe.ts";
import { choosePayment, fillAddress, checkOut, shopper, stock, theShop, windowOf } from "../stage.ts";

test("a checkout by card leads to the order, which is paid", async () => {
  const { page } = await shopper("kettle");
  await checkOut(page, { token: "tok_ok" });
  await page.getByText("€40.00 was paid by card.").waitFor();
  await page.getByText("Your order is paid.").waitFor();
  expect(new URL(page.url()).pathname).toMatch(/^\/orders\/[\da-f-]{36}$/);
  await page.getByRole("link", { name: /^Cart$/ }).waitFor();
});

test("a declined card is said, and another one pays", async () => {
  const { page } = await shopper("pitcher");
  await checkOut(page, { token: "tok_declined" });
  await page.getByText("The card was declined. €40.00 is still to be paid.").waitFor();
  await page.getByText("Tried once.").waitFor();
  await page.getByText(/^Time left: \d+ min/).waitFor();
  await page.getByLabel("Card token").fill("tok_slow");
  await page.getByRole("button", { name: "Try again: pay €40.00" }).click();
  await page.getByText("€40.00 is being charged…").waitFor();
  await page.getByText("€40.00 was paid by card.").waitFor();
  await page.getByText("Tried 2 times.").waitFor();
  await page.getByText("Your order is paid.").waitFor();
});

test("a balance pays, and a cancelled order gives the money back", async () => {
  const { page, token } = await shopper("carafe", 100);
  await page.goto("/checkout");
  await page.getByText("of €100.00").waitFor();
  await checkOut(page, "balance");
  await page.getByText("€40.00 was paid from the balance.").waitFor();
  await page.getByRole("button", { name: "Cancel the order…" }).click();
  await page.getByRole("button", { name: "Cancel it" }).click();
  await page.getByText("€40.00 was paid and all of it was given back.").waitFor();
  expect((await theShop().call("/api/balance", token)).body).toMatchObject({ balance: 100 });
});

test("who pays later pays on the order's page", async () => {
  const { page } = await shopper("tumbler", 10);
  await page.goto("/checkout");
  await page.getByText("of €10.00, which is not enough").waitFor();
  expect(await page.getByRole("radio", { name: /^From your balance/ }).isDisabled()).toBe(true);
  await checkOut(page, "later");
  await page.getByText("€40.00 is to be paid.").waitFor();
  await page.getByLabel("Card token").fill("tok_ok");
  await page.getByRole("button", { name: "Pay €40.00" }).click();
  await page.getByText("€40.00 was paid by card.").waitFor();
});

test("an admin gives back a part, then the rest, and no more", async () => {
  const { page } = await shopper("decanter");
  await checkOut(page, { token: "tok_ok" });
  await page.getByText("€40.00 was paid by card.").waitFor();
  expect(await page.getByLabel("Amount to refund").count()).toBe(0);

  const admin = await windowOf("admin@admin.com");
  await admin.goto(page.url());
  await admin.getByLabel("Amount to refund").fill("50");
  await admin.getByLabel("Reason for the refund").fill("chipped");
  await admin.getByRole("button", { name: "Refund" }).click();
  await admin.getByRole("alert").filter({ hasText: "Only 40.00 EUR of what was paid is left to refund." }).waitFor();
  expect(await problems(admin)).toEqual([]);
  await admin.getByLabel("Amount to refund").fill("9.90");
  await admin.getByRole("button", { name: "Refund" }).click();
  await admin.getByText("€9.90 goes back to the customer.").waitFor();
  await page.getByText("€40.00 was paid by card. €9.90 was given back.").waitFor();
  await admin.getByLabel("Reason for the refund").fill("broken");
  await admin.getByRole("button", { name: "Refund" }).click();
  await page.getByText("€40.00 was paid and all of it was given back.").waitFor();
  await admin.getByLabel("Amount to refund").waitFor({ state: "detached" });
});

test("what can't be taken is said beside its field, and nothing that was filled in is lost", async () => {
  const { page } = await shopper("goblet");
  await page.goto("/checkout");
  await fillAddress(page);
  await page.getByLabel("City").fill(" ");
  await page.getByLabel("Card token").fill("tok ok");
  const send = page.getByRole("button", { name: /^Order for/ });
  await send.click();
  await page.getByText("Card token must have 1 to 200 visible ASCII characters.").waitFor();
  expect(await page.locator(":focus").getAttribute("name")).toBe("payment.token");
  await page.getByLabel("Card token").fill("tok_ok");
  await send.click();
  await page.getByText("City must not be empty.").waitFor();
  expect(await page.locator(":focus").getAttribute("name")).toBe("delivery.city");
  expect(await page.getByLabel("City").getAttribute("autocomplete")).toBe("shipping address-level2");
  await page.getByLabel("City").fill("Bristol");
  expect(await page.getByLabel("Street and number").inputValue()).toBe("1 High Street");
  await send.click();
  await page.getByText("€40.00 was paid by card.").waitFor();
});

test("a cart that has changed meanwhile is shown before it is ordered", async () => {
  const { page, token } = await shopper("ladle");
  const spoon = await stock({ name: "spoon", price: 2, quantity: 5 });
  await page.goto("/checkout");
  await fillAddress(page);
  await choosePayment(page, "later");
  await page.getByRole("button", { name: "Order for €40.00" }).waitFor();
  // What the page has seen stays what it is until it is sent.
  await page.route("**/api/cart", (route) => route.abort());
  await theShop().call(`/api/cart/lines/${spoon}`, token, { quantity: 1 }, "PUT");
  await page.getByRole("button", { name: "Order for €40.00" }).click();
  await page.getByText("Your cart has changed since you saw it.").waitFor();
  await page.unroute("**/api/cart");
  await page.getByRole("button", { name: "Order for €42.00" }).click();
  await page.getByText("Your order is accepted").waitFor();
});

test("a line that is changed at the checkout is ordered as it is shown", async () => {
  const { page, token, product } = await shopper("ramekin");
  await theShop().call(`/api/cart/lines/${product}`, token, { quantity: 4 }, "PUT");
  await page.goto("/checkout");
  await fillAddress(page);
  await choosePayment(page, "later");
  const user = await theShop().token("aaa@aaa.com");
  await theShop().call("/api/orders", user, { products: [{ name: "ramekin", quantity: 3 }] });
  await page.getByText("There are only 2 left.").waitFor();
  expect(await page.getByRole("button", { name: /^Order for/ }).isDisabled()).toBe(true);

  let release: (() => void) | undefined;
  const held = new Promise<void>((done) => {
    release = done;
  });
  await page.route("**/api/cart/lines/*", async (route) => {
    await held;
    return route.continue();
  });
  await page.getByRole("button", { name: "Take 2" }).click();
  const send = page.getByRole("button", { name: "Order for €80.00" });
  await send.waitFor();
  expect(await send.isDisabled()).toBe(true);
  release?.();
  await send.click();
  await page.getByText("Your order is accepted").waitFor();
  await page.getByRole("cell", { name: "2 × €40.00" }).waitFor();
});

test("a cart that is emptied meanwhile is not ordered, and the orders are one step away", async () => {
  const { page, token } = await shopper("strainer");
  await page.goto("/checkout");
  await fillAddress(page);
  await choosePayment(page, "later");
  await page.route("**/api/cart", (route) => route.abort());
  await theShop().call("/api/cart", token, undefined, "DELETE");
  await page.getByRole("button", { name: "Order for €40.00" }).click();
  await page.getByText("Your cart has changed since you saw it.").waitFor();
  await page.unroute("**/api/cart");
  await page.getByText("Your cart is empty").waitFor();
  await page.getByRole("link", { name: "Your orders" }).click();
  await page.getByText("No orders yet").waitFor();
});
