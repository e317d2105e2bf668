import { describe, expect, it } from "vitest";
import { layOut, type Part } from "./layout";
import { ratesBetween, shown, type Reading } from "./rates";

const reading = (atMillis: number, published: number): Reading => ({
  atMillis,
  totals: new Map([["orders", { published, consumed: 0 }]]),
});

describe("rates", () => {
  it("are what came between two readings", () => {
    expect(ratesBetween(reading(0, 10), reading(2000, 30)).get("orders")).toEqual({ published: 10, consumed: 0 });
  });

  it("begin again with a service that was started again", () => {
    expect(ratesBetween(reading(0, 500), reading(2000, 4)).get("orders")?.published).toBe(2);
  });

  it("are not known from one reading, or of a service that was away", () => {
    expect(ratesBetween(undefined, reading(0, 1)).size).toBe(0);
    expect(ratesBetween(reading(5, 1), reading(5, 1)).size).toBe(0);
    expect(ratesBetween({ atMillis: 0, totals: new Map() }, reading(1000, 1)).size).toBe(0);
  });

  it("are short to read", () => {
    expect([0, 0.44, 12.4, 1250].map(shown)).toEqual(["0", "0.4", "12", "1,250"]);
  });
});

describe("the picture", () => {
  const parts: Part[] = [
    { name: "auth", publishes: [], subscribes: [] },
    {
      name: "orders",
      publishes: [{ event: "OrderCreate", topic: "o" }],
      subscribes: [
        { event: "ProductCreate", topic: "p", effect: "" },
        { event: "ProductsQuantityUpdate", topic: "p", effect: "" },
      ],
    },
    {
      name: "products",
      publishes: [
        { event: "ProductCreate", topic: "p" },
        { event: "ProductsQuantityUpdate", topic: "p" },
      ],
      subscribes: [{ event: "OrderCreate", topic: "o", effect: "" }],
    },
  ];
  const picture = layOut(parts, ["o", "p"]);

  it("has one arrow for each service and topic, with all its events", () => {
    expect(picture.arrows.map(({ service, topic, publishes, events }) => [service, topic, publishes, events.length])).toEqual([
      ["orders", "o", true, 1],
      ["orders", "p", false, 2],
      ["products", "o", false, 1],
      ["products", "p", true, 2],
    ]);
  });

  it("has every box once, inside, and none upon another", () => {
    const boxes = [...picture.services, ...picture.topics];
    expect(boxes.map(({ name }) => name).toSorted()).toEqual(["auth", "o", "orders", "p", "products"]);
    for (const box of boxes) {
      expect(box.x >= 0 && box.x + box.width <= picture.width).toBe(true);
      expect(box.y >= 0 && box.y + box.height <= picture.height).toBe(true);
      const others = boxes.filter((other) => other !== box);
      const covered = others.some(
        (other) =>
          box.x < other.x + other.width &&
          other.x < box.x + box.width &&
          box.y < other.y + other.height &&
          other.y < box.y + box.height,
      );
      expect(covered).toBe(false);
    }
  });
});
