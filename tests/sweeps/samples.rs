//! One working call of every HTTP operation.

use serde_json::{Value, json};
use shared::aws::dynamo::Tables;
use shared::calls::{Call, Status};
use shared::credits::Wallet;
use shared::function::{Function, Trigger};
use shared::http::limit::{AbuseFlag, raise_flag};
use shared::moderation::{Finding, ModerationItem, Subject};
use shared::table::Commit;
use world::{Answer, DeviceSecret, Person, World};

/// Session of an administrator who may everything.
pub const SUPER_ADMIN: &str = "super_admin-1";

/// A candidate of a call.
pub const CANDIDATE: &str = "candidate:1 1 udp 2113937151 192.0.2.7 54400 typ host";

/// Two people who have written to each other, and somebody else.
pub struct Fixture {
    pub world: World,
    pub ann: Person,
    pub ben: Person,
    pub cleo: Person,
    /// Ann's message to Ben.
    pub sent: Value,
    /// A second session of Ann.
    pub session: String,
    /// An upload of Ann, posted.
    pub upload: String,
    /// A device of Ann.
    pub device: String,
    /// A device of Ben.
    pub bens: String,
    /// A phone of Ann that is pushed to.
    pub phone: String,
    /// Somebody whom Ann has blocked.
    pub dora: String,
    /// What moderators have to look at: Dora.
    pub item: String,
    /// A flag of misuse of hers.
    pub flag: String,
    /// Somebody who has written to Cleo.
    pub emil: String,
    /// A call from Ann to Ben, who is being rung.
    pub call: String,
    /// A call of theirs that is over and paid.
    pub settled: String,
}

/// An item of the moderation queue about somebody, and a flag of misuse.
async fn suspects(world: &World, user_id: &str) -> (String, String) {
    let tables = Tables::of(&world.local.env("local"));
    let finding = Finding::BY_MODERATOR;
    let item = ModerationItem::open(Subject::User, user_id.to_owned(), &[finding], world.now());
    tables.commit(item.commit()).await.expect("an item");
    let flag = AbuseFlag {
        subject: user_id.to_owned(),
        flag_id: format!("flg_{}", "1".repeat(26)),
        kind: "rate_abuse".to_owned(),
        weight: 1,
        evidence: "a sample".to_owned(),
        created_at: world.now(),
        expires: world.now().plus(86_400_000).seconds(),
    };
    raise_flag(&tables, &flag).await.expect("a flag");
    (item.item_id, flag.flag_id)
}

/// A call of two people that is over and paid.
async fn settled(world: &World, caller: &str, receiver: &str) -> String {
    let tables = Tables::of(&world.local.env("local"));
    let wallet = Wallet::of_user(&tables, caller).await.expect("a wallet");
    let call = Call {
        call_id: format!("cal_{}", "1".repeat(26)),
        caller_id: caller.to_owned(),
        receiver_id: receiver.to_owned(),
        caller_slot: caller.to_owned(),
        initiated_at: world.now(),
        ended_at: Some(world.now()),
        status: Status::Ended,
        wallet_id: wallet.wallet_id,
        rate_per_minute: 5,
        billed_minutes: 1,
        credits_spent: 5,
        ..Call::default()
    };
    let commit = Commit::new().put(&call);
    tables.commit(commit).await.expect("a call");
    call.call_id
}

impl Fixture {
    /// In this world.
    pub async fn within(world: World) -> Self {
        let (mut ann, mut ben) = world.two("Ann", "Ben").await;
        let cleo = world.person("Cleo").await;
        let sent = ann.says("hello").to(&ben).await.ok();
        ben.says("hello").to(&ann).await.ok();
        let session = ann.elsewhere().await.session_id;
        let file = world::pictures::document();
        let form = ann.wants_to_upload("application/pdf", file.len()).await;
        let form = form.expect(201);
        world.posts(&form, &file).await;
        let upload = form["upload_id"].clone();
        let device = ann.registers("Ann's phone", 1).await.ok();
        let device = device["device_id"].as_str().expect("an id").to_owned();
        let bens = ben.registers("Ben's phone", 4).await.ok();
        let bens = bens["device_id"].as_str().expect("an id").to_owned();
        let phone = world::phone::android("a-phone-of-ann");
        let phone = world::phone::registers(&ann, phone).await;
        let dora = world.person("Dora").await.id;
        let block = json!({ "user_id": dora });
        ann.post("/api/v2/blocks", block).await.expect(201);
        let (item, flag) = suspects(&world, &dora).await;
        let mut emil = world.person("Emil").await;
        emil.says("hello").to(&cleo).await.ok();
        let settled = settled(&world, &ann.id, &ben.id).await;
        let body = json!({
            "receiver_id": ben.id, "call_type": "audio", "client_call_id": "sweep-call-0",
        });
        let call = ann.post("/api/v2/calls/initiate", body).await.expect(201);
        // Whoever acts has been here before.
        world.admin(SUPER_ADMIN).await;
        world.settles().await;
        Self {
            call: call["id"].as_str().expect("an id").to_owned(),
            settled,
            emil: emil.id,
            item,
            flag,
            world,
            ann,
            ben,
            cleo,
            sent,
            session,
            upload: upload.as_str().expect("an id").to_owned(),
            device,
            bens,
            phone,
            dora,
        }
    }

