//! The worker's part: looks at a posted file and makes media of it, or rejects it. Keyed by the
//! object and the tag of its content: a repeated event finds the answer, an outdated one nothing.

use serde::Deserialize;

use super::film::{self, BOXES_MAX, HEAD_BYTES, MOVIE_BYTES_MAX, Movie};
use super::media::{MediaType, SOUND_SECONDS_MAX};
use super::picture::{self, Reason, TOO_LARGE, TOO_LONG, UNDECODABLE, WRONG_TYPE};
use super::row::{self, State, UNUSED_MS, Upload};
use super::sound;
use crate::aws::dynamo::{Missed, Tables};
use crate::aws::objects::{INCOMING, Media, Objects};
use crate::error::{INTERNAL_ERROR, Result};
use crate::table::Commit;
use crate::time::{Clock, SECOND_MS, Time};

/// Bytes at the end of a PDF in which its end mark stands.
const TAIL_BYTES: usize = 1_024;

/// What S3 tells of new objects (*Amazon S3 User Guide*, "Event message structure"); its test
/// event has no records.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Event {
    /// One per object.
    #[serde(rename = "Records", default)]
    pub records: Vec<Record>,
}

/// One new object.
#[derive(Clone, Debug, Deserialize)]
pub struct Record {
    /// The part that counts.
    pub s3: Told,
}

/// What is told of a new object.
#[derive(Clone, Debug, Deserialize)]
pub struct Told {
    /// The object.
    pub object: Object,
}

/// A new object.
#[derive(Clone, Debug, Deserialize)]
pub struct Object {
    /// Its key, encoded as in a form.
    pub key: String,
    /// Its bytes.
    pub size: u64,
    /// Tag of its content, without quotes.
    #[serde(rename = "eTag")]
    pub etag: String,
}

/// The file of an upload, in the content that an event named.
struct File<'a> {
    objects: &'a Objects<Media>,
    row: &'a Upload,
    key: String,
    etag: String,
    size: u64,
}

/// What came of looking at a file.
enum Verdict {
    Ready(row::Media),
    Rejected(Reason),
    /// The object does not have this content any more.
    Gone,
}

/// Looks at the files of an event.
///
/// # Errors
/// 503 when a service does not answer; the event comes again then.
pub async fn validate(
    tables: &Tables,
    objects: &Objects<Media>,
    clock: &Clock,
    event: &Event,
) -> Result<()> {
    for record in &event.records {
        let object = &record.s3.object;
        // The ids hold nothing that is encoded.
        let place = object
            .key
            .strip_prefix(INCOMING)
            .and_then(|rest| rest.split_once('/'));
        let Some((user_id, upload_id)) = place else {
            continue;
        };
        let key = Upload::key_of(user_id, upload_id);
        match tables.get_consistent::<Upload>(&key).await? {
            Some(row) if !row.state.is_final() => {
                look(tables, objects, clock, row, object).await?;
            }
            // Decided before, or forgotten: what is still posted is of no use.
            _ => objects.delete(std::slice::from_ref(&object.key)).await?,
        }
    }
    Ok(())
}

async fn look(
    tables: &Tables,
    objects: &Objects<Media>,
    clock: &Clock,
    row: Upload,
    object: &Object,
) -> Result<()> {
    let etag = format!("\"{}\"", object.etag);
    // Only what is there may claim the upload: a late event of a replaced file would take it away
    // from that of the newer one, which is perhaps at work already, and decide nothing.
    let is_there = objects.about(&object.key).await?;
    if is_there.is_none_or(|about| about.etag != etag) {
        return Ok(());
    }
    let mut claimed = row.clone();
    claimed.state = State::Validating;
    claimed.version = Some(object.etag.clone());
    claimed.updated_at = clock.now();
    if !stored(tables, row.moved(&claimed)).await? {
        // Another event of this upload, or the client's completion, was in between.
        return Err(crate::error::UNAVAILABLE.because("the upload changed"));
    }
    let file = File {
        objects,
        row: &claimed,
        key: object.key.clone(),
        etag,
        size: object.size,
    };
    let verdict = file.examine().await?;
    let next = match verdict {
        Verdict::Ready(media) => decided(&claimed, Ok(media), clock.now()),
        Verdict::Rejected(reason) => decided(&claimed, Err(reason), clock.now()),
        Verdict::Gone => return Ok(()),
    };
    // If it is not stored, a newer file came in the meantime and has its own event.
    if stored(tables, claimed.moved(&next)).await? {
        objects.delete(&[file.key]).await?;
    }
    Ok(())
}

/// The row after a verdict. Media that no message carries go after a week.
fn decided(row: &Upload, verdict: Result<row::Media, Reason>, now: Time) -> Upload {
    let mut next = row.clone();
    next.updated_at = now;
    next.due_at = Some(now.plus(UNUSED_MS));
    match verdict {
        Ok(media) => (next.state, next.media) = (State::Ready, Some(media)),
        Err(reason) => (next.state, next.reason) = (State::Rejected, Some(reason.to_owned())),
    }
    next
}

async fn stored(tables: &Tables, commit: Commit) -> Result<bool> {
    match tables.commit(commit).await {
        Ok(()) => Ok(true),
        Err(Missed::Refused(_)) => Ok(false),
        Err(Missed::Failed(error)) => Err(error),
    }
}

