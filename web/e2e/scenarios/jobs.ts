import type { Page, Route } from "playwright-core";
import { expect, test } from "vitest";
import { PHONE, problems, width } from "../axe.ts";
import { windowOf } from "../stage.ts";

const AT = "2026-11-21T12:00:00Z";

interface Job {
  id: string;
  name: string;
  state: string;
  at: string;
  due: string;
  attempts: number;
  reason: string | null;
  payload: string | null;
}

const job = (id: string, state: string, change: Partial<Job> = {}): Job => ({
  id: `send-email:${id}`,
  name: "send-email",
  state,
  at: AT,
  due: AT,
  attempts: 0,
  reason: null,
  payload: '{"to":"ann"}',
  ...change,
});

/** What a service says of its jobs. The real ones seldom have one that is set aside. */
class Jobs {
  readonly all = [
    job("1", "dead", { attempts: 5, reason: "the mail server says no" }),
    job("2", "waiting"),
    job("3", "running", { attempts: 1 }),
  ];
  readonly actions: { id: string; at: string; who: string; action: string; job: string; why: string }[] = [];
  away = false;

  answer(method: string, path: string[], state: string, reason: string): { status: number; body?: unknown } {
    if (this.away) return { status: 503, body: { code: "unavailable", title: "The service can't do it now" } };
    const [id, action] = path.map(decodeURIComponent);
    if (id === undefined) {
      const count = (name: string) => this.all.filter((one) => one.state === name).length;
      const counts = { waiting: count("waiting"), due: 0, oldest_due_seconds: 0, running: count("running"), dead: count("dead") };
      return { status: 200, body: { jobs: this.all.filter((one) => one.state === state), counts } };
    }
    if (id === "actions") return { status: 200, body: { actions: this.actions } };
    const found = this.all.find((one) => one.id === id);
    if (found === undefined) return { status: 404, body: { code: "unknown-job", title: "There is no such job" } };
    if (method === "GET" || action === undefined) return { status: 200, body: found };
    const number = String(this.actions.length);
    this.actions.push({ id: number, at: `2026-11-21T12:0${number}:00Z`, who: "admin@admin.com", action, job: id, why: reason });
    Object.assign(found, action === "retry" ? { state: "waiting", attempts: 0 } : { state: "discarded", payload: null });
    return { status: 204 };
  }
}

/** An operations page on which `auth` has jobs. */
async function operations(jobs: Jobs): Promise<Page> {
  const page = await windowOf("admin@admin.com");
  await page.route("**/api/admin/operations", async (route) => {
    const response = await route.fetch();
    const seen = (await response.json()) as { services: { name: string; jobs: string[] }[] };
    for (const service of seen.services) service.jobs = service.name === "auth" ? ["send-email"] : [];
    await route.fulfill({ response, json: seen });
  });
  await page.route("**/api/admin/jobs/auth**", (route) => answer(route, jobs));
  await page.route("**/api/admin/jobs/auth/**", (route) => answer(route, jobs));
  await page.goto("/operations");
  return page;
}

async function answer(route: Route, jobs: Jobs) {
  const request = route.request();
  const { pathname, searchParams } = new URL(request.url());
  const path = pathname.split("/").slice("/api/admin/jobs/auth".split("/").length);
  const body = (request.postDataJSON() ?? {}) as { reason?: string };
  const given = jobs.answer(request.method(), path, searchParams.get("state") ?? "dead", body.reason ?? "");
  await route.fulfill({ status: given.status, ...(given.body !== undefined && { json: given.body }) });
}

test("jobs are listed by state, tried again and discarded", async () => {
  const jobs = new Jobs();
  const page = await operations(jobs);
  const section = page.getByRole("region", { name: "Jobs" });
  await section.getByText("1 set aside, 1 running, 1 waiting").waitFor();
  const list = section.getByRole("list", { name: "Jobs of auth that are set aside" });
  await list.getByText("the mail server says no").waitFor();
  await list.getByText(/tried 5 times · set aside at/).waitFor();
  expect(await problems(page)).toEqual([]);

  await section.getByLabel("Jobs that are").selectOption("running");
  await section.getByText(/tried once · leased until/).waitFor();
  await section.getByLabel("Jobs that are").selectOption("set aside");

  const look = list.getByRole("button", { name: "Look at send-email:1" });
  await look.press("Enter");
  const drawer = page.getByRole("dialog", { name: "Job send-email:1" });
  await drawer.getByText('"to": "ann"').waitFor();
  expect(await problems(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await drawer.waitFor({ state: "detached" });
  await expect.poll(() => look.evaluate((button) => button === document.activeElement)).toBe(true);

  await look.click();
  await drawer.getByRole("button", { name: "Try again…" }).click();
  await drawer.getByLabel("Why it should work now").fill("the mail server is back");
  await drawer.getByRole("button", { name: "Try again now" }).click();
  await drawer.getByText("It is due now").waitFor();
  await drawer.getByText(/^next attempt at .+, not tried yet$/).waitFor();
  expect(await drawer.getByRole("button", { name: "Try again…" }).count()).toBe(0);
  // What becomes of it is seen without doing anything.
  Object.assign(jobs.all[0] ?? {}, { state: "done", attempts: 1, payload: null });
  await drawer.getByText(/^done at .+, tried once$/).waitFor();
  await drawer.getByText("Its payload is dropped.").waitFor();
  // The button that opened it goes.
  await look.waitFor({ state: "detached" });
  await drawer.getByRole("button", { name: "Close" }).click();
  await drawer.waitFor({ state: "detached" });
  await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe("jobs");

  await section.getByLabel("Jobs that are").selectOption("waiting");
  await section.getByRole("button", { name: "Look at send-email:2" }).click();
  const other = page.getByRole("dialog", { name: "Job send-email:2" });
  await other.getByRole("button", { name: "Discard…" }).click();
  await other.getByRole("button", { name: "Discard it for good" }).click();
  const why = other.getByLabel("Why it is discarded");
  expect(await why.evaluate((field: HTMLInputElement) => field.validity.valueMissing)).toBe(true);
  await why.fill("nobody wants it");
  await other.getByRole("button", { name: "Discard it for good" }).click();
  await other.getByText("It is discarded.").waitFor();
  await other.getByText(/^discarded at /).waitFor();
  await other.getByRole("button", { name: "Close" }).click();

  const log = section.getByRole("list", { name: "What was done" }).getByRole("listitem");
  await expect.poll(() => log.allTextContents()).toEqual([
    expect.stringMatching(/^Discarded send-email:2 of auth\s*admin@admin\.com, .+: nobody wants it$/),
    expect.stringMatching(/^Tried again send-email:1 of auth\s*admin@admin\.com, .+: the mail server is back$/),
  ]);
  await page.setViewportSize(PHONE);
  expect(await width(page)).toBeLessThanOrEqual(PHONE.width);
  expect(await problems(page)).toEqual([]);
});

test("jobs that can't be read are there once they can", async () => {
  const jobs = new Jobs();
  jobs.away = true;
  const page = await operations(jobs);
  const section = page.getByRole("region", { name: "Jobs" });
  await section.getByRole("alert").getByText("The service can't do it now.").waitFor();
  jobs.away = false;
  await section.getByText("1 set aside, 1 running, 1 waiting").waitFor();
});
