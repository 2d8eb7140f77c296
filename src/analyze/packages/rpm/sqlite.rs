//! `rpmdb.sqlite`: a table `Packages` with a header in each row.

use rusqlite::{Connection, MAIN_DB};

/// What is wrong with the database.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SqliteError {
    #[error("not an SQLite database")]
    Magic,
    #[error("the file is cut off: {have} bytes, not {need}")]
    Truncated { need: u64, have: u64 },
    #[error("it has no table of packages")]
    Table,
    #[error("packages overlap")]
    Overlap,
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

const MAGIC: &[u8] = b"SQLite format 3\0";
const HEADER_SIZE: usize = 100;
/// The header's two bytes that say how the file is written and read.
const JOURNAL_MODE: std::ops::Range<usize> = 18..20;
const WRITE_AHEAD: u8 = 2;
const ROLLBACK: u8 = 1;

/// Only a plain table with stored values is read: a view or a computed column
/// would run what a stranger wrote.
const CHECK: &str = "SELECT count(*) \
    FROM pragma_table_list('Packages') AS l, pragma_table_xinfo('Packages') AS c \
    WHERE l.schema = 'main' AND l.type = 'table' AND c.name IN ('hnum', 'blob') AND c.hidden = 0";

/// Opens the database in memory, if its table of packages can be read.
pub(crate) fn open(mut database: Vec<u8>, read_only: bool) -> Result<Connection, SqliteError> {
    if database.len() < HEADER_SIZE || !database.starts_with(MAGIC) {
        return Err(SqliteError::Magic);
    }
    let (need, have) = (size_in_header(&database), database.len() as u64);
    if need > have {
        return Err(SqliteError::Truncated { need, have });
    }
    // A write-ahead log needs a file beside the database, which memory has not.
    for mode in &mut database[JOURNAL_MODE] {
        if *mode == WRITE_AHEAD {
            *mode = ROLLBACK;
        }
    }
    let mut connection = Connection::open_in_memory()?;
    connection.deserialize_read_exact(MAIN_DB, database.as_slice(), database.len(), read_only)?;
    // SQLite has its own copy by now.
    drop(database);
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")?;
    if connection.query_row(CHECK, [], |row| row.get::<_, i64>(0))? != 2 {
        return Err(SqliteError::Table);
    }
    Ok(connection)
}

/// Calls `each` with number and header of all packages.
pub(crate) fn headers(
    database: Vec<u8>,
    mut each: impl FnMut(i64, &[u8]),
) -> Result<(), SqliteError> {
    // Rows that share pages would let a small file ask for endless work.
    let mut left = database.len();
    let connection = open(database, true)?;
    let mut query = connection.prepare("SELECT hnum, blob FROM main.Packages")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let header = row.get_ref(1)?;
        let header = header.as_bytes_or_null().ok().flatten().unwrap_or_default();
        left = left
            .checked_sub(header.len().max(1))
            .ok_or(SqliteError::Overlap)?;
        each(row.get(0).unwrap_or_default(), header);
    }
    Ok(())
}

/// The size that the database says it has, 0 if it does not say. SQLite itself
/// takes the end of a page that is cut off for zeros.
fn size_in_header(database: &[u8]) -> u64 {
    let word = |at: usize| {
        let bytes = database.get(at..)?.first_chunk()?;
        Some(u32::from_be_bytes(*bytes))
    };
    // The upper half; a size of 65536 does not fit and is written as 1.
    let page_size = match word(16).unwrap_or(0) >> 16 {
        1 => 65536,
        size => size,
    };
    // Old versions leave the number of pages as it was: it counts only if the
    // last to change the file wrote it.
    let (changes, counted_at) = (word(24), word(92));
    if changes != counted_at {
        return 0;
    }
    u64::from(page_size) * u64::from(word(28).unwrap_or(0))
}

#[cfg(test)]
pub(crate) mod testing {
    use rusqlite::{Connection, MAIN_DB};

    /// A database with these headers.
    pub(crate) fn database(headers: &[&[u8]]) -> Vec<u8> {
        let mut connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(
                "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)",
            )
            .unwrap();
        for header in headers {
            connection
                .execute("INSERT INTO Packages (blob) VALUES (?)", [header])
                .unwrap();
        }
        connection.serialize(MAIN_DB).unwrap().to_vec()
    }

    /// A database that was made by these statements.
    pub(crate) fn made_by(statements: &str) -> Vec<u8> {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(statements).unwrap();
        connection.serialize(MAIN_DB).unwrap().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(database: Vec<u8>) -> (Vec<Vec<u8>>, Result<(), SqliteError>) {
        let mut found = Vec::new();
        let end = headers(database, |_, blob| found.push(blob.to_vec()));
        (found, end)
    }

    #[test]
    fn rows_are_read_in_write_ahead_mode_too() {
        let mut database = testing::database(&[b"one", b"two"]);
        assert_eq!(read(database.clone()).0, [b"one", b"two"]);
        database[JOURNAL_MODE].fill(WRITE_AHEAD);
        let (found, end) = read(database);
        assert_eq!(found, [b"one", b"two"]);
        end.unwrap();
    }

    #[test]
    fn computed_tables_are_not_read() {
        for statements in [
            "CREATE VIEW Packages AS WITH RECURSIVE n(hnum) AS \
             (SELECT 1 UNION ALL SELECT hnum + 1 FROM n) SELECT hnum, 'x' AS blob FROM n",
            "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, \
             blob AS (zeroblob(1000000000))); INSERT INTO Packages (hnum) VALUES (1)",
            "CREATE TABLE Other (x)",
        ] {
            let (found, end) = read(testing::made_by(statements));
            assert!(found.is_empty());
            assert!(matches!(end, Err(SqliteError::Table)), "{end:?}");
        }
    }

    #[test]
    fn broken_databases_are_errors() {
        assert!(matches!(read(Vec::new()).1, Err(SqliteError::Magic)));
        assert!(matches!(read(vec![0; 4096]).1, Err(SqliteError::Magic)));
        let whole = testing::database(&[&[1; 9000], &[2; 9000], &[3; 9000]]);
        for len in (100..whole.len()).step_by(512) {
            let end = read(whole[..len].to_vec()).1;
            assert!(matches!(end, Err(SqliteError::Truncated { .. })), "{end:?}");
        }
        let mut holed = whole;
        holed[4096..].fill(0xff);
        assert!(read(holed).1.is_err());
    }
}
