//! The committed item is the outbox: what the changes of a batch mean for people and workers.
//!
//! Everything here may run twice and out of order: facts carry ids derived from the item,
//! projections are guarded by the version they come from, jobs are idempotent at their worker.

use super::fact::{Audience, Fact, fan_out};
use super::noted::Noted;
use super::push::Push;
use crate::accounts::{self, Account, Revoked, Session};
use crate::admin::{self, Export, ExportJob, VERIFY_AUDIT_LOG};
use crate::aws::dynamo::{Missed, Tables};
use crate::calls;
use crate::credits::{self, BalanceJob, VERIFY_LEDGER, WALLET_SHARDS, Wallet};
use crate::error::Result;
use crate::messaging::{self, Scan};
use crate::notifications::{self, Entry, Inbox, Jobs, Notice, Notification, PushTarget};
use crate::operations::{JobRun, RunJob, jobs_of};
use crate::relay::{self, Device, RevokedDevice};
use crate::table::Commit;
use crate::time::Time;
use crate::worker::Change;

/// What a batch of changes means.
#[derive(Debug, Default)]
pub struct Meaning {
    /// Facts for people.
    pub facts: Vec<Fact>,
    /// Projections to be brought up to date.
    pub projections: Vec<Commit>,
    /// Mails, text messages and pushes that can go out at once.
    pub jobs: Jobs,
    /// What people are told inside the app and on phones.
    pub notices: Vec<Notice>,
    /// Sessions whose sockets must close.
    pub revoked: Vec<Revoked>,
    /// Devices whose sockets must close.
    pub devices: Vec<RevokedDevice>,
    /// Balances that no frame of their own tells.
    pub balances: Vec<BalanceJob>,
    /// Messages to be looked at among others.
    pub scans: Vec<Scan>,
    /// What happened to messages and calls.
    pub notes: Vec<Noted>,
    /// Wallets to be proved.
    pub proofs: Vec<RunJob>,
    /// Logs of administrators to be proved.
    pub audits: Vec<RunJob>,
    /// Exports to be written.
    pub exports: Vec<ExportJob>,
}

impl Meaning {
    /// Reads the meaning of a batch, looking people up where the item does not name them.
    ///
    /// # Errors
    /// 500 when an image does not have its type's shape, 503 when a table does not answer.
    pub async fn of(tables: &Tables, changes: &[Change], now: Time) -> Result<Self> {
        let mut meaning = Self::default();
        for change in changes {
            meaning.read(tables, change, now).await?;
        }
        Ok(meaning)
    }

    async fn read(&mut self, tables: &Tables, change: &Change, now: Time) -> Result<()> {
        match (change.table.as_str(), change.sk.as_str()) {
            // The link from a person to the wallet has the same sort key.
            ("ledger", "wallet") if change.pk.starts_with("wal_") => {
                self.wallet(tables, change).await?
            }
            ("data", "account") if change.pk.starts_with("usr_") => {
                let (old, new) = change.of::<Account>()?;
                self.account(tables, old.as_ref(), new.as_ref()).await?;
            }
            ("data", sk) if sk.starts_with(Session::PREFIX) => {
                let (old, new) = change.of::<Session>()?;
                self.revoked
                    .extend(accounts::facts_of(old.as_ref(), new.as_ref()));
            }
            ("data", sk) if sk.starts_with(Device::PREFIX) => {
                let (old, new) = change.of::<Device>()?;
                let (old, new) = (old.as_ref(), new.as_ref());
                self.devices.extend(relay::revocation_of(old, new));
                self.facts.extend(relay::facts_of(old, new, now));
            }
            ("data", sk) if sk.starts_with(Notification::PREFIX) && change.old.is_none() => {
                let (_, new) = change.of::<Notification>()?;
                new.iter().for_each(|row| self.jobs.add(row));
            }
            ("data", sk) if sk.starts_with(PushTarget::PREFIX) => {
                self.jobs.pushes.extend(notifications::forgotten(change)?);
            }
            ("data", _) if change.pk.starts_with("cnv_") => {
                self.facts.extend(messaging::facts_of(change)?);
                self.projections
                    .extend(messaging::projections(change, now)?);
                self.scans.extend(messaging::scans_of(change)?);
                let notes = messaging::notes_of(change)?;
                self.notes.extend(notes.into_iter().map(Noted::Message));
            }
            ("data", "call") => self.call(change)?,
            ("data", sk) if sk == Inbox::PLACE || sk.starts_with(Entry::PREFIX) => {
                self.facts.extend(notifications::facts_of(change)?);
            }
            ("data", JobRun::PLACE) => {
                let wallets = jobs_of(change, VERIFY_LEDGER, WALLET_SHARDS)?;
                self.proofs.extend(wallets);
                self.audits.extend(jobs_of(change, VERIFY_AUDIT_LOG, 1)?);
            }
            ("data", Export::PLACE) => self.exports.extend(admin::exports_of(change)?),
            _ => {}
        }
        Ok(())
    }

    fn call(&mut self, change: &Change) -> Result<()> {
        self.facts.extend(calls::facts_of(change)?);
        let note = calls::oversight::notes_of(change)?;
        self.notes.extend(note.map(Noted::Call));
        self.notices.extend(calls::notices_of(change)?);
        Ok(())
    }

    /// What an administrator did, and the person's place in the directory. Whatever else has to end
    /// with a ban, such as calls, begins here.
    async fn account(
        &mut self,
        tables: &Tables,
        old: Option<&Account>,
        new: Option<&Account>,
    ) -> Result<()> {
        self.facts.extend(accounts::ban::facts_of_account(old, new));
        let entries = accounts::directory::follow(tables, old, new).await?;
        self.projections.extend(entries);
        Ok(())
    }

    async fn wallet(&mut self, tables: &Tables, change: &Change) -> Result<()> {
        let (old, Some(new)) = change.of::<Wallet>()? else {
            return Ok(());
        };
        if credits::tells(old.as_ref(), &new)
            && let Some(owner) = credits::owner_of(tables, &new.wallet_id).await?
        {
            let news = credits::news_of(old.as_ref(), &new, &owner)?;
            self.facts.extend(news.facts);
            self.balances.extend(news.balance);
        }
        Ok(())
    }

    /// Brings the projections up to date; one that is newer already refuses and stays.
    ///
    /// # Errors
    /// 503 when the table does not answer.
    pub async fn project(&mut self, tables: &Tables) -> Result<()> {
        for projection in self.projections.drain(..) {
            match tables.commit(projection).await {
                Ok(()) | Err(Missed::Refused(_)) => {}
                Err(Missed::Failed(error)) => return Err(error),
            }
        }
        Ok(())
    }

    /// The pushes of the facts to those who are connected.
    ///
    /// # Errors
    /// 503 when a table does not answer.
    pub async fn pushes(&self, tables: &Tables, now: Time) -> Result<Vec<Push>> {
        let mut audience = Audience::default();
        let mut pushes = Vec::new();
        for fact in &self.facts {
            if let Some(mut push) = fan_out(tables, &mut audience, fact, now).await? {
                messaging::complete(tables, fact, &mut push.frame["data"]).await?;
                calls::complete(tables, fact, &mut push.frame["data"]).await?;
                pushes.push(push);
            }
        }
        Ok(pushes)
    }
}
