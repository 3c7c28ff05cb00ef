//! Where the state lives: one SQLite database, with two connections that one lock guards. The
//! engine's connection holds tables and streams, ours the `_local_*` tables beside them.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use dynoxide::Database;
use rusqlite::backup::Backup;
use rusqlite::{Connection, OptionalExtension, params};
use shared::time::Time;

use super::streams::Shift;
use super::tables;

/// Our own tables. Message ids are never reused, so that order stays the order of arrival.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS _local_state (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _local_secrets (
    name TEXT NOT NULL, version TEXT NOT NULL, stage TEXT NOT NULL, value TEXT NOT NULL,
    created_at INTEGER NOT NULL, PRIMARY KEY (name, version)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _local_outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, item TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS _local_messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, message_id TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL, attributes TEXT NOT NULL, sent_at INTEGER NOT NULL,
    visible_at INTEGER NOT NULL, first_at INTEGER, receives INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS _local_messages_due ON _local_messages (queue, visible_at, id);
CREATE TABLE IF NOT EXISTS _local_objects (
    id INTEGER PRIMARY KEY AUTOINCREMENT, bucket TEXT NOT NULL, key TEXT NOT NULL,
    content_type TEXT NOT NULL, etag TEXT NOT NULL, modified_at INTEGER NOT NULL,
    body BLOB NOT NULL, UNIQUE (bucket, key));
CREATE INDEX IF NOT EXISTS _local_stream_order
    ON _stream_records (table_name, CAST(sequence_number AS INTEGER));
";

/// Keeps a memory database apart from all others of the process.
static MEMORIES: AtomicU64 = AtomicU64::new(0);
/// A memory database with empty tables: copying it is cheaper than creating them.
static TEMPLATE: OnceLock<Result<Mutex<Connection>, String>> = OnceLock::new();

/// How far back a read may see that need not be consistent, milliseconds.
const PAST_MS_MAX: i64 = 5_000;

/// The tables at an instant. The connection keeps a memory database alive.
struct Past {
    at: Time,
    db: Arc<Database>,
    _own: Connection,
}

/// A copy of everything at an instant, from which further worlds begin.
pub struct Snapshot {
    pub(super) at: Time,
    shifts: Vec<Shift>,
    own: Mutex<Connection>,
}

/// Both connections; whoever has it has the lock.
pub(super) struct Store {
    /// The engine.
    pub db: Database,
    /// Our own connection to the same database.
    pub own: Connection,
    /// How far our clock was ahead of the system's, oldest first.
    pub shifts: Vec<Shift>,
    /// The tables as they were, for reads that see the past.
    past: Option<Past>,
    /// Held as long as the process lives; the system releases it also after `kill -9`.
    _lock: Option<File>,
}

impl Store {
    /// Opens the file, or a fresh memory database.
    ///
    /// # Errors
    /// When another process uses the file or it cannot be opened.
    pub fn open(path: Option<&Path>) -> Result<Self, String> {
        match path {
            Some(path) => Self::file(path),
            None => Self::memory(),
        }
    }

