import { useMemo } from "react";
import { Drawer, Facts, Verbatim } from "../../ui/drawer";
import { dateTime } from "../../ui/time";
import { bareHtml, kindText, statusOf, titleOf, type Mail } from "./model";

/** A mail in full. */
export function MailDrawer({ mail, close }: { mail: Mail; close: () => void }) {
  const { words, unread } = statusOf(mail.status);
  return (
    <Drawer title={titleOf(mail)} close={close}>
      <Facts
        facts={[
          ["To", mail.recipient],
          ["Subject", mail.subject],
          ["About", kindText(mail.kind)],
          ["Status", words],
          ["Reason", mail.reason],
          ["Happened", dateTime(mail.created_at)],
          [mail.status === "SENT" ? "Sent" : "Written", mail.sent_at && dateTime(mail.sent_at)],
          ["Account", mail.account_id],
          ["Order", mail.order_id],
          ["Mail", mail.id],
        ]}
      />
      {unread !== null && <p className="text-quiet text-sm">{unread}</p>}
      {mail.text != null && <Verbatim title="Text" text={mail.text} />}
      {mail.html != null && <Html html={mail.html} />}
    </Drawer>
  );
}

/** Nothing of a mail runs here, loads anything or leads anywhere. */
function Html({ html }: { html: string }) {
  const bare = useMemo(() => bareHtml(html), [html]);
  return (
    <section aria-labelledby="mail-html">
      <h3 id="mail-html" className="mb-1 text-sm font-semibold">
        HTML, without its looks and links
      </h3>
      <iframe title="The mail as HTML" sandbox="" srcDoc={bare} className="border-line h-80 w-full rounded-lg border bg-white" />
    </section>
  );
}
