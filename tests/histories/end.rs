//! The end of a history: things stop going wrong, ten minutes pass, and everything is read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shared::accounts::Session;
use shared::admin::AuditRow;
use shared::aws::dynamo::Tables;
use shared::calls::Call;
use shared::credits::{Link, Page, Wallet};
use shared::messaging::{Head, Message};
use shared::table::{Item, Name, Query};
use world::{Person, World};

use super::acts::resolves_messages;
use super::record::{Family, Fate, Known, generation};
use super::stage::{As, Ask, Stage};

/// How long everything may take once nothing goes wrong any more, seconds.
const DRAIN_SECONDS: i64 = 600;
/// Tables with a stream.
const STREAMED: [&str; 2] = ["data", "ledger"];

/// One wallet.
#[derive(Clone)]
pub struct Books {
    pub wallet: Wallet,
    pub pages: Vec<Page>,
}

/// What one person sees.
#[derive(Clone, Default)]
pub struct View {
    pub user_id: String,
    /// Messages by partner, oldest first.
    pub conversations: BTreeMap<String, Vec<Value>>,
    pub unread: Value,
    pub stats: Value,
    pub balance: Value,
    pub sync: Value,
    pub calls: Vec<Value>,
}

/// Everything as it is in the end.
#[derive(Clone)]
pub struct State {
    /// Ids of the people on the stage.
    pub people: Vec<String>,
    pub conversations: Vec<(Head, Vec<Message>)>,
    pub books: Vec<Books>,
    pub links: Vec<Link>,
    pub calls: Vec<Call>,
    pub blocks: BTreeSet<(String, String)>,
    pub sessions: BTreeMap<String, Session>,
    pub audit: Vec<AuditRow>,
    pub views: Vec<View>,
    /// Mails by the beginning of their address.
    pub mails: Vec<(String, usize)>,
    /// Messages that lie in queues.
    pub queues: Vec<(String, usize)>,
    /// Stream records that nobody has handled.
    pub waiting: usize,
    /// What the nightly repair of everything derived finds to repair.
    pub repaired: Value,
}

impl State {
    pub fn rows(&self) -> impl Iterator<Item = &Message> {
        self.conversations.iter().flat_map(|(_, messages)| messages)
    }

    pub fn place_of(&self, user_id: &str) -> Option<usize> {
        self.people.iter().position(|known| known == user_id)
    }
}

/// Ends a history and reads what has become of it.
pub async fn ends(stage: &mut Stage) -> State {
    let done = stage.world.local.cloud().faults().calm();
    stage.record.trace.push(format!("calm {done:?}"));
    counts(stage);
    for who in 0..stage.people.len() {
        stage.hears(who);
    }
    resolves_messages(stage).await;
    resolves_sign_ups(stage).await;
    stage.world.passes(DRAIN_SECONDS).await;
    counts(stage);
    if stage.is_disturbed {
        drains_dead_letters(stage).await;
    }
    for who in 0..stage.people.len() {
        stage.hears(who);
    }
    proves_sessions(stage).await;
    let repaired = stage.world.runs("repair_projections").await;
    let mut state = reads(stage).await;
    state.repaired = repaired;
    let wallets: Vec<_> = state.books.iter().map(|one| one.wallet.available).collect();
    stage.record.trace.push(format!("wallets {wallets:?}"));
    counts(stage);
    state
}

/// How many calls the functions have made so far.
fn counts(stage: &mut Stage) {
    let calls = stage.world.local.cloud().faults().calls();
    stage.record.trace.push(format!("{calls} calls"));
}

async fn resolves_sign_ups(stage: &mut Stage) {
    for at in 0..stage.record.sign_ups.len() {
        let sign_up = &stage.record.sign_ups[at];
        if sign_up.fate == Fate::Lost {
            let fate = As::Nobody(&stage.world).asks(&sign_up.ask()).await;
            stage.record.sign_ups[at].fate = fate;
        }
    }
}

