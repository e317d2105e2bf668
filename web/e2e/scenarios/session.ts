import { expect, test } from "vitest";
import { newWindow, windowOf } from "../stage.ts";

test("no script can read a token that outlives the page", async () => {
  const page = await windowOf("aaa@aaa.com");
  const cookies = await page.context().cookies(`${new URL(page.url()).origin}/api/refresh`);
  expect(cookies).toMatchObject([
    { name: "quadrille_refresh", path: "/api", httpOnly: true, secure: true, sameSite: "Strict" },
  ]);
  const readable = await page.evaluate(() => [document.cookie, ...Object.values(localStorage), ...Object.values(sessionStorage)]);
  expect(readable.join()).not.toMatch(/eyJ|quadrille_refresh/);
});

test("a login is renewed without being noticed, and survives reloads", async () => {
  const page = await windowOf("aaa@aaa.com");
  let refused = 0;
  let renewed = 0;
  page.on("response", (response) => {
    if (response.url().endsWith("/api/refresh") && response.ok()) renewed += 1;
  });
  await page.route("**/api/orders?*", async (route) => {
    refused += 1;
    // As the services answer when the access token is over.
    if (refused > 1) return route.continue();
    return route.fulfill({ status: 401, contentType: "application/problem+json", body: '{"code":"unauthorized"}' });
  });
  await page.getByRole("link", { name: "Orders" }).click();
  await page.getByRole("list", { name: "Orders, newest first" }).getByRole("listitem").first().waitFor();
  expect(renewed).toBe(1);
  expect(refused).toBeGreaterThan(1);

  await page.reload();
  await page.getByRole("list", { name: "Orders, newest first" }).getByRole("listitem").first().waitFor();
  expect(renewed).toBe(2);
});

test("logging out ends it in all windows of the browser", async () => {
  const page = await windowOf("aaa@aaa.com");
  const other = await page.context().newPage();
  await other.goto("/orders");
  await other.getByRole("heading", { name: "Your orders" }).waitFor();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("link", { name: "Log in" }).waitFor();
  await other.getByRole("button", { name: "Log in" }).waitFor();
  // The windows show it at once; the cookie goes with the answer.
  const cookies = () => page.context().cookies(`${new URL(page.url()).origin}/api/refresh`);
  await expect.poll(cookies).toEqual([]);
});

test("a wrong password is refused in plain words", async () => {
  const page = await newWindow();
  await page.goto("/orders");
  await page.getByLabel("E-mail").fill("aaa@aaa.com");
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("alert").filter({ hasText: "The e-mail address or the password is wrong." }).waitFor();
  await page.getByLabel("Password").fill("aaa@aaa.com");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { name: "Your orders" }).waitFor();
});
