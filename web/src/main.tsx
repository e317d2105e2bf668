import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { Problem } from "./api/problem";
import { App } from "./app";
import { session } from "./session";
import "./styles.css";
import "./ui/theme";

const RETRIES = 2;

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1000,
      // What is refused stays refused; what is away may come back.
      retry: (failures, error) => failures < RETRIES && error instanceof Problem && error.passes,
      // The banner finds out by asking, not by what the browser believes of its network.
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});

// What one member saw is not for the next.
let before: string | null = null;
session.standing.subscribe(() => {
  const standing = session.standing.get();
  const id = standing.state === "member" ? standing.who.id : null;
  if (before !== null && id !== before) client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== "products" });
  before = id;
});
void session.restore();

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <BrowserRouter>
          <App />
        </BrowserRouter>
      </QueryClientProvider>
    </StrictMode>,
  );
}
