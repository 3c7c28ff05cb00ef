//! Credits (spec credits.md, *Acceptance scenarios*): as a person sees them, and the primitives
//! where nothing that a person calls uses them yet.

pub mod administering;
mod alerts;
mod holds;
mod masses;
mod nightly;
mod prices;
mod reading;
mod rough;
mod spending;
mod totals;

use serde_json::Value;
use shared::aws::dynamo::{Missed, Tables};
use shared::credits::{
    BadRow, Booked, Booking, Claim, Hold, Kind, NewHold, Page, RefType, Reference, Settled, Wallet,
    book, settle, verify, wallet_of,
};
use shared::id::id_of;
use shared::table::{Commit, Query};
use shared::{Error, Result};
use world::{Person, World};

/// The credits of one person, as the domains use them.
#[derive(Clone)]
pub struct Purse {
    pub world: World,
    pub tables: Tables,
    pub wallet_id: String,
}

impl Purse {
    pub async fn of(person: &Person) -> Self {
        let world = person.world.clone();
        let tables = Tables::of(&world.local.env("local"));
        let wallet_id = wallet_of(&tables, &person.id).await.expect("a wallet");
        Self {
            world,
            tables,
            wallet_id,
        }
    }

    pub async fn book<T>(
        &self,
        decide: impl FnMut(&mut Booking) -> Result<T>,
    ) -> Result<Booked<T>, Missed> {
        book(&self.tables, &self.wallet_id, self.world.now(), decide).await
    }

    /// Books, and tells whether that was new.
    pub async fn books(&self, decide: impl FnMut(&mut Booking) -> Result<()>) -> Result<bool> {
        let booked = self.book(decide).await.map_err(Error::from)?;
        Ok(booked == Booked::Now(()))
    }

    pub async fn is_paid(&self, credits: i64, payment: u64) -> Result<bool> {
        self.books(|booking| booking.grant(Kind::Purchase, credits, &reference(payment)))
            .await
    }

    pub async fn is_charged_back(&self, credits: i64, payment: u64) -> Result<bool> {
        self.books(|booking| booking.claw_back(Kind::Chargeback, credits, &reference(payment)))
            .await
    }

    pub async fn calls(&self, credits: i64, call: u64) -> Result<Hold> {
        let new = new_hold(call, credits);
        match self.book(|booking| booking.hold(new.clone())).await? {
            Booked::Now(hold) => Ok(hold),
            Booked::Before => Ok(self.hold(call).await),
        }
    }

    /// The hold as it is stored.
    pub async fn hold(&self, call: u64) -> Hold {
        let wallet = self.wallet().await;
        let hold = wallet.holds.find(&id("hld", call)).cloned();
        hold.expect("a hold")
    }

    /// Resolves a hold by what its owner claims.
    pub async fn settles(&self, hold: &Hold, claim: Claim) -> Result<Settled> {
        let now = self.world.now();
        settle(&self.tables, &self.wallet_id, hold, claim, now).await
    }

    pub async fn wallet(&self) -> Wallet {
        let wallet = Wallet::load(&self.tables, &self.wallet_id).await;
        wallet.expect("a wallet")
    }

    /// Spendable, reserved and owed credits.
    pub async fn balances(&self) -> (i64, i64, i64) {
        let wallet = self.wallet().await;
        (wallet.available, wallet.held, wallet.debt)
    }

    /// Changes what is no balance, as an operator does.
    pub async fn is_frozen(&self, frozen: bool) {
        let mut booking = self.wallet().await.book(self.world.now());
        booking.wallet.frozen = frozen;
        let commit: Commit = booking.commit();
        self.tables.commit(commit).await.expect("frozen");
    }

    pub async fn pages(&self) -> Vec<Page> {
        let query = Query::of(shared::table::Name::Ledger, &*self.wallet_id);
        let query = query.prefix(Page::PREFIX).limit(1_000);
        self.tables.query(query).await.expect("pages")
    }

    pub async fn verifies(&self) -> Result<i64, BadRow> {
        verify(&self.wallet().await, &self.pages().await)
    }

    /// Sum of the open holds.
    pub async fn open_holds(&self) -> i64 {
        let wallet = self.wallet().await;
        wallet.holds.open().map(|hold| hold.amount).sum()
    }
}

pub fn id(prefix: &str, number: u64) -> String {
    id_of(prefix, u128::from(number).to_be_bytes())
}

pub fn reference(payment: u64) -> Reference {
    Reference::new(RefType::Payment, id("pay", payment))
}

pub fn new_hold(call: u64, amount: i64) -> NewHold {
    NewHold {
        hold_id: id("hld", call),
        call_id: id("cal", call),
        amount,
        rate: 5,
        timeout_seconds: 420,
    }
}

/// All rows that a person can list, oldest first.
pub async fn rows(person: &Person) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v2/credits/transactions?limit=100{cursor}");
        let page = person.get(&path).await.ok();
        all.extend(page["transactions"].as_array().expect("rows").clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    all.reverse();
    all
}

/// Somebody gets credits.
pub async fn gives(person: &Person, credits: i64) {
    let purse = Purse::of(person).await;
    let number = u64::try_from(person.world.now().ms()).expect("after 1970");
    assert!(purse.is_paid(credits, number).await.expect("booked"));
}
