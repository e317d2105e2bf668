import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { PHONE, problems, width } from "../axe.ts";
import { theShop, windowOf } from "../stage.ts";

const HOSTILE = `<!doctype html><html><head><style>p { color: red }</style><script>top.document.title = "it ran"</script>
<base href="https://elsewhere.example"><link rel="stylesheet" href="https://elsewhere.example/mail.css"></head>
<body style="margin:0" onload="top.document.title = 'it ran'"><h1 style="font-size:20px">Hello</h1>
<img src="https://elsewhere.example/seen.png" alt="a picture"><a href="https://elsewhere.example">a link</a>
<svg><script>top.document.title = "it ran"</script></svg><form action="https://elsewhere.example"><input></form>
<p title="a > b" onclick="run()">1 &lt; 2<br/></p><img src=x onerror="top.document.title = 'it ran'">
<scr<script></script>ipt>top.document.title = "it ran"</script><iframe srcdoc="<script>run()</script>"></iframe>
<!-- <p>--><p data-x="1" aria-label="x" style="x">the end</p></body></html>`;

async function mails(page: Page) {
  await page.goto("/admin");
  await page.getByRole("tab", { name: "Mails" }).click();
}

test("nothing of a mail's HTML runs, loads or leads anywhere", async () => {
  const page = await windowOf("admin@admin.com");
  const mail = { kind: "ACCOUNT_NEW", status: "KEPT", created_at: "2026-11-21T12:00:00Z", account_id: "a1" };
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.route("**/api/admin/mails?*", (route) => {
    const query = new URL(route.request().url()).searchParams;
    if (query.get("status") === "DROPPED") return route.fulfill({ json: { mails: [] } });
    if (query.get("page_token") === "more") return route.fulfill({ json: { mails: [{ ...mail, id: "m2", subject: "Older" }] } });
    const hostile = { ...mail, id: "m1", subject: "Hello", recipient: "ann@shop.example", text: "Hello, Ann", html: HOSTILE };
    return route.fulfill({ json: { mails: [hostile], next_page_token: "more" } });
  });
  await mails(page);
  expect(await problems(page)).toEqual([]);
  const list = page.getByRole("list", { name: "Mails, newest first" });
  await page.getByRole("button", { name: "Show more" }).click();
  await expect.poll(() => list.getByRole("listitem").count()).toBe(2);
  await page.getByLabel("Status").selectOption("DROPPED");
  await page.getByText("No such mails").waitFor();
  await page.getByLabel("Status").selectOption("");

  await list.getByRole("button", { name: "Open “Older” to a1" }).click();
  await page.getByRole("dialog", { name: "Older" }).getByText("New account").waitFor();
  expect(await problems(page)).toEqual([]);
  await page.keyboard.press("Escape");

  const title = await page.title();
  await list.getByRole("button", { name: "Open “Hello” to ann@shop.example" }).press("Enter");
  const drawer = page.getByRole("dialog", { name: "Hello" });
  await drawer.getByText("Hello, Ann").waitFor();
  // What is inside of the frame no script can see, nor can this one.
  const frame = page.getByTitle("The mail as HTML");
  expect(await frame.getAttribute("sandbox")).toBe("");
  expect((await frame.getAttribute("srcdoc"))?.replaceAll(/\s+/g, " ").trim()).toBe(
    '<h1>Hello</h1> <a>a link</a> <p>1 &lt; 2<br /></p> &lt;script&gt;top.document.title = "it ran" <p>the end</p>',
  );
  await expect.poll(() => page.frames().map((one) => one.url())).toEqual([page.url(), "about:srcdoc"]);
  expect(await page.title()).toBe(title);
  expect(asked.filter((url) => url.includes("elsewhere"))).toEqual([]);
  await page.setViewportSize(PHONE);
  expect(await width(page)).toBeLessThanOrEqual(PHONE.width);
  await page.keyboard.press("Escape");
  expect(await problems(page)).toEqual([]);
});

test("a new account and its order are mailed, and an admin reads what would be sent", async () => {
  const shop = theShop();
  const email = "mailed@shop.example";
  expect((await shop.call("/api/register", null, { email, password: "correct horse" })).status).toBe(201);
  const order = { products: [{ name: "cutlery", quantity: 2 }] };
  expect((await shop.call("/api/orders", await shop.token(email, "correct horse"), order)).status).toBe(201);

  const page = await windowOf("admin@admin.com");
  await mails(page);
  const own = page.getByRole("list", { name: "Mails, newest first" }).getByRole("listitem").filter({ hasText: email });
  await own.filter({ hasText: "New account" }).getByText("Kept: no mail server").waitFor();
  const accepted = own.filter({ hasText: "Order accepted" });
  await accepted.getByText("Kept: no mail server").waitFor();
  await page.getByLabel("Status").selectOption("SENT");
  await page.getByText("No such mails").waitFor();
  await page.getByLabel("Status").selectOption("KEPT");

  await accepted.getByRole("button", { name: /^Open / }).click();
  await page.getByRole("dialog").getByRole("region", { name: "Text" }).getByText(/2 x cutlery/).waitFor();
  expect(await page.getByTitle("The mail as HTML").getAttribute("srcdoc")).toContain("2 × cutlery");
  await page.keyboard.press("Escape");

  // The jobs that wrote them are done.
  await page.goto("/operations");
  const jobs = page.getByRole("region", { name: "Jobs" });
  await jobs.getByRole("heading", { name: "notifications" }).waitFor();
  await jobs.getByText("No job is set aside.").first().waitFor();
});
