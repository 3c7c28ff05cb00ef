//! Pushes to one phone through SNS, if it is still true, and records what became of it.

use shared::aws::cipher::Cipher;
use shared::aws::push::Push;
use shared::aws::queue::{Pushes, Queue};
use shared::notifications::{Courier, PushJob};
use shared::table::{Data, Write};
use shared::worker::Job;
use shared::{Clock, Result, Table, worker};

worker!("pushes" => deliver_push);

async fn deliver_push(
    table: Table<Write<Data>>,
    cipher: Cipher,
    push: Push,
    queue: Queue<Pushes>,
    clock: Clock,
    Job(job): Job<PushJob>,
) -> Result<()> {
    let courier = Courier {
        tables: &table,
        cipher: &cipher,
        push: &push,
        queue: &queue,
        clock: &clock,
    };
    courier.carry(&job).await
}
