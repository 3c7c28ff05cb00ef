use super::*;
use crate::aws::push::PushApp;
use crate::config::PushApps;
use crate::notifications::Told;
use crate::table::{Action, Item, Wrote};

const NOW: Time = Time(1_767_614_400_000);
const ANN: &str = "usr_01J00000000000000000000001";
const BEN: &str = "usr_01J00000000000000000000002";

fn key() -> DataKey {
    DataKey::fixed(ANN, [7; 32])
}

fn new(token: &str, voip: Option<&str>) -> NewTarget {
    NewTarget {
        platform: Platform::Ios,
        token: token.into(),
        voip_token: voip.map(str::to_owned),
        device_id: None,
        timezone: "UTC".into(),
        app_version: "1.0".into(),
    }
}

/// A target that was registered `n` seconds ago.
fn target(user: &str, n: i64, token: &str, voip: Option<&str>) -> PushTarget {
    let address = |kind, token| Address::new(kind, token, &key(), None).expect("sealed");
    PushTarget {
        user_id: user.into(),
        target_id: format!("ptg_{n:026}"),
        device_id: None,
        platform: Platform::Ios,
        address: address(TokenKind::Push, token),
        voip: voip.map(|token| address(TokenKind::Voip, token)),
        timezone: "UTC".into(),
        app_version: "1.0".into(),
        enabled: true,
        last_seen_at: NOW.plus(-n * 1_000),
        created_at: NOW.plus(-n * 1_000),
        rev: 3,
    }
}

fn owners(targets: &[PushTarget]) -> Vec<TokenOwner> {
    let of = |one: &PushTarget| {
        let hashes = one.addresses().map(|address| address.hash.clone());
        let owner = |hash| TokenOwner {
            hash,
            user_id: one.user_id.clone(),
            target_id: one.target_id.clone(),
        };
        hashes.map(owner).collect::<Vec<_>>()
    };
    targets.iter().flat_map(of).collect()
}

fn registers(
    new: &NewTarget,
    device_id: Option<&str>,
    own: &[PushTarget],
    foreign: &[PushTarget],
) -> (PushTarget, Vec<Wrote>) {
    let mut known = owners(own);
    known.extend(owners(foreign));
    known.retain(|one| {
        new.tokens()
            .any(|(kind, token)| kind.hash(token) == one.hash)
    });
    let registration = Registration {
        user_id: ANN,
        new,
        device_id,
        timezone: "Europe/Berlin",
        key: &key(),
        id: "ptg_new".into(),
        own,
        foreign,
        owners: &known,
        counted: i64::try_from(own.len()).expect("few"),
        now: NOW,
    };
    let (target, commit) = registration.decide().expect("a decision");
    (target, commit.into_writes().expect("one action per item"))
}

/// Sort keys of what a commit deletes, and how it counts by person.
fn effects(writes: &[Wrote]) -> (Vec<String>, Vec<(String, String)>) {
    let gone = writes.iter().filter(|one| one.action == Action::Delete);
    let gone = gone.map(|one| one.key.sk.clone()).collect();
    let counts = writes.iter().filter(|one| one.key.sk == "account");
    let count = |one: &Wrote| (one.key.pk.clone(), format!("{:?}", one.action));
    (gone, counts.map(count).collect())
}

#[test]
fn a_phone_that_registers_again_is_renewed() {
    let mut known = target(ANN, 5, "token-one", Some("voip-one"));
    known.address.endpoint_arn = Some("arn:one".into());
    known.address.is_ready = true;
    let wish = new("token-one", Some("voip-two"));
    let (next, writes) = registers(&wish, None, std::slice::from_ref(&known), &[]);
    assert_eq!(next.target_id, known.target_id);
    assert_eq!((next.rev, next.created_at), (4, known.created_at));
    assert_eq!(next.address.endpoint_arn.as_deref(), Some("arn:one"));
    assert!(next.address.is_ready && next.enabled);
    let (gone, counts) = effects(&writes);
    assert_eq!(gone, ["owner"], "only the old token for rings");
    assert!(counts.is_empty());
    // One that the provider did not know any more is looked after first.
    known.enabled = false;
    let (next, _) = registers(&wish, None, &[known], &[]);
    assert!(next.enabled && !next.address.is_ready);
    assert_eq!(next.address.endpoint_arn.as_deref(), Some("arn:one"));
}

