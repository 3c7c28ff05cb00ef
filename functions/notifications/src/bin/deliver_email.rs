//! Sends one mail through SES and records what became of it.

use shared::aws::cipher::Cipher;
use shared::aws::mail::Mailer;
use shared::notifications::{MailJob, deliver};
use shared::table::{Data, Write};
use shared::worker::Job;
use shared::{Clock, Result, Table, worker};

worker!("mail" => deliver_email);

async fn deliver_email(
    table: Table<Write<Data>>,
    cipher: Cipher,
    mailer: Mailer,
    clock: Clock,
    Job(job): Job<MailJob>,
) -> Result<()> {
    deliver(&table, &cipher, &mailer, &clock, &job).await
}
