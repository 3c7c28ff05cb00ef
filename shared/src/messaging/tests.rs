//! Messaging's rules: sending, marks, deletion, and sizes at every maximum.

mod blocks;
mod heads;
mod model;

use serde_json::json;

use super::marks::Mark;
use super::side::{Found, MOVES_KEPT, Move};
use super::*;
use crate::credits::{Kind, RefType, Reference, Wallet};
use crate::error::Result;
use crate::http::limit::Limit;
use crate::http::{Me, Rate};
use crate::id::id_of;
use crate::table::{Action, Commit, Item, Row, item_bytes, item_of, row_of};
use crate::time::{DAY_MS, SECOND_MS, Time};

const NOW: Time = Time(1_790_000_000_000);

fn user(n: u8) -> String {
    id_of("usr", [n; 16])
}

fn me(n: u8) -> Me {
    Me {
        user_id: user(n),
        session_id: id_of("ses", [n; 16]),
        wallet_id: id_of("wal", [n; 16]),
        device_id: None,
        aal: 1,
        auth_time: NOW,
        connection_id: None,
        others: true,
    }
}

fn wallet(n: u8, credits: i64) -> Wallet {
    let mut booking = Wallet::new(id_of("wal", [n; 16]), 10).book(NOW);
    if credits > 0 {
        let reference = Reference::new(RefType::Wallet, id_of("wal", [n; 16]));
        booking
            .grant(Kind::Adjustment, credits, &reference)
            .unwrap();
    }
    booking.wallet
}

fn text(content: &str) -> NewMessage {
    NewMessage {
        content: content.into(),
        receiver_id: user(2),
        ..NewMessage::default()
    }
}

fn ground(credits: i64) -> Ground {
    let head = Head::new(&user(1), &user(2), NOW);
    Ground {
        wallet: wallet(1, credits),
        head,
        receiver_is_active: true,
        admission: Admission::default(),
        media: Vec::new(),
        scene: Scene::default(),
    }
}

/// Decides a message from the first person to the second.
fn send(ground: &Ground, new: &NewMessage, key: u8, now: Time) -> Result<Decided> {
    let (me, rate) = (me(1), Rate::of(Limit::Send));
    Draft {
        me: &me,
        new,
        key: [key; 16],
        price: 1,
        rate: &rate,
        now,
    }
    .decide(ground)
}

fn put<T: Item>(commit: Commit, sk: &str) -> Option<T> {
    let writes = commit.into_writes().unwrap();
    let write = writes.into_iter().find(|write| write.key.sk == sk)?;
    let Action::Put(row) = write.action else {
        return None;
    };
    Some(item_of::<T>(row).unwrap())
}

fn code<T: std::fmt::Debug>(outcome: Result<T>) -> &'static str {
    outcome.unwrap_err().fault().code
}

#[test]
fn a_message_a_charge_and_the_head_are_one_commit() {
    let decided = send(&ground(5), &text("hi"), 1, NOW).unwrap();
    let message = decided.message;
    assert_eq!(
        (message.seq, message.credits_cost, message.balance_after),
        (1, 1, 4)
    );
    let writes = decided.commit.into_writes().unwrap();
    let places: Vec<&str> = writes.iter().map(|write| write.key.sk.as_str()).collect();
    assert_eq!(places, [message.place.as_str(), "wallet", "head"]);
    assert!(decided.is_first_of_minute);
    let sent = Sent::of(&message).unwrap();
    assert_eq!(message_at(&sent.id), Some(message.key()));
    let charge = sent.credits_transaction_id.unwrap();
    assert_eq!(
        crate::credits::seq_of(&id_of("wal", [1; 16]), &charge),
        Some(2)
    );
}

#[test]
fn a_refusal_comes_in_the_order_of_the_contract() {
    let new = text("hi");
    let mut at = ground(0);
    at.wallet.frozen = true;
    at.receiver_is_active = false;
    assert_eq!(code(send(&at, &new, 1, NOW)), "USER_NOT_FOUND");
    at.receiver_is_active = true;
    let blocked_by = |who: Who, at: &Ground| {
        let mut at = at.clone();
        at.head.as_mut().unwrap().side_mut(who).blocks = true;
        code(send(&at, &new, 1, NOW))
    };
    assert_eq!(blocked_by(Who::High, &at), "USER_NOT_FOUND");
    assert_eq!(blocked_by(Who::Low, &at), "BLOCKED");
    let mut eager = at.clone();
    (0..10).for_each(|_| eager.wallet.contacts.add(NOW));
    assert_eq!(code(send(&eager, &new, 1, NOW)), "NEW_CONTACT_LIMIT");
    let attachment = NewAttachment {
        media_id: "upl_x".into(),
        file_name: None,
    };
    let with_file = NewMessage {
        attachments: vec![attachment],
        ..new.clone()
    };
    assert_eq!(code(send(&at, &with_file, 1, NOW)), "UPLOAD_NOT_FOUND");
    assert_eq!(code(send(&at, &new, 1, NOW)), "WALLET_FROZEN");
    at.wallet.frozen = false;
    let refused = send(&at, &new, 1, NOW).unwrap_err();
    assert_eq!(
        refused.details(),
        Some(&json!({ "required": 1, "available": 0 }))
    );
}

