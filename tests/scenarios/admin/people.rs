//! Finding and seeing people.

use serde_json::{Value, json};
use world::{Administrator, Person, World};

use super::rows;

const USERS: &str = "/api/admin/users";

async fn found(who: &Administrator, query: &str) -> Value {
    who.get(&format!("{USERS}?{query}")).await.ok()
}

fn names(found: &Value) -> Vec<String> {
    let users = found["users"].as_array().expect("users").iter();
    users
        .map(|user| user["name"].as_str().expect("a name").to_owned())
        .collect()
}

async fn is_called(who: &Person, name: &str, version: i64) {
    let body = json!({ "name": name, "version": version });
    who.call("PATCH", "/api/v2/user", Some(body)).await.ok();
    who.world.settles().await;
}

#[tokio::test(start_paused = true)]
async fn people_are_found_by_id_address_and_beginning_of_the_name() {
    let world = World::unlimited().await;
    let (jose, maria) = world.two("Jose", "Maria").await;
    world.person("Josephine").await;
    world.settles().await;
    is_called(&jose, "Jos\u{e9}  Mar\u{ed}a", 1).await;
    let support = world.admin("support-1").await;
    let by_id = found(&support, &format!("q={}", maria.id)).await;
    assert_eq!(names(&by_id), ["Maria"]);
    assert_eq!((&by_id["total"], &by_id["page"]), (&json!(1), &json!(1)));
    let address = maria.email.to_uppercase().replace('@', "%40");
    assert_eq!(
        names(&found(&support, &format!("q={address}")).await),
        ["Maria"]
    );
    for (query, wanted) in [
        ("jos", vec!["Jos\u{e9}  Mar\u{ed}a", "Josephine"]),
        ("JOSE%20M", vec!["Jos\u{e9}  Mar\u{ed}a"]),
        ("josep", vec!["Josephine"]),
        ("maria", vec!["Maria"]),
        ("usr_nobody", vec![]),
        ("nobody%40pairly.test", vec![]),
        ("nobody", vec![]),
        ("x", vec![]),
    ] {
        assert_eq!(
            names(&found(&support, &format!("q={query}")).await),
            wanted,
            "{query}"
        );
    }
    // A new name is found at once, the old one no more.
    is_called(&maria, "\u{c5}sa", 1).await;
    assert_eq!(names(&found(&support, "q=asa").await), ["\u{c5}sa"]);
    assert!(names(&found(&support, "q=maria").await).is_empty());
    let nothing = support.get(&format!("{USERS}?q=%20")).await;
    nothing.refused(422, "VALIDATION_FAILED");
    // Addresses and names that were looked for stay out of the log; whom one looked up does not.
    let log = world.admin("admin-1").await;
    let kept = rows(&log, "action=search_users&limit=500").await;
    let text = json!(kept).to_string().to_lowercase();
    assert!(!text.contains("jos") && !text.contains(&maria.email.to_lowercase()));
    let by_id = rows(&log, &format!("action=search_users&target={}", maria.id)).await;
    assert_eq!(by_id.len(), 1);
    assert_eq!(by_id[0]["metadata"], json!({ "by": "id" }));
}