/// What failed so often that it was put aside goes back, as an operator does once the cause is
/// gone; what a stream could not deliver is mended from state.
async fn drains_dead_letters(stage: &mut Stage) {
    let cloud = stage.world.local.cloud().clone();
    let dead: Vec<_> = cloud
        .queue_depths()
        .into_iter()
        .filter(|(name, depth)| *depth > 0 && name.ends_with("-dead"))
        .collect();
    if dead.is_empty() {
        return;
    }
    stage.record.trace.push(format!("dead letters {dead:?}"));
    for (name, _) in &dead {
        cloud.redrive(name.trim_end_matches("-dead"));
    }
    if dead.iter().any(|(name, _)| name == "stream-dead") {
        stage.world.runs("repair_projections").await;
    }
    stage.world.passes(DRAIN_SECONDS).await;
}

/// Every session that has not ended is renewed by its newest token, and by no other branch; a
/// spent token ends it.
async fn proves_sessions(stage: &mut Stage) {
    let families = stage.record.families.clone();
    for family in families {
        let mut found = Vec::new();
        match family.ended {
            Known::No => lives_on(&stage.world, &family, &mut found).await,
            Known::Yes => is_over(&stage.world, &family, &mut found).await,
            Known::Maybe => {}
        }
        for finding in found {
            stage.finds(format!("{finding} ({})", family.session_id));
        }
    }
}

async fn refreshes(world: &World, token: &str) -> Fate {
    let body = json!({ "refresh_token": token });
    let ask = Ask::post("/api/v2/auth/refresh", body);
    As::Nobody(world).asks(&ask).await
}

async fn lives_on(world: &World, family: &Family, found: &mut Vec<String>) {
    let (number, token) = family.newest();
    let fate = refreshes(world, token).await;
    let Some(answer) = fate.answer() else {
        return found.push(format!("a live session is not renewed: {fate:?}"));
    };
    let next = answer["refresh_token"].as_str().unwrap_or_default();
    if !(number..=number + 1).contains(&generation(next)) {
        found.push(format!(
            "a branch of generation {} beside {number}",
            generation(next)
        ));
    }
    let Some((old, spent)) = family.tokens.iter().next() else {
        return;
    };
    if generation(next) - old < 2 {
        return;
    }
    match refreshes(world, spent).await {
        Fate::Refused(code) if code == "REFRESH_TOKEN_REUSED" => {}
        other => found.push(format!("a spent token is answered by {other:?}")),
    }
    match refreshes(world, next).await {
        Fate::Refused(code) if code == "SESSION_REVOKED" => {}
        other => found.push(format!(
            "after a reuse its session is answered by {other:?}"
        )),
    }
}

async fn is_over(world: &World, family: &Family, found: &mut Vec<String>) {
    let fate = refreshes(world, family.newest().1).await;
    if !matches!(&fate, Fate::Refused(code) if code == "SESSION_REVOKED") {
        found.push(format!("an ended session is renewed: {fate:?}"));
    }
    let bearer = format!("Bearer {}", family.access);
    let headers = [("authorization", bearer.as_str())];
    let answer = world.call_with("GET", "/api/v2/user", None, &headers).await;
    if answer.status < 400 {
        found.push(format!("an ended session is let in: {}", answer.status));
    }
}

async fn query<T: Item>(tables: &Tables, table: Name, pk: &str, prefix: &str) -> Vec<T> {
    let query = Query::of(table, pk).prefix(prefix).limit(1_000);
    tables.query(query).await.expect("rows")
}

/// Partitions of a table that have a row whose place begins so.
fn partitions(items: &[Value], pk: &str, sk: &str) -> BTreeSet<String> {
    let text = |row: &Value, name: &str| row[name]["S"].as_str().unwrap_or_default().to_owned();
    let rows = items
        .iter()
        .filter(|row| text(row, "pk").starts_with(pk) && text(row, "sk").starts_with(sk));
    rows.map(|row| text(row, "pk")).collect()
}

async fn all<T: Item>(tables: &Tables, table: Name, of: (&[Value], &str, &str)) -> Vec<T> {
    let mut found = Vec::new();
    for pk in partitions(of.0, of.1, of.2) {
        found.extend(query(tables, table, &pk, of.2).await);
    }
    found
}

