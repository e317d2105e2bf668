import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { until } from "./until.ts";

const HERE = import.meta.dirname;
const WEB_ROOT = resolve(HERE, "../dist");
const PATIENCE_MS = 60_000;
/** What the shop and its card provider know each other by. */
const PROVIDER_KEY = "sk_web";
const WEBHOOK_SECRET = "whsec_d2ViLXdlYi13ZWItd2ViLXdlYi13ZWItd2ViLXdlYi0=";

export type Role =
  | "auth"
  | "products"
  | "orders"
  | "purchases"
  | "notifications"
  | "carts"
  | "payments"
  | "payment-simulator"
  | "gateway";

/**
 * A shop of separate processes on a real Kafka and a real MongoDB, whose services can be stopped and started. Kafka
 * and MongoDB are those of a `quadrille up` in a folder of its own.
 */
export class Shop {
  readonly url: string;
  readonly #parts: ReadonlyMap<Role, Part>;
  readonly #stack: Part;
  readonly #folder: string;
  readonly #brokers: string;

  private constructor(url: string, parts: ReadonlyMap<Role, Part>, stack: Part, folder: string, brokers: string) {
    this.url = url;
    this.#parts = parts;
    this.#stack = stack;
    this.#folder = folder;
    this.#brokers = brokers;
  }

  static async open(): Promise<Shop> {
    if (!existsSync(join(WEB_ROOT, "index.html"))) throw new Error(`${WEB_ROOT} is missing: npm run build`);
    const folder = await mkdtemp(join(tmpdir(), "quadrille-web-"));
    const data = join(folder, "data");
    const stack = new Part("up", ["up", `--port=${await freePort()}`, `--data-dir=${data}`]);
    const place = await until("Kafka and MongoDB are up", PATIENCE_MS * 3, async () => {
      stack.mustRun();
      const text = await readFile(join(data, "up.json"), "utf8").catch(() => null);
      return text === null ? null : (JSON.parse(text) as { mongodb_uri: string; kafka_brokers: string });
    });
    const urls = {
      auth: await freeUrl(),
      products: await freeUrl(),
      orders: await freeUrl(),
      purchases: await freeUrl(),
      notifications: await freeUrl(),
      carts: await freeUrl(),
      payments: await freeUrl(),
      "payment-simulator": await freeUrl(),
      gateway: await freeUrl(),
    };
    const services = ["auth", "products", "orders", "purchases", "notifications", "carts", "payments"] as const;
    const listen = (role: Role) => `--listen=${urls[role].replace("http://", "")}`;
    const jwks = `--jwks-url=${urls.auth}/.well-known/jwks.json`;
    const mongo = (role: Role) => [`--mongodb-uri=${place.mongodb_uri}`, `--mongodb-database=web_${role}`];
    const kafka = [`--kafka-brokers=${place.kafka_brokers}`, "--topic-prefix=web.", "--kafka-session-timeout=3s"];
    const edge = [
      `--upstreams=${services.map((role) => `${role}=${urls[role]}`).join()}`,
      `--web-root=${WEB_ROOT}`,
      "--login-limit-per-second=0",
      "--address-limit-per-second=0",
    ];
    const own: Partial<Record<Role, string[]>> = {
      payments: [
        `--payment-provider-url=${urls["payment-simulator"]}`,
        `--payment-provider-key=${PROVIDER_KEY}`,
        `--payment-webhook-secret=${WEBHOOK_SECRET}`,
      ],
      "payment-simulator": [
        `--simulator-key=${PROVIDER_KEY}`,
        `--simulator-webhook-secret=${WEBHOOK_SECRET}`,
        `--simulator-webhook-url=${urls.gateway}/hooks/payments`,
      ],
    };
    // Auth publishes the keys that the others read.
    const keys = (role: Role) => (role === "auth" ? [] : [jwks]);
    const parts = new Map<Role, Part>([
      ...[...services, "payment-simulator" as const].map((role): [Role, Part] => [
        role,
        new Part(role, ["serve", role, listen(role), ...keys(role), ...mongo(role), ...kafka, ...(own[role] ?? [])]),
      ]),
      ["gateway", new Part("gateway", ["serve", "gateway", listen("gateway"), jwks, ...edge])],
    ]);
    await new Part("seed", ["seed", `--mongodb-uri=${place.mongodb_uri}`, "--databases=web_{service}"]).ended();
    // Browsers take `localhost`, unlike 127.0.0.1 over plain HTTP, for a place where secure cookies are safe.
    const url = urls.gateway.replace("127.0.0.1", "localhost");
    const shop = new Shop(url, parts, stack, folder, place.kafka_brokers);
    for (const name of ["authentication", ...services.slice(1)]) await shop.ready(name);
    return shop;
  }

