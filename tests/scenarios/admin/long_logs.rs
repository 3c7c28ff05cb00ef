//! Logs that are too long for one answer, against what was sealed of them.

use serde_json::json;
use shared::admin::AuditRow;
use shared::table::{Commit, Key};
use world::World;

use super::proving::{at, begins, by_hand, ends_with, lengthened, worked};

#[tokio::test(start_paused = true)]
async fn a_long_log_that_was_cut_is_not_the_one_that_was_sealed() {
    let world = World::unlimited().await;
    let (finance, auditor) = worked(&world).await;
    let operator = world.admin("operator-1").await;
    let id = finance.id().await;
    lengthened(&world, &id, (10, 2_105)).await;
    world.passes(86_400).await;
    let run = begins(&auditor, Some(&id)).await;
    world.settles().await;
    assert_eq!(operator.get(&run).await.ok()["outcome"], "done");
    let key = |seq: i64| Key::new(AuditRow::log_of(&id), AuditRow::sk_of(seq));
    let cut = |commit: Commit, seq: i64| commit.delete::<AuditRow>(key(seq), None);
    by_hand(&world, (2_051..=2_105).fold(Commit::new(), cut)).await;
    let last = at(&world, &id, 2_050).await;
    ends_with(&world, &id, 2_050, last.hash).await;
    let run = begins(&auditor, Some(&id)).await;
    world.settles().await;
    let told = operator.get(&run).await.ok();
    assert_eq!(
        (&told["outcome"], &told["counts"]["bad"]),
        (&json!("failed"), &json!(1))
    );
    let finding = told["findings"][0].as_str().expect("a finding");
    assert!(
        finding.starts_with(&format!("{id}, row 2051: ")),
        "{finding}"
    );
}
