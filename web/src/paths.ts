/** The addresses of the shop's pages: the build writes them for the gateway, which answers 404 to all others. */
export const PATHS = {
  catalogue: "/",
  cart: "/cart",
  checkout: "/checkout",
  placing: "/checkout/:id",
  login: "/login",
  register: "/register",
  purchases: "/purchases",
  orders: "/orders",
  order: "/orders/:id",
  admin: "/admin",
  operations: "/operations",
} as const;
