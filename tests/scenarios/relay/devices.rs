//! Devices: registered, named, listed, and bound to sessions.

use serde_json::{Value, json};
use world::{DeviceSecret, Person, World};

/// Signs in with a device; the answer of the sign-in.
pub async fn signs_in_with(person: &Person, device: Value) -> world::Answer {
    let body = json!({
        "email": person.email, "password": person.password, "device": device,
    });
    person
        .world
        .call("POST", "/api/v2/auth/login", Some(body))
        .await
}

/// The same person, in a session that is bound to the device.
pub async fn bound(person: &Person, name: &str, number: u64) -> (Person, String) {
    let device = DeviceSecret::new(number).described(name);
    let answer = signs_in_with(person, device).await.ok();
    let text = |name: &str| answer[name].as_str().expect("a text").to_owned();
    let mut other = person.elsewhere().await;
    other.token = text("access_token");
    other.refresh = text("refresh_token");
    other.session_id = text("session_id");
    (other, text("device_id"))
}

async fn devices(person: &Person) -> Vec<Value> {
    let list = person.get("/api/v2/devices").await.ok();
    list["devices"].as_array().expect("devices").clone()
}

#[tokio::test(start_paused = true)]
async fn names_are_unique_whatever_their_case_types_are_known_and_ten_is_the_most() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let first = ann.registers("iPhone", 0).await.expect(201);
    world.settles().await;
    assert_eq!(
        world.mails_to(&ann.email).len(),
        1,
        "a new device is told by mail"
    );
    assert_eq!(first["status"], "active");
    assert_eq!(
        (&first["behind"], &first["acked_seq"]),
        (&json!(0), &json!(0))
    );
    for taken in ["iPhone", "IPHONE"] {
        let answer = ann.registers(taken, 1).await;
        answer.refused(409, "DEVICE_NAME_TAKEN");
    }
    let mut toaster = DeviceSecret::new(2).described("Kitchen");
    toaster["type"] = json!("toaster");
    let toaster = ann.post("/api/v2/devices", toaster).await;
    toaster.refused(422, "DEVICE_TYPE");
    for number in 1..10 {
        let name = format!("Device {number}");
        ann.registers(&name, number).await.expect(201);
    }
    let eleventh = ann.registers("Eleventh", 11).await;
    let error = eleventh.refused(409, "DEVICE_LIMIT");
    assert_eq!(error["details"]["max"], 10);
    assert_eq!(devices(&ann).await.len(), 10);
    let ben = world.person("Ben").await;
    ben.registers("iPhone", 0).await.expect(201);
}

#[tokio::test(start_paused = true)]
async fn weak_and_broken_keys_are_refused() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let small = shared::crypto::encode(&[0; 32]);
    for key in [small.as_str(), "AAAA", "not base64!", ""] {
        let device = json!({ "name": "Phone", "type": "ios", "public_key": key });
        let answer = ann.post("/api/v2/devices", device.clone()).await;
        answer.refused(422, "INVALID_KEY");
        let answer = signs_in_with(&ann, device).await;
        answer.refused(422, "INVALID_KEY");
    }
    assert!(devices(&ann).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_known_key_gives_its_device_and_a_used_one_is_refused() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let phone = ann.registers("Phone", 1).await.expect(201);
    let again = ann.registers("Another name", 1).await.expect(201);
    assert_eq!(again["device_id"], phone["device_id"]);
    assert_eq!(again["name"], "Phone");
    let device = DeviceSecret::new(1).described("Phone");
    let session = signs_in_with(&ann, device.clone()).await.ok();
    assert_eq!(session["device_id"], phone["device_id"]);
    let path = format!(
        "/api/v2/devices/{}",
        phone["device_id"].as_str().expect("id")
    );
    ann.delete(&path).await.expect(204);
    ann.delete(&path).await.refused(404, "DEVICE_NOT_FOUND");
    ann.registers("Phone", 1).await.refused(409, "KEY_REUSED");
    signs_in_with(&ann, device).await.refused(409, "KEY_REUSED");
    ann.registers("Phone", 2).await.expect(201);
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_with_a_device_is_bound_to_it_and_both_lists_show_it() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let (phone, id) = bound(&ann, "Ann's phone", 1).await;
    let list = phone.get("/api/v2/auth/sessions").await.ok();
    let sessions = list["sessions"].as_array().expect("sessions");
    let mine = sessions.iter().find(|one| one["current"] == true);
    let mine = mine.expect("the session that asks");
    assert_eq!(mine["device_id"], json!(id));
    assert_eq!(mine["device_name"], "Ann's phone");
    let list = devices(&phone).await;
    assert_eq!((list.len(), &list[0]["current"]), (1, &json!(true)));
    assert_eq!(devices(&ann).await[0]["current"], false);
    let taken = DeviceSecret::new(2).described("ann's PHONE");
    let taken = signs_in_with(&ann, taken).await;
    taken.refused(409, "DEVICE_NAME_TAKEN");
}

#[tokio::test(start_paused = true)]
async fn equal_sign_ins_at_once_are_one_device_and_different_ones_one_name() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let device = DeviceSecret::new(1).described("Phone");
    let tries = (0..5).map(|_| signs_in_with(&ann, device.clone()));
    for answer in futures_util::future::join_all(tries).await {
        assert!(
            answer.status == 200 || answer.status == 503,
            "{}",
            answer.body
        );
    }
    let list = devices(&ann).await;
    assert_eq!(list.len(), 1);
    let names = (2..7).map(|number| ann.registers("Tablet", number));
    let answers = futures_util::future::join_all(names).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 1);
    assert_eq!(devices(&ann).await.len(), 2);
    let many = (20..40).map(|number| {
        let (ann, name) = (&ann, format!("Device {number}"));
        async move { ann.registers(&name, number).await.status }
    });
    let made = futures_util::future::join_all(many).await;
    assert_eq!(made.iter().filter(|status| **status == 201).count(), 8);
    assert_eq!(devices(&ann).await.len(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_device_gets_another_name_and_its_old_one_is_free() {
    let world = World::unlimited().await;
    let mut ann = world.person("Ann").await;
    let phone = ann.registers("Phone", 1).await.expect(201);
    ann.registers("Laptop", 2).await.expect(201);
    world.settles().await;
    ann.comes_online().await;
    let path = format!(
        "/api/v2/devices/{}",
        phone["device_id"].as_str().expect("id")
    );
    let name = |name: &str| Some(json!({ "name": name }));
    let taken = ann.call("PATCH", &path, name("LAPTOP")).await;
    taken.refused(409, "DEVICE_NAME_TAKEN");
    let renamed = ann.call("PATCH", &path, name("PHONE")).await.ok();
    assert_eq!(renamed["name"], "PHONE");
    ann.call("PATCH", &path, name("Mobile")).await.ok();
    ann.registers("phone", 3).await.expect(201);
    world.settles().await;
    let told = ann.got("device.changed").await;
    // What is tried again may be overtaken.
    let changes = told.iter().map(|frame| frame["data"]["change"].as_str());
    let mut changes: Vec<_> = changes.collect();
    changes.sort_unstable();
    let wanted = ["registered", "renamed", "renamed"];
    assert_eq!(changes, wanted.map(Some));
    let ids: std::collections::BTreeSet<_> =
        told.iter().map(|frame| frame["id"].to_string()).collect();
    assert_eq!(ids.len(), 3);
}
