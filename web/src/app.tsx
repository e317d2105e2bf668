import { lazy, Suspense } from "react";
import { Outlet, Route, Routes } from "react-router";
import { ConnectionBanner } from "./api/connection-banner";
import { CartPage } from "./cart/cart-page";
import { LiveCart } from "./cart/live-cart";
import { CataloguePage } from "./catalogue/catalogue-page";
import { LiveOrders } from "./orders/live-orders";
import { OrderPage } from "./orders/order-page";
import { OrdersPage } from "./orders/orders-page";
import { PATHS } from "./paths";
import { session } from "./session";
import { Gate } from "./session/gate";
import { LoginPage } from "./session/login-page";
import { RegisterPage } from "./session/register-page";
import { ButtonLink } from "./ui/button";
import { Header } from "./ui/header";
import { Page } from "./ui/page";
import { Empty, Loading } from "./ui/states";
import { useStore } from "./ui/store";

// What few people need, or nobody at first.
const AdminPage = lazy(() => import("./admin/admin-page"));
const CheckoutPage = lazy(() => import("./checkout/checkout-page"));
const PlacingPage = lazy(() => import("./checkout/placing-page"));
const PurchasesPage = lazy(() => import("./purchases/purchases-page"));
const OperationsPage = lazy(() => import("./operations/operations-page"));

/** The shop's pages by their addresses. */
export const routes = (
  <Route element={<Frame />}>
    <Route path={PATHS.catalogue} element={<CataloguePage />} />
    <Route path={PATHS.cart} element={<CartPage />} />
    <Route path={PATHS.login} element={<LoginPage />} />
    <Route path={PATHS.register} element={<RegisterPage />} />
    <Route path={PATHS.purchases} element={<PurchasesPage />} />
    <Route element={<Members />}>
      <Route path={PATHS.checkout} element={<CheckoutPage />} />
      <Route path={PATHS.placing} element={<PlacingPage />} />
      <Route path={PATHS.orders} element={<OrdersPage />} />
      <Route path={PATHS.order} element={<OrderPage />} />
    </Route>
    <Route element={<Members admin />}>
      <Route path={PATHS.admin} element={<AdminPage />} />
      <Route path={PATHS.operations} element={<OperationsPage />} />
    </Route>
    <Route path="*" element={<Nowhere />} />
  </Route>
);

/** The shop: its pages and what surrounds them. */
export function App() {
  return <Routes>{routes}</Routes>;
}

function Frame() {
  const { state } = useStore(session.standing);
  return (
    <>
      <a
        href="#main"
        className="bg-accent text-on-accent sr-only z-10 rounded-lg px-4 py-2 focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to the content
      </a>
      <Header />
      <ConnectionBanner />
      <main id="main" tabIndex={-1} className="mx-auto max-w-6xl px-4 py-6 outline-none sm:px-6 sm:py-8">
        {state === "unknown" ? (
          <Loading what="the shop" />
        ) : (
          <Suspense fallback={<Loading what="the page" />}>
            <Outlet />
          </Suspense>
        )}
      </main>
      <LiveCart />
      <LiveOrders />
    </>
  );
}

function Members({ admin = false }: { admin?: boolean }) {
  return (
    <Gate admin={admin}>
      <Outlet />
    </Gate>
  );
}

function Nowhere() {
  return (
    <Page title="Not found">
      <Empty title="There is nothing at this address">
        <ButtonLink to="/" look="plain">
          To the catalogue
        </ButtonLink>
      </Empty>
    </Page>
  );
}
