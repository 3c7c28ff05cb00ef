//! `/_local/outbox`: what would have left the system, as JSON or as a page.

use serde_json::json;

use super::html;
use crate::cloud::OutboxItem;
use crate::gateway::{HttpRequest, HttpResponse};
use crate::runtime::Local;

/// The outbox in the form that the request accepts.
pub(super) fn answer(local: &Local, request: &HttpRequest) -> HttpResponse {
    let items = local.cloud().outbox();
    if request
        .header("accept")
        .is_some_and(|accept| accept.contains("text/html"))
    {
        return html(page(&items));
    }
    let items: Vec<_> = items
        .iter()
        .map(|item| {
            json!({
                "kind": item.kind,
                "to": item.to,
                "subject": item.subject,
                "text": item.text,
                "html": item.html,
                "payload": item.payload,
                "at": item.at,
            })
        })
        .collect();
    HttpResponse::json(200, &json!({ "items": items }))
}

fn page(items: &[OutboxItem]) -> String {
    let mut list: String = items.iter().rev().map(article).collect();
    if list.is_empty() {
        list.push_str("<p>Nothing has been sent yet.</p>");
    }
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Outbox</title>\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;\
         padding:0 1rem;color:#222;background:#faf8f7}}article{{background:#fff;border:1px solid \
         #e4dedb;border-radius:12px;padding:1rem 1.25rem;margin:1rem 0}}h2{{font-size:1.1rem;\
         margin:0 0 .25rem}}small{{color:#675f5b}}pre{{white-space:pre-wrap;font:inherit;\
         overflow-wrap:anywhere}}</style><main><h1>Outbox</h1>{list}</main></html>"
    )
}

fn article(item: &OutboxItem) -> String {
    let subject = item.subject.clone().unwrap_or_default();
    let text = match &item.text {
        Some(text) => text.clone(),
        None => item.payload.to_string(),
    };
    format!(
        "<article><h2>{}</h2><small>{} to {} at {}</small><pre>{}</pre></article>",
        linked(&subject),
        escape(&item.kind.to_string()),
        escape(&item.to),
        item.at,
        linked(&text),
    )
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Escapes, and makes the links of a mail clickable.
fn linked(text: &str) -> String {
    let word = |word: &str| match word.trim_end().starts_with("http") {
        true => {
            let (link, space) = word.split_at(word.trim_end().len());
            let link = escape(link);
            format!("<a href=\"{link}\">{link}</a>{space}")
        }
        false => escape(word),
    };
    text.split_inclusive(char::is_whitespace)
        .map(word)
        .collect()
}
