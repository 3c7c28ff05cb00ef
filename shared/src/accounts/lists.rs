//! The bundled lists of common passwords and throw-away mail domains; see `docs/lists.md`.

/// Sorted by bytes, one lower-case password per line.
const PASSWORDS: &str = include_str!("data/passwords.txt");
/// Sorted by bytes, one domain per line; a subdomain is covered by its parent.
const DISPOSABLE: &str = include_str!("data/disposable.txt");

/// Whether the password, whatever its case, is one that everybody tries first.
pub fn is_common_password(password: &str) -> bool {
    contains(PASSWORDS, &password.to_lowercase())
}

/// Whether the domain (lower case), or one above it, hands out throw-away mailboxes.
pub fn is_disposable(domain: &str) -> bool {
    let mut rest = Some(domain);
    while let Some(name) = rest {
        if contains(DISPOSABLE, name) {
            return true;
        }
        rest = name.split_once('.').map(|(_, parent)| parent);
    }
    false
}

/// Binary search in a sorted text: no set has to be built when an instance starts.
fn contains(list: &str, entry: &str) -> bool {
    if entry.is_empty() || entry.contains('\n') {
        return false;
    }
    let (list, entry) = (list.as_bytes(), entry.as_bytes());
    let (mut low, mut high) = (0, list.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let before = list.get(low..middle).unwrap_or_default();
        let start = before
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(low, |at| low + at + 1);
        let after = list.get(start..high).unwrap_or_default();
        let end = after
            .iter()
            .position(|b| *b == b'\n')
            .map_or(high, |at| start + at);
        match list.get(start..end).unwrap_or_default().cmp(entry) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lists_are_sorted_and_every_entry_is_found() {
        for list in [PASSWORDS, DISPOSABLE] {
            assert!(list.ends_with('\n') && !list.contains("\n\n"));
            assert!(
                list.lines()
                    .is_sorted_by(|a, b| a.as_bytes() < b.as_bytes())
            );
            assert!(list.lines().count() >= 10_000);
            assert!(list.lines().all(|entry| contains(list, entry)));
        }
    }

    #[test]
    fn common_means_in_any_case() {
        assert!(is_common_password("QwertyUiop"));
        assert!(!is_common_password("TestPass123"));
        assert!(!is_common_password("123456\npassword"));
    }

    #[test]
    fn a_subdomain_of_a_throw_away_domain_is_one() {
        assert!(is_disposable("mailinator.com"));
        assert!(is_disposable("a.b.mailinator.com"));
        for kept in [
            "gmail.com",
            "example.com",
            "pairly.test",
            "test.com",
            "com",
            "",
        ] {
            assert!(!is_disposable(kept), "{kept}");
        }
    }
}