async fn reads(stage: &Stage) -> State {
    let world = &stage.world;
    let tables = Tables::of(&world.local.env("local"));
    let data = world.items("data", "").await;
    let ledger = world.items("ledger", "").await;
    let mut conversations = Vec::new();
    for head in all::<Head>(&tables, Name::Data, (&data, "cnv_", "head")).await {
        let pk = head.conversation_id.clone();
        let mut messages: Vec<Message> = query(&tables, Name::Data, &pk, "msg#").await;
        messages.sort_by_key(|message| message.seq);
        conversations.push((head, messages));
    }
    let mut books = Vec::new();
    for wallet in all::<Wallet>(&tables, Name::Ledger, (&ledger, "wal_", "wallet")).await {
        let pages = query(&tables, Name::Ledger, &wallet.wallet_id, Page::PREFIX).await;
        books.push(Books { wallet, pages });
    }
    let sessions: Vec<Session> = all(&tables, Name::Data, (&data, "usr_", "session#")).await;
    let sessions = sessions
        .into_iter()
        .map(|one| (one.session_id.clone(), one));
    let cloud = world.local.cloud();
    let mails = stage.record.sign_ups.iter().map(|one| {
        let mails = world.mails_to(&one.email);
        (one.email.clone(), mails.len())
    });
    let views = views(stage, &conversations).await;
    State {
        people: stage
            .people
            .iter()
            .map(|person| person.id.clone())
            .collect(),
        conversations,
        books,
        links: all(&tables, Name::Ledger, (&ledger, "usr_", "wallet")).await,
        calls: all(&tables, Name::Data, (&data, "cal_", "call")).await,
        blocks: blocks(&data),
        sessions: sessions.collect(),
        audit: audit(&tables, &ledger).await,
        mails: mails.collect(),
        queues: cloud.queue_depths(),
        waiting: STREAMED
            .iter()
            .map(|table| cloud.stream_batch(table, 100).len())
            .sum(),
        views,
        repaired: Value::Null,
    }
}

async fn audit(tables: &Tables, ledger: &[Value]) -> Vec<AuditRow> {
    let mut found = Vec::new();
    for pk in partitions(ledger, "audit#adm_", "") {
        found.extend(query::<AuditRow>(tables, Name::Ledger, &pk, "").await);
    }
    found
}

fn blocks(data: &[Value]) -> BTreeSet<(String, String)> {
    let pairs = data.iter().filter_map(|row| {
        let whom = row["sk"]["S"].as_str()?.strip_prefix("block#")?;
        Some((row["pk"]["S"].as_str()?.to_owned(), whom.to_owned()))
    });
    pairs.collect()
}

/// What everybody sees who can sign in.
async fn views(stage: &Stage, conversations: &[(Head, Vec<Message>)]) -> Vec<View> {
    let mut views = Vec::new();
    for (who, person) in stage.people.iter().enumerate() {
        let heads = conversations.iter().filter_map(|(head, _)| {
            let side = head.who(&person.id).ok()?;
            Some(head.user(side.other()))
        });
        let partners: Vec<String> = heads.collect();
        match view(person, &partners).await {
            Some(view) => views.push(view),
            // Their session has ended, or its token is too old.
            None => match view(&person.elsewhere().await, &partners).await {
                Some(view) => views.push(view),
                None => assert_ne!(stage.record.bans[who], Known::No, "{who} sees nothing"),
            },
        }
    }
    views
}

async fn view(reader: &Person, partners: &[String]) -> Option<View> {
    let unread = reader.get("/api/v2/messages/unread-count").await;
    if unread.status >= 300 {
        return None;
    }
    let mut conversations = BTreeMap::new();
    for partner in partners {
        let path = format!("/api/v2/messages/conversation/{partner}?limit=100");
        let answer = reader.get(&path).await;
        let mut messages = answer.body["messages"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        messages.reverse();
        conversations.insert(partner.clone(), messages);
    }
    let history = reader.get("/api/v2/calls/history?limit=100").await.ok();
    Some(View {
        user_id: reader.id.clone(),
        conversations,
        unread: unread.body,
        stats: reader.get("/api/v2/messages/stats").await.ok(),
        balance: reader.get("/api/v2/credits/balance").await.ok(),
        sync: reader.get("/api/v2/sync").await.ok(),
        calls: history["calls"].as_array().cloned().unwrap_or_default(),
    })
}
