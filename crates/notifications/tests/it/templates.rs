//! What mails say, whatever products and people are called.

use events::{OrderStatus, Reason};
use jiff::Timestamp;
use notifications::domain::{Mail, MailKind};
use notifications::templates::render;

use crate::server::{account, order};

const HOSTILE: &str =
    "<script>alert(\"1\")</script>&'\r\nBcc: other@example.com\r\n\r\n{{ shop_url }}";

#[test]
fn every_kind_has_a_subject_and_two_bodies_with_links_into_the_shop() {
    let now = Timestamp::UNIX_EPOCH;
    let mut changed = account(1);
    changed.version = 2;
    let mut cancelled = order(1, 1, OrderStatus::Cancelled, 3);
    cancelled.reason = Some(Reason::Other {
        code: "payment-declined".to_owned(),
    });
    let all = [
        Mail::of_account(&account(1), now),
        Mail::of_account(&changed, now),
        Mail::of_order(&order(1, 1, OrderStatus::Accepted, 2), now),
        Mail::of_order(&cancelled, now),
        Mail::of_order(&order(1, 1, OrderStatus::Delivered, 5), now),
    ];
    let all = all.map(Option::unwrap);
    assert_eq!(all.clone().map(|mail| mail.kind), MailKind::ALL);
    for mail in &all {
        let read = render(mail, "ann@example.com", "https://shop.example/").unwrap();
        assert!(!read.subject.is_empty() && !read.subject.contains('\n'));
        // As a mail client reads it.
        let html = read.html.replace("&#x2f;", "/");
        for body in [&read.text, &html] {
            assert!(body.contains("https://shop.example"), "{body}");
            assert!(!body.contains("example//"), "{body}");
            let order = mail.order.as_ref();
            let order = order.map(|order| format!("/orders/{}", order.order_id));
            assert!(body.contains(&order.unwrap_or_default()), "{body}");
        }
        if mail.kind == MailKind::OrderCancelled {
            assert!(
                read.text.contains("is cancelled: payment declined."),
                "{}",
                read.text
            );
        }
        if mail.order.is_some() {
            assert!(
                read.text.contains("2 x cutlery, 5.99 EUR each"),
                "{}",
                read.text
            );
            assert!(read.text.contains("Total: 11.98 EUR"), "{}", read.text);
        }
    }
}

#[test]
fn a_hostile_name_is_text_and_nothing_else() {
    let mut update = order(1, 1, OrderStatus::Cancelled, 2);
    update.lines[0].name = HOSTILE.to_owned();
    update.reason = Some(Reason::Other {
        code: HOSTILE.to_owned(),
    });
    let mail = Mail::of_order(&update, Timestamp::UNIX_EPOCH).unwrap();
    let read = render(&mail, "ann@example.com", "https://shop.example").unwrap();
    assert!(!read.html.contains("<script>"), "{}", read.html);
    assert!(read.html.contains("&lt;script&gt;"), "{}", read.html);
    assert!(read.html.contains("{{ shop_url }}"), "{}", read.html);
    assert!(read.text.contains(HOSTILE), "{}", read.text);
    assert!(!read.subject.contains("Bcc"), "{}", read.subject);
}
