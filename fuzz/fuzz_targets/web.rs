//! What a server says that is asked: OpenAPI documents, and links of pages, which lead to paths
//! that fit into a request.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rslim::probe::{self, Answer};

fuzz_target!(|data: &[u8]| {
    let mut paths = probe::openapi_requests(data).unwrap_or_default();
    for kind in ["text/html", "text/css", "application/xml"] {
        let answer = Answer::Http {
            status: 200,
            headers: vec![("content-type".to_owned(), kind.to_owned())],
            body: data.to_vec(),
        };
        paths.extend(probe::links("/a/b?c", &answer));
    }
    for path in paths {
        assert!(path.starts_with('/') || path.is_empty(), "{path:?}");
        assert!(
            !path.contains(|c: char| c.is_control() || c == ' '),
            "{path:?}"
        );
    }
});
