//! What a call costs: by the started minute, from what was reserved.

use world::World;

use super::{Talk, friends};

#[tokio::test(start_paused = true)]
async fn a_call_is_rung_answered_connected_ended_and_billed() {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 100).await;
    let talk = Talk::rings(&ann, &ben, "audio").await;
    let incoming = ben.waits(|frame| frame["type"] == "call.incoming").await;
    assert_eq!(incoming["data"]["call_id"], talk.id.as_str());
    assert_eq!(incoming["data"]["caller"]["name"], "Ann");
    ann.has_credits(100).await;
    let accepted = talk.accepts(&ben).await.ok();
    assert_eq!(accepted["status"], "accepted");
    ann.waits(|frame| frame["type"] == "call.accepted").await;
    ann.has_credits(75).await;
    assert_eq!(talk.connects(&ann).await.ok()["status"], "accepted");
    let connected = talk.connects(&ben).await.ok();
    assert_eq!(connected["status"], "connected");
    talk.lasts(&mut [&mut ann, &mut ben], 61).await;
    let over = talk.ends(&ben).await.ok();
    assert_eq!(over["status"], "ended");
    assert!(over.get("credits_spent").is_none(), "{over}");
    let told = ann.waits(|frame| frame["type"] == "call.ended").await;
    assert_eq!(told["data"]["credits_spent"], 10);
    let seen = talk.seen(&ann).await;
    assert_eq!(
        (&seen["status"], &seen["billed_minutes"]),
        (&"ended".into(), &2.into())
    );
    ann.has_credits(90).await;
}
