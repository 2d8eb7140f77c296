//! Top-level modules of distributions that do not say what they provide.

use super::marker::normalise;

/// Distributions whose modules have other names.
const KNOWN: &[(&str, &[&str])] = &[
    ("attrs", &["attr", "attrs"]),
    ("beautifulsoup4", &["bs4"]),
    ("brotli", &["brotli", "_brotli"]),
    ("cffi", &["cffi", "_cffi_backend"]),
    (
        "dbus-python",
        &["dbus", "_dbus_bindings", "_dbus_glib_bindings"],
    ),
    ("dnspython", &["dns"]),
    ("gitpython", &["git"]),
    ("markupsafe", &["markupsafe"]),
    ("msgpack-python", &["msgpack"]),
    ("mysqlclient", &["MySQLdb"]),
    ("opencv-python", &["cv2"]),
    ("pillow", &["PIL"]),
    ("protobuf", &["google"]),
    ("psycopg2-binary", &["psycopg2"]),
    ("pycairo", &["cairo"]),
    ("pycryptodome", &["Crypto"]),
    ("pycryptodomex", &["Cryptodome"]),
    ("pygobject", &["gi", "pygtkcompat"]),
    ("pyjwt", &["jwt"]),
    ("pynacl", &["nacl"]),
    ("pyopenssl", &["OpenSSL"]),
    ("pyserial", &["serial"]),
    ("pysocks", &["socks", "sockshandler"]),
    ("python-apt", &["apt", "apt_pkg", "apt_inst", "aptsources"]),
    ("python-dateutil", &["dateutil"]),
    ("python-magic", &["magic"]),
    ("pyyaml", &["yaml", "_yaml"]),
    ("pyzmq", &["zmq"]),
    ("scikit-image", &["skimage"]),
    ("scikit-learn", &["sklearn"]),
    (
        "setuptools",
        &["setuptools", "pkg_resources", "_distutils_hack"],
    ),
    ("systemd-python", &["systemd"]),
];

/// The names of `entries` (top-level modules of the site, without suffix) that the distribution
/// `name` (normalised) is likely to provide.
pub(super) fn guess(name: &str, entries: &[String]) -> Vec<String> {
    let known = KNOWN.iter().find(|(known, _)| *known == name);
    if let Some((_, modules)) = known {
        let has = |module: &&str| entries.iter().any(|entry| entry == module);
        return modules
            .iter()
            .copied()
            .filter(has)
            .map(str::to_owned)
            .collect();
    }
    let mut wanted = vec![name];
    for prefix in ["python-", "python3-", "py"] {
        wanted.extend(name.strip_prefix(prefix));
    }
    wanted.extend(name.strip_suffix("-python"));
    wanted.extend(name.strip_suffix("-py"));
    for want in wanted {
        // `foo.bar` is often in the package `foo`: tried after its own name.
        let first = want.split('-').next().unwrap_or(want);
        for want in [want, first] {
            let same = |entry: &&String| {
                let entry = normalise(entry);
                let entry = entry.trim_matches('-');
                !want.is_empty() && entry == want
            };
            let found: Vec<_> = entries.iter().filter(same).cloned().collect();
            if !found.is_empty() {
                return found;
            }
        }
    }
    Vec::new()
}
