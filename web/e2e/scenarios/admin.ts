import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { addToCart, newWindow, checkOut, theShop, windowOf } from "../stage.ts";

async function adminPage(): Promise<Page> {
  const admin = await windowOf("admin@admin.com");
  await admin.getByRole("link", { name: "Admin" }).click();
  await admin.getByRole("heading", { name: "Add a product" }).waitFor();
  return admin;
}

test("what an admin adds in one window appears in another, and can be ordered", async () => {
  const visitor = await newWindow();
  await visitor.goto("/?sort=newest");
  await visitor.getByRole("heading", { name: "chair" }).waitFor();
  const admin = await adminPage();

  await admin.getByRole("textbox", { name: "Category" }).fill("Garden");
  await admin.getByRole("button", { name: "Add the category" }).click();
  await admin.getByText("The category garden is there.").waitFor();

  await admin.getByRole("textbox", { name: "Name" }).fill("bench");
  await admin.getByLabel("Description").fill("A bench of larch for two.");
  await admin.getByRole("textbox", { name: "Price" }).fill("149.50");
  await admin.getByRole("spinbutton", { name: "Stock", exact: true }).fill("1");
  await admin.getByRole("button", { name: "garden", exact: true }).click();
  await admin.getByRole("button", { name: "furniture", exact: true }).click();
  await admin.getByRole("button", { name: "Add the product" }).click();
  await admin.getByText("bench is in the catalogue.").waitFor();

  const card = visitor.getByRole("listitem").filter({ has: visitor.getByRole("heading", { name: "bench" }) });
  await card.getByText("€149.50").waitFor();
  await card.getByText("The last one").waitFor();
  expect(await card.getByRole("list").getByRole("listitem").allTextContents()).toEqual(["furniture", "garden"]);

  await admin.getByLabel("How many more of bench").fill("20");
  await admin.getByRole("button", { name: "Put more of bench in stock" }).click();
  await card.getByText("21 in stock").waitFor();

  const buyer = await windowOf("aaa@aaa.com");
  await buyer.goto("/?search=bench");
  await addToCart(buyer, "bench");
  await checkOut(buyer);
  await buyer.getByText("Your order is accepted").waitFor();
  const id = new URL(buyer.url()).pathname.split("/").at(-1) ?? "";

  await admin.getByRole("tab", { name: "Orders" }).click();
  await admin.getByRole("link", { name: "1 × bench" }).waitFor();
  await admin.getByLabel("Order id").fill("nonsense");
  await admin.getByText("An order's id is a UUID").waitFor();
  await admin.getByLabel("Order id").fill(id);
  await admin.getByLabel("Status").selectOption("REJECTED");
  await admin.getByText("No such orders").waitFor();
  await admin.getByLabel("Status").selectOption("ACCEPTED");
  await expect.poll(() => admin.getByRole("list", { name: "Orders of everyone" }).getByRole("listitem").count()).toBe(1);
});

test("what can't be added is refused beside its field", async () => {
  const admin = await adminPage();
  await admin.getByRole("textbox", { name: "Name" }).fill("Chair");
  await admin.getByLabel("Description").fill("Another one.");
  await admin.getByRole("textbox", { name: "Price" }).fill("1");
  await admin.getByRole("spinbutton", { name: "Stock", exact: true }).fill("1");
  await admin.getByRole("button", { name: "Add the product" }).click();
  await admin.getByRole("alert").waitFor();
});

test("others are kept out by the page and by the server", async () => {
  const page = await windowOf("aaa@aaa.com");
  expect(await page.getByRole("link", { name: "Admin" }).count()).toBe(0);
  for (const path of ["/admin", "/operations"]) {
    await page.goto(path);
    await page.getByText("This page is for the shop's admins").waitFor();
  }
  const user = await theShop().token("aaa@aaa.com");
  for (const path of ["/api/admin/orders", "/api/admin/operations", "/api/admin/dead-letters/orders"]) {
    expect((await theShop().call(path, user)).status).toBe(403);
    expect((await theShop().call(path, null)).status).toBe(401);
  }
});

test("the operations page shows the choreography with live metrics", async () => {
  const admin = await windowOf("admin@admin.com");
  await admin.goto("/operations");
  const picture = admin.getByRole("img", { name: /^Services, the topics/ });
  for (const text of ["orders.order.v1", "products.order-status.v1", "OrderStatusUpdate", "1 of 1 ready"]) {
    await picture.getByText(text).first().waitFor();
  }
  // A rate needs a reading before it.
  await admin.getByText("The line begins after a few seconds.").waitFor({ state: "detached" });
  const user = await theShop().token("aaa@aaa.com");
  await theShop().call("/api/orders", user, { products: [{ name: "cutlery", quantity: 1 }] });
  const published = admin.getByRole("row", { name: /^orders/ }).getByRole("cell").nth(1);
  await published.filter({ hasText: /^(0\.[1-9]|[1-9])/ }).waitFor();
});
