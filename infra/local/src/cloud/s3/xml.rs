//! The little XML that S3 speaks.

/// An element with a text.
pub fn element(name: &str, text: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    format!("<{name}>{text}</{name}>")
}

/// The texts of all elements of a name.
pub fn texts(document: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = document.split(&open).skip(1);
    parts
        .filter_map(|part| part.split_once(&close))
        .map(|(text, _)| text.replace("&lt;", "<").replace("&gt;", ">"))
        .map(|text| text.replace("&quot;", "\"").replace("&amp;", "&"))
        .collect()
}
