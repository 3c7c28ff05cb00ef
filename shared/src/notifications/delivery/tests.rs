use super::*;
use crate::accounts::Sealed;

const NOW: Time = Time(1_000_000);

fn row() -> Notification {
    Notification {
        user_id: "usr_01J00000000000000000000000".into(),
        id: "ntf_01J00000000000000000000000".into(),
        notification_type: Channel::Email,
        status: State::Pending,
        detail: Detail::Queued,
        trigger: "verify_email".into(),
        facts: Some(Sealed(vec![1])),
        payload: None,
        target_id: None,
        metadata: None,
        retry_count: 0,
        claims: 0,
        due_shard: Some("ntf#0".into()),
        due_at: Some(NOW.plus(60_000)),
        valid_until: Some(NOW.plus(HOUR_MS * 24)),
        sent_at: None,
        failed_reason: None,
        provider_message_id: None,
        created_at: NOW,
        updated_at: NOW,
        expires: 0,
    }
}

fn job_of(row: &Notification) -> Option<MailJob> {
    let mut jobs = Jobs::default();
    jobs.add(row);
    jobs.mails.pop()
}

#[test]
fn only_the_job_of_the_present_state_sends() {
    let row = row();
    let job = job_of(&row).expect("job");
    assert_eq!(Step::decide(&row, &job, NOW), Step::Send);
    let (claimed, _) = row.claim(NOW);
    assert_eq!(Step::decide(&claimed, &job, NOW), Step::Skip);
    let (sent, _) = claimed.finish(Outcome::Sent("ses-1".into()), NOW);
    assert_eq!((sent.status, sent.facts.as_ref()), (State::Sent, None));
    assert_eq!((sent.due_shard.as_ref(), sent.due_at), (None, None));
    assert_eq!(job_of(&sent), None);
    let late = job_of(&claimed).expect("a lost lease has a job");
    assert_eq!(Step::decide(&sent, &late, NOW), Step::Skip);
}

#[test]
fn a_late_mail_is_dropped() {
    let row = row();
    let job = job_of(&row).expect("job");
    let until = row.valid_until.expect("valid");
    assert_eq!(Step::decide(&row, &job, until.plus(-1)), Step::Send);
    assert_eq!(Step::decide(&row, &job, until), Step::Drop);
    let (dropped, _) = row.finish(Outcome::Dropped(Detail::Expired), until);
    assert_eq!(
        (dropped.status, dropped.detail),
        (State::Failed, Detail::Expired)
    );
}

#[test]
fn five_retries_at_the_stated_times_then_failed() {
    let mut row = row();
    let mut pauses = Vec::new();
    for _ in 0..5 {
        let (next, _) = row.finish(Outcome::Later("Throttling".into()), NOW);
        assert_eq!(
            (next.status, next.detail),
            (State::Pending, Detail::Retrying)
        );
        pauses.push(next.due_at.expect("due").since(NOW));
        row = next;
    }
    for (pause, stated) in pauses.iter().zip([30, 120, 600, 3_600, 21_600]) {
        assert!(
            (stated * 800..=stated * 1_200).contains(pause),
            "{pause} for {stated}"
        );
    }
    let job = job_of(&row).expect("job");
    let (failed, _) = row.finish(Outcome::Later("Throttling".into()), NOW);
    assert_eq!((failed.status, failed.retry_count), (State::Failed, 5));
    // On its way to the dead letters; put back by an operator later, it is tried once more.
    assert_eq!(
        Step::decide(&failed, &job, NOW.plus(DYING_MS - 1)),
        Step::Die
    );
    assert_eq!(Step::decide(&failed, &job, NOW.plus(DYING_MS)), Step::Send);
    let (again, _) = failed.claim(NOW.plus(DYING_MS));
    assert_eq!(
        (again.status, again.due_shard.is_some()),
        (State::Pending, true)
    );
}

#[test]
fn a_permanent_refusal_is_final() {
    let (failed, _) = row().finish(Outcome::Refused("permanent: MessageRejected".into()), NOW);
    assert_eq!(
        (failed.status, failed.detail),
        (State::Failed, Detail::ProviderRefused)
    );
    let job = MailJob {
        user_id: failed.user_id.clone(),
        id: failed.id.clone(),
        due_at: 0,
    };
    assert_eq!(Step::decide(&failed, &job, NOW.plus(HOUR_MS)), Step::Skip);
}

#[test]
fn retries_are_spread_by_twenty_percent() {
    let pauses: Vec<_> = (0..500)
        .filter_map(|n| retry_after(&format!("ntf_{n}"), 0))
        .collect();
    assert!(pauses.iter().all(|ms| (24_000..=36_000).contains(ms)));
    assert!(pauses.iter().any(|ms| *ms < 25_000) && pauses.iter().any(|ms| *ms > 35_000));
    assert_eq!(retry_after("ntf_x", 5), None);
    assert_eq!(retry_after("ntf_x", -1), None);
}

#[test]
fn no_retry_is_planned_for_when_it_is_too_late() {
    let mut row = row();
    // The first retry comes after 24 to 36 seconds, the second after 96 to 144.
    row.valid_until = Some(NOW.plus(45_000));
    let (again, _) = row.finish(Outcome::later("Throttled"), NOW);
    assert_eq!(
        (again.status, again.detail),
        (State::Pending, Detail::Retrying)
    );
    let (over, _) = again.finish(Outcome::later("Throttled"), NOW.plus(36_000));
    assert_eq!((over.status, over.detail), (State::Failed, Detail::Expired));
    assert_eq!(over.failed_reason.as_deref(), Some("temporary: Throttled"));
    assert_eq!(
        (over.due_at, over.due_shard, over.facts),
        (None, None, None)
    );
}
