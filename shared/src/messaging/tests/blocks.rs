//! Blocks and marks: what each of the two may know of the other.

use super::*;

#[test]
fn reading_implies_delivery_and_a_block_keeps_receipts_back() {
    let mut head = Head::new(&user(1), &user(2), NOW).unwrap();
    head.last_seq = 3;
    head.side_mut(Who::Low).unread = 3;
    let blocked = head.blocking(Who::High, true, NOW);
    let Reading::Moves(marked) = head.read(Who::Low, 3, None, None, NOW) else {
        panic!()
    };
    assert_eq!(marked.passed, 3);
    let side = marked.head.side(Who::Low);
    assert_eq!(
        (side.unread, side.delivered_seq(), side.read.reached()),
        (0, 3, 3)
    );
    assert!(marked.head.deliver(Who::Low, 3, [1; 16], NOW).is_none());
    assert!(matches!(
        marked.head.read(Who::Low, 3, None, None, NOW),
        Reading::Nothing
    ));
    let delivered = blocked.deliver(Who::Low, 3, [1; 16], NOW).unwrap().head;
    let Reading::Moves(marked) = delivered.read(Who::Low, 3, None, None, NOW) else {
        panic!()
    };
    let (older, side) = (OlderMoves::default(), marked.head.side(Who::Low));
    assert_eq!((side.unread, side.read_seq, side.read.reached()), (0, 3, 3));
    assert_eq!((side.told_delivered(), side.told_read()), (0, 0));
    assert_eq!(side.marks(3, &older).status(), Status::Read);
    assert_eq!(side.told(3, &older).status(), Status::Sent);
    let again: Head = item_of(row_of(&marked.head).unwrap()).unwrap();
    assert_eq!(again, marked.head);
    let later = NOW.plus(DAY_MS);
    let lifted = marked.head.blocking(Who::High, false, later);
    assert_eq!(lifted.side(Who::Low).told(3, &older).status(), Status::Read);
    assert_eq!(lifted.changed_at, later);
}

#[test]
fn who_is_blocked_finds_no_trace_in_what_changed() {
    let mut head = Head::new(&user(1), &user(2), NOW).unwrap();
    (head.rev, head.last_seq) = (1, 1);
    let later = NOW.plus(DAY_MS);
    let both = head
        .blocking(Who::High, true, later)
        .blocking(Who::Low, true, later);
    assert_eq!((both.rev, both.changed_at), (3, NOW));
    let one = both.blocking(Who::Low, false, later);
    assert!(one.is_blocked() && one.side(Who::Low).veil.is_some());
    let none = one.blocking(Who::High, false, later);
    head.rev = 5;
    assert_eq!(none, head);
    assert!(following(Some(&head), &one, later).is_empty());
}