  /** Waits until a service says that it is ready. */
  async ready(name: string) {
    await until(`${name} is ready`, PATIENCE_MS, async () => {
      for (const part of this.#parts.values()) part.mustRun();
      const response = await fetch(`${this.url}/api/${name}_health`).catch(() => null);
      return response?.ok === true ? true : null;
    });
  }

  async stop(role: Role) {
    await this.#part(role).stop();
  }

  start(role: Role) {
    this.#part(role).start();
  }

  /** Publishes an event about a product in a version that no service knows. */
  async publishInvalid(product: string) {
    const options = [`--brokers=${this.#brokers}`, "--prefix=web.", "--topic=products.product.v1", `--key=${product}`];
    await new Part("publish_invalid", options, program("examples/publish_invalid")).ended();
  }

  /** Calls the API as a program would. */
  async call(
    path: string,
    token: string | null,
    body?: unknown,
    method = body === undefined ? "GET" : "POST",
  ): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        "Content-Type": "application/json",
        ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json().catch(() => null) };
  }

  /** An access token; the demo users' passwords are their addresses. */
  async token(email: string, password = email): Promise<string> {
    const { body } = await this.call("/api/login", null, { email, password });
    return (body as { access_token: string }).access_token;
  }

  async close() {
    await Promise.all([...this.#parts.values()].map((part) => part.stop()));
    await this.#stack.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #part(role: Role): Part {
    const part = this.#parts.get(role);
    if (part === undefined) throw new Error(`there is no ${role}`);
    return part;
  }
}

const started = new Set<Part>();

/** Stops whatever still runs, such as the parts of a shop that could not be opened. */
export async function stopAll() {
  await Promise.all([...started].map((part) => part.stop()));
}

/** One process, whose last words are kept for when it fails. */
class Part {
  readonly #name: string;
  readonly #arguments: string[];
  readonly #program: string;
  #child: ChildProcess | null = null;
  #words = "";

  constructor(name: string, arguments_: string[], program_ = program("quadrille")) {
    this.#name = name;
    this.#arguments = arguments_;
    this.#program = program_;
    this.start();
    started.add(this);
  }

  start() {
    // Settings in the developer's environment are not for this shop.
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith("QUADRILLE_"));
    const env = { ...Object.fromEntries(own), RUST_LOG: "warn" };
    const child = spawn(this.#program, this.#arguments, { stdio: ["ignore", "pipe", "pipe"], env });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        this.#words = (this.#words + chunk.toString()).slice(-4000);
      });
    }
    this.#child = child;
  }

  mustRun() {
    const code = this.#child?.exitCode;
    if (code != null && code !== 0) throw new Error(`${this.#name} ended with ${code}:\n${this.#words}`);
  }

  async ended() {
    const child = this.#child;
    if (child !== null && child.exitCode === null) await new Promise((done) => child.once("exit", done));
    this.mustRun();
  }

  async stop() {
    const child = this.#child;
    if (child === null || child.exitCode !== null) return;
    const gone = new Promise((done) => child.once("exit", done));
    child.kill("SIGTERM");
    await gone;
  }
}

/** A program of the workspace's build, beside the one in SHOP_PROGRAM when that is given. */
function program(name: "quadrille" | "examples/publish_invalid"): string {
  const shop = process.env["SHOP_PROGRAM"] ?? resolve(HERE, "../../target/debug/quadrille");
  const path = name === "quadrille" ? shop : join(dirname(shop), name);
  if (!existsSync(path)) {
    throw new Error(`${path} is missing: cargo build -p quadrille && cargo build -p host --examples`);
  }
  return path;
}

async function freeUrl(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`;
}

/** Below the range that outgoing connections take theirs from. */
async function freePort(): Promise<number> {
  return until("a port is free", PATIENCE_MS, async () => {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const listens = await new Promise<boolean>((done) => {
      server.once("error", () => done(false));
      server.listen(port, "127.0.0.1", () => done(true));
    });
    if (!listens) return null;
    await new Promise((done) => server.close(done));
    return port;
  });
}