#[tokio::test(start_paused = true)]
async fn pages_of_people_are_gapless_by_number_and_by_cursor() {
    let world = World::unlimited().await;
    let letters = [
        "Ann",
        "Ben",
        "\u{410}\u{43d}\u{43d}\u{430}",
        "9lives",
        "Zoe",
    ];
    for n in 0..23 {
        world.person(&format!("{} {n:02}", letters[n % 5])).await;
    }
    world.settles().await;
    let support = world.admin("support-1").await;
    let whole = found(&support, "limit=500").await;
    let all = names(&whole);
    assert_eq!((all.len(), &whole["total"]), (23, &json!(23)));
    assert!(whole["next_cursor"].is_null());
    let mut by_number = Vec::new();
    for page in 1..=5 {
        let part = found(&support, &format!("limit=5&page={page}")).await;
        assert_eq!((&part["total"], &part["page"]), (&json!(23), &json!(page)));
        assert_eq!(part["limit"], 5);
        by_number.extend(names(&part));
    }
    assert_eq!(by_number, all);
    for (filter, wanted) in [("", 23), ("q=ann&", 5), ("status=active&", 23)] {
        let (mut walked, mut cursor) = (Vec::new(), String::new());
        loop {
            let part = found(&support, &format!("{filter}limit=1{cursor}")).await;
            assert_eq!(part["total"].is_null(), !cursor.is_empty());
            walked.extend(names(&part));
            match part["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(walked.len(), wanted, "{filter}");
        let same = names(&found(&support, &format!("{filter}limit=500")).await);
        assert_eq!(walked, same, "{filter}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cursor_belongs_to_one_admin_and_offsets_have_an_end() {
    let world = World::unlimited().await;
    world.two("Ann", "Ben").await;
    world.settles().await;
    let support = world.admin("support-1").await;
    let first = found(&support, "limit=1").await;
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let foreign = world.admin("moderator-1").await;
    let stolen = foreign
        .get(&format!("{USERS}?limit=1&cursor={cursor}"))
        .await;
    stolen.refused(400, "INVALID_CURSOR");
    let deep = support.get(&format!("{USERS}?page=101&limit=100")).await;
    deep.refused(422, "PAGE_TOO_DEEP");
}

#[tokio::test(start_paused = true)]
async fn people_are_found_by_what_their_account_may_do() {
    let world = World::unlimited().await;
    let admin = world.admin("admin-1").await;
    let mut banned = Vec::new();
    for n in 0..7 {
        let who = world.person(&format!("Ann {n}")).await;
        let until = match n % 3 {
            0 => json!(null),
            1 => json!(world.now().plus(3_600_000)),
            _ => continue,
        };
        let body = json!({ "until": until, "reason": "a scenario" });
        let path = format!("{USERS}/{}/ban", who.id);
        admin.post(&path, body).await.ok();
        banned.push(who.name.clone());
    }
    let body = json!({
        "email": "new@pairly.test", "password": "TestPass123", "name": "New",
        "birthdate": "1990-01-01",
    });
    let path = "/api/v2/auth/register";
    world.call("POST", path, Some(body)).await.expect(201);
    world.settles().await;
    assert_eq!(
        names(&found(&admin, "status=pending_verification").await),
        ["New"]
    );
    assert_eq!(names(&found(&admin, "status=active").await).len(), 2);
    let (mut walked, mut cursor) = (Vec::new(), String::new());
    loop {
        let part = found(&admin, &format!("status=banned&limit=2{cursor}")).await;
        walked.extend(names(&part));
        match part["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    walked.sort();
    assert_eq!(walked, banned);
    assert_eq!(found(&admin, "status=banned&limit=2").await["total"], 5);
    assert_eq!(names(&found(&admin, "q=ann&status=banned").await).len(), 5);
    assert_eq!(names(&found(&admin, "q=ann&status=active").await).len(), 2);
    world.passes(3_600 + 301).await;
    assert_eq!(names(&found(&admin, "status=banned").await).len(), 3);
    assert_eq!(names(&found(&admin, "status=active").await).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_person_is_seen_whole_and_the_look_is_logged() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    ann.elsewhere().await;
    ann.says("look at this: bit.ly/offer").to(&ben).await.ok();
    world.settles().await;
    let support = world.admin("support-1").await;
    let path = format!("{USERS}/{}", ann.id);
    let seen = support.get(&path).await.ok();
    let account = &seen["account"];
    for (field, value) in [
        ("user_id", json!(ann.id)),
        ("email", json!(ann.email)),
        ("email_verified", json!(true)),
        ("name", json!("Ann")),
        ("status", json!("active")),
        ("two_factor", json!(false)),
        ("warnings", json!(0)),
    ] {
        assert_eq!(account[field], value, "{field}");
    }
    assert!(account["password"].is_null() && account["birthdate"].is_null());
    let wallet = json!({ "available": 99, "held": 0, "debt": 0, "frozen": false });
    assert_eq!(seen["wallet"], wallet);
    assert_eq!(seen["sessions"].as_array().expect("sessions").len(), 2);
    assert_eq!(seen["flags"].as_array().expect("flags").len(), 1);
    assert_eq!(seen["flags"][0]["kind"], "spam_link");
    assert_eq!(seen["reports"], json!({ "upheld": 0 }));
    assert!((0..=100).contains(&seen["trust"]["score"].as_i64().expect("a number")));
    let log = world.admin("admin-1").await;
    let found = rows(&log, &format!("action=view_user&target={}", ann.id)).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["severity"], "notice");
    for unknown in ["usr_none".to_owned(), format!("usr_{}", "0".repeat(26))] {
        let answer = support.get(&format!("{USERS}/{unknown}")).await;
        answer.refused(404, "USER_NOT_FOUND");
    }
    let analyst = world.admin("analyst-1").await;
    analyst.get(&path).await.refused(403, "PERMISSION_DENIED");
}

#[tokio::test(start_paused = true)]
async fn whom_a_lost_stream_hid_is_found_again_after_the_repair() {
    let world = World::unlimited().await;
    let (ann, maria) = world.two("Ann", "Maria").await;
    world.settles().await;
    let admin = world.admin("admin-1").await;
    world.local.hold_streams(true);
    is_called(&maria, "\u{c5}sa", 1).await;
    is_called(&maria, "Zo\u{e9}", 2).await;
    let ban = json!({ "reason": "a scenario" });
    admin
        .post(&format!("{USERS}/{}/ban", ann.id), ban)
        .await
        .ok();
    let body = json!({
        "email": "new@pairly.test", "password": "TestPass123", "name": "New",
        "birthdate": "1990-01-01",
    });
    let path = "/api/v2/auth/register";
    world.call("POST", path, Some(body)).await.expect(201);
    world.local.lose_streams();
    world.local.hold_streams(false);
    world.passes(301).await;
    let seen = async |query: &str| names(&found(&admin, &format!("q={query}")).await);
    assert_eq!(
        seen("zoe").await,
        Vec::<String>::new(),
        "nobody told of her"
    );
    assert_eq!(seen("new").await, Vec::<String>::new());
    let report = world.runs("repair_projections").await;
    assert_eq!(report["entries"], 3, "{report}");
    assert_eq!(seen("zoe").await, ["Zo\u{e9}"]);
    assert_eq!(seen("new").await, ["New"]);
    for former in ["maria", "asa"] {
        assert!(
            seen(former).await.is_empty(),
            "{former} is nobody's name now"
        );
    }
    assert_eq!(seen("ann&status=banned").await, ["Ann"]);
    let again = world.runs("repair_projections").await;
    assert_eq!(again["entries"], 0, "{again}");
    let account = world.rows("data", &maria.id, "account").await;
    assert!(!account[0].contains_key("formerly"), "forgotten");
}

#[tokio::test(start_paused = true)]
async fn former_names_do_not_pile_up() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let mut account = ann.get("/api/v2/user").await.ok();
    for n in 0..50 {
        let body = json!({ "name": format!("Ann {}", n % 25), "version": account["version"] });
        let edits = ann.call("PATCH", "/api/v2/user", Some(body));
        account = edits.await.ok();
    }
    let account = world.rows("data", &ann.id, "account").await;
    let kept = match &account[0]["formerly"] {
        shared::table::Value::L(names) => names.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!(kept, 20);
}
