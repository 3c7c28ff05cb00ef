//! The page behind the link in the verification mail: one button, and nothing happens before it.

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::crypto;
use crate::error::{INTERNAL_ERROR, Result};
use crate::http::Html;

const STYLE: &str = "body{margin:0;display:grid;place-items:center;min-height:100vh;\
background:#f4f2f7;color:#221a2e;font:16px/1.5 system-ui,sans-serif}\
main{max-width:26rem;margin:1rem;padding:2rem;background:#fff;border-radius:12px}\
button{padding:.75rem 1.5rem;border:0;border-radius:8px;background:#7a2d8f;color:#fff;\
font:inherit;cursor:pointer}button[disabled]{opacity:.5}";

const SCRIPT: &str = "const b=document.querySelector('button'),\
s=document.querySelector('[role=status]');\
b.addEventListener('click',async()=>{b.disabled=true;s.textContent='One moment …';\
try{const r=await fetch('/api/v2/auth/verify-email',{method:'POST',\
headers:{'content-type':'application/json'},\
body:JSON.stringify({token:b.dataset.token})});\
if(r.ok){b.hidden=true;s.textContent='Your address is confirmed. You can sign in now.'}\
else if(r.status===410){b.hidden=true;\
s.textContent='This link is no longer valid. Ask for a new mail in the app.'}\
else throw 0}catch{b.disabled=false;s.textContent='That did not work. Please try again.'}});";

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Pairly: confirm your address</title><style>{{ style|safe }}</style></head>
<body><main>
<h1>{% if token.is_some() %}Confirm your address{% else %}This link is not valid{% endif %}</h1>
{%- if let Some(token) = token %}
<p>Press the button to confirm that this e-mail address is yours and that you registered with it.
If somebody else did, close this page: they chose the password, and without you it opens
nothing.</p>
<button type="button" data-token="{{ token }}">Confirm address</button>
<p role="status"></p>
<script>{{ script|safe }}</script>
{%- else %}
<p>It is too old, or it was used already. Sign in, or ask for a new mail in the app.</p>
{%- endif %}
</main></body></html>
"#
)]
struct Page<'a> {
    style: &'a str,
    script: &'a str,
    token: Option<&'a str>,
}

fn hash_of(text: &str) -> String {
    format!(
        "'sha256-{}'",
        STANDARD.encode(crypto::sha256(&[text.as_bytes()]))
    )
}

/// The page with the button, or, without a token, the one that says that the link is spent.
///
/// # Errors
/// 500 when the template fails.
pub fn confirm(token: Option<&str>) -> Result<Html> {
    let page = Page {
        style: STYLE,
        script: SCRIPT,
        token,
    };
    let document = page
        .render()
        .map_err(|cause| INTERNAL_ERROR.because(cause))?;
    let policy = format!(
        "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        hash_of(SCRIPT),
        hash_of(STYLE)
    );
    Ok(Html {
        status: if token.is_some() { 200 } else { 410 },
        document,
        policy,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_allows_exactly_the_pages_own_script_and_style() {
        let page = confirm(Some("abc")).expect("page");
        assert!(
            page.document
                .contains(&format!("<script>{SCRIPT}</script>"))
        );
        assert!(page.document.contains(&format!("<style>{STYLE}</style>")));
        assert!(page.policy.contains(&hash_of(SCRIPT)) && page.policy.contains(&hash_of(STYLE)));
        assert!(!page.policy.contains("unsafe"));
    }

    #[test]
    fn a_hostile_token_stays_an_attribute_and_a_spent_one_has_no_button() {
        let page = confirm(Some("\"><script>alert(1)</script>")).expect("page");
        assert!(!page.document.contains("alert(1)</script>"));
        let spent = confirm(None).expect("page");
        assert_eq!(spent.status, 410);
        assert!(!spent.document.contains("<button") && !spent.document.contains("<script"));
    }
}
