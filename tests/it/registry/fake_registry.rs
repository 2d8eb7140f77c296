//! A registry for pushes in memory, with faults.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use oci_spec::image::Digest;
use rslim::registry::{Options, Repository};

use super::fake::{Body, Fake, Head, Reply};
use super::{digest, repository};

/// What goes wrong in a registry of these tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    #[default]
    None,
    /// The first `PATCH` is cut after 100 000 bytes, which are stored.
    Cut,
    /// The same, and the upload is gone.
    CutAndForgotten,
    /// The first `PATCH` gets a 500 and stores nothing.
    Broken,
    /// The first `PATCH` gets a 500 although everything is stored.
    Silent,
    /// The first closing `PUT` is cut after half of its body, which is stored.
    CutPut,
    /// The first closing `PUT` works, but its answer is lost.
    LostAnswer,
    /// No more than 16 MiB in a request.
    SmallParts,
    /// The second `PATCH` is cut.
    SecondCut,
    /// Every `PATCH` fails.
    Always,
}

#[derive(Default)]
struct Store {
    fault: Fault,
    patches: u32,
    puts: u32,
    next: u32,
    uploads: HashMap<String, Vec<u8>>,
    blobs: HashMap<String, Vec<u8>>,
}

pub struct Registry {
    pub fake: Fake,
    store: Arc<Mutex<Store>>,
}

impl Registry {
    pub fn start(fault: Fault) -> Self {
        let store = Arc::new(Mutex::new(Store {
            fault,
            ..Store::default()
        }));
        let shared = store.clone();
        let fake = Fake::start(move |head, body| shared.lock().unwrap().answer(head, body));
        Registry { fake, store }
    }

    pub fn repository(&self, options: Options) -> Repository {
        repository(&self.fake.host, "a", options)
    }

    pub fn blob(&self, digest: &Digest) -> Option<Vec<u8>> {
        self.store
            .lock()
            .unwrap()
            .blobs
            .get(digest.as_ref())
            .cloned()
    }

    pub fn open_uploads(&self) -> usize {
        self.store.lock().unwrap().uploads.len()
    }
}

impl Store {
    fn answer(&mut self, head: &Head, body: &mut Body<'_>) -> Reply {
        let (path, query) = head.path.split_once('?').unwrap_or((&head.path, ""));
        if let Some(digest) = path.strip_prefix("/v2/a/blobs/sha256:") {
            let found = self.blobs.contains_key(&format!("sha256:{digest}"));
            return Reply::new(if found { 200 } else { 404 });
        }
        if path == "/v2/a/blobs/uploads/" {
            if query.contains("from=has") {
                return Reply::new(201).header("Location", "/v2/a/blobs/x");
            }
            if query.contains("from=denied") {
                return Reply::new(404);
            }
            self.next += 1;
            let id = format!("u{}", self.next);
            self.uploads.insert(id.clone(), Vec::new());
            // Relative to the request's own path, with a query.
            return Reply::new(202).header("Location", format!("{id}?state=0"));
        }
        let Some(id) = path.strip_prefix("/v2/a/blobs/uploads/").map(str::to_owned) else {
            return Reply::new(404);
        };
        if !self.uploads.contains_key(&id) {
            return Reply::new(404).body(r#"{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}"#);
        }
        assert!(
            query.starts_with("state="),
            "the query is lost: {}",
            head.path
        );
        match head.method.as_str() {
            "PATCH" => self.patch(&id, head, body),
            "PUT" => self.put(&id, head, query, body),
            "DELETE" => {
                self.uploads.remove(&id);
                Reply::new(204)
            }
            _ => self.progress(&id, 204),
        }
    }

    fn progress(&self, id: &str, status: u16) -> Reply {
        let len = self.uploads[id].len();
        Reply::new(status)
            .header("Location", format!("/v2/a/blobs/uploads/{id}?state={len}"))
            .header("Range", format!("0-{}", len.saturating_sub(1)))
    }

    fn patch(&mut self, id: &str, head: &Head, body: &mut Body<'_>) -> Reply {
        self.patches += 1;
        let have = self.uploads[id].len();
        let length: u64 = head.header("content-length").parse().unwrap();
        if self.fault == Fault::SmallParts && length > 16 * 1024 * 1024 {
            return Reply::new(413);
        }
        let range = head.header("content-range");
        if !range.is_empty() {
            let want = format!("{have}-{}", have as u64 + length - 1);
            if range != want {
                return Reply::new(416);
            }
        } else {
            assert_eq!(have, 0);
        }
        let cut = match (self.fault, self.patches) {
            (Fault::Cut | Fault::CutAndForgotten, 1) | (Fault::SecondCut, 2) => true,
            (Fault::Broken, 1) | (Fault::Always, _) => return Reply::new(500),
            _ => false,
        };
        let bytes = body.up_to(if cut { 100_000 } else { u64::MAX });
        self.uploads.get_mut(id).unwrap().extend(bytes);
        if (self.fault, self.patches) == (Fault::Silent, 1) {
            return Reply::new(500);
        }
        if !cut {
            return self.progress(id, 202);
        }
        if self.fault == Fault::CutAndForgotten {
            self.uploads.remove(id);
        }
        Reply::hang_up()
    }

    fn put(&mut self, id: &str, head: &Head, query: &str, body: &mut Body<'_>) -> Reply {
        self.puts += 1;
        if self.fault == Fault::CutPut && self.puts == 1 {
            let length: u64 = head.header("content-length").parse().unwrap();
            let half = body.up_to(length / 2);
            self.uploads.get_mut(id).unwrap().extend(half);
            return Reply::hang_up();
        }
        let mut bytes = self.uploads.remove(id).unwrap();
        bytes.extend(body.all());
        let wanted = query.split("digest=").nth(1).unwrap().replace("%3A", ":");
        let found = digest(&bytes);
        if found.as_ref() != wanted {
            return Reply::new(400).body(r#"{"errors":[{"code":"DIGEST_INVALID"}]}"#);
        }
        self.blobs.insert(wanted, bytes);
        if self.fault == Fault::LostAnswer && self.puts == 1 {
            return Reply::hang_up();
        }
        Reply::new(201).header("Docker-Content-Digest", found)
    }
}