#[test]
fn the_eleventh_new_contact_waits_and_a_reply_passes() {
    let mut at = ground(50);
    (0..10).for_each(|n| at.wallet.contacts.add(NOW.plus(n * SECOND_MS)));
    let refused = send(&at, &text("hi"), 1, NOW.plus(DAY_MS - SECOND_MS)).unwrap_err();
    let resets_at = NOW.plus(DAY_MS);
    assert_eq!(
        refused.details(),
        Some(&json!({ "limit": 10, "resets_at": resets_at }))
    );
    assert!(send(&at, &text("hi"), 1, resets_at).is_ok());
    at.head.as_mut().unwrap().last_seq = 1;
    assert!(send(&at, &text("hi"), 1, NOW).is_ok());
}

#[test]
fn whom_somebody_wrote_to_first_and_whom_somebody_answered_counts_once() {
    let counted = |at: &Ground| {
        let commit = send(at, &text("hi"), 1, NOW).unwrap().commit;
        let wallet = put::<Wallet>(commit, "wallet").unwrap();
        (wallet.begun, wallet.answered)
    };
    let mut at = ground(50);
    assert_eq!(counted(&at), (1, 0));
    at.head.as_mut().unwrap().last_seq = 1;
    assert_eq!(counted(&at), (0, 1));
    let head = at.head.as_mut().unwrap();
    head.side_mut(head.who(&user(1)).unwrap()).sent = 1;
    assert_eq!(counted(&at), (0, 0));
}

#[test]
fn the_sixty_first_of_a_burst_is_limited_without_a_write() {
    let mut at = ground(100);
    for n in 0..60 {
        let decided = send(&at, &text("hi"), n, NOW).unwrap();
        let writes = decided.commit.into_writes().unwrap();
        for write in writes {
            let Action::Put(row) = write.action else {
                panic!("{:?}", write.key)
            };
            match write.key.sk.as_str() {
                "wallet" => at.wallet = item_of(row).unwrap(),
                "head" => at.head = Some(item_of(row).unwrap()),
                _ => {}
            }
        }
    }
    assert_eq!(code(send(&at, &text("hi"), 60, NOW)), "RATE_LIMITED");
    assert!(send(&at, &text("hi"), 60, NOW.plus(SECOND_MS)).is_ok());
}

#[test]
fn a_message_needs_something_in_it_and_somebody_else() {
    assert_eq!(code(text("  ").check(&user(1))), "VALIDATION_FAILED");
    assert_eq!(code(text("hi").check(&user(2))), "CANNOT_TARGET_SELF");
    let long: Metadata = [("a".to_owned(), json!("x".repeat(2_100)))].into();
    let large = NewMessage {
        metadata: Some(long),
        ..text("hi")
    };
    assert_eq!(code(large.check(&user(1))), "VALIDATION_FAILED");
    let same = NewMessage {
        client_message_id: Some("another-id".into()),
        ..text("hi")
    };
    assert_eq!(same.fingerprint(), text("hi").fingerprint());
    assert_ne!(text("ho").fingerprint(), text("hi").fingerprint());
}

#[test]
fn the_instant_of_a_mark_is_that_of_the_first_move_at_or_above() {
    let mut head = Head::new(&user(1), &user(2), NOW).unwrap();
    head.last_seq = 100;
    let at = |n: i64| NOW.plus(n * SECOND_MS);
    let mut pages = Vec::new();
    for n in 1..=20 {
        let marked = head.deliver(Who::Low, n * 2, [1; 16], at(n)).unwrap();
        pages.extend(marked.page);
        head = marked.head;
    }
    let kept = head.side(Who::Low).moves(Mark::Delivered);
    assert!((MOVES_KEPT / 2..=MOVES_KEPT).contains(&kept.kept.len()));
    assert_eq!(kept.find(39), Found::At(at(20)));
    assert_eq!(kept.find(41), Found::Never);
    assert_eq!(kept.find(3), Found::Paged);
    let read = |page: &MovesPage| side::unpack_moves(&page.moves).unwrap();
    let delivered: Vec<Move> = pages.iter().flat_map(read).collect();
    let older = OlderMoves {
        delivered,
        ..OlderMoves::default()
    };
    for seq in 1..=40 {
        let marks = head.side(Who::Low).marks(seq, &older);
        assert_eq!(marks.delivered_at, Some(at((seq + 1) / 2)), "{seq}");
    }
    assert!(head.deliver(Who::Low, 40, [1; 16], NOW).is_none());
}

#[test]
fn far_behind_the_head_the_rows_are_counted() {
    let mut head = Head::new(&user(1), &user(2), NOW).unwrap();
    head.last_seq = 1_000;
    head.side_mut(Who::Low).unread = 500;
    let Reading::Recount(1, 10) = head.read(Who::Low, 10, None, None, NOW) else {
        panic!()
    };
    let Reading::Moves(marked) = head.read(Who::Low, 10, None, Some(5), NOW) else {
        panic!()
    };
    assert_eq!((marked.passed, marked.head.side(Who::Low).unread), (5, 495));
}

