//! Where the objects are.

use rusqlite::{OptionalExtension, params};
use shared::Time;

use crate::cloud::store::Store;

type Sql<T> = rusqlite::Result<T>;

/// An object without its content.
#[derive(Clone, Debug)]
pub struct Object {
    /// Grows with every write of any object.
    pub sequence: i64,
    /// Its key.
    pub key: String,
    /// Media type.
    pub content_type: String,
    /// MD5 of the content, in quotes as in headers.
    pub etag: String,
    /// When it was written.
    pub modified_at: Time,
    /// Bytes.
    pub size: usize,
}

/// An object to be written.
#[derive(Clone, Copy, Debug)]
pub struct New<'a> {
    /// Short name of the bucket.
    pub bucket: &'a str,
    /// Its key.
    pub key: &'a str,
    /// Media type.
    pub content_type: &'a str,
    /// Content.
    pub body: &'a [u8],
    /// When.
    pub at: Time,
}

const COLUMNS: &str = "id, key, content_type, etag, modified_at, LENGTH(body)";

fn read(row: &rusqlite::Row<'_>) -> Sql<Object> {
    Ok(Object {
        sequence: row.get(0)?,
        key: row.get(1)?,
        content_type: row.get(2)?,
        etag: row.get(3)?,
        modified_at: Time(row.get(4)?),
        size: row.get(5)?,
    })
}

impl Store {
    /// Writes an object; one of the same key is replaced and gets a new sequence number.
    pub fn put_object(&self, new: &New<'_>) -> Sql<Object> {
        let etag = format!("\"{:x}\"", md5::compute(new.body));
        let mut insert = self.own.prepare_cached(
            "INSERT OR REPLACE INTO _local_objects
             (bucket, key, content_type, etag, modified_at, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        let (bucket, key, kind) = (new.bucket, new.key, new.content_type);
        insert.execute(params![bucket, key, kind, etag, new.at.ms(), new.body])?;
        Ok(Object {
            sequence: self.own.last_insert_rowid(),
            key: key.to_owned(),
            content_type: kind.to_owned(),
            etag,
            modified_at: new.at,
            size: new.body.len(),
        })
    }

    /// An object without its content.
    pub fn object(&self, bucket: &str, key: &str) -> Sql<Option<Object>> {
        let sql = format!("SELECT {COLUMNS} FROM _local_objects WHERE bucket = ?1 AND key = ?2");
        let mut select = self.own.prepare_cached(&sql)?;
        select.query_row([bucket, key], read).optional()
    }

    /// A part of an object's content, which SQLite cuts out.
    pub fn object_part(&self, sequence: i64, from: usize, count: usize) -> Sql<Vec<u8>> {
        let mut select = self
            .own
            .prepare_cached("SELECT SUBSTR(body, ?2 + 1, ?3) FROM _local_objects WHERE id = ?1")?;
        select.query_row(params![sequence, from, count], |row| row.get(0))
    }

    /// Removes an object.
    pub fn delete_object(&self, bucket: &str, key: &str) -> Sql<()> {
        let mut delete = self
            .own
            .prepare_cached("DELETE FROM _local_objects WHERE bucket = ?1 AND key = ?2")?;
        delete.execute([bucket, key]).map(drop)
    }

    /// Objects whose key begins so, after a key, in the order of the keys' bytes.
    pub fn objects(&self, bucket: &str, prefix: &str, after: &str, max: usize) -> Sql<Vec<Object>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM _local_objects
             WHERE bucket = ?1 AND SUBSTR(key, 1, LENGTH(?2)) = ?2 AND key > ?3
             ORDER BY key LIMIT ?4"
        );
        let mut select = self.own.prepare_cached(&sql)?;
        let rows = select.query_map(params![bucket, prefix, after, max], read)?;
        rows.collect()
    }
}
