import { expect, test } from "vitest";
import { addToCart, newWindow, theShop, windowOf } from "../stage.ts";

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

  await page.getByRole("link", { name: "Log in to order" }).click();
  await page.getByRole("main").getByRole("link", { name: "Register" }).click();
  await page.getByLabel("E-mail").fill("new@shop.example");
  await page.getByLabel("Password", { exact: true }).fill("correct horse");
  await page.getByLabel("Password, once more").fill("correct house");
  await page.getByRole("button", { name: "Register" }).click();
  await page.getByText("The two passwords are not the same.").waitFor();
  await page.getByLabel("Password, once more").fill("correct horse");
  await page.getByRole("button", { name: "Register" }).click();

  // Back in the same cart.
  await page.getByText("€41.97").waitFor();
  expect(new URL(page.url()).pathname).toBe("/cart");
  await page.getByRole("button", { name: "Place the order" }).click();
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
  await page.goto("/cart");
  await page.getByRole("button", { name: "Place the order" }).dblclick();
  await page.getByText("Your order is accepted").waitFor();
  expect(await count()).toBe(before + 1);

  let lost = 0;
  await page.route("**/api/orders", async (route) => {
    if (route.request().method() !== "POST" || lost > 0) return route.continue();
    lost += 1;
    // The shop takes the order; the answer is lost on its way.
    await route.fetch();
    return route.abort("connectionreset");
  });
  await page.goto("/");
  await addToCart(page, "cutlery");
  await page.goto("/cart");
  await page.getByRole("button", { name: "Place the order" }).click();
  await page.getByText("Your order is accepted").waitFor();
  expect(lost).toBe(1);
  expect(await count()).toBe(before + 2);
});

test("the cart keeps to the stock and shows what has changed", async () => {
  const page = await newWindow();
  const admin = await theShop().token("admin@admin.com");
  const product = { name: "teapot", description: "For the test.", price: 20, quantity: 3, categories: ["kitchen"] };
  await theShop().call("/api/products", admin, { product });
  await page.goto("/?search=teapot");
  await addToCart(page, "teapot");
  await page.goto("/cart");
  const quantity = page.getByRole("spinbutton", { name: "Quantity" });
  await page.getByRole("button", { name: "One more" }).click();
  await quantity.fill("99");
  await expect.poll(() => quantity.inputValue()).toBe("3");
  await page.getByText("€60.00").first().waitFor();

  const user = await theShop().token("aaa@aaa.com");
  await expect
    .poll(async () => (await theShop().call("/api/orders", user, { products: [{ name: "teapot", quantity: 1 }] })).status)
    .toBe(201);
  await page.getByText("Only 2 left; you wanted 3.").waitFor();
  await page.getByRole("button", { name: "Take 2" }).click();
  await page.getByText("€40.00").first().waitFor();
  await page.getByRole("button", { name: "Remove teapot" }).click();
  await page.getByText("Your cart is empty").waitFor();
});

test("what is sold out is shown so in every window without reloading", async () => {
  const watcher = await newWindow();
  await watcher.goto("/?search=laptop");
  await watcher.getByText("The last one", { exact: true }).waitFor();
  const buyer = await windowOf("aaa@aaa.com");
  await buyer.goto("/?search=laptop");
  await addToCart(buyer, "laptop");
  await buyer.goto("/cart");
  await buyer.getByRole("button", { name: "Place the order" }).click();
  await buyer.getByText("Your order is accepted").waitFor();
  await watcher.getByText("Sold out", { exact: true }).waitFor();
  expect(await watcher.getByRole("button", { name: "Add laptop to the cart" }).isDisabled()).toBe(true);
});

test("a cancelled order says so, and its goods are there again in every window", async () => {
  const admin = await theShop().token("admin@admin.com");
  const product = { name: "samovar", description: "The only one.", price: 80, quantity: 1, categories: ["kitchen"] };
  await theShop().call("/api/products", admin, { product });
  const watcher = await newWindow();
  await watcher.goto("/?search=samovar");
  await watcher.getByText("The last one", { exact: true }).waitFor();
  const buyer = await windowOf("aaa@aaa.com");
  await buyer.goto("/?search=samovar");
  await addToCart(buyer, "samovar");
  await buyer.goto("/cart");
  await buyer.getByRole("button", { name: "Place the order" }).click();
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