    /// The value of a path parameter that belongs to Ann, or to her conversation with Ben.
    pub fn own(&self, parameter: &str) -> String {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        match parameter {
            "message_id" => text(&self.sent["id"]),
            "partner_id" => self.ben.id.clone(),
            "conversation_id" => text(&self.sent["conversation_id"]),
            "user_id" => self.dora.clone(),
            "session_id" => self.session.clone(),
            "upload_id" => self.upload.clone(),
            "device_id" => self.device.clone(),
            "target_id" => self.phone.clone(),
            "call_id" => self.call.clone(),
            "transaction_id" => text(&self.sent["credits_transaction_id"]),
            "item_id" => self.item.clone(),
            "flag_id" => self.flag.clone(),
            "provider" => "google".to_owned(),
            "identity_id" | "approval_id" => self.absent(parameter),
            "admin_id" => {
                let admin = self.world.local.admins().of_session("analyst-1");
                shared::admin::demo::id_of(&admin.expect("an admin").arn)
            }
            "role" => "sweepers".to_owned(),
            "key" => "credits.low_threshold".to_owned(),
            "package_id" => "credits_100_eur".to_owned(),
            "run_id" | "export_id" => self.absent(parameter),
            "user1_id" => self.ann.id.clone(),
            "user2_id" => self.ben.id.clone(),
            other => panic!("no sample for the path parameter `{other}`"),
        }
    }

    /// A well-formed value that names nothing.
    pub fn absent(&self, parameter: &str) -> String {
        match parameter {
            "message_id" => format!("msg_{}", "0".repeat(52)),
            "conversation_id" => format!("cnv_{}", "0".repeat(26)),
            "partner_id" | "user_id" => format!("usr_{}", "0".repeat(26)),
            "session_id" => format!("ses_{}", "0".repeat(26)),
            "identity_id" => format!("idt_{}", "0".repeat(26)),
            "upload_id" => format!("upl_{}", "0".repeat(26)),
            "device_id" => format!("dev_{}", "0".repeat(26)),
            "target_id" => format!("ptg_{}", "0".repeat(26)),
            "call_id" => format!("cal_{}", "0".repeat(26)),
            _ => format!("txn_{}", "0".repeat(26)),
        }
    }

    /// Which person a call is made as so that it works.
    pub fn owner(&self, function: &str) -> &Person {
        match function {
            // Only a receiver can mark and answer.
            "mark_delivered" | "mark_read" | "accept_call" | "reject_call" | "report_ringing" => {
                &self.ben
            }
            // Ann is in a call.
            "initiate_call" => &self.cleo,
            _ => &self.ann,
        }
    }

    /// Calls as whoever it works for: the owner, a super admin, or anybody.
    pub async fn asks(
        &self,
        function: &Function,
        method: &str,
        target: &str,
        (body, headers): (Option<Value>, &[(&str, &str)]),
    ) -> Answer {
        if function.admin.is_some() {
            let admin = self.world.admin(SUPER_ADMIN).await;
            // Only what is paid can be given back.
            let target = &*match function.name {
                "refund_call" => target.replace(&self.call, &self.settled),
                _ => target.to_owned(),
            };
            return match headers {
                [] => admin.call(method, target, body).await,
                headers => admin.call_with(method, target, body, headers).await,
            };
        }
        if function.member {
            let owner = self.owner(function.name);
            return owner.call_with(method, target, body, headers).await;
        }
        self.world.call_with(method, target, body, headers).await
    }

