import { expect, test } from "vitest";
import { newWindow, theShop, windowOf } from "../stage.ts";

test("a purchase of one's own is taken once and listed", async () => {
  const page = await windowOf("aaa@aaa.com");
  await page.goto("/purchases");
  const token = await theShop().token("aaa@aaa.com");
  const { sub } = JSON.parse(atob(token.split(".")[1] ?? "")) as { sub: string };

  await page.getByLabel("User id").fill(sub);
  await page.getByLabel("Price").fill("19.99");
  await page.getByLabel("Time").fill("2026-11-26T20:00:00Z");
  await page.getByRole("button", { name: "Buy", exact: true }).click();
  await page.getByText("The purchase is taken.").waitFor();
  await page.getByRole("cell", { name: "19.99" }).waitFor();

  await page.getByRole("button", { name: "Buy", exact: true }).click();
  await page.getByText("was taken before").waitFor();
  const listed = page.waitForResponse(/getAllUserBuys/);
  await page.getByRole("button", { name: "getAllUserBuys" }).click();
  await (await listed).finished();
  await expect.poll(() => page.getByRole("cell", { name: "19.99" }).count()).toBe(1);
});

test("outside of a demo nobody buys without a token, and nobody for another", async () => {
  const visitor = await newWindow();
  await visitor.goto("/purchases");
  await visitor.getByLabel("User name").fill("ann");
  await visitor.getByLabel("User id").fill("17");
  await visitor.getByLabel("Price").fill("5");
  await visitor.getByRole("button", { name: "Buy", exact: true }).click();
  await visitor.getByRole("alert").waitFor();
  const { status } = await theShop().call("/buy", await theShop().token("aaa@aaa.com"), {
    username: "ann",
    userid: "17",
    price: "5",
    timestamp: "1",
  });
  expect(status).toBe(403);
});
