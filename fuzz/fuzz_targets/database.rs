//! Package databases. The first byte chooses which; the rest are its contents
//! in an image of two layers, of which the lower has the files that real
//! databases name.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rslim_fuzz::{DATABASES, analyze_bytes, choice, docker_archive, layer_of};

fuzz_target!(|data: &[u8]| {
    let (which, contents) = choice(data);
    let place = DATABASES[usize::from(which) % DATABASES.len()];
    let lower = layer_of(&[
        (
            "var/lib/dpkg/status",
            b"Package: bash\nStatus: install ok installed\nVersion: 5\n",
        ),
        ("var/lib/dpkg/info/bash.list", b"/bin/bash\n"),
        ("var/lib/dpkg/status.d/base", b"Package: base\nVersion: 1\n"),
        (
            "usr/lib/python3/site-packages/x-1.dist-info/METADATA",
            b"Name: x\nVersion: 1\n",
        ),
        (
            "usr/lib/python3/site-packages/y.egg-info/PKG-INFO",
            b"Name: y\n",
        ),
        ("bin/bash", b"12345"),
    ]);
    let image = docker_archive(&[lower, layer_of(&[(place, contents)])]);
    analyze_bytes(&image).expect("only the database is broken, never the image");
});
