//! Searching all messages: filters, pages by number or cursor, and how many there are.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::log::{ALL, UNAPPROVED};
use super::source::{Hit, Log, Period, Position, Source, resolve};
use super::strand::Strands;
use super::view::{AdminMessage, Viewer, status_of};
use crate::aws::dynamo::Tables;
use crate::error::{INVALID_RANGE, Result};
use crate::http::check::invalid;
use crate::messaging::archive::Shelf;
use crate::messaging::head::Head;
use crate::messaging::message::{Message, Moderation, Status};
use crate::messaging::words::Words;
use crate::page::{OFFSET_MAX, check_offset};
use crate::time::Time;

/// Messages that one request looks at, at most.
pub const LOOKED_AT_MAX: usize = 10_000;
/// Messages that are looked at together.
const CHUNK: usize = 500;

/// Which messages are wanted.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct Filter {
    /// From or to this person.
    #[schemars(length(min = 1, max = 64))]
    pub user_id: Option<String>,
    /// Words of 2 to 40 characters; all must be in the text.
    #[schemars(length(min = 2, max = 100))]
    pub q: Option<String>,
    /// That have come so far.
    pub status: Option<Status>,
    /// Of which moderation says this.
    pub moderation_status: Option<Moderation>,
    /// Sent not before.
    pub from: Option<Time>,
    /// Sent before.
    pub to: Option<Time>,
}

impl Filter {
    /// Checks what no schema can tell.
    ///
    /// # Errors
    /// 422 `INVALID_RANGE`.
    pub fn check(&self) -> Result<()> {
        match self.from.zip(self.to).is_some_and(|(from, to)| from >= to) {
            true => Err(INVALID_RANGE.into()),
            false => Ok(()),
        }
    }

    /// Whether the row of a message has to be read to tell.
    fn asks_rows(&self) -> bool {
        self.q.is_some() || self.status.is_some() || self.moderation_status.is_some()
    }

    fn log(&self) -> &'static str {
        match self.moderation_status {
            None | Some(Moderation::Approved) => ALL,
            Some(_) => UNAPPROVED,
        }
    }
}

/// A page of what was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct MessagesFound {
    /// Newest first, texts cut to 100 characters.
    pub messages: Vec<AdminMessage>,
    /// Messages that fit, of the newest 10,000 that were looked at; not with a cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<usize>,
    /// There are more than were counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_capped: Option<bool>,
    /// Number of the page, from 1; not with a cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<usize>,
    /// The limit that counted.
    pub limit: usize,
    /// Where to go on; null when everything was looked at.
    pub next_cursor: Option<String>,
}

/// A search for messages.
pub struct Search<'a> {
    /// Where.
    pub tables: &'a Tables,
    /// Where old messages rest.
    pub shelf: &'a Shelf,
    /// For what.
    pub filter: &'a Filter,
    /// When.
    pub now: Time,
}

impl std::fmt::Debug for Search<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Search")
    }
}

/// What decides about messages, made once per search.
struct Sieve<'a> {
    filter: &'a Filter,
    words: Option<Words>,
    heads: HashMap<String, Head>,
}

impl Sieve<'_> {
    async fn keep(&mut self, tables: &Tables, hits: Vec<Hit>) -> Result<Vec<Hit>> {
        if self.filter.status.is_some() {
            let unknown = hits
                .iter()
                .filter(|hit| !self.heads.contains_key(&hit.place.id));
            let mut keys: Vec<_> = unknown.map(|hit| Head::key_of(&hit.place.id)).collect();
            keys.sort();
            keys.dedup();
            let found: Vec<Head> = tables.get_many(&keys).await?;
            let named = found
                .into_iter()
                .map(|head| (head.conversation_id.clone(), head));
            self.heads.extend(named);
        }
        let mut kept = Vec::with_capacity(hits.len());
        for hit in hits {
            let fits = match &hit.row {
                Some(row) => self.fits(row)?,
                None => false,
            };
            if fits {
                kept.push(hit);
            }
        }
        Ok(kept)
    }

    fn fits(&self, row: &Message) -> Result<bool> {
        let said = self.filter.moderation_status;
        let told = self
            .words
            .as_ref()
            .is_none_or(|words| words.are_in(&row.content));
        let status = match (self.filter.status, self.heads.get(&row.conversation_id)) {
            (None, _) => true,
            (Some(wanted), Some(head)) => status_of(row, head)? == wanted,
            (Some(_), None) => false,
        };
        let judged = said.is_none_or(|said| said == row.moderation_status());
        Ok(told && status && judged)
    }
}

