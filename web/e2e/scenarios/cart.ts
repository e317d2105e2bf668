import { expect, test } from "vitest";
import { PHONE, problems, width } from "../axe.ts";
import { addToCart, checkOut, newCustomer, newWindow, PASSWORD, shopper, stock, theShop, windowOf } from "../stage.ts";

test("a visitor's cart survives reloads and logging in, and joins the account's", async () => {
  const email = "carter@shop.example";
  const token = await newCustomer(email);
  const teacup = await stock({ name: "teacup", price: 8, quantity: 20 });
  await theShop().call(`/api/cart/lines/${teacup}`, token, { quantity: 2 }, "PUT");

  const page = await newWindow();
  await page.goto("/?search=teacup");
  await addToCart(page, "teacup");
  await page.getByRole("button", { name: "Add teacup to the cart" }).filter({ hasText: "In cart: 1" }).waitFor();
  await page.goto("/?search=chair");
  await addToCart(page, "chair");
  await page.getByRole("link", { name: "Cart 2 items" }).click();
  await page.getByText("€37.99").waitFor();
  await page.reload();
  await page.getByText("€37.99").waitFor();

  await page.getByRole("link", { name: "Log in to check out" }).click();
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Log in" }).click();
  // Three cups, once, and the chair.
  await page.getByRole("button", { name: "Order for €53.99" }).waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Order for €53.99" }).waitFor();
  expect(await page.evaluate(() => localStorage.getItem("quadrille.cart-token"))).toBeNull();

  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("link", { name: "Log in" }).waitFor();
  await page.goto("/cart");
  await page.getByText("Your cart is empty").waitFor();
  const elsewhere = await windowOf(email, PASSWORD);
  await elsewhere.getByRole("link", { name: "Cart 4 items" }).waitFor();
});

test("the cart is the same in all windows of the browser", async () => {
  await stock({ name: "saucer", price: 3, quantity: 20 });
  const page = await newWindow();
  const other = await page.context().newPage();
  await other.goto("/cart");
  await other.getByText("Your cart is empty").waitFor();
  await page.goto("/?search=saucer");
  await addToCart(page, "saucer");
  await other.getByRole("link", { name: "Cart 1 items" }).waitFor();
  // Pressed faster than the answers come.
  await page.getByRole("button", { name: "Add saucer to the cart" }).dblclick();
  await other.getByText("€9.00").first().waitFor();
  await other.getByRole("button", { name: "Empty the cart" }).click();
  await other.getByText("Your cart is empty").waitFor();
  await page.getByRole("link", { name: /^Cart$/ }).waitFor();
});

test("what is put in just before the page is left is in the cart", async () => {
  const { page } = await shopper("whisk");
  await page.goto("/?search=whisk");
  const add = page.getByRole("button", { name: "Add whisk to the cart" });
  await add.waitFor();
  // Too slow to have sent it by then.
  const network = await page.context().newCDPSession(page);
  const slow = { offline: false, latency: 1000, downloadThroughput: -1, uploadThroughput: 100 };
  await network.send("Network.emulateNetworkConditions", slow);
  await add.click();
  await page.goto("about:blank");
  await network.send("Network.emulateNetworkConditions", { ...slow, latency: 0, uploadThroughput: -1 });
  await page.goto("/cart");
  await page.getByText("€80.00").first().waitFor();
});

test("the cart says what has changed, with the way out", async () => {
  const page = await newWindow();
  await stock({ name: "teapot", price: 20, quantity: 3 });
  await page.goto("/?search=teapot");
  await addToCart(page, "teapot");
  await page.goto("/cart");
  const quantity = page.getByRole("spinbutton", { name: "Quantity" });
  await page.getByRole("button", { name: "One more" }).click();
  await quantity.fill("");
  await quantity.fill("3");
  await page.getByText("€60.00").first().waitFor();
  expect(await page.getByRole("button", { name: "One more" }).isDisabled()).toBe(true);

  const user = await theShop().token("aaa@aaa.com");
  await theShop().call("/api/orders", user, { products: [{ name: "teapot", quantity: 1 }] });
  await page.getByText("There are only 2 left.").waitFor();
  await page.getByText("Change the marked lines, then you can order.").waitFor();
  await page.getByRole("button", { name: "Take 2" }).click();
  await page.getByText("€40.00").first().waitFor();
  await page.getByRole("link", { name: "Log in to check out" }).waitFor();

  let dearer = true;
  await page.route("**/api/cart", async (route) => {
    const response = await route.fetch();
    const cart = (await response.json()) as { lines: object[] };
    const notice = "its price has changed from 20.00 EUR to 25.00 EUR";
    if (dearer) cart.lines = cart.lines.map((line) => ({ ...line, price: 25, total: 50, notice }));
    return route.fulfill({ response, json: cart });
  });
  await page.getByText("Its price has changed from 20.00 EUR to 25.00 EUR.").waitFor();
  expect(await problems(page)).toEqual([]);
  await page.setViewportSize(PHONE);
  expect(await width(page)).toBeLessThanOrEqual(PHONE.width);
  dearer = false;
  await page.getByRole("button", { name: "Fine" }).click();
  await page.getByText("Its price has changed").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Remove teapot" }).click();
  await page.getByText("Your cart is empty").waitFor();
});

test("what was ordered can be ordered again", async () => {
  const page = await windowOf("aaa@aaa.com");
  await page.goto("/?search=cutlery");
  await addToCart(page, "cutlery");
  await addToCart(page, "cutlery");
  await page.getByRole("link", { name: "Cart 2 items" }).waitFor();
  await checkOut(page);
  await page.getByText("Your order is accepted").waitFor();
  await page.getByRole("button", { name: "Order again" }).click();
  await page.getByRole("heading", { name: "Cart" }).waitFor();
  await page.getByText("€11.98").first().waitFor();
  await page.getByRole("button", { name: "Empty the cart" }).click();
  await page.getByText("Your cart is empty").waitFor();
});
