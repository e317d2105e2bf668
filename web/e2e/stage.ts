import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { launch } from "./browser.ts";
import { Shop, stopAll } from "./shop.ts";
import { PATIENCE_MS, until } from "./until.ts";

let shop: Shop | null = null;
let browser: Browser | null = null;
let contexts: BrowserContext[] = [];
let complaints: string[] = [];

export async function open() {
  [shop, browser] = await Promise.all([Shop.open(), launch()]);
}

export async function close() {
  await browser?.close();
  await shop?.close();
  await stopAll();
}

export function theShop(): Shop {
  if (shop === null) throw new Error("the shop is not open");
  return shop;
}

/** A window of a browser of its own, with an empty cart and nobody logged in. */
export async function newWindow(options: BrowserContextOptions = {}): Promise<Page> {
  if (browser === null) throw new Error("the browser is not open");
  const context = await browser.newContext({ baseURL: theShop().url, reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  contexts.push(context);
  context.on("weberror", (error) => complaints.push(error.error().message));
  context.on("console", (message) => {
    const refusal = /Content Security Policy|refused to/i.test(message.text());
    // A status that is no success is shown on the page, and the browser reports it besides.
    const status = message.text().startsWith("Failed to load resource");
    if (refusal || (message.type() === "error" && !status)) complaints.push(message.text());
  });
  return context.newPage();
}

/** The password of customers whom tests register. */
export const PASSWORD = "correct horse";

/** A window in which someone is logged in; the demo users' passwords are their addresses. */
export async function windowOf(email: string, password = email): Promise<Page> {
  const page = await newWindow();
  await page.goto("/login");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("button", { name: "Log out" }).waitFor();
  return page;
}

/** Closes what a test opened, and gives what the browser complained about meanwhile. */
export async function clear(): Promise<string[]> {
  const pages = contexts.flatMap((context) => context.pages());
  // An answer that is changed on its way may be under way.
  await Promise.all(pages.map((page) => page.unrouteAll({ behavior: "ignoreErrors" })));
  await Promise.all(contexts.map((context) => context.close()));
  contexts = [];
  const found = complaints;
  complaints = [];
  return found;
}

/** Puts a product in the cart by pressing its button, and waits until it is there. */
export async function addToCart(page: Page, name: string) {
  const [answered] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === "PUT"),
    page.getByRole("button", { name: `Add ${name} to the cart` }).click(),
  ]);
  if (!answered.ok()) throw new Error(`${name} is not in the cart: ${answered.status()} ${await answered.text()}`);
  // What a visitor's cart is known by.
  await page.waitForFunction(() => localStorage.getItem("quadrille.session") ?? localStorage.getItem("quadrille.cart-token"));
}

/** A product that a test adds. */
export interface NewProduct {
  name: string;
  price: number;
  quantity: number;
}

/** Adds a product and waits until it can be put into carts and ordered. Comes back with its id. */
export async function stock({ name, price, quantity }: NewProduct): Promise<string> {
  const admin = await theShop().token("admin@admin.com");
  const product = { name, price, quantity, description: "For the test.", categories: ["kitchen"] };
  const { id } = (await theShop().call("/api/products", admin, { product })).body as { id: string };
  await until(`carts know the ${name}`, PATIENCE_MS, async () => {
    const { status } = await theShop().call(`/api/cart/lines/${id}`, null, { quantity: 1 }, "PUT");
    return status === 200 ? true : null;
  });
  await until(`orders know the ${name}`, PATIENCE_MS, async () => {
    const tooMany = { products: [{ name, quantity: quantity + 1 }] };
    const { body } = await theShop().call("/api/orders", admin, tooMany);
    return (body as { code?: string }).code === "insufficient-stock" ? true : null;
  });
  return id;
}

/** A new account with money in its balance, and its access token. */
export async function newCustomer(email: string, balance = 0): Promise<string> {
  await theShop().call("/api/register", null, { email, password: PASSWORD });
  const token = await theShop().token(email, PASSWORD);
  if (balance === 0) return token;
  const admin = await theShop().token("admin@admin.com");
  await theShop().call(`/api/admin/accounts/${idOf(token)}/balance`, admin, { amount: balance, reason: "for the test" });
  return token;
}

/** A window of a new customer, who has one of a new product for 40.00 in the cart. */
export async function shopper(name: string, balance = 0): Promise<{ page: Page; token: string; product: string }> {
  const email = `${name.replaceAll(" ", ".")}@shop.example`;
  const token = await newCustomer(email, balance);
  const product = await stock({ name, price: 40, quantity: 5 });
  await theShop().call(`/api/cart/lines/${product}`, token, { quantity: 1 }, "PUT");
  return { page: await windowOf(email, PASSWORD), token, product };
}

/** The account's id, as its access token says. */
function idOf(token: string): string {
  const claims = Buffer.from(token.split(".")[1] ?? "", "base64url").toString();
  return (JSON.parse(claims) as { sub: string }).sub;
}

/** Fills in where an order goes. */
export async function fillAddress(page: Page) {
  await page.getByLabel("Name").fill("Ann Example");
  await page.getByLabel("Street and number").fill("1 High Street");
  await page.getByLabel("Postal code").fill("BS1 1AA");
  await page.getByLabel("City").fill("Bristol");
  await page.getByLabel("Country").selectOption("GB");
}

/** How a test pays: by this card, from the balance, or later. */
export async function choosePayment(page: Page, payment: "balance" | "later" | { token: string }) {
  const names = { balance: /^From your balance/, later: /^Later/ };
  if (typeof payment === "string") await page.getByRole("radio", { name: names[payment] }).check();
  else await page.getByLabel("Card token").fill(payment.token);
}

/** Orders what is in the cart. */
export async function checkOut(page: Page, payment: "balance" | "later" | { token: string } = "later") {
  await page.goto("/checkout");
  await fillAddress(page);
  await choosePayment(page, payment);
  await page.getByRole("button", { name: /^Order for/ }).click();
}
