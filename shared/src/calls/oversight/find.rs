//! Searching all calls: filters, pages by number or cursor, and how many there are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::source::{Hit, Log, Period, Person, Source, resolve};
use super::view::AdminCall;
use crate::aws::dynamo::Tables;
use crate::calls::history::Place;
use crate::calls::words::{CallType, Status};
use crate::error::{INVALID_RANGE, Result};
use crate::http::check::invalid;
use crate::page::{OFFSET_MAX, check_offset};
use crate::time::Time;

/// Calls that one request looks at, at most.
const LOOKED_AT_MAX: usize = 10_000;
/// Calls that are looked at to count those that fit, at most: some megabytes of the log.
const COUNTED_MAX: usize = 200_000;
/// Calls that are looked at together.
const CHUNK: usize = 500;

/// Which calls are wanted.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct CallFilter {
    /// Of or to this person.
    #[schemars(length(min = 1, max = 64))]
    pub user_id: Option<String>,
    /// That are so far.
    pub status: Option<Status>,
    /// That transmit this.
    pub call_type: Option<CallType>,
    /// Begun not before.
    pub from: Option<Time>,
    /// Begun before.
    pub to: Option<Time>,
}

impl CallFilter {
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

    fn asks(&self) -> bool {
        self.status.is_some() || self.call_type.is_some()
    }

    fn takes(&self, hit: &Hit) -> bool {
        hit.known.is_some_and(|(kind, status)| {
            self.status.is_none_or(|wanted| wanted == status)
                && self.call_type.is_none_or(|wanted| wanted == kind)
        })
    }
}

/// A page of what was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct CallsFound {
    /// Newest first.
    pub calls: Vec<AdminCall>,
    /// Calls that fit, of the newest 10,000 that were looked at; not with a cursor.
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

/// A search for calls.
#[derive(Clone, Copy)]
pub struct Search<'a> {
    /// Where.
    pub tables: &'a Tables,
    /// For what.
    pub filter: &'a CallFilter,
    /// When.
    pub now: Time,
}

impl std::fmt::Debug for Search<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Search")
    }
}

impl<'a> Search<'a> {
    /// All calls of the period behind a place.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn source(&self, behind: Option<Place>) -> Result<Source<'a>> {
        let end = self.now.plus(1);
        let period = Period {
            from: self.filter.from,
            to: self.filter.to.map_or(end, |to| to.min(end)),
            behind,
        };
        Ok(match &self.filter.user_id {
            Some(user_id) => Source::Person(Person::new(self.tables, user_id, period)),
            None => Source::Log(Log::new(self.tables, period)),
        })
    }

    /// Calls that fit, behind a place, newest first, handed to `take` piece by piece until it has
    /// enough or `looks` were looked at. Returns where to go on if there may be more.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn walk(
        &self,
        behind: Option<Place>,
        looks: usize,
        mut take: impl FnMut(Hit) -> bool + Send,
    ) -> Result<Option<Place>> {
        let mut source = self.source(behind).await?;
        let (mut looked, mut last) = (0, None);
        while looked < looks {
            let hits = source.next(CHUNK.min(looks - looked)).await?;
            let Some(end) = hits.last().map(|hit| hit.place.clone()) else {
                return Ok(None);
            };
            looked += hits.len();
            for hit in self.sieved(hits).await? {
                let place = hit.place.clone();
                if !take(hit) {
                    return Ok(Some(place));
                }
            }
            last = Some(end);
        }
        let is_over = source.next(1).await?.is_empty();
        Ok(last.filter(|_| !is_over))
    }

    /// The next calls of a source that fit, at most `most`, of at most `looks` that are looked at,
    /// and whether there is nothing behind them.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn find(
        &self,
        source: &mut Source<'a>,
        most: usize,
        looks: usize,
    ) -> Result<(Vec<Hit>, bool)> {
        let (mut found, mut looked) = (Vec::new(), 0);
        while found.len() < most && looked < looks {
            let left = (most - found.len()).min(looks - looked);
            let hits = source.next(CHUNK.min(left)).await?;
            if hits.is_empty() {
                return Ok((found, true));
            }
            looked += hits.len();
            found.extend(self.sieved(hits).await?);
        }
        Ok((found, false))
    }

    /// What fits; rows are read only where nothing else tells.
    async fn sieved(&self, hits: Vec<Hit>) -> Result<Vec<Hit>> {
        if !self.filter.asks() {
            return Ok(hits);
        }
        let unread = hits.iter().filter(|hit| hit.known.is_none());
        let calls = resolve(self.tables, unread.cloned().collect(), self.now).await?;
        let mut read = calls.into_iter().map(Hit::of).peekable();
        let hits = hits.into_iter().filter_map(|hit| match hit.known {
            Some(_) => Some(hit),
            None => read.next_if(|one| one.place.id == hit.place.id),
        });
        Ok(hits.filter(|hit| self.filter.takes(hit)).collect())
    }

    /// The calls as administrators see them.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn show(&self, hits: Vec<Hit>) -> Result<Vec<AdminCall>> {
        let calls = resolve(self.tables, hits, self.now).await?;
        let shown = calls.iter().map(|call| AdminCall::of(call, self.now));
        Ok(shown.collect())
    }

    /// A page by its number, with how many there are.
    ///
    /// # Errors
    /// 422 `PAGE_TOO_DEEP`, `VALIDATION_FAILED`; 503 when the database does not answer.
    pub async fn page(&self, page: i64, limit: usize) -> Result<(CallsFound, Option<Place>)> {
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
        let beyond = walked.await?;
        let is_over = beyond.is_none();
        let end = match total > skip + kept.len() {
            true => kept.last().map(|hit| hit.place.clone()),
            false => beyond,
        };
        let found = CallsFound {
            calls: self.show(kept).await?,
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
    /// 503 when the database does not answer.
    pub async fn behind(&self, place: Place, limit: usize) -> Result<(CallsFound, Option<Place>)> {
        let mut kept = Vec::new();
        let walked = self.walk(Some(place), LOOKED_AT_MAX, |hit| {
            kept.push(hit);
            kept.len() < limit
        });
        let end = walked.await?;
        let found = CallsFound {
            calls: self.show(kept).await?,
            limit,
            ..CallsFound::default()
        };
        Ok((found, end))
    }

    /// Calls that fit, counted a little beyond `most`, without their rows. Where it takes more
    /// than 200,000 looks to tell, they count as more than that.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn count(&self, most: usize) -> Result<usize> {
        let mut source = self.source(None).await?;
        let (mut count, mut looked) = (0, 0);
        while count <= most {
            let hits = source.next(CHUNK).await?;
            if hits.is_empty() {
                break;
            }
            looked += hits.len();
            if looked > COUNTED_MAX {
                return Ok(most + 1);
            }
            let fits = |hit: &&Hit| hit.known.is_none() || self.filter.takes(hit);
            count += hits.iter().filter(fits).count();
        }
        Ok(count)
    }
}
