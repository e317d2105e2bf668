import createClient from "openapi-fetch";
import { session } from "../session";
import { watchedFetch } from "./connection";
import type { components, operations, paths } from "./schema";

type Schemas = components["schemas"];
export type Product = Schemas["Product"];
export type NewCheckout = Schemas["NewCheckout"];
export type Checkout = operations["get_checkout"]["responses"][200]["content"]["application/json"];
export type Payment = operations["get_payment"]["responses"][200]["content"]["application/json"];
export type Order = Schemas["Order"];
export type OrderStep = Schemas["OrderStep"];
export type Cart = operations["get_cart"]["responses"][200]["content"]["application/json"];
export type CartLine = Schemas["CartLine"];
export type ProductSort = NonNullable<NonNullable<operations["list_products"]["parameters"]["query"]>["sort"]>;

/** `fetch` with the access token, which is renewed when it is over or was refused. */
export async function authorizedFetch(request: Request): Promise<Response> {
  const token = await session.token();
  if (token === null) return watchedFetch(request);
  const response = await watchedFetch(withToken(request.clone(), token));
  if (response.status !== 401) return response;
  const renewed = await session.renew(token);
  return renewed === null ? response : watchedFetch(withToken(request, renewed));
}

function withToken(request: Request, token: string): Request {
  request.headers.set("Authorization", `Bearer ${token}`);
  return request;
}

/** The shop's API as the caller. */
export const api = createClient<paths>({ fetch: authorizedFetch });
