//! More wallets than one job proves.

use serde_json::json;
use shared::aws::dynamo::Tables;
use shared::credits::{Kind, Place, Wallet};
use world::World;

use super::administering::begins;
use super::{id, reference};

/// Wallets of one shard.
const WALLETS: usize = 501;

#[tokio::test(start_paused = true)]
async fn more_wallets_of_a_shard_than_one_job_proves_are_proved_by_the_next() {
    let world = World::unlimited().await;
    let tables = Tables::of(&world.local.env("local"));
    let ids = (1..).map(|number| id("wal", number));
    let one_shard = ids.filter(|id| Place::of(id).shard == 7).take(WALLETS);
    world.local.hold_streams(true);
    for (wallet_id, payment) in one_shard.zip(1..) {
        let mut booking = Wallet::new(wallet_id, 10).book(world.now());
        let granted = booking.grant(Kind::Purchase, 5, &reference(payment));
        granted.expect("granted");
        tables.commit(booking.commit()).await.expect("booked");
    }
    world.local.lose_streams();
    world.local.hold_streams(false);
    let (finance, operator) = (
        world.admin("finance-1").await,
        world.admin("operator-1").await,
    );
    let run = begins(&finance).await;
    world.settles().await;
    let told = operator.get(&run).await.ok();
    assert_eq!(told["outcome"], "done");
    let counts = json!({ "wallets": WALLETS, "rows": WALLETS, "unproved": 0 });
    assert_eq!(told["counts"], counts);
}
