//! Who may write to whom: a complete profile, a match, and how many new people in a day.

use serde_json::json;

use super::head::{Head, Who};
use super::send::Ground;
use crate::credits::{Contacts, Policies, Wallet};
use crate::error::{NEW_CONTACT_LIMIT, NOT_MATCHED, PROFILE_INCOMPLETE, Result};
use crate::matching::{Level, Standing};
use crate::time::Time;

/// New people that anybody may write to first within 24 hours.
pub const NEW_CONTACTS: usize = 10;
/// With a proven address and an approved profile.
const NEW_CONTACTS_KNOWN: usize = 20;
/// With the trust of [`Level::Trusted`].
const NEW_CONTACTS_TRUSTED: usize = 30;

/// What the rules of contact go by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// Policy `messaging.require_profile`.
    pub require_profile: bool,
    /// Policy `messaging.require_match`.
    pub require_match: bool,
    /// The sender's standing, read only when one of the rules needs it.
    pub standing: Option<Standing>,
}

impl Admission {
    /// The rules in force.
    pub fn of(policies: &Policies) -> Self {
        Self {
            require_profile: policies.is_on("messaging.require_profile"),
            require_match: policies.is_on("messaging.require_match"),
            standing: None,
        }
    }

    /// How many new people the sender may write to within 24 hours.
    fn allowance(&self) -> usize {
        let Some(standing) = &self.standing else {
            return NEW_CONTACTS;
        };
        let known = standing.email_verified && standing.profile_approved;
        let whole = match Level::of(standing.trust) {
            Level::Trusted => NEW_CONTACTS_TRUSTED,
            _ if known => NEW_CONTACTS_KNOWN,
            _ => NEW_CONTACTS,
        };
        // Halved for each upheld report; from the fourth on nothing is left of ten.
        (0..standing.reports)
            .take(8)
            .fold(whole, |half, _| half / 2)
    }

    /// The sender's new contacts with this one, if the rules let it pass.
    ///
    /// # Errors
    /// 403 `PROFILE_INCOMPLETE` {missing}, `NOT_MATCHED`, `NEW_CONTACT_LIMIT`
    /// {limit, resets_at}.
    pub fn check(&self, contacts: &Contacts, is_first: bool, now: Time) -> Result<Contacts> {
        let mut contacts = contacts.at(now);
        let missing = self.standing.as_ref().map(|standing| &standing.missing);
        if let Some(missing) = missing.filter(|missing| self.require_profile && !missing.is_empty())
        {
            return Err(PROFILE_INCOMPLETE.with(json!({ "missing": missing })));
        }
        // Nobody can match yet, so whoever needs a match writes to nobody.
        if self.require_match {
            return Err(NOT_MATCHED.into());
        }
        if is_first {
            let limit = self.allowance();
            if contacts.count() >= limit {
                let resets_at = contacts.resets_at(limit);
                let details = json!({ "limit": limit, "resets_at": resets_at });
                return Err(NEW_CONTACT_LIMIT.with(details));
            }
            contacts.add(now);
        }
        Ok(contacts)
    }
}

impl Ground {
    /// Whether the rules of contact cannot be decided without the sender's standing. A receiver
    /// who cannot be written to anyway needs none, so that nobody learns from the time it takes.
    pub fn asks_standing(&self, user_id: &str, now: Time) -> bool {
        let head = self.head.as_ref().filter(|_| self.receiver_is_active);
        let Some(head) = head.filter(|head| !head.is_blocked()) else {
            return false;
        };
        let is_first = || head.who(user_id).is_ok_and(|who| is_first(head, who));
        let count = || self.wallet.contacts.at(now).count();
        self.admission.standing.is_none()
            && (self.admission.require_profile
                || self.scene.asks_standing()
                || is_first() && count() >= NEW_CONTACTS)
    }
}

/// Whether nobody has written yet, as far as this side can see.
pub fn is_first(head: &Head, who: Who) -> bool {
    head.seq_for(who) == 0
}

/// Counts what trust needs to know: whom a person wrote to first, and whom it answered.
pub fn count(wallet: &mut Wallet, head: &Head, who: Who) {
    if is_first(head, who) {
        wallet.begun += 1;
    } else if head.side(who).sent == 0 {
        wallet.answered += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::Facts;
    use crate::time::{DAY_MS, SECOND_MS};

    const NOW: Time = Time(1_790_000_000_000);

    fn admission(change: impl Fn(&mut Standing)) -> Admission {
        let facts = Facts {
            created_at: NOW,
            ..Facts::default()
        };
        let mut standing = Standing::of(&facts, NOW);
        change(&mut standing);
        Admission {
            standing: Some(standing),
            ..Admission::default()
        }
    }

    #[test]
    fn the_allowance_follows_the_standing() {
        let known = |standing: &mut Standing| {
            (standing.email_verified, standing.profile_approved) = (true, true);
        };
        assert_eq!(Admission::default().allowance(), 10);
        assert_eq!(admission(|_| ()).allowance(), 10);
        assert_eq!(admission(|one| one.email_verified = true).allowance(), 10);
        assert_eq!(admission(|one| one.profile_approved = true).allowance(), 10);
        assert_eq!(admission(known).allowance(), 20);
        assert_eq!(admission(|one| one.trust = 69).allowance(), 10);
        assert_eq!(admission(|one| one.trust = 70).allowance(), 30);
        let halved = |reports| {
            let less = admission(|one| (one.trust, one.reports) = (70, reports));
            less.allowance()
        };
        assert_eq!([1, 2, 3, 4, 5, 99].map(halved), [15, 7, 3, 1, 0, 0]);
    }

    #[test]
    fn the_limit_tells_when_the_next_new_contact_is_possible() {
        let mut contacts = Contacts::default();
        for n in 0..12 {
            contacts.add(NOW.plus(n * SECOND_MS));
        }
        let now = NOW.plus(60 * SECOND_MS);
        let refused = admission(|_| ()).check(&contacts, true, now).unwrap_err();
        assert!(refused.is(&NEW_CONTACT_LIMIT));
        // Two must leave the window before a third makes room below ten.
        let resets_at = NOW.plus(DAY_MS + 2 * SECOND_MS);
        let details = json!({ "limit": 10, "resets_at": resets_at });
        assert_eq!(refused.details(), Some(&details));
        let passes = |at| admission(|_| ()).check(&contacts, true, at).is_ok();
        assert!(!passes(resets_at.plus(-1)) && passes(resets_at));
        assert!(admission(|_| ()).check(&contacts, false, now).is_ok());
    }

    #[test]
    fn profile_and_match_come_before_the_count() {
        let mut full = Contacts::default();
        (0..10).for_each(|_| full.add(NOW));
        let mut rules = admission(|one| one.missing = vec!["bio"]);
        (rules.require_profile, rules.require_match) = (true, true);
        let refused = |rules: &Admission| rules.check(&full, true, NOW).unwrap_err();
        let incomplete = refused(&rules);
        assert!(incomplete.is(&PROFILE_INCOMPLETE));
        assert_eq!(incomplete.details(), Some(&json!({ "missing": ["bio"] })));
        rules.require_profile = false;
        assert!(refused(&rules).is(&NOT_MATCHED));
        rules.require_match = false;
        assert!(refused(&rules).is(&NEW_CONTACT_LIMIT));
    }
}