    fn file(path: &Path) -> Result<Self, String> {
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            private_folder(folder)?;
        }
        let lock = locked(path)?;
        // Made before SQLite makes it, because it will hold secrets.
        private_file(path)?;
        let text = path.to_str().ok_or("the state path is not valid UTF-8")?;
        let db = Database::new(text).map_err(|cause| format!("{text}: {cause}"))?;
        // The name is odd, the effect is wanted: `synchronous = NORMAL`. In WAL mode a commit
        // then survives the death of the process, though perhaps not the loss of power.
        db.disable_bulk_loading()
            .map_err(|cause| cause.to_string())?;
        tables::create(&db)?;
        let own = Connection::open(path).map_err(|cause| cause.to_string())?;
        own.pragma_update(None, "synchronous", "NORMAL")
            .map_err(|cause| cause.to_string())?;
        own.execute_batch(SCHEMA)
            .map_err(|cause| cause.to_string())?;
        Ok(Self {
            db,
            own,
            shifts: Vec::new(),
            past: None,
            _lock: Some(lock),
        })
    }

    fn memory() -> Result<Self, String> {
        let template = TEMPLATE
            .get_or_init(template)
            .as_ref()
            .map_err(Clone::clone)?;
        Self::copied(&template.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A memory database that begins as a copy.
    fn copied(from: &Connection) -> Result<Self, String> {
        let (own, db) = twin(from)?;
        Ok(Self {
            db,
            own,
            shifts: Vec::new(),
            past: None,
            _lock: None,
        })
    }

    /// A memory database that begins as it was then.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn of(snapshot: &Snapshot) -> Result<Self, String> {
        let own = snapshot.own.lock().unwrap_or_else(PoisonError::into_inner);
        let mut store = Self::copied(&own)?;
        store.shifts.clone_from(&snapshot.shifts);
        Ok(store)
    }

    /// Everything as it is now.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn snapshot(&self, at: Time) -> Result<Snapshot, String> {
        let (own, _) = twin(&self.own)?;
        Ok(Snapshot {
            at,
            shifts: self.shifts.clone(),
            own: Mutex::new(own),
        })
    }

    /// The tables as they were up to five seconds ago; none when that cannot be had.
    pub fn past(&mut self, now: Time) -> Option<Arc<Database>> {
        let kept = self.past.as_ref();
        if kept.is_none_or(|past| now.since(past.at) > PAST_MS_MAX) {
            self.past = twin(&self.own).ok().map(|(own, db)| Past {
                at: now,
                db: Arc::new(db),
                _own: own,
            });
        }
        self.past.as_ref().map(|past| Arc::clone(&past.db))
    }

    /// A value of ours.
    pub fn get(&self, key: &str) -> rusqlite::Result<Option<String>> {
        let mut select = self
            .own
            .prepare_cached("SELECT value FROM _local_state WHERE key = ?1")?;
        select.query_row([key], |row| row.get(0)).optional()
    }

    /// Stores a value of ours.
    pub fn put(&self, key: &str, value: &str) -> rusqlite::Result<()> {
        let mut insert = self
            .own
            .prepare_cached("INSERT OR REPLACE INTO _local_state (key, value) VALUES (?1, ?2)")?;
        insert.execute(params![key, value]).map(drop)
    }

    /// Empties tables, streams, queues, objects and outbox. Secrets, keys and the clock's offset
    /// stay.
    pub fn reset(&mut self) -> rusqlite::Result<()> {
        let change = self.own.transaction()?;
        for name in item_tables(&change)? {
            change.execute(&format!("DELETE FROM \"{name}\""), [])?;
        }
        change.execute_batch(
            "DELETE FROM _stream_records; DELETE FROM _local_messages; DELETE FROM _local_outbox;
             DELETE FROM _local_objects;
             DELETE FROM _local_state WHERE key LIKE 'stream:%';",
        )?;
        change.commit()
    }
}

/// The tables in which the engine keeps items and index entries.
fn item_tables(own: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut select = own.prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 7) = 'pairly-'",
    )?;
    let names = select.query_map([], |row| row.get(0))?;
    names.collect()
}

fn template() -> Result<Mutex<Connection>, String> {
    let address = memory_address();
    let own = Connection::open(&address).map_err(|cause| cause.to_string())?;
    let db = Database::new(&address).map_err(|cause| cause.to_string())?;
    tables::create(&db)?;
    own.execute_batch(SCHEMA)
        .map_err(|cause| cause.to_string())?;
    Ok(Mutex::new(own))
}

fn memory_address() -> String {
    let number = MEMORIES.fetch_add(1, Ordering::Relaxed);
    format!("file:pairly-{number}?mode=memory&cache=shared")
}

/// A copy in memory: our connection and the engine's.
fn twin(from: &Connection) -> Result<(Connection, Database), String> {
    let address = memory_address();
    let mut own = Connection::open(&address).map_err(|cause| cause.to_string())?;
    copy(from, &mut own)?;
    let db = Database::new(&address).map_err(|cause| cause.to_string())?;
    Ok((own, db))
}

fn copy(from: &Connection, to: &mut Connection) -> Result<(), String> {
    let backup = Backup::new(from, to).map_err(|cause| cause.to_string())?;
    backup.step(-1).map(drop).map_err(|cause| cause.to_string())
}

fn locked(path: &Path) -> Result<File, String> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let file = private_file(&name)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(format!(
            "{} is used by another process; stop it, or choose another file with --state",
            path.display()
        )),
        Err(TryLockError::Error(cause)) => Err(format!("{}: {cause}", name.display())),
    }
}

fn private_file(path: &Path) -> Result<File, String> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map_err(|cause| format!("{}: {cause}", path.display()))
}

fn private_folder(path: &Path) -> Result<(), String> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(path)
        .map_err(|cause| format!("{}: {cause}", path.display()))
}