/// Goes on with a value, or ends with the verdict that there is none.
macro_rules! there {
    ($value:expr) => {
        match $value {
            Some(value) => value,
            None => return Ok(Verdict::Gone),
        }
    };
}

impl File<'_> {
    async fn part(&self, from: u64, count: usize) -> Result<Option<Vec<u8>>> {
        self.objects.part(&self.key, &self.etag, from, count).await
    }

    async fn whole(&self) -> Result<Option<Vec<u8>>> {
        let count = usize::try_from(self.size).map_err(|cause| INTERNAL_ERROR.because(cause))?;
        self.part(0, count).await
    }

    async fn examine(&self) -> Result<Verdict> {
        let kind = self.row.media_type;
        if self.size == 0 || self.size > kind.bytes_max() {
            return Ok(Verdict::Rejected(TOO_LARGE));
        }
        let head = there!(self.part(0, HEAD_BYTES).await?);
        if !kind.begins(&head) {
            return Ok(Verdict::Rejected(WRONG_TYPE));
        }
        match kind {
            MediaType::Jpeg | MediaType::Png | MediaType::Webp => self.picture().await,
            MediaType::AudioMpeg => {
                let bytes = there!(self.whole().await?);
                match sound::length_ms(&bytes) {
                    Some(length_ms) => self.timed(length_ms, None).await,
                    None => Ok(Verdict::Rejected(UNDECODABLE)),
                }
            }
            MediaType::AudioMp4 | MediaType::VideoMp4 => self.film().await,
            MediaType::Pdf => {
                let count = TAIL_BYTES.min(usize::try_from(self.size).unwrap_or(TAIL_BYTES));
                let tail = there!(self.part(self.size - count as u64, count).await?);
                match tail.windows(5).any(|part| part == b"%%EOF") {
                    true => self.kept(row::Media::default()).await,
                    false => Ok(Verdict::Rejected(UNDECODABLE)),
                }
            }
        }
    }

    async fn picture(&self) -> Result<Verdict> {
        let bytes = there!(self.whole().await?);
        let picture = match picture::process(&bytes, self.row.media_type) {
            Ok(picture) => picture,
            Err(reason) => return Ok(Verdict::Rejected(reason)),
        };
        drop(bytes);
        let (user_id, media_id) = (&self.row.user_id, self.row.media_id());
        let mut media = row::Media {
            content_type: picture.content_type.to_owned(),
            ..row::Media::default()
        };
        for form in picture.forms {
            let key = Upload::object(user_id, &media_id, &form.size.to_string());
            media.size_bytes = form.bytes.len() as u64;
            (media.width, media.height) = (Some(form.width), Some(form.height));
            self.objects
                .put(&key, form.bytes, picture.content_type)
                .await?;
        }
        Ok(Verdict::Ready(media))
    }

    async fn film(&self) -> Result<Verdict> {
        let mut at = 0;
        for _ in 0..BOXES_MAX {
            if at + 8 > self.size {
                break;
            }
            let head = there!(self.part(at, HEAD_BYTES).await?);
            let Some(found) = film::atom(&head) else {
                break;
            };
            if &found.kind == b"moov" {
                if found.size == 0 || found.size > MOVIE_BYTES_MAX {
                    break;
                }
                let from = at + found.head as u64;
                let count = usize::try_from(found.size).unwrap_or_default() - found.head;
                let moov = there!(self.part(from, count.max(1)).await?);
                return match film::movie(&moov) {
                    Some(movie) => self.tracks(movie).await,
                    None => Ok(Verdict::Rejected(UNDECODABLE)),
                };
            }
            match found.size {
                0 => break,
                size => at = at.saturating_add(size),
            }
        }
        Ok(Verdict::Rejected(UNDECODABLE))
    }

    async fn tracks(&self, movie: Movie) -> Result<Verdict> {
        let fits = match self.row.media_type {
            MediaType::AudioMp4 => movie.sound && !movie.pictures,
            _ => movie.pictures,
        };
        if !fits {
            return Ok(Verdict::Rejected(WRONG_TYPE));
        }
        self.timed(movie.length_ms, movie.size).await
    }

    async fn timed(&self, length_ms: u64, size: Option<(u32, u32)>) -> Result<Verdict> {
        let second = SECOND_MS.unsigned_abs();
        let is_sound = self.row.media_type != MediaType::VideoMp4;
        if is_sound && length_ms > SOUND_SECONDS_MAX * second {
            return Ok(Verdict::Rejected(TOO_LONG));
        }
        self.kept(row::Media {
            width: size.map(|size| size.0),
            height: size.map(|size| size.1),
            // A live recording does not know its length when it writes its head.
            duration_seconds: (length_ms > 0).then(|| length_ms.div_ceil(second)),
            ..row::Media::default()
        })
        .await
    }

    /// Keeps the file as it is; the bucket copies it, nobody reads it.
    async fn kept(&self, media: row::Media) -> Result<Verdict> {
        let content_type = self.row.media_type.as_str();
        let to = Upload::object(&self.row.user_id, &self.row.media_id(), "file");
        if !self
            .objects
            .copy(&self.key, &self.etag, &to, content_type)
            .await?
        {
            return Ok(Verdict::Gone);
        }
        Ok(Verdict::Ready(row::Media {
            content_type: content_type.to_owned(),
            size_bytes: self.size,
            ..media
        }))
    }
}