#[test]
fn a_token_moves_to_whoever_registers_it() {
    let bens = target(BEN, 9, "token-one", Some("voip-one"));
    for wish in [
        new("token-one", None),
        new("token-new", Some("voip-one")),
        new("token-one", Some("voip-one")),
    ] {
        let (next, writes) = registers(&wish, None, &[], std::slice::from_ref(&bens));
        assert_eq!(
            (next.user_id.as_str(), next.target_id.as_str()),
            (ANN, "ptg_new")
        );
        let (gone, counts) = effects(&writes);
        assert!(gone.contains(&bens.key().sk), "{gone:?}");
        assert_eq!(counts.len(), 2, "{counts:?}");
        assert!(
            counts
                .iter()
                .any(|(who, how)| who == BEN && how.contains("-1"))
        );
    }
}

#[test]
fn a_device_has_one_target() {
    let mut known = target(ANN, 5, "token-one", None);
    known.device_id = Some("dev_1".into());
    let other = target(ANN, 6, "token-two", None);
    let wish = new("token-two", None);
    let own = [known.clone(), other.clone()];
    let (next, writes) = registers(&wish, Some("dev_1"), &own, &[]);
    assert_eq!(
        next.target_id, other.target_id,
        "its token tells a phone best"
    );
    let (gone, counts) = effects(&writes);
    assert!(gone.contains(&known.key().sk));
    assert_eq!(counts.len(), 1);
    let wish = new("token-three", None);
    let (next, _) = registers(&wish, Some("dev_1"), &own, &[]);
    assert_eq!(next.target_id, known.target_id);
}

#[test]
fn the_eleventh_phone_takes_the_place_of_the_one_seen_longest_ago() {
    let token = |n: i64| format!("token-{n}");
    let all: Vec<_> = (1..=10).map(|n| target(ANN, n, &token(n), None)).collect();
    let (_, writes) = registers(&new("token-new", None), None, &all, &[]);
    let (gone, counts) = effects(&writes);
    assert!(gone.contains(&all[9].key().sk), "{gone:?}");
    assert_eq!(gone.len(), 2, "the target and its token: {gone:?}");
    assert!(counts.is_empty(), "there are ten before and after");
    let (_, writes) = registers(&new("token-10", None), None, &all, &[]);
    assert!(effects(&writes).0.is_empty(), "it is one of the ten");
}

#[test]
fn only_iphones_have_a_token_for_rings() {
    let mut wish = new("token-one", Some("voip-one"));
    assert!(wish.check().is_ok());
    wish.platform = Platform::Android;
    assert!(
        wish.check()
            .is_err_and(|error| error.is(&VALIDATION_FAILED))
    );
    wish.voip_token = None;
    assert!(wish.check().is_ok());
}

#[test]
fn tokens_are_sealed_apart_and_named_without_being_told() {
    let target = target(ANN, 1, "token-one", Some("token-one"));
    let voip = target.voip.as_ref().expect("a token for rings");
    assert_ne!(target.address.hash, voip.hash);
    assert_eq!(
        target.address.open(TokenKind::Push, &key()).expect("open"),
        "token-one"
    );
    assert!(voip.open(TokenKind::Push, &key()).is_err());
    assert!(!format!("{target:?}").contains("token-one"));
}

#[test]
fn the_way_follows_the_phone_and_what_is_switched_on() {
    let mut apps = PushApps {
        apns: Some("arn:aws:sns:us-east-1:1:app/APNS/pairly".into()),
        apns_voip: Some("arn:aws:sns:us-east-1:1:app/APNS_VOIP/pairly".into()),
        fcm: None,
    };
    let mut phone = target(ANN, 1, "token-one", Some("voip-one"));
    assert_eq!(phone.way(&apps, Told::RING), Some(PushApp::ApnsVoip));
    assert_eq!(phone.way(&apps, Told::STOP), Some(PushApp::Apns));
    apps.apns_voip = None;
    assert_eq!(phone.way(&apps, Told::RING), Some(PushApp::Apns));
    phone.enabled = false;
    assert_eq!(phone.way(&apps, Told::RING), None);
    phone.enabled = true;
    phone.platform = Platform::Android;
    assert_eq!(phone.way(&apps, "call.missed"), None);
    apps.fcm = Some("arn:aws:sns:us-east-1:1:app/GCM/pairly".into());
    assert_eq!(phone.way(&apps, "call.missed"), Some(PushApp::Fcm));
}

#[test]
fn an_endpoint_counts_for_the_application_it_was_made_at() {
    let app = "arn:aws:sns:us-east-1:1:app/APNS/pairly";
    let mut address = target(ANN, 1, "token-one", None).address;
    address.endpoint_arn = Some("arn:aws:sns:us-east-1:1:endpoint/APNS/pairly/7".into());
    assert_eq!(address.ready_at(app), None, "not looked after yet");
    address.is_ready = true;
    assert!(address.ready_at(app).is_some());
    assert_eq!(address.ready_at(&format!("{app}-2")), None);
    assert_eq!(
        address.ready_at("arn:aws:sns:us-east-1:1:app/APNS_VOIP/pairly"),
        None
    );
}
