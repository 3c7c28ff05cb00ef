//! Revisions of heads.

use super::*;

#[test]
fn whatever_changes_a_head_makes_the_next_revision() {
    let head = Head::new(&user(1), &user(2), NOW).unwrap();
    let me = head.who(&user(1)).unwrap();
    let changed = [
        head.next(NOW),
        head.muting(me, Some(NOW)),
        head.blocking(me, true, NOW),
    ];
    assert_eq!(changed.map(|next| next.rev - head.rev), [1, 1, 1]);
}
