import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { launch } from "./browser.ts";
import { Shop, stopAll } from "./shop.ts";
import { PATIENCE_MS } from "./until.ts";

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

/** A window in which someone is logged in; the demo users' passwords are their addresses. */
export async function windowOf(email: string, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await newWindow(options);
  await page.goto("/login");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(email);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("button", { name: "Log out" }).waitFor();
  return page;
}

/** Closes what a test opened, and gives what the browser complained about meanwhile. */
export async function clear(): Promise<string[]> {
  await Promise.all(contexts.map((context) => context.close()));
  contexts = [];
  const found = complaints;
  complaints = [];
  return found;
}

/** Puts a product in the cart by pressing its button. */
export async function addToCart(page: Page, name: string) {
  await page.getByRole("button", { name: `Add ${name} to the cart` }).click();
}
