//! The end of what was deleted.

use shared::messaging::conversation_id;
use shared::table::{Row, Value};
use world::pictures::document;
use world::{Person, World};

const DAY: i64 = 86_400;

async fn row(world: &World, ann: &Person, ben: &Person) -> Row {
    let id = conversation_id(&ann.id, &ben.id);
    world.rows("data", &id, "msg#").await.remove(0)
}

#[tokio::test(start_paused = true)]
async fn the_original_of_a_deleted_message_goes_after_thirty_days_with_its_file() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let media = ann.has_media("application/pdf", &document()).await;
    let sent = ann.attaches(&[&media]).to(&ben).await.ok();
    let path = format!("/api/v2/messages/{}", sent["id"].as_str().unwrap());
    ann.delete(&path).await.ok();
    world.passes(29 * DAY).await;
    assert!(
        row(&world, &ann, &ben).await.contains_key("at"),
        "a moderator can look at it"
    );
    assert_eq!(world.objects("media/").await.len(), 1);
    world.passes(3 * DAY).await;
    let left = row(&world, &ann, &ben).await;
    assert!(!left.contains_key("at") && !left.contains_key("due_at"));
    assert_eq!(left["tx"], Value::S(String::new()));
    assert!(world.objects("media/").await.is_empty());
    assert!(world.rows("data", &ann.id, "upload#").await.is_empty());
    let ben = ben.elsewhere().await;
    let message = ben.get(&path).await.ok();
    assert_eq!(
        (&message["is_deleted"], &message["seq"]),
        (&true.into(), &1.into())
    );
}

#[tokio::test(start_paused = true)]
async fn a_file_that_another_message_carries_stays() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let media = ann.has_media("application/pdf", &document()).await;
    let first = ann.attaches(&[&media]).to(&ben).await.ok();
    ann.attaches(&[&media]).to(&ben).await.ok();
    // Whatever dies on the way: the use is taken back once.
    world.dies_after("purge_deleted_messages", "DynamoDB.TransactWriteItems", 1);
    let path = format!("/api/v2/messages/{}", first["id"].as_str().unwrap());
    ann.delete(&path).await.ok();
    world.passes(40 * DAY).await;
    assert_eq!(world.local.cloud().faults().fired(), 1);
    let upload = world.rows("data", &ann.id, "upload#").await.remove(0);
    assert_eq!(upload["uses"], Value::N("1".into()));
    assert_eq!(world.objects("media/").await.len(), 1);
}
