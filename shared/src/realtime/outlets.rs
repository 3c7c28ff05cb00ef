//! Where the meaning of committed changes goes.

use super::noted::Noted;
use super::outbox::Meaning;
use crate::aws::dynamo::Tables;
use crate::aws::queue::{
    Audits, Balances, Devices, Exports, Frames, Mails, Notes, Notices, Proofs, Pushes, Queue,
    Revoked, Scans, Texts,
};
use crate::desk::desk;
use crate::error::Result;
use crate::messaging::Gallery;
use crate::time::Time;

/// Notes of one queue message.
const NOTES_MAX: usize = 200;
/// Request id of what a stream causes.
const CAUSE: &str = "stream";

desk! {
    /// The queues of everybody who acts on committed changes.
    Outlets {
        revoked: Queue<Revoked> = "Sessions whose sockets must close.",
        devices: Queue<Devices> = "Devices whose sockets must close.",
        frames: Queue<Frames> = "Frames to post.",
        balances: Queue<Balances> = "Balances that no frame of their own tells.",
        mails: Queue<Mails> = "Mails to deliver.",
        texts: Queue<Texts> = "Text messages to deliver.",
        phones: Queue<Pushes> = "Pushes to deliver, and endpoints to take back.",
        notices: Queue<Notices> = "What people are told inside the app and on phones.",
        scans: Queue<Scans> = "Messages to be looked at among others.",
        notes: Queue<Notes> = "What happened to messages and calls, for logs and figures.",
        proofs: Queue<Proofs> = "Wallets to prove.",
        audits: Queue<Audits> = "Logs of administrators to prove.",
        exports: Queue<Exports> = "Exports to write.",
        gallery: Gallery = "Links to what messages carry.",
    }
}

impl Outlets {
    /// Hands everything on: first what protects people, then what they see, then what may lag.
    ///
    /// # Errors
    /// 503 when a table does not answer or a queue does not take its jobs; what was handed on
    /// before comes again.
    pub async fn tell(&self, tables: &Tables, meaning: &Meaning, now: Time) -> Result<()> {
        self.revoked.send(&meaning.revoked, CAUSE).await?;
        self.devices.send(&meaning.devices, CAUSE).await?;
        let mut pushes = meaning.pushes(tables, now).await?;
        let data = pushes.iter_mut().map(|push| &mut push.frame["data"]);
        data.for_each(|data| self.gallery.show_in(data));
        self.frames.send(&pushes, CAUSE).await?;
        self.balances.send(&meaning.balances, CAUSE).await?;
        // Calls ring: first of what leaves the system.
        self.notices.send(&meaning.notices, CAUSE).await?;
        self.phones.send(&meaning.jobs.pushes, CAUSE).await?;
        self.mails.send(&meaning.jobs.mails, CAUSE).await?;
        self.texts.send(&meaning.jobs.texts, CAUSE).await?;
        self.scans.send(&meaning.scans, CAUSE).await?;
        let notes: Vec<&[Noted]> = meaning.notes.chunks(NOTES_MAX).collect();
        self.notes.send(&notes, CAUSE).await?;
        self.proofs.send(&meaning.proofs, CAUSE).await?;
        self.audits.send(&meaning.audits, CAUSE).await?;
        self.exports.send(&meaning.exports, CAUSE).await
    }
}
