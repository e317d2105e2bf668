import { describe, expect, it } from "vitest";
import { bareHtml, kindText, statusOf, STATUSES, titleOf } from "./model";

const mail = {
  id: "0198c6b1-2f6e-5c3a-9a53-0d9f3a2b7c11",
  kind: "ORDER_CREATED",
  status: "WAITING",
  created_at: "2026-11-21T12:00:00Z",
  account_id: "0198c6b1-2f6e-7c3a-9a53-0d9f3a2b7c11",
};

describe("a mail", () => {
  it("is called by its subject once it has one", () => {
    expect(titleOf(mail)).toBe("Order accepted");
    expect(titleOf({ ...mail, subject: "Your order is confirmed" })).toBe("Your order is confirmed");
  });

  it("can be read or says why not", () => {
    expect(STATUSES.filter((status) => statusOf(status).unread === null)).toEqual(["KEPT"]);
  });

  it("of a later build is shown by its names", () => {
    expect(kindText("ORDER_LOST")).toBe("ORDER_LOST");
    expect(statusOf("BOUNCED").words).toBe("BOUNCED");
  });
});

describe("a mail's HTML", () => {
  it("keeps its text and structure", () => {
    const html = `<!doctype html><html><head><title>Hi</title><style>p { color: red }</style></head>
      <body style="margin:0"><h1 style="font-size:20px">Hello</h1><p>1 &lt; 2<br/><A HREF="https://a.example">a link</A></p></body></html>`;
    expect(bareHtml(html).trim()).toBe("<h1>Hello</h1><p>1 &lt; 2<br><A>a link</A></p>");
  });

  it.each([
    `<img src="https://a.example/seen.png"><p onclick="run()">`,
    `<p title="a > b"><img src=x onerror=run()>`,
    `<svg><script>run()</script></svg><scr<script></script>ipt>run()</script>`,
    `<p <img src=x>><iframe srcdoc="<script>run()</script>"></iframe>`,
    `<!-- <p>--><base href="https://a.example"><form action="https://a.example"><input></form>`,
    `<p\n style="x"\n><a\thref='https://a.example'>`,
  ])("has only simple tags without attributes: %s", (html) => {
    const tags = bareHtml(html).match(/<[^]*?>/g) ?? [];
    expect(tags.filter((tag) => !/^<\/?(p|a)>$/.test(tag))).toEqual([]);
  });
});