impl<'a> Search<'a> {
    /// Messages that fit, behind a place, newest first, handed to `take` piece by piece until it
    /// has enough or `looks` were looked at. Returns whether everything was looked at, and the
    /// place of the last one.
    ///
    /// # Errors
    /// 422 for words that are none; 503 when a service does not answer.
    pub async fn walk(
        &self,
        behind: Option<Position>,
        looks: usize,
        mut take: impl FnMut(Hit) -> bool + Send,
    ) -> Result<(bool, Option<Position>)> {
        let words = self.filter.q.as_deref().map(Words::of).transpose()?;
        let mut sieve = Sieve {
            filter: self.filter,
            words,
            heads: HashMap::new(),
        };
        let (mut source, capped) = self.source(behind).await?;
        let (mut looked, mut last) = (0, None);
        while looked < looks {
            let hits = source.next(CHUNK.min(looks - looked)).await?;
            let Some(end) = hits.last().map(|hit| hit.place.clone()) else {
                return Ok((!capped, last));
            };
            looked += hits.len();
            let hits = match self.filter.asks_rows() {
                true => {
                    let hits = resolve(self.tables, self.shelf, hits).await?;
                    sieve.keep(self.tables, hits).await?
                }
                false => hits,
            };
            for hit in hits {
                let place = hit.place.clone();
                if !take(hit) {
                    return Ok((false, Some(place)));
                }
            }
            last = Some(end);
        }
        Ok((source.next(1).await?.is_empty() && !capped, last))
    }

    async fn source(&self, behind: Option<Position>) -> Result<(Source<'a>, bool)> {
        let to = self
            .filter
            .to
            .unwrap_or(self.now.plus(1))
            .min(self.now.plus(1));
        let period = Period {
            from: self.filter.from,
            to,
            behind,
        };
        Ok(match &self.filter.user_id {
            Some(user_id) => {
                let stores = (self.tables, self.shelf);
                let strands = Strands::of(stores, user_id, period).await?;
                let capped = strands.is_capped;
                (Source::Person(strands), capped)
            }
            None => (
                Source::Log(Log::new(self.tables, self.filter.log(), period)),
                false,
            ),
        })
    }

    async fn shown(&self, hits: Vec<Hit>) -> Result<Vec<AdminMessage>> {
        let hits = resolve(self.tables, self.shelf, hits).await?;
        let rows: Vec<Message> = hits.into_iter().filter_map(|hit| hit.row).collect();
        let viewer = Viewer {
            tables: self.tables,
            full: false,
        };
        viewer.show(&rows).await
    }

    /// A page by its number, with how many there are.
    ///
    /// # Errors
    /// 422 `PAGE_TOO_DEEP`, `VALIDATION_FAILED`; 503 when a service does not answer.
    pub async fn page(&self, page: i64, limit: usize) -> Result<(MessagesFound, Option<Position>)> {
        let number = usize::try_from(page).unwrap_or(0);
        if number == 0 {
            return Err(invalid("/page", "range", "Must be at least 1."));
        }
        let skip = (number - 1).saturating_mul(limit);
        check_offset(skip, limit)?;
        let (mut total, mut kept) = (0_usize, Vec::new());
        let walked = self.walk(None, LOOKED_AT_MAX, |hit| {
            if total >= skip && kept.len() < limit {
                kept.push(hit);
            }
            total += 1;
            true
        });
        let (is_over, last) = walked.await?;
        let end = match total > skip + kept.len() {
            true => kept.last().map(|hit| hit.place.clone()),
            false => last.filter(|_| !is_over),
        };
        let found = MessagesFound {
            messages: self.shown(kept).await?,
            total: Some(total.min(OFFSET_MAX)),
            total_capped: (!is_over).then_some(true),
            page: Some(number),
            limit,
            next_cursor: None,
        };
        Ok((found, end))
    }

    /// The page behind a place.
    ///
    /// # Errors
    /// 503 when a service does not answer.
    pub async fn behind(
        &self,
        place: Position,
        limit: usize,
    ) -> Result<(MessagesFound, Option<Position>)> {
        let mut kept = Vec::new();
        let walked = self.walk(Some(place), LOOKED_AT_MAX, |hit| {
            kept.push(hit);
            kept.len() < limit
        });
        let (is_over, last) = walked.await?;
        let found = MessagesFound {
            messages: self.shown(kept).await?,
            limit,
            ..MessagesFound::default()
        };
        Ok((found, last.filter(|_| !is_over)))
    }
}

/// Messages that a filter can find at most, counted up to `most` without reading them.
///
/// # Errors
/// 503 when a service does not answer.
pub async fn candidates(search: &Search<'_>, most: usize) -> Result<usize> {
    let (mut source, _) = search.source(None).await?;
    if let Source::Person(strands) = &source
        && search.filter.from.is_none()
        && search.filter.to.is_none()
    {
        return Ok(usize::try_from(strands.count()).unwrap_or(usize::MAX));
    }
    let mut count = 0;
    while count <= most {
        let hits = source.next(CHUNK).await?.len();
        if hits == 0 {
            break;
        }
        count += hits;
    }
    Ok(count)
}
