use serde_json::Value;
use shared::accounts::token::{PublicKeys, Verifier};
use shared::accounts::{Session, SessionOwner};
use shared::aws::dynamo::Tables;
use shared::aws::secret;
use shared::credits::{Link, Wallet};
use shared::prepare::prepare;

use super::SELF;
use crate::runtime::{Local, Options};

async fn started(state: Option<std::path::PathBuf>) -> Local {
    Local::start(Options {
        state,
        seed: true,
        ..Options::default()
    })
    .await
    .unwrap()
}

async fn credits_of(local: &Local, user_id: &str) -> i64 {
    let tables = Tables::of(&local.env(SELF));
    let link: Link = tables.get(&Link::key_of(user_id)).await.unwrap().unwrap();
    let wallet: Wallet = tables
        .get(&Wallet::key_of(&link.wallet_id))
        .await
        .unwrap()
        .unwrap();
    wallet.available
}

#[tokio::test]
async fn a_first_start_finds_people_with_credits_and_a_second_finds_the_same() {
    let folder = std::env::temp_dir().join(format!("pairly-seed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let state = folder.join("local.db");
    let first = started(Some(state.clone())).await;
    let people = first.people();
    assert!(people.len() >= 2);
    for person in &people {
        assert_eq!(credits_of(&first, &person.user_id).await, 100);
    }
    let key = first.admins().list()[0].secret_access_key.clone();
    first.stop().await;
    drop(first);
    tokio::task::yield_now().await;
    let second = started(Some(state)).await;
    let ids = |people: &[super::Person]| -> Vec<String> {
        people.iter().map(|person| person.user_id.clone()).collect()
    };
    assert_eq!(ids(&second.people()), ids(&people));
    assert_eq!(second.admins().list()[0].secret_access_key, key);
    second.reset().await.unwrap();
    assert_eq!(second.people().len(), people.len());
    for person in second.people() {
        assert_eq!(credits_of(&second, &person.user_id).await, 100);
    }
    assert!(second.cloud().outbox().is_empty());
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_minted_person_has_a_session_and_a_token_that_counts() {
    let local = Local::start(Options::default()).await.unwrap();
    local.prepare().await.unwrap();
    let ann = local.mint("Ann", 7).await.unwrap();
    assert_eq!(credits_of(&local, &ann.user_id).await, 7);
    let tables = Tables::of(&local.env(SELF));
    let keys: PublicKeys = tables.get(&PublicKeys::key_of()).await.unwrap().unwrap();
    let verifier = Verifier::of(&keys).unwrap();
    let claims = verifier.verify(&ann.access_token, local.now()).unwrap();
    assert_eq!(
        (claims.sub, claims.sid),
        (ann.user_id.clone(), ann.session_id.clone())
    );
    let other = local.mint_session(&ann.user_id).await.unwrap();
    for session_id in [&ann.session_id, &other.session_id] {
        let key = Session::key_of(&ann.user_id, session_id);
        let session: Session = tables.get(&key).await.unwrap().unwrap();
        assert!(session.is_live(local.now()));
        let key = SessionOwner::key_of(session_id);
        let owner: SessionOwner = tables.get(&key).await.unwrap().unwrap();
        assert_eq!(owner.user_id, ann.user_id);
    }
    let head = ann.access_token.split('.').next().unwrap();
    let head: Value = serde_json::from_slice(&shared::crypto::decode(head).unwrap()).unwrap();
    assert_eq!(head["typ"], "at+jwt");
}

#[tokio::test]
async fn a_fresh_stack_gets_its_first_values_once() {
    let local = Local::start(Options::default()).await.unwrap();
    let env = local.env(SELF);
    // As the stack makes it: with a name, and without a value.
    let named = super::secrets::name(local.cloud(), "pairly/signing").await;
    named.unwrap();
    let missing = secret::fetch(&env, "signing").await.unwrap();
    assert_eq!(missing, None);
    // The other secrets are made by the local cloud itself.
    assert_eq!(prepare(&env).await.unwrap(), Vec::<&str>::new());
    let first = secret::fetch(&env, "signing").await.unwrap();
    assert!(first.is_some());
    let tables = Tables::of(&env);
    let keys: Option<PublicKeys> = tables.get(&PublicKeys::key_of()).await.unwrap();
    assert_eq!(keys.map(|keys| keys.keys.len()), Some(1));
    prepare(&env).await.unwrap();
    assert_eq!(secret::fetch(&env, "signing").await.unwrap(), first);
}
