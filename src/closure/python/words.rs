//! Modules that strings and words of a command name.

/// Drivers of URL schemes: what `scheme` or `scheme+driver` imports, beyond a module of the
/// driver's own name.
const DRIVERS: &[(&str, &[&str])] = &[
    ("amqp", &["amqp", "pika", "aio_pika"]),
    ("amqps", &["amqp", "pika", "aio_pika"]),
    ("cx_oracle", &["cx_Oracle"]),
    ("gcs", &["gcsfs"]),
    ("gs", &["gcsfs"]),
    ("memcached", &["pylibmc", "pymemcache", "memcache"]),
    ("mongodb", &["pymongo", "motor"]),
    ("mongodb+srv", &["pymongo", "motor", "dns"]),
    ("mssql", &["pyodbc", "pymssql"]),
    ("mysql", &["MySQLdb", "pymysql", "mysql.connector"]),
    ("mysqlconnector", &["mysql.connector"]),
    ("mysqldb", &["MySQLdb"]),
    ("oracle", &["cx_Oracle", "oracledb"]),
    ("postgis", &["psycopg2", "psycopg"]),
    ("postgres", &["psycopg2", "psycopg", "asyncpg"]),
    ("postgresql", &["psycopg2", "psycopg", "asyncpg"]),
    ("psycopg_async", &["psycopg"]),
    ("pyodbc", &["pyodbc"]),
    ("rediss", &["redis"]),
    ("s3", &["s3fs", "boto3"]),
    ("sqs", &["boto3", "pycurl"]),
];

/// The modules that opening the URL may import; none if it is no URL.
pub(super) fn drivers(text: &str) -> Vec<&str> {
    let Some((scheme, _)) = text.split_once("://") else {
        return Vec::new();
    };
    if scheme.len() > 64 {
        return Vec::new();
    }
    let mut found = Vec::new();
    // With a driver named, the dialect's others are not used.
    let driver = scheme.split_once('+').map_or(scheme, |(_, driver)| driver);
    for key in [scheme, driver] {
        let known = DRIVERS.iter().find(|(known, _)| *known == key);
        found.extend(known.map(|(_, modules)| *modules).unwrap_or_default());
        found.push(key);
    }
    found
}

/// The parts of a word of a command that may name something: of `--app=proj.wsgi:app,x` those
/// between the signs.
pub(super) fn parts(word: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = Vec::new();
    if word.contains("://") {
        // The value of an assignment, which may have signs of its own.
        let scheme = word.split("://").next().unwrap_or_default();
        let start = scheme
            .rfind(['=', ' ', '"', '\''])
            .map_or(0, |at| at.saturating_add(1));
        parts.extend(word.get(start..));
    }
    let ends = |c: char| {
        matches!(
            c,
            '=' | ',' | ' ' | '"' | '\'' | ';' | '\n' | '\t' | '(' | ')'
        )
    };
    parts.extend(
        word.split(ends)
            .filter(|part| !part.is_empty() && part.len() <= 400),
    );
    parts
}
