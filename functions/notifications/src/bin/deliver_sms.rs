//! Sends one text message through SNS and records what became of it.

use shared::aws::cipher::Cipher;
use shared::aws::sms::Sms;
use shared::notifications::{MailJob, deliver};
use shared::table::{Data, Write};
use shared::worker::Job;
use shared::{Clock, Result, Table, worker};

worker!("sms" => deliver_sms);

async fn deliver_sms(
    table: Table<Write<Data>>,
    cipher: Cipher,
    sms: Sms,
    clock: Clock,
    Job(job): Job<MailJob>,
) -> Result<()> {
    deliver(&table, &cipher, &sms, &clock, &job).await
}
