//! Databases of rpm without some packages. The headers of the others are never touched, so what
//! rpm verifies of them stays as it was.

use std::io;

use hashbrown::HashSet;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB};

use crate::analyze::packages::rpm::ndb::{self, BLOCK, HEADER_SIZE, NdbError, PAGE, SLOT_MAGIC};
use crate::analyze::packages::rpm::sqlite::{self, SqliteError};
use crate::closure::files::{Files, NodeId};

/// What keeps a database from being written.
#[derive(Debug, thiserror::Error)]
pub(super) enum RemoveError {
    #[error(transparent)]
    Sqlite(#[from] SqliteError),
    #[error("the database has more than plain tables, which rpm's have not")]
    Schema,
    #[error(transparent)]
    Ndb(#[from] NdbError),
}

impl From<rusqlite::Error> for RemoveError {
    fn from(error: rusqlite::Error) -> Self {
        SqliteError::from(error).into()
    }
}

/// Everything that would run what a stranger wrote when rows are removed: triggers, views, tables
/// of extensions, computed columns, indexes of expressions and those of some rows only.
const STRANGE: &str = "SELECT \
    (SELECT count(*) FROM main.sqlite_schema WHERE type NOT IN ('table', 'index')) + \
    (SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type <> 'table') + \
    (SELECT count(*) FROM pragma_table_list AS t, pragma_table_xinfo(t.name, 'main') AS c \
        WHERE t.schema = 'main' AND c.hidden <> 0) + \
    (SELECT count(*) FROM pragma_table_list AS t, pragma_index_list(t.name, 'main') AS i \
        WHERE t.schema = 'main' AND i.partial <> 0) + \
    (SELECT count(*) FROM pragma_table_list AS t, pragma_index_list(t.name, 'main') AS i, \
        pragma_index_xinfo(i.name, 'main') AS c WHERE t.schema = 'main' AND c.cid = -2)";

/// The tables with a column for the package's number.
const TABLES: &str = "SELECT t.name FROM pragma_table_list AS t, \
    pragma_table_xinfo(t.name, 'main') AS c \
    WHERE t.schema = 'main' AND t.type = 'table' AND c.name = 'hnum' ORDER BY t.name";

/// Tables that rpm's database has at most; each is walked once.
const MOST_TABLES: usize = 200;

/// Whether packages can be removed from a database.
pub(super) fn check(database: &[u8]) -> Result<(), RemoveError> {
    plain(&sqlite::open(database.to_vec(), true)?)
}

fn plain(connection: &Connection) -> Result<(), RemoveError> {
    let strange: i64 = connection.query_row(STRANGE, [], |row| row.get(0))?;
    if strange != 0 || tables(connection)?.len() > MOST_TABLES {
        return Err(RemoveError::Schema);
    }
    Ok(())
}

fn tables(connection: &Connection) -> Result<Vec<String>, RemoveError> {
    let mut query = connection.prepare(TABLES)?;
    let names = query.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// An SQLite database without the packages of these numbers.
///
/// It is no longer in the mode of write-ahead logging, in which it cannot even be read where
/// nothing can be written; rpm sets the mode again when it writes.
pub(in super::super) fn sqlite_without(database: Vec<u8>, numbers: &[i64]) -> io::Result<Vec<u8>> {
    try_sqlite_without(database, numbers).map_err(io::Error::other)
}

fn try_sqlite_without(database: Vec<u8>, numbers: &[i64]) -> Result<Vec<u8>, RemoveError> {
    let mut connection = sqlite::open(database, false)?;
    plain(&connection)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.execute_batch(
        "PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = OFF; \
         CREATE TEMP TABLE gone (number INTEGER PRIMARY KEY); BEGIN",
    )?;
    {
        let mut insert = connection.prepare("INSERT OR IGNORE INTO temp.gone VALUES (?)")?;
        for number in numbers {
            insert.execute([number])?;
        }
    }
    for table in tables(&connection)? {
        let table = table.replace('"', "\"\"");
        connection.execute_batch(&format!(
            "DELETE FROM main.\"{table}\" WHERE hnum IN (SELECT number FROM temp.gone)"
        ))?;
    }
    connection.execute_batch("COMMIT; VACUUM main")?;
    Ok(connection.serialize(MAIN_DB)?.to_vec())
}

/// Whether packages can be removed from an ndb database.
pub(super) fn check_ndb(database: &[u8]) -> Result<(), RemoveError> {
    try_ndb_without(database, &[]).map(drop)
}

/// An ndb database without the packages at these offsets: the others move up, each as a whole.
pub(in super::super) fn ndb_without(database: &[u8], offsets: &[i64]) -> io::Result<Vec<u8>> {
    try_ndb_without(database, offsets).map_err(io::Error::other)
}

fn try_ndb_without(database: &[u8], offsets: &[i64]) -> Result<Vec<u8>, RemoveError> {
    let gone: HashSet<u64> = offsets
        .iter()
        .filter_map(|o| u64::try_from(*o).ok())
        .collect();
    let slots = ndb::slots(database)?;
    let mut header: [u8; HEADER_SIZE] = *database.first_chunk().ok_or(NdbError::Magic)?;
    // Indexes that were made for the database as it was are of another generation.
    if let Some(field) = header.get_mut(8..12)
        && let Ok(bytes) = <[u8; 4]>::try_from(&*field)
    {
        let generation = u32::from_le_bytes(bytes).wrapping_add(1);
        field.copy_from_slice(&generation.to_le_bytes());
    }
    let mut table = header.to_vec();
    let mut blobs: Vec<u8> = Vec::new();
    let size = slots.len().saturating_mul(16).saturating_add(HEADER_SIZE);
    // Slots fill pages, and packages begin with the next one.
    let start = size as u64;
    if !start.is_multiple_of(PAGE) {
        return Err(NdbError::Slot { offset: size }.into());
    }
    for slot in slots {
        let [magic, number, block, blocks] = ndb::words(slot);
        let offset = u64::from(block).saturating_mul(BLOCK);
        if magic != SLOT_MAGIC {
            let offset = table.len();
            return Err(NdbError::Slot { offset }.into());
        }
        let mut words = [SLOT_MAGIC, 0, 0, 0];
        if number != 0 && !gone.contains(&offset) {
            let wrong = NdbError::Blob { offset };
            let len = u64::from(blocks).saturating_mul(BLOCK);
            let range = usize::try_from(offset).ok().zip(usize::try_from(len).ok());
            let blob = range.and_then(|(from, len)| database.get(from..from.checked_add(len)?));
            let blob = blob.filter(|blob| ndb::is_blob(blob, number));
            let blob = blob.ok_or(wrong.clone())?;
            if blobs.len().saturating_add(blob.len()) > database.len() {
                return Err(NdbError::Overlap.into());
            }
            let at = start.saturating_add(blobs.len() as u64) / BLOCK;
            words = [
                SLOT_MAGIC,
                number,
                u32::try_from(at).map_err(|_| wrong)?,
                blocks,
            ];
            blobs.extend_from_slice(blob);
        }
        table.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    }
    table.extend_from_slice(&blobs);
    Ok(table)
}

/// The files beside a database that are made from it, and say nothing once it has changed.
pub(in super::super) fn indexes(files: &dyn Files, database: NodeId) -> Vec<NodeId> {
    let path = files.path(database);
    let (dir, name) = crate::closure::files::split(&path);
    let names = [
        [name, b"-shm"].concat(),
        [name, b"-wal"].concat(),
        b"Index.db".to_vec(),
    ];
    let at = |name: &Vec<u8>| files.locate(&crate::closure::files::join(dir, name));
    names.iter().filter_map(at).collect()
}
