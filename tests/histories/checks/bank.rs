//! The bank: nothing is made, lost, negative or unknown.

use std::collections::{BTreeMap, BTreeSet};

use shared::credits::{Entry, Kind, Proof};

use crate::histories::end::{Books, State};
use crate::histories::record::{Fate, Record};
use crate::histories::stage::granted;

/// The rows of a wallet, if they prove it.
fn entries(books: &Books) -> Result<Vec<Entry>, String> {
    let mut found = Vec::new();
    let mut see = |entry: &Entry, _: &[u8; 32]| found.push(entry.clone());
    let mut proof = Proof::begin(&books.wallet.wallet_id);
    for page in &books.pages {
        proof
            .page(page, &mut see)
            .map_err(|bad| format!("{bad:?}"))?;
    }
    let rows = proof
        .end(&books.wallet, &mut see)
        .map_err(|bad| format!("{bad:?}"))?;
    match i64::try_from(found.len()) == Ok(rows) {
        true => Ok(found),
        false => Err(format!("{rows} rows, {} seen", found.len())),
    }
}

/// Every row follows from the one before, the balances from the rows, and none is negative.
pub fn proves(_: &Record, state: &State) -> Vec<String> {
    let mut found = Vec::new();
    for books in &state.books {
        let wallet = &books.wallet;
        if let Err(why) = entries(books) {
            found.push(format!("{}: {why}", wallet.wallet_id));
        }
        if wallet.available < 0 || wallet.held < 0 || wallet.debt != 0 {
            let balances = (wallet.available, wallet.held, wallet.debt);
            found.push(format!("{}: {balances:?}", wallet.wallet_id));
        }
        if wallet.held != 0 || wallet.holds.open().count() > 0 {
            found.push(format!(
                "{}: {} are still reserved",
                wallet.wallet_id, wallet.held
            ));
        }
    }
    found
}

/// Wallets and people belong together one by one.
pub fn has_no_unknown_key(record: &Record, state: &State) -> Vec<String> {
    let mut people: BTreeSet<&str> = state.people.iter().map(String::as_str).collect();
    let mut open = 0;
    for sign_up in &record.sign_ups {
        match &sign_up.fate {
            Fate::Done(answer) => {
                people.insert(answer["user_id"].as_str().unwrap_or_default());
            }
            Fate::Lost => open += 1,
            Fate::Refused(_) => {}
        }
    }
    let links: BTreeMap<_, _> = state
        .links
        .iter()
        .map(|link| (link.user_id.as_str(), link.wallet_id.as_str()))
        .collect();
    let wallets: BTreeSet<_> = state
        .books
        .iter()
        .map(|one| one.wallet.wallet_id.as_str())
        .collect();
    let linked: BTreeSet<_> = links.values().copied().collect();
    let mut found = Vec::new();
    if linked != wallets {
        found.push(format!("wallets {wallets:?}, but links to {linked:?}"));
    }
    let owners: BTreeSet<_> = links.keys().copied().collect();
    let unknown = owners.difference(&people).count();
    let missing: Vec<_> = people.difference(&owners).collect();
    if unknown > open || !missing.is_empty() {
        found.push(format!(
            "{unknown} unknown owners, nobody's wallet of {missing:?}"
        ));
    }
    found
}

/// Everybody has what was given less what was paid, as messages, calls and gifts tell it.
pub fn is_constant(record: &Record, state: &State) -> Vec<String> {
    let mut found = Vec::new();
    for (who, user_id) in state.people.iter().enumerate() {
        let Some(books) = books_of(state, user_id) else {
            continue;
        };
        let messages: i64 = state
            .rows()
            .filter(|row| row.sender_id == *user_id && !row.refunded)
            .map(|row| row.credits_cost)
            .sum();
        let calls = state.calls.iter().filter(|call| call.caller_id == *user_id);
        let calls: i64 = calls.map(|call| call.credits_spent - call.refunded).sum();
        let mut sums = BTreeSet::from([granted(who) - messages - calls]);
        for gift in record.gifts.iter().filter(|gift| gift.to == who) {
            let with = sums.iter().map(|sum| sum + gift.credits).collect();
            match gift.fate {
                Fate::Done(_) => sums = with,
                Fate::Lost => sums.extend(with),
                Fate::Refused(_) => {}
            }
        }
        let has = books.wallet.available + books.wallet.held - books.wallet.debt;
        if !sums.contains(&has) {
            found.push(format!("{who} has {has} instead of {sums:?}"));
        }
        let view = state.views.iter().find(|view| view.user_id == *user_id);
        if let Some(view) = view.filter(|view| view.balance["available"] != has) {
            found.push(format!("{who} sees {} instead of {has}", view.balance));
        }
    }
    found
}

fn books_of<'a>(state: &'a State, user_id: &str) -> Option<&'a Books> {
    let link = state.links.iter().find(|link| link.user_id == user_id)?;
    let mut books = state.books.iter();
    books.find(|books| books.wallet.wallet_id == link.wallet_id)
}

/// Every charge and refund names something that is there and agrees with it, and is the only one.
pub fn is_referred(record: &Record, state: &State) -> Vec<String> {
    let mut wanted: BTreeMap<(Paid, String), i64> = BTreeMap::new();
    for row in state.rows().filter(|row| row.credits_cost > 0) {
        let Ok(id) = row.id() else { continue };
        wanted.insert((Paid::Charge, id.clone()), row.credits_cost);
        if row.refunded {
            wanted.insert((Paid::Refund, id), row.credits_cost);
        }
    }
    for call in state.calls.iter().filter(|call| call.credits_spent > 0) {
        wanted.insert((Paid::Call, call.call_id.clone()), call.credits_spent);
    }
    let (mut found, mut gifts) = (Vec::new(), 0);
    for books in &state.books {
        for entry in entries(books).unwrap_or_default() {
            let kind = match entry.kind {
                Kind::MessageCharge => Paid::Charge,
                Kind::MessageRefund => Paid::Refund,
                Kind::CallCharge => Paid::Call,
                Kind::Adjustment => {
                    gifts += 1;
                    continue;
                }
                _ => continue,
            };
            let key = (kind, entry.reference.id.clone());
            match wanted.remove(&key) {
                Some(amount) if amount == entry.amount => {}
                other => found.push(format!("{key:?} of {}, not {other:?}", entry.amount)),
            }
        }
    }
    found.extend(
        wanted
            .iter()
            .map(|missing| format!("no row for {missing:?}")),
    );
    let known =
        |fate: fn(&Fate) -> bool| record.gifts.iter().filter(|gift| fate(&gift.fate)).count();
    let (done, lost) = (known(Fate::is_done), known(|fate| *fate == Fate::Lost));
    // Everybody's first credits were a gift, too.
    let least = state.people.len() + done;
    if !(least..=least + lost).contains(&gifts) {
        found.push(format!("{gifts} gifts, of which {done} were asked for"));
    }
    found
}

/// What is compared with messages and calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Paid {
    Charge,
    Refund,
    Call,
}
