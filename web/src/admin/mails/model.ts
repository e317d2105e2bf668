import { FilterXSS } from "xss";
import type { components } from "../../api/schema";

export type Mail = components["schemas"]["Mail"];

const KINDS: Record<string, string> = {
  ACCOUNT_NEW: "New account",
  ACCOUNT_CHANGED: "Account changed",
  ORDER_CREATED: "Order accepted",
  ORDER_CANCELLED: "Order rejected or cancelled",
  ORDER_DELIVERED: "Order delivered",
};

interface Looks {
  words: string;
  /** Why the mail itself can't be read; none where it can. */
  unread: string | null;
  tone: "good" | "wait" | "bad";
}

const STATUS_LOOKS: Record<string, Looks> = {
  WAITING: { words: "Waiting", unread: "It is written when it is sent.", tone: "wait" },
  SENT: { words: "Sent", unread: "The mail server has it; its text is not kept here.", tone: "good" },
  KEPT: { words: "Kept: no mail server", unread: null, tone: "wait" },
  DROPPED: { words: "Not sent", unread: "It was not written.", tone: "bad" },
};

export const STATUSES = Object.keys(STATUS_LOOKS);

/** How a status reads; one that this build does not know is shown by its name. */
export function statusOf(status: string): Looks {
  return STATUS_LOOKS[status] ?? { words: status, unread: null, tone: "wait" };
}

/** What a mail is about; what this build does not know is shown by its name. */
export function kindText(kind: string): string {
  return KINDS[kind] ?? kind;
}

export function titleOf({ subject, kind }: Mail): string {
  return subject ?? kindText(kind);
}

const TAGS =
  "a b blockquote br code div em h1 h2 h3 h4 h5 h6 hr i li ol p pre span strong table tbody td tfoot th thead tr u ul".split(" ");

const filter = new FilterXSS({
  whiteList: Object.fromEntries(TAGS.map((tag) => [tag, []])),
  stripIgnoreTag: true,
  stripIgnoreTagBody: ["script", "style", "title", "svg"],
});

/**
 * A mail's HTML reduced to the simplest tags, without any attribute: the page's Content-Security-Policy forbids its
 * looks, and nothing in it loads or leads elsewhere. It is read as text, because a parser of the browser reports each
 * inline style as a violation.
 */
export function bareHtml(html: string): string {
  return filter.process(html);
}
