//! S3: `Objects<Media>` in a signature is the right to read, write, list and remove in one bucket.

use std::marker::PhantomData;
use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, MetadataDirective, ObjectIdentifier};

use super::dynamo::failed;
use super::named::named;
use crate::aws::Way;
use crate::env::Env;
use crate::error::{INTERNAL_ERROR, Result, UNAVAILABLE};
use crate::function::{Grant, Take};

/// Keys of one DeleteObjects (AWS limit).
const REMOVED_MAX: usize = 1_000;
/// Keys of one ListObjectsV2 (AWS limit).
const LISTED_MAX: i32 = 1_000;
/// Where uploads of clients arrive in the bucket `media`. Objects created there are told to the
/// queue `uploads`.
pub const INCOMING: &str = "incoming/";

/// A bucket's name as a type.
pub trait Named: Send + Sync + 'static {
    /// Name below the prefix.
    const NAME: &'static str;
    /// The right to do everything with its objects.
    const ALL: &'static [Grant];
    /// The right to read, for links that clients follow.
    const READ: &'static [Grant];
    /// The right to read and to learn what is not there.
    const FIND: &'static [Grant];
    /// The right to write, for forms that clients post.
    const WRITE: &'static [Grant];
}

named! {
    // Who may not list hears 403 instead of 404 about an object that is not there.
    "bucket" {
        ALL: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"];
        READ: ["s3:GetObject"];
        FIND: ["s3:GetObject", "s3:ListBucket"];
        WRITE: ["s3:PutObject"];
    }
    /// What people upload, as it came and as it is shown.
    Media = "media";
    /// Messages of conversations that rest.
    Archive = "archive";
    /// Signed records that must outlive the tables.
    Logs = "logs";
    /// Files that administrators asked for; kept for a day.
    Exports = "exports";
}

/// What is known of an object without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Bytes.
    pub size: u64,
    /// Media type.
    pub content_type: String,
    /// Names this content: another upload under the same key has another one.
    pub etag: String,
}

struct S3(Client);

/// The capability to use the objects of one bucket.
#[derive(Clone)]
pub struct Objects<B> {
    client: Arc<S3>,
    bucket: String,
    name: PhantomData<fn() -> B>,
}

impl<B> std::fmt::Debug for Objects<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Objects({})", self.bucket)
    }
}

fn client(env: &Env) -> S3 {
    let mut builder = Builder::from(&super::shared_config(env));
    if let Some(endpoint) = &env.config().endpoint {
        // A replaced endpoint serves every bucket below one path.
        let endpoint = format!("{endpoint}/s3/");
        builder = builder.endpoint_url(endpoint).force_path_style(true);
    }
    S3(Client::from_conf(builder.build()))
}

fn is_absent<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    // HEAD has no body to say more, and another content than asked for is not that object.
    let absent = ["NoSuchKey", "NotFound", "PreconditionFailed"];
    error.code().is_some_and(|code| absent.contains(&code))
}

impl<B: Named> Objects<B> {
    /// The bucket as this function sees it.
    pub fn of(env: &Env) -> Self {
        Self {
            client: env.part(client),
            bucket: env.config().bucket(B::NAME),
            name: PhantomData,
        }
    }