#[test]
fn a_stranger_is_not_in_the_conversation() {
    let head = Head::new(&user(1), &user(2), NOW).unwrap();
    assert_eq!(head.who(&user(1)).unwrap(), Who::Low);
    assert_eq!(head.user(Who::High), user(2));
    assert_eq!(code(head.who(&user(3))), "CONVERSATION_NOT_FOUND");
    assert!(Head::new(&user(1), "usr_nonsense", NOW).is_none());
}

fn largest_side() -> Side {
    let (many, far) = ((1 << 34) - 1, NOW.plus(3_650 * DAY_MS));
    let newest = (0..256).fold(window::Window::default(), |window, _| window.pushed(true));
    let mut side = Side {
        sent: many,
        by_type: [many; 5],
        spent: 1 << 48,
        deleted: many,
        hidden: many,
        withheld: many,
        unread: many,
        read_seq: many,
        muted_until: far.ms(),
        tat: far.ms(),
        blocks: true,
        window: newest,
        marked: Some([255; 16]),
        veil: Some(Veil {
            delivered: many,
            read: many,
        }),
        ..Side::default()
    };
    for n in 0..MOVES_KEPT as i64 {
        // A conversation of billions in which years lie between two marks.
        let step = Move {
            up_to: many / 9 * (n + 1),
            at: NOW.plus(n * 365 * DAY_MS),
        };
        side.delivered.push(step);
        side.read.push(step);
    }
    side
}

#[test]
fn the_largest_head_is_one_write_unit() {
    let mut head = Head::new(&user(254), &user(255), NOW).unwrap();
    (head.rev, head.last_seq) = (1 << 40, (1 << 34) - 1);
    head.preview = "ä".repeat(80);
    assert_eq!(head.preview.len(), 160);
    let (deleted, hidden) = (true, (true, true));
    let (kind, sender, key) = (MessageType::File, Who::High, [255; 16]);
    head.set_last(&Last {
        key,
        sender,
        kind,
        at: NOW,
        deleted,
        hidden,
        failed: true,
    });
    *head.side_mut(Who::Low) = largest_side();
    *head.side_mut(Who::High) = largest_side();
    let row: Row = row_of(&head).unwrap();
    assert_eq!(item_of::<Head>(row.clone()).unwrap(), head);
    let bytes = item_bytes(&row);
    assert!(bytes < 960, "{bytes}");
}

#[test]
fn a_message_of_a_hundred_characters_is_one_write_unit() {
    let mut new = text(&"x".repeat(100));
    new.client_message_id = Some("c".repeat(36));
    let message = send(&ground(100), &new, 1, NOW).unwrap().message;
    let row = row_of(&message).unwrap();
    assert_eq!(item_of::<Message>(row.clone()).unwrap(), message);
    assert!(item_bytes(&row) < 600, "{}", item_bytes(&row));
}

#[test]
fn deleting_an_undelivered_message_gives_its_price_back_once() {
    let decided = send(&ground(5), &text("hi"), 1, NOW).unwrap();
    let message = decided.message;
    let writes = decided.commit.into_writes().unwrap();
    let row = |sk: &str| {
        let write = writes.iter().find(|write| write.key.sk == sk).unwrap();
        let Action::Put(row) = &write.action else {
            panic!()
        };
        row.clone()
    };
    let (head, wallet): (Head, Wallet) = (
        item_of(row("head")).unwrap(),
        item_of(row("wallet")).unwrap(),
    );
    let by = |n: u8, scope| Deletion {
        user_id: if n == 1 {
            ANN.get_or_init(|| user(1))
        } else {
            BEN.get_or_init(|| user(2))
        },
        scope,
        refunds_unsent: true,
        now: NOW,
    };
    assert_eq!(
        code(by(2, Some(Scope::Everyone)).scope(&message)),
        "NOT_SENDER"
    );
    assert_eq!(by(2, None).scope(&message).unwrap(), Scope::Me);
    let deletion = by(1, None);
    let scope = deletion.scope(&message).unwrap();
    let (deleted, commit) = deletion
        .decide(scope, &message, &head, Some(&wallet))
        .unwrap();
    assert!(deleted.refunded && deleted.scope == Scope::Everyone);
    let writes = commit.into_writes().unwrap();
    assert!(writes.iter().any(|write| write.key.sk == "once"));
    let delivered = head.deliver(Who::High, 1, [1; 16], NOW).unwrap().head;
    let (deleted, commit) = deletion
        .decide(scope, &message, &delivered, Some(&wallet))
        .unwrap();
    assert!(!deleted.refunded);
    let gone: Message = put(commit, &message.place).unwrap();
    assert_eq!(deletion.earlier(&gone, scope).unwrap(), Some(deleted));
    let shown = MessageView::of(&gone, Marks::default(), &user(2)).unwrap();
    assert!(shown.is_deleted && shown.content.is_empty());
}

static ANN: std::sync::OnceLock<String> = std::sync::OnceLock::new();
static BEN: std::sync::OnceLock<String> = std::sync::OnceLock::new();
