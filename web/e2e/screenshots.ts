/** Makes docs/screenshots: the main pages on a phone and on a desktop. `npm run screenshots` */
import { mkdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Page } from "playwright-core";
import { addToCart, clear, close, fillAddress, open, checkOut, theShop, windowOf } from "./stage.ts";

const FOLDER = resolve(import.meta.dirname, "../../docs/screenshots");
const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };
const MOST_BYTES = 180_000;

async function shoot(page: Page, name: string) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    await page.mouse.move(0, 0);
    await page.evaluate(() => window.scrollTo(0, 0));
    const path = join(FOLDER, `${name}-${size}.png`);
    await page.screenshot({ path, animations: "disabled" });
    const { size: bytes } = await stat(path);
    if (bytes > MOST_BYTES) throw new Error(`${path} has ${bytes} bytes; at most ${MOST_BYTES} fit the page`);
    console.log(`${name}-${size}.png ${bytes} bytes`);
  }
}

/** More products than the demo's four, so that the catalogue looks like a shop. */
async function stockUp(token: string) {
  const products: [string, number, number, string, string][] = [
    ["teapot", 24.5, 12, "kitchen", "Stoneware with a bamboo handle. Holds a litre, does not drip."],
    ["bookshelf", 119, 6, "furniture", "Five boards of ash, two metres high. Screws and a plan come with it."],
    ["desk lamp", 49.9, 3, "electronics", "An arm with three joints and a warm light that can be dimmed."],
    ["frying pan", 39.95, 18, "kitchen", "Forged iron, 28 cm, seasoned three times. It outlives its owner."],
  ];
  for (const [name, price, quantity, category, description] of products) {
    const product = { name, price, quantity, description, categories: [category] };
    await theShop().call("/api/products", token, { product });
  }
}

async function orderOf(page: Page, names: string[]) {
  await page.goto("/");
  for (const name of names) await addToCart(page, name);
  await page.getByRole("link", { name: `Cart ${names.length} items` }).waitFor();
  await checkOut(page, { token: "tok_ok" });
  await page.getByText("Your order is paid.").waitFor();
}

await mkdir(FOLDER, { recursive: true });
await open();
try {
  const admin = await windowOf("admin@admin.com");
  await stockUp(await theShop().token("admin@admin.com"));
  const page = await windowOf("aaa@aaa.com");
  await page.getByRole("heading", { name: "teapot" }).waitFor();
  await orderOf(page, ["laptop", "desk lamp"]);
  await orderOf(page, ["chair", "chair", "cutlery"]);
  await page.getByText("was paid by card").waitFor();
  await page.getByText("by payments").waitFor();
  await shoot(page, "order");
  await page.goto("/orders");
  await page.getByRole("link", { name: "2 × chair, 1 × cutlery" }).waitFor();
  await shoot(page, "orders");
  await page.goto("/");
  await page.getByText("Sold out").waitFor();
  await addToCart(page, "teapot");
  await addToCart(page, "frying pan");
  await shoot(page, "catalogue");
  await page.emulateMedia({ colorScheme: "dark" });
  await shoot(page, "catalogue-dark");
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto("/cart");
  await page.getByText("€64.45").waitFor();
  await shoot(page, "cart");
  await page.goto("/checkout");
  await fillAddress(page);
  await shoot(page, "checkout");
  await admin.goto("/admin");
  await admin.getByRole("heading", { name: "teapot" }).waitFor();
  await shoot(admin, "admin");
  await admin.goto("/operations");
  const token = await theShop().token("aaa@aaa.com");
  // The chart needs a few readings with something in them: one every 2 s.
  for (const more of [1, 4, 2, 6, 3]) {
    const orders = Array.from({ length: more * 3 }, () =>
      theShop().call("/api/orders", token, { products: [{ name: "cutlery", quantity: 1 }] }),
    );
    await Promise.all(orders);
    await admin.waitForResponse((response) => response.url().endsWith("/api/admin/operations"));
  }
  await shoot(admin, "operations");
  const complaints = await clear();
  if (complaints.length > 0) throw new Error(`the browser complains: ${complaints.join("; ")}`);
} finally {
  await close();
}