    /// Writes an object, replacing one of the same key. S3 checks the sum that the SDK adds.
    ///
    /// # Errors
    /// 503 when S3 does not answer.
    pub fn put<'a>(
        &'a self,
        key: &'a str,
        body: Vec<u8>,
        content_type: &'a str,
    ) -> Way<'a, Result<()>> {
        Box::pin(async move {
            let request = self.client.0.put_object().bucket(&self.bucket).key(key);
            let request = request.content_type(content_type);
            let sent = request.body(ByteStream::from(body)).send().await;
            sent.map(|_| ()).map_err(|error| failed(&error))
        })
    }

    /// Reads a whole object; `None` when there is none.
    ///
    /// # Errors
    /// 500 when it is larger than `bytes_max`, of which nothing is then read; 503 when S3 does
    /// not answer.
    pub async fn get(&self, key: &str, bytes_max: usize) -> Result<Option<Vec<u8>>> {
        self.read(key, None, None, bytes_max).await
    }

    /// Reads a part of the object's content that the tag names: `count` bytes from `from`, fewer
    /// at the end; `None` when the object is not there (any more) with this content.
    ///
    /// # Errors
    /// 416 of S3 for a part beyond the end, as 500; 503 when S3 does not answer.
    pub async fn part(
        &self,
        key: &str,
        etag: &str,
        from: u64,
        count: usize,
    ) -> Result<Option<Vec<u8>>> {
        let last = from + (count as u64).max(1) - 1;
        let range = format!("bytes={from}-{last}");
        self.read(key, Some(etag), Some(range), count).await
    }

    fn read<'a>(
        &'a self,
        key: &'a str,
        etag: Option<&'a str>,
        range: Option<String>,
        bytes_max: usize,
    ) -> Way<'a, Result<Option<Vec<u8>>>> {
        Box::pin(async move {
            let request = self.client.0.get_object().bucket(&self.bucket).key(key);
            let request = request
                .set_if_match(etag.map(str::to_owned))
                .set_range(range);
            let answer = match request.send().await {
                Ok(answer) => answer,
                Err(error) if is_absent(&error) => return Ok(None),
                Err(error) => return Err(failed(&error)),
            };
            let size = answer.content_length.unwrap_or_default();
            if usize::try_from(size).is_ok_and(|size| size > bytes_max) {
                return Err(INTERNAL_ERROR.because("an object is larger than expected"));
            }
            let body = answer.body.collect().await;
            let bytes = body.map_err(|cause| UNAVAILABLE.because(cause))?;
            Ok(Some(bytes.to_vec()))
        })
    }

    /// What is known of an object; `None` when there is none.
    ///
    /// # Errors
    /// 503 when S3 does not answer.
    pub fn about<'a>(&'a self, key: &'a str) -> Way<'a, Result<Option<About>>> {
        Box::pin(async move {
            let request = self.client.0.head_object().bucket(&self.bucket).key(key);
            match request.send().await {
                Ok(answer) => Ok(Some(About {
                    size: u64::try_from(answer.content_length.unwrap_or_default())
                        .unwrap_or_default(),
                    content_type: answer.content_type.unwrap_or_default(),
                    etag: answer.e_tag.unwrap_or_default(),
                })),
                Err(error) if is_absent(&error) => Ok(None),
                Err(error) => Err(failed(&error)),
            }
        })
    }

    /// Copies an object inside the bucket without reading it, if it still has the content that
    /// the tag names; `false` when it has not.
    ///
    /// # Errors
    /// 503 when S3 does not answer.
    pub fn copy<'a>(
        &'a self,
        from: &'a str,
        etag: &'a str,
        to: &'a str,
        content_type: &'a str,
    ) -> Way<'a, Result<bool>> {
        Box::pin(async move {
            let copied = self
                .client
                .0
                .copy_object()
                .bucket(&self.bucket)
                .key(to)
                .copy_source(format!("{}/{from}", self.bucket))
                .copy_source_if_match(etag)
                .metadata_directive(MetadataDirective::Replace)
                .content_type(content_type)
                .send()
                .await;
            match copied {
                Ok(_) => Ok(true),
                Err(error) if is_absent(&error) => Ok(false),
                Err(error) => Err(failed(&error)),
            }
        })
    }

    /// Removes objects; those that are not there are fine.
    ///
    /// # Errors
    /// 503 when S3 does not remove all of them; some may be gone.
    pub fn delete<'a>(&'a self, keys: &'a [String]) -> Way<'a, Result<()>> {
        Box::pin(async move {
            for keys in keys.chunks(REMOVED_MAX) {
                match keys {
                    [key] => {
                        let request = self.client.0.delete_object().bucket(&self.bucket).key(key);
                        request.send().await.map_err(|error| failed(&error))?;
                    }
                    keys => self.delete_many(keys).await?,
                }
            }
            Ok(())
        })
    }

    fn delete_many<'a>(&'a self, keys: &'a [String]) -> Way<'a, Result<()>> {
        Box::pin(async move {
            let named = |key: &String| ObjectIdentifier::builder().key(key).build();
            let named: Result<Vec<_>, _> = keys.iter().map(named).collect();
            let named = named.map_err(|cause| INTERNAL_ERROR.because(cause))?;
            let keys = Delete::builder().set_objects(Some(named)).quiet(true);
            let keys = keys
                .build()
                .map_err(|cause| INTERNAL_ERROR.because(cause))?;
            let request = self.client.0.delete_objects().bucket(&self.bucket);
            let answer = request.delete(keys).send().await;
            let answer = answer.map_err(|error| failed(&error))?;
            match answer.errors.unwrap_or_default().first() {
                Some(refused) => Err(UNAVAILABLE.because(refused.code().unwrap_or_default())),
                None => Ok(()),
            }
        })
    }

    /// Keys that begin with the prefix, in order of their bytes, after `after`; at most 1,000.
    ///
    /// # Errors
    /// 503 when S3 does not answer.
    pub fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> Way<'a, Result<Vec<String>>> {
        Box::pin(async move {
            let request = self.client.0.list_objects_v2().bucket(&self.bucket);
            let request = request.prefix(prefix).max_keys(LISTED_MAX);
            let answer = request
                .set_start_after(after.map(str::to_owned))
                .send()
                .await
                .map_err(|error| failed(&error))?;
            let found = answer.contents.unwrap_or_default().into_iter();
            Ok(found.filter_map(|object| object.key).collect())
        })
    }

    /// Asks whether the bucket answers.
    ///
    /// # Errors
    /// 503 when it does not.
    pub fn probe(&self) -> Way<'_, Result<()>> {
        Box::pin(async move {
            let request = self.client.0.head_bucket().bucket(&self.bucket);
            let asked = request.send().await;
            asked.map(|_| ()).map_err(|error| failed(&error))
        })
    }
}

impl<B: Named, C: Send> Take<C> for Objects<B> {
    const GRANTS: &'static [&'static [Grant]] = &[B::ALL];

    async fn take(env: &Env, _: &mut C) -> Result<Self> {
        Ok(Self::of(env))
    }
}
