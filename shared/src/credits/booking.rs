//! The primitives: charge, refund, grant, hold, extend, post, void, claw back. A booking takes
//! a wallet, books rows on it and becomes the wallet's part of the caller's commit.

use serde_json::json;

use super::codes::Account::{self, Burn, Credits, Debt, Held};
use super::codes::Kind;
use super::entry::{AMOUNT_MAX, Entry, REFERENCE_BYTES_MAX, Reference, transaction_id};
use super::hold::{Hold, HoldState, NewHold, Settled};
use super::once::Once;
use super::totals::{Place, day_of};
use super::wallet::{Page, Wallet, packed, unpack};
use crate::error::{
    IDEMPOTENCY_IN_PROGRESS, INSUFFICIENT_CREDITS, INTERNAL_ERROR, Result, UNAVAILABLE,
    WALLET_FROZEN,
};
use crate::pack::{Bytes, Fixed};
use crate::table::{Commit, Condition};
use crate::time::Time;

/// Most postings of one transaction.
pub const POSTINGS_MAX: usize = 20;

/// Rows booked on one wallet in one transaction.
#[derive(Debug)]
pub struct Booking {
    /// The wallet as it will be; callers may change what is no balance.
    pub wallet: Wallet,
    before: i64,
    now: Time,
    entries: Vec<Entry>,
    pages: Vec<Page>,
}

/// One movement of credits from an account to another.
struct Posting<'a> {
    kind: Kind,
    from: Account,
    to: Account,
    amount: i64,
    reference: &'a Reference,
    hold_id: Option<&'a str>,
    reverses: Option<i64>,
}

impl<'a> Posting<'a> {
    fn new(
        kind: Kind,
        (from, to): (Account, Account),
        amount: i64,
        reference: &'a Reference,
    ) -> Self {
        Self {
            kind,
            from,
            to,
            amount,
            reference,
            hold_id: None,
            reverses: None,
        }
    }

    fn under(mut self, hold: &'a Hold) -> Self {
        self.hold_id = Some(&hold.hold_id);
        self
    }

    fn reversing(mut self, seq: Option<i64>) -> Self {
        self.reverses = seq;
        self
    }
}

impl Wallet {
    /// Begins a booking; also without rows it writes the wallet.
    pub fn book(&self, now: Time) -> Booking {
        let mut wallet = self.clone();
        wallet.rev += 1;
        let (entries, pages) = (Vec::new(), Vec::new());
        Booking {
            wallet,
            before: self.rev,
            now,
            entries,
            pages,
        }
    }
}

impl Booking {
    /// The id of the transaction; `None` when no row was booked.
    pub fn transaction_id(&self) -> Option<String> {
        self.first_seq()
            .map(|seq| transaction_id(&self.wallet.wallet_id, seq))
    }

    /// Number of its first row; `None` when no row was booked.
    pub fn first_seq(&self) -> Option<i64> {
        self.entries.first().map(|entry| entry.seq)
    }

    /// The rows.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Spends `amount` credits.
    ///
    /// # Errors
    /// 409 `WALLET_FROZEN`; 402 `INSUFFICIENT_CREDITS` with what is required and available.
    pub fn charge(&mut self, kind: Kind, amount: i64, reference: &Reference) -> Result<()> {
        self.spendable(amount)?;
        self.write(&Posting::new(kind, (Credits, Burn), amount, reference))
    }

    /// Gives a charge back, whose first row is `reverses`; debt is repaid first.
    ///
    /// # Errors
    /// 500 when the amount is out of range.
    pub fn refund(
        &mut self,
        kind: Kind,
        amount: i64,
        reference: &Reference,
        reverses: Option<i64>,
    ) -> Result<()> {
        let posting = Posting::new(kind, (Burn, Credits), amount, reference);
        self.write(&posting.reversing(reverses))?;
        self.repay(amount, reference)
    }

    /// Adds credits; debt is repaid first. An adjustment comes from `sys:adjust`.
    ///
    /// # Errors
    /// 500 when the amount is out of range.
    pub fn grant(&mut self, kind: Kind, amount: i64, reference: &Reference) -> Result<()> {
        let accounts = (source(kind), Credits);
        self.write(&Posting::new(kind, accounts, amount, reference))?;
        self.repay(amount, reference)
    }

    /// Gives or takes credits by hand; debt is repaid first. A frozen wallet bears it too.
    ///
    /// # Errors
    /// 402 `INSUFFICIENT_CREDITS`; 500 when the amount is out of range.
    pub fn adjust(&mut self, amount: i64, reference: &Reference) -> Result<()> {
        let (required, available) = (amount.saturating_neg(), self.wallet.available);
        if required > available {
            let details = json!({ "required": required, "available": available });
            return Err(INSUFFICIENT_CREDITS.with(details));
        }
        match required {
            ..=0 => self.grant(Kind::Adjustment, amount, reference),
            _ => self.claw_back(Kind::Adjustment, required, reference),
        }
    }