    /// A body that works for the owner.
    pub fn body(&self, function: &str) -> Option<Value> {
        let (email, password) = ("sweep@pairly.test", "TestPass123");
        Some(match function {
            "register_account" => json!({
                "email": email, "password": password, "name": "Sweep", "birthdate": "1990-01-01",
            }),
            "verify_email" => json!({ "email": email, "code": "12345678" }),
            "resend_verification" => json!({ "email": email }),
            "sign_in" => json!({ "email": self.ann.email, "password": self.ann.password }),
            "refresh_session" => json!({ "refresh_token": self.ann.refresh }),
            "sign_out" | "create_ws_ticket" | "mark_delivered" | "complete_upload" => json!({}),
            "request_password_reset" => json!({ "email": self.ann.email }),
            "reset_password" => json!({ "token": "nonsense", "new_password": "Other-Harbour-22" }),
            "change_password" => json!({
                "current_password": self.ann.password, "new_password": "Other-Harbour-22",
            }),
            "reauthenticate" => json!({ "password": self.ann.password }),
            "sign_out_everywhere" => json!({}),
            "setup_2fa" | "regenerate_recovery_codes" => json!({}),
            "verify_2fa" => json!({ "factor_id": "fct_none", "code": "123456" }),
            "answer_2fa_challenge" => json!({ "challenge_id": "none", "code": "123456" }),
            "exchange_social_login" => json!({ "code": "none", "code_verifier": "v".repeat(43) }),
            "add_phone" => json!({ "phone": "+15005550006" }),
            "verify_phone" => json!({ "code": "12345678" }),
            "disable_2fa" => json!({ "code": "123456" }),
            "edit_account" => json!({ "name": "Ann", "version": 1 }),
            "send_message" => json!({
                "receiver_id": self.ben.id, "content": "swept", "message_type": "text",
                "client_message_id": "sweep-0001",
            }),
            "set_low_balance_alert" => json!({ "threshold": 25 }),
            "register_device" => json!({
                "name": "Laptop", "type": "desktop",
                "public_key": DeviceSecret::new(2).public_key(),
            }),
            "register_push_target" => world::phone::android("a-swept-phone"),
            "rename_device" => json!({ "name": "Telephone" }),
            "mark_read" => json!({ "message_ids": [self.sent["id"]] }),
            "mute_conversation" => json!({ "until": null }),
            "create_upload" => json!({
                "kind": "message_media", "content_type": "image/jpeg", "size_bytes": 1_000,
            }),
            "block_user" => json!({ "user_id": self.cleo.id }),
            _ => return self.call_body(function),
        })
    }

    /// The query string that works, where one is needed.
    pub fn query(&self, function: &str) -> String {
        match function {
            "get_credit_statement" => {
                let day = 86_400_000;
                let (from, to) = (self.world.now().plus(-day), self.world.now().plus(day));
                format!("?from={from}&to={to}")
            }
            "quote_call" => format!("?receiver_id={}&call_type=audio", self.ben.id),
            "get_turn_credentials" => format!("?call_id={}", self.call),
            "search_messages" => "?q=hello".to_owned(),
            "open_email_link" => "?token=nonsense".to_owned(),
            "start_social_login" => {
                let challenge = "c".repeat(43);
                format!("?redirect_uri=pairly%3A%2F%2Fsigned-in&code_challenge={challenge}")
            }
            "finish_social_login" => "?state=none&code=none".to_owned(),
            _ => String::new(),
        }
    }
}

/// Method and path template of every route and alias of a function.
pub fn routes(function: &Function) -> Vec<(&'static str, &'static str)> {
    let mut method = "";
    let mut found = Vec::new();
    for trigger in function.triggers {
        match trigger {
            Trigger::Http { method: own, path } => {
                method = own;
                found.push((*own, *path));
            }
            Trigger::Alias(path) => found.push((method, *path)),
            _ => {}
        }
    }
    found
}

/// Names of the path parameters of a template.
pub fn parameters(path: &str) -> Vec<String> {
    let parts = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    parts.map(str::to_owned).collect()
}

/// The path with each parameter filled in.
pub fn filled(path: &str, value: impl Fn(&str) -> String) -> String {
    let mut out = path.to_owned();
    for name in parameters(path) {
        out = out.replace(&format!("{{{name}}}"), &value(&name));
    }
    out
}
