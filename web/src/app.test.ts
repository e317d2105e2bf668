import { createRoutesFromElements, type RouteObject } from "react-router";
import { expect, test } from "vitest";
import { routes } from "./app";
import { PATHS } from "./paths";

function paths(list: RouteObject[]): string[] {
  return list.flatMap((route) => {
    const own = route.index ? ["(index)"] : route.path === undefined ? [] : [route.path];
    return [...own, ...paths(route.children ?? [])];
  });
}

test("the gateway is told every address that the shop has a page for, and no other", () => {
  const pages = paths(createRoutesFromElements(routes)).filter((path) => path !== "*");
  expect(pages.toSorted()).toEqual(Object.values(PATHS).toSorted());
});