    /// Takes credits back as far as there are any; the rest becomes debt.
    ///
    /// # Errors
    /// 500 when the amount is out of range.
    pub fn claw_back(&mut self, kind: Kind, amount: i64, reference: &Reference) -> Result<()> {
        let taken = amount.min(self.wallet.available);
        let steps = [(Credits, taken), (Debt, amount - taken)];
        for (from, amount) in steps.into_iter().filter(|step| step.1 > 0) {
            let accounts = (from, source(kind));
            self.write(&Posting::new(kind, accounts, amount, reference))?;
        }
        Ok(())
    }

    /// Reserves credits for something that takes its time. A hold that is there already is given
    /// back as it is, and nothing is booked.
    ///
    /// # Errors
    /// 409 `WALLET_FROZEN`; 402 `INSUFFICIENT_CREDITS`.
    pub fn hold(&mut self, new: NewHold) -> Result<Hold> {
        if let Some(known) = self.wallet.holds.find(&new.hold_id) {
            return Ok(known.clone());
        }
        self.spendable(new.amount)?;
        let hold = Hold::open(new, self.now);
        let reference = hold.reference()?;
        let posting = Posting::new(Kind::CallHold, (Credits, Held), hold.amount, &reference);
        self.wallet.holds.add(hold.clone());
        self.write(&posting.under(&hold))?;
        self.wallet.index_holds();
        Ok(hold)
    }

    /// Reserves more under a hold that is still open, and moves its expiry.
    ///
    /// # Errors
    /// 409 `WALLET_FROZEN`; 402 `INSUFFICIENT_CREDITS`; 500 when the hold is resolved.
    pub fn extend(&mut self, hold: &Hold, amount: i64, expires_at: Time) -> Result<Hold> {
        let hold = self.stored(hold)?;
        if hold.state != HoldState::Held {
            return Err(INTERNAL_ERROR.because("a resolved hold cannot grow"));
        }
        self.spendable(amount)?;
        let grown = hold.grown(amount, expires_at);
        let reference = hold.reference()?.posting(grown.extensions);
        let posting = Posting::new(Kind::CallHoldExtend, (Credits, Held), amount, &reference);
        self.wallet.holds.put(grown.clone());
        self.write(&posting.under(&hold))?;
        Ok(grown)
    }

    /// Settles a hold for `used` credits and releases the rest. A frozen wallet settles too. A
    /// second resolution books nothing and returns the first.
    ///
    /// # Errors
    /// 500 when more was used than is held.
    pub fn post(&mut self, hold: &Hold, used: i64) -> Result<Settled> {
        self.resolve(hold, used, HoldState::Posted)
    }

    /// Releases a hold. A second resolution books nothing and returns the first.
    ///
    /// # Errors
    /// 500 when the books do not hold what the hold says.
    pub fn void(&mut self, hold: &Hold) -> Result<Settled> {
        self.resolve(hold, 0, HoldState::Voided)
    }

    /// Releases a hold whose owner did not settle in time.
    ///
    /// # Errors
    /// 500 when the books do not hold what the hold says.
    pub fn expire(&mut self, hold: &Hold) -> Result<Settled> {
        self.resolve(hold, 0, HoldState::Expired)
    }

    /// The hold as the wallet has it, whenever it was read; one that the wallet has forgotten
    /// was resolved before.
    fn stored(&self, hold: &Hold) -> Result<Hold> {
        let stored = self.wallet.holds.find(&hold.hold_id);
        let known = stored.or((hold.state != HoldState::Held).then_some(hold));
        known
            .cloned()
            .ok_or_else(|| INTERNAL_ERROR.because("a hold that was resolved long ago"))
    }

    fn resolve(&mut self, hold: &Hold, used: i64, state: HoldState) -> Result<Settled> {
        let hold = &self.stored(hold)?;
        if let Some(first) = hold.settled() {
            return Ok(first);
        }
        if !(0..=hold.amount).contains(&used) {
            return Err(INTERNAL_ERROR.because("more used than held"));
        }
        let reference = hold.reference()?;
        let steps = [
            (Kind::CallCharge, Burn, used),
            (Kind::CallRelease, Credits, hold.amount - used),
        ];
        for (kind, to, amount) in steps.into_iter().filter(|step| step.2 > 0) {
            let posting = Posting::new(kind, (Held, to), amount, &reference);
            self.write(&posting.under(hold))?;
        }
        let transaction_id = self.transaction_id();
        let resolved = hold.resolved(state, used, transaction_id.clone(), self.now);
        self.wallet.holds.put(resolved);
        self.wallet.index_holds();
        Ok(Settled {
            state,
            posted_amount: used,
            transaction_id,
            first: true,
        })
    }

