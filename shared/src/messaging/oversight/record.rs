//! Notes become rows: those of one batch together, so that a message costs a part of a write.

use std::collections::{BTreeMap, BTreeSet};

use super::day::LogDay;
use super::fact::{Fact, FactKind, FactRow};
use super::log::{ALL, Entry, LogRow, UNAPPROVED, date_of, hash_of, partition, rows_of};
use super::note::Note;
use super::tally::{DayTally, HourTally, is_late};
use crate::aws::dynamo::Tables;
use crate::credits::long_bytes_of;
use crate::error::{INTERNAL_ERROR, Result};
use crate::messaging::archive::Shelf;
use crate::messaging::head::{Head, Who};
use crate::messaging::message::{Message, MessageType, Moderation};
use crate::messaging::reading::older_moves;
use crate::pack::Bytes;
use crate::table::Commit;
use crate::time::{HOUR_MS, MINUTE_MS, SECOND_MS, Time};

/// Messages that one mark passed over and that are read at once.
const CHUNK: usize = 250;

/// What a batch of notes amounts to.
#[derive(Default)]
struct Gathered {
    /// Messages by log and minute.
    entries: BTreeMap<(&'static str, i64), Vec<Vec<u8>>>,
    /// Facts by hour.
    facts: BTreeMap<i64, Vec<Vec<u8>>>,
    /// Marks by conversation and side: delivered before, read before, now.
    marks: BTreeMap<(String, bool), (i64, i64, i64)>,
}

/// Writes a batch of notes.
///
/// # Errors
/// 503 when a service does not answer; the batch comes again and writes the same.
pub async fn record(tables: &Tables, shelf: &Shelf, notes: Vec<Note>, now: Time) -> Result<()> {
    let mut gathered = Gathered::default();
    for note in notes {
        gathered.add(note)?;
    }
    for ((conversation_id, low), moved) in std::mem::take(&mut gathered.marks) {
        let key = Head::key_of(&conversation_id);
        let head: Option<Head> = tables.get_consistent(&key).await?;
        if let Some(head) = head {
            let who = if low { Who::Low } else { Who::High };
            gathered.look((tables, shelf), &head, who, moved).await?;
        }
    }
    gathered.write(tables, now).await
}

fn entry(
    message_id: &str,
    seq: i64,
    at: Time,
    (kind, moderation): (MessageType, Moderation),
    (cost, sender): (i64, u64),
) -> Result<Entry> {
    let ids = long_bytes_of("msg", message_id);
    let (conversation, key) = ids.ok_or_else(|| INTERNAL_ERROR.because("id of a message"))?;
    Ok(Entry {
        at,
        conversation,
        key,
        seq,
        kind,
        moderation,
        cost,
        sender,
    })
}

impl Gathered {
    fn add(&mut self, note: Note) -> Result<()> {
        match note {
            Note::Sent {
                message_id,
                seq,
                at,
                kind,
                cost,
                sender,
                moderation,
            } => {
                let what = ((kind, moderation), (cost, sender));
                self.entry(ALL, &entry(&message_id, seq, at, what.0, what.1)?);
            }
            Note::Unapproved {
                message_id,
                seq,
                at,
            } => {
                let what = (MessageType::Text, Moderation::Flagged);
                self.entry(UNAPPROVED, &entry(&message_id, seq, at, what, (0, 0))?);
            }
            Note::Became {
                message_id,
                created,
                fact,
                at,
            } => self.fact(&Fact::of(&message_id, created, fact, at)),
            Note::Marked {
                conversation_id,
                low,
                delivered,
                read,
                up_to,
            } => {
                let known = self.marks.entry((conversation_id, low));
                let known = known.or_insert((delivered, read, up_to));
                *known = (
                    known.0.min(delivered),
                    known.1.min(read),
                    known.2.max(up_to),
                );
            }
        }
        Ok(())
    }

    fn entry(&mut self, log: &'static str, entry: &Entry) {
        let minute = entry.at.ms().div_euclid(MINUTE_MS);
        let list = self.entries.entry((log, minute)).or_default();
        list.push(entry.pack());
    }

    fn fact(&mut self, fact: &Fact) {
        let hour = fact.at.ms().div_euclid(HOUR_MS);
        self.facts.entry(hour).or_default().push(fact.pack());
    }

    /// Notes what is true by now of the messages that a mark passed over. Whoever comes later, the
    /// mark or the decision to let a message go, finds the other's work and notes it.
    async fn look(
        &mut self,
        (tables, shelf): (&Tables, &Shelf),
        head: &Head,
        who: Who,
        (delivered, read, up_to): (i64, i64, i64),
    ) -> Result<()> {
        let (me, side) = (head.user(who), head.side(who));
        let mut beyond = delivered.min(read);
        while beyond < up_to {
            let rows = shelf.chunk(tables, head, (beyond, false), CHUNK).await?;
            let Some(last) = rows.last().map(|row| row.seq) else {
                return Ok(());
            };
            let older = older_moves(tables, head, who, (beyond + 1, last.min(up_to))).await?;
            let own = |row: &&Message| row.receiver_id == me && row.seq <= up_to;
            for row in rows.iter().filter(own) {
                let marks = side.marks(row.seq, &older).of(row);
                let id = row.id()?;
                let fact = |kind, at| Fact::of(&id, row.created_at, kind, at);
                if let Some(at) = marks.delivered_at.filter(|_| row.seq > delivered) {
                    let seconds = at.since(row.created_at) / SECOND_MS;
                    self.fact(&fact(FactKind::Delivered { seconds }, at));
                }
                if let Some(at) = marks.read_at.filter(|_| row.seq > read) {
                    self.fact(&fact(FactKind::Read, at));
                }
            }
            beyond = last;
        }
        Ok(())
    }

    async fn write(self, tables: &Tables, now: Time) -> Result<()> {
        let mut days = BTreeSet::new();
        let mut rows: Vec<(Time, Commit)> = Vec::new();
        for ((log, minute), pieces) in self.entries {
            let at = Time(minute * MINUTE_MS);
            days.insert(date_of(at));
            for bytes in rows_of(pieces) {
                rows.push((at, Commit::new().put(&LogRow::of(log, at, bytes))));
            }
        }
        for (hour, pieces) in self.facts {
            let at = Time(hour * HOUR_MS);
            days.insert(date_of(at));
            for facts in rows_of(pieces) {
                let row = FactRow {
                    partition: partition(ALL, at),
                    place: format!("f{:02}#{}", HourTally::hour_of(at), hash_of(&facts)),
                    facts: Bytes(facts),
                };
                rows.push((at, Commit::new().put(&row)));
            }
        }
        // A day is known before anything lies in it.
        for date in days {
            DayTally::open(tables, &date).await?;
        }
        for (at, commit) in rows {
            let commit = match is_late(at, now) {
                true => commit.with(HourTally::stale(at)).with(DayTally::stale(at)),
                false => commit,
            };
            tables.commit(commit).await?;
        }
        Ok(())
    }
}
