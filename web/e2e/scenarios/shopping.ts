import { expect, test } from "vitest";
import { addToCart, checkOut, choosePayment, fillAddress, newWindow, stock, theShop, windowOf } from "../stage.ts";

test("a visitor fills the cart, registers, orders, and sees it settle", async () => {
  const page = await newWindow();
  await page.goto("/");
  await addToCart(page, "chair");
  await addToCart(page, "cutlery");
  await addToCart(page, "cutlery");
  await page.getByRole("link", { name: /^Cart/ }).click();
  await page.getByText("€41.97").waitFor();
  await page.reload();
  await page.getByText("€41.97").waitFor();

  await page.getByRole("link", { name: "Log in to check out" }).click();
  await page.getByRole("main").getByRole("link", { name: "Register" }).click();
  await page.getByLabel("E-mail").fill("new@shop.example");
  await page.getByLabel("Password", { exact: true }).fill("correct horse");
  await page.getByLabel("Password, once more").fill("correct house");
  await page.getByRole("button", { name: "Register" }).click();
  await page.getByText("The two passwords are not the same.").waitFor();
  await page.getByLabel("Password, once more").fill("correct horse");
  await page.getByRole("button", { name: "Register" }).click();

  // At the checkout, with the same cart.
  await page.getByRole("button", { name: "Order for €41.97" }).waitFor();
  expect(new URL(page.url()).pathname).toBe("/checkout");
  await fillAddress(page);
  await choosePayment(page, "later");
  await page.getByRole("button", { name: "Order for €41.97" }).click();
  await page.getByText("Your order is accepted").waitFor();
  expect(new URL(page.url()).pathname).toMatch(/^\/orders\/[\da-f-]{36}$/);
  const steps = page.getByRole("list").filter({ hasText: "The order was placed" }).getByRole("listitem");
  await expect.poll(() => steps.count()).toBe(2);
  expect(await steps.nth(0).textContent()).toContain("by orders");
  expect(await steps.nth(1).textContent()).toMatch(/by products at .+, after \d/);

  await page.getByRole("link", { name: "Orders" }).click();
  await page.getByRole("link", { name: "1 × chair, 2 × cutlery" }).waitFor();
  await page.getByRole("link", { name: /^Cart$/ }).click();
  await page.getByText("Your cart is empty").waitFor();
});

test("a double click and a lost answer are one order", async () => {
  const page = await windowOf("aaa@aaa.com");
  const token = await theShop().token("aaa@aaa.com");
  const count = async () => {
    const { body } = await theShop().call("/api/orders", token);
    return (body as { orders: unknown[] }).orders.length;
  };
  const before = await count();
  await page.goto("/");
  await addToCart(page, "cutlery");
  await page.goto("/checkout");
  await fillAddress(page);
  await choosePayment(page, "later");
  await page.getByRole("button", { name: /^Order for/ }).dblclick();
  await page.getByText("Your order is accepted").waitFor();
  expect(await count()).toBe(before + 1);

  let lost = 0;
  await page.route("**/api/checkout", async (route) => {
    if (lost > 0) return route.continue();
    lost += 1;
    // The shop takes the order; the answer is lost on its way.
    await route.fetch();
    return route.abort("connectionreset");
  });
  await page.goto("/");
  await addToCart(page, "cutlery");
  await checkOut(page);
  await page.getByText("Your order is accepted").waitFor();
  expect(lost).toBe(1);
  expect(await count()).toBe(before + 2);
});

test("what is sold out is shown so in every window without reloading", async () => {
  const watcher = await newWindow();
  await watcher.goto("/?search=laptop");
  await watcher.getByText("The last one", { exact: true }).waitFor();
  const buyer = await windowOf("aaa@aaa.com");
  await buyer.goto("/?search=laptop");
  await addToCart(buyer, "laptop");
  await checkOut(buyer);
  await buyer.getByText("Your order is accepted").waitFor();
  await watcher.getByText("Sold out", { exact: true }).waitFor();
  expect(await watcher.getByRole("button", { name: "Add laptop to the cart" }).isDisabled()).toBe(true);
});

test("a cancelled order says so, and its goods are there again in every window", async () => {
  await stock({ name: "samovar", price: 80, quantity: 1 });
  const watcher = await newWindow();
  await watcher.goto("/?search=samovar");
  await watcher.getByText("The last one", { exact: true }).waitFor();
  const buyer = await windowOf("aaa@aaa.com");
  await buyer.goto("/?search=samovar");
  await addToCart(buyer, "samovar");
  await checkOut(buyer);
  await buyer.getByText("Your order is accepted").waitFor();
  await watcher.getByText("Sold out", { exact: true }).waitFor();

  await buyer.getByRole("button", { name: "Cancel the order…" }).click();
  await buyer.getByRole("button", { name: "Keep it" }).click();
  await buyer.getByRole("button", { name: "Cancel the order…" }).click();
  await buyer.getByLabel("Why, if you like to say").fill("I have one already");
  await buyer.getByRole("button", { name: "Cancel it" }).click();
  await buyer.getByText("Your order is cancelled").waitFor();
  expect(await buyer.locator(":focus").textContent()).toBe("Your order is cancelled.");
  const steps = buyer.getByRole("list").filter({ hasText: "The order was placed" }).getByRole("listitem");
  await expect.poll(() => steps.count()).toBe(3);
  expect(await steps.nth(2).textContent()).toContain("“I have one already”");
  expect(await buyer.getByRole("button", { name: "Cancel the order…" }).count()).toBe(0);
  await watcher.getByText("The last one", { exact: true }).waitFor();
});

test("the keyboard alone is enough", async () => {
  const page = await newWindow();
  await page.goto("/");
  await page.getByRole("heading", { name: "chair" }).waitFor();
  await page.keyboard.press("Tab");
  expect(await page.locator(":focus").textContent()).toBe("Skip to the content");
  await page.keyboard.press("Enter");
  const reached = async (name: string) => {
    for (let presses = 0; presses < 30; presses += 1) {
      await page.keyboard.press("Tab");
      if ((await page.locator(":focus").getAttribute("aria-label")) === name) return;
    }
    throw new Error(`the Tab key does not lead to "${name}"`);
  };
  await reached("Add chair to the cart");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Cart 1 items" }).waitFor();
});
