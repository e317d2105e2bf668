import { Link, NavLink, useNavigate } from "react-router";
import { count } from "../cart/cart";
import { useCart } from "../cart/queries";
import { session } from "../session";
import { useWho } from "../session/use-who";
import { Button } from "./button";
import { useStore } from "./store";
import { theme, toggleTheme } from "./theme";

function Tab({ to, children }: { to: string; children: React.ReactNode }) {
  return (
    <NavLink
      to={to}
      end={to === "/"}
      className={({ isActive }) =>
        `flex min-h-11 items-center rounded-lg px-1.5 text-sm font-medium whitespace-nowrap sm:px-3 ${
          isActive ? "bg-well text-ink" : "text-quiet hover:text-ink"
        }`
      }
    >
      {children}
    </NavLink>
  );
}

export function Header() {
  const who = useWho();
  const items = count(useCart().data);
  return (
    <header className="border-line bg-card border-b">
      <div className="mx-auto flex max-w-6xl flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2 sm:px-6">
        <Link to="/" className="flex min-h-11 items-center gap-2.5 text-lg font-bold tracking-tight">
          <img src="/icon.svg" alt="" width="28" height="28" />
          Quadrille
        </Link>
        <div className="ml-auto flex items-center gap-1 md:order-last">
          <ThemeToggle />
          <Account />
        </div>
        <nav aria-label="Main" className="-mx-1.5 flex w-full flex-wrap items-center md:w-auto">
          <Tab to="/">Catalogue</Tab>
          <Tab to="/cart">
            Cart
            {items > 0 && (
              <span className="bg-accent text-on-accent ml-1.5 rounded-full px-2 text-xs leading-5 font-semibold">
                {items}
                <span className="sr-only"> items</span>
              </span>
            )}
          </Tab>
          {who !== null && <Tab to="/orders">Orders</Tab>}
          {who !== null && <Tab to="/purchases">Purchases</Tab>}
          {who?.role === "admin" && <Tab to="/admin">Admin</Tab>}
          {who?.role === "admin" && <Tab to="/operations">Operations</Tab>}
        </nav>
      </div>
    </header>
  );
}

function ThemeToggle() {
  const dark = useStore(theme) === "dark";
  const label = dark ? "Use light colours" : "Use dark colours";
  return (
    <Button look="quiet" onClick={toggleTheme} aria-label={label} title={label} className="px-3">
      <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="2">
        {dark ? (
          <>
            <circle cx="12" cy="12" r="4.500" />
            <path d="M12 2v2.500M12 19.500V22M2 12h2.500M19.500 12H22M5 5l1.700 1.700M17.300 17.300 19 19M19 5l-1.700 1.700M6.700 17.300 5 19" />
          </>
        ) : (
          <path d="M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500Z" />
        )}
      </svg>
    </Button>
  );
}

function Account() {
  const who = useWho();
  const navigate = useNavigate();
  if (who === null) {
    return (
      <>
        <Tab to="/login">Log in</Tab>
        <Tab to="/register">Register</Tab>
      </>
    );
  }
  const leave = async () => {
    await session.logOut();
    await navigate("/");
  };
  return (
    <>
      <span className="text-quiet hidden max-w-48 truncate text-sm sm:inline">{who.email}</span>
      <Button look="quiet" onClick={leave} className="px-2.5">
        Log out
      </Button>
    </>
  );
}
