//! Logs under random damage.

use proptest::prelude::*;

use super::act::Act;
use super::clerk::Facts;
use super::principal::Principal;
use super::row::{AuditRow, Head, Outcome, Severity};
use super::verify::AuditChain;
use crate::pack::Fixed;
use crate::time::Time;

fn log(rows: usize) -> Vec<AuditRow> {
    let mut head = Head {
        seq: 0,
        hash: [0; 32],
        at: Time(0),
    };
    let arn = "arn:aws:sts::123456789012:assumed-role/pairly-finance/jo";
    let row = |number: usize| {
        let facts = Facts {
            admin_id: "adm_1".into(),
            email: "jo@pairly.test".into(),
            roles: vec!["finance".into()],
            principal: Principal::parse(arn).expect("a principal"),
            function: "adjust_credits",
            permission: "billing.action",
            severity: Severity::Warning,
            request_id: format!("request-{number}"),
            ip: "203.0.113.7".into(),
            now: Time(1_767_614_400_000 + number as i64),
            audit_id: format!("aud_{number:026}"),
            approval_id: None,
        };
        let act = Act::on("user", format!("usr_{number}")).because("a reason");
        let row = AuditRow::after(&head, &facts, &act, Outcome::Done);
        head = row.head();
        row
    };
    (1..=rows).map(row).collect()
}

/// The position of the first row that does not fit, if any.
fn position(rows: &[AuditRow], end: &Head) -> Option<i64> {
    let mut chain = AuditChain::of("adm_1", None);
    let bad = rows.iter().find_map(|row| chain.row(row).err());
    bad.or_else(|| chain.end(end).err()).map(|bad| bad.position)
}

/// One field is changed to something else.
fn alter(row: &mut AuditRow, field: usize) {
    let text = |text: &mut String| text.push('x');
    match field {
        0 => text(&mut row.audit_id),
        1 => text(&mut row.principal_arn),
        2 => text(&mut row.session_name),
        3 => text(&mut row.email),
        4 => row.roles.push("admin".into()),
        5 => text(&mut row.action),
        6 => text(&mut row.permission),
        7 => row.outcome = Outcome::Denied,
        8 => row.target_type = None,
        9 => row.target_id = Some("usr_other".into()),
        10 => row.before = Some("{}".into()),
        11 => row.after = Some("{\"a\":1}".into()),
        12 => row.reason = None,
        13 => row.metadata = "{\"a\":1}".into(),
        14 => row.severity = Severity::Info,
        15 => text(&mut row.request_id),
        16 => text(&mut row.ip),
        17 => row.approval_id = Some("apr_x".into()),
        18 => row.at = row.at.plus(1),
        19 => row.prev_hash = Fixed([7; 32]),
        20 => row.hash = Fixed([7; 32]),
        21 => row.admin_id.push('x'),
        22 => row.rank += 1,
        _ => row.shard.push('x'),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_changed_row_is_named(count in 1..30_usize, at in 0..30_usize, field in 0..24_usize) {
        let mut rows = log(count);
        let (at, end) = (at % count, rows[count - 1].head());
        prop_assert_eq!(position(&rows, &end), None);
        alter(&mut rows[at], field);
        prop_assert_eq!(position(&rows, &end), Some(at as i64 + 1));
    }

    #[test]
    fn a_row_that_is_removed_or_told_twice_is_named(count in 1..30_usize, at in 0..30_usize) {
        let rows = log(count);
        let (at, end) = (at % count, rows[count - 1].head());
        let mut fewer = rows.clone();
        fewer.remove(at);
        prop_assert_eq!(position(&fewer, &end), Some(at as i64 + 1));
        let mut more = rows;
        more.insert(at, more[at].clone());
        prop_assert_eq!(position(&more, &end), Some(at as i64 + 2));
    }

    #[test]
    fn rows_in_another_order_are_named(
        count in 2..30_usize, one in 0..30_usize, by in 1..30_usize,
    ) {
        let mut rows = log(count);
        let end = rows[count - 1].head();
        let one = one % count;
        let other = (one + 1 + by % (count - 1)) % count;
        rows.swap(one, other);
        prop_assert_eq!(position(&rows, &end), Some(one.min(other) as i64 + 1));
    }

    #[test]
    fn a_row_that_is_rewritten_with_its_hash_is_found_at_the_next(
        count in 1..30_usize, at in 0..30_usize, field in 0..18_usize,
    ) {
        let mut rows = log(count);
        let (at, end) = (at % count, rows[count - 1].head());
        alter(&mut rows[at], field);
        (rows[at].shard, rows[at].rank) = rows[at].place();
        rows[at].hash = Fixed(rows[at].digest());
        let next = (at + 2).min(count) as i64;
        prop_assert_eq!(position(&rows, &end), Some(next));
    }
}