    fn repay(&mut self, incoming: i64, reference: &Reference) -> Result<()> {
        match incoming.min(self.wallet.debt) {
            0 => Ok(()),
            amount => self.write(&Posting::new(
                Kind::DebtRepayment,
                (Credits, Debt),
                amount,
                reference,
            )),
        }
    }

    fn spendable(&self, required: i64) -> Result<()> {
        let available = self.wallet.available;
        if self.wallet.frozen || self.wallet.closed {
            return Err((&WALLET_FROZEN).into());
        }
        if available < required {
            let details = json!({ "required": required, "available": available });
            return Err(INSUFFICIENT_CREDITS.with(details));
        }
        Ok(())
    }

    fn write(&mut self, posting: &Posting<'_>) -> Result<()> {
        let amount = posting.amount;
        let named = posting.reference.id.len() <= REFERENCE_BYTES_MAX;
        if !(1..=AMOUNT_MAX).contains(&amount) || self.entries.len() >= POSTINGS_MAX || !named {
            return Err(INTERNAL_ERROR.because("a posting beyond its limits"));
        }
        apply(&mut self.wallet, posting.from, posting.to, amount)?;
        let entry = Entry {
            seq: self.wallet.seq + 1,
            nth: self.entries.len() as u8,
            kind: posting.kind,
            debit: posting.from,
            credit: posting.to,
            amount,
            available_after: self.wallet.available,
            held_after: self.wallet.held,
            reference: posting.reference.clone(),
            hold_id: posting.hold_id.map(str::to_owned),
            reverses: posting.reverses,
            at: self.instant()?,
        };
        self.append(entry);
        Ok(())
    }

    /// The present, but never before the last row: order comes from numbers, and times follow it.
    fn instant(&self) -> Result<Time> {
        let rows = unpack(&self.wallet.tail.0, 0)?;
        Ok(rows
            .last()
            .map_or(self.now, |(last, _)| last.at.max(self.now)))
    }

    fn append(&mut self, entry: Entry) {
        let wallet = &mut self.wallet;
        let hash = entry.hash(&wallet.wallet_id, &wallet.chain_head.0);
        let bytes = packed(&entry, &hash);
        if wallet.tail.0.len() + bytes.len() > wallet.tail_bytes_max() {
            let rows = Bytes(std::mem::take(&mut wallet.tail.0));
            let count = unpack(&rows.0, 0).map_or(0, |rows| rows.len() as i64);
            self.pages.push(Page {
                wallet_id: wallet.wallet_id.clone(),
                first_seq: entry.seq - count,
                prev_hash: wallet.tail_prev,
                day: day_of(entry.at),
                rows,
            });
            wallet.tail_prev = wallet.chain_head;
        }
        wallet.tail.0.extend_from_slice(&bytes);
        if wallet.shard.is_none() {
            let place = Place::of(&wallet.wallet_id);
            wallet.shard = Some(Wallet::day_shard(place.shard));
        }
        wallet.day = Some(day_of(entry.at));
        wallet.chain_head = Fixed(hash);
        wallet.seq = entry.seq;
        self.entries.push(entry);
    }

    /// The wallet's part of a commit. A refusal with the wallet's key means a lost race: decide
    /// again from the wallet that it carries. A refusal with the key of a [`Once`] row (it comes
    /// first) means that this was booked before, and nothing is to be done.
    pub fn commit(self) -> Commit {
        let mut commit = Commit::new();
        if let Some(once) = self.entries.first().and_then(Once::of) {
            commit = commit.create(&once, &IDEMPOTENCY_IN_PROGRESS);
        }
        commit = match self.before {
            0 => commit.create(&self.wallet, &UNAVAILABLE),
            rev => commit.replace(&self.wallet, Condition::number("rv", rev), &UNAVAILABLE),
        };
        for page in &self.pages {
            commit = commit.create(page, &UNAVAILABLE);
        }
        commit
    }
}

/// Where granted credits come from and clawed-back ones go to.
fn source(kind: Kind) -> Account {
    match kind {
        Kind::Adjustment | Kind::AccountClosed => Account::Adjust,
        _ => Account::Issued,
    }
}

/// Moves credits between the wallet's own accounts and the system's; nothing ever goes below 0.
pub(super) fn apply(wallet: &mut Wallet, from: Account, to: Account, amount: i64) -> Result<()> {
    for (account, sign) in [(from, -1), (to, 1)] {
        match account {
            Account::Credits => wallet.available += sign * amount,
            Account::Held => wallet.held += sign * amount,
            // Debt is what the person owes: drawing on it makes it grow.
            Account::Debt => wallet.debt -= sign * amount,
            Account::Issued | Account::Burn | Account::Adjust => {}
        }
    }
    match wallet.available < 0 || wallet.held < 0 || wallet.debt < 0 {
        true => Err(INTERNAL_ERROR.because("a balance below zero")),
        false => Ok(()),
    }
}
