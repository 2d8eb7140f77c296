//! JSON objects of which only some members change: all others keep their
//! bytes and their order, keys that nobody here knows included.

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::error::OciError;

/// A JSON object whose values are kept as they are written.
#[derive(Debug, Clone, Default)]
pub struct RawObject {
    members: Vec<(String, Box<RawValue>)>,
}

impl RawObject {
    /// Parses `document`, which must be an object without repeated keys.
    ///
    /// # Errors
    /// [`OciError::Json`].
    pub fn parse(document: &str, bytes: &[u8]) -> Result<Self, OciError> {
        serde_json::from_slice(bytes).map_err(|problem| OciError::Json {
            document: document.to_owned(),
            path: String::new(),
            problem,
        })
    }

    /// The value of `key`, unparsed.
    pub fn get(&self, key: &str) -> Option<&RawValue> {
        let found = self.members.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| &**value)
    }

    /// The value of `key` as a `T`; `None` when it is absent, null or no `T`.
    pub fn read<'a, T: Deserialize<'a>>(&'a self, key: &str) -> Option<T> {
        let value = self.get(key)?;
        serde_json::from_str::<Option<T>>(value.get()).ok()?
    }

    /// Sets `key`, in its place when it is there and at the end when not.
    ///
    /// # Errors
    /// When the value has no form in JSON.
    pub fn set<T: Serialize + ?Sized>(
        &mut self,
        key: &str,
        value: &T,
    ) -> Result<(), serde_json::Error> {
        let value = serde_json::value::to_raw_value(value)?;
        match self.members.iter_mut().find(|(name, _)| name == key) {
            Some((_, old)) => *old = value,
            None => self.members.push((key.to_owned(), value)),
        }
        Ok(())
    }

    /// Whether it has no members.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Removes `key`.
    pub fn remove(&mut self, key: &str) {
        self.members.retain(|(name, _)| name != key);
    }

    /// The object as a document.
    ///
    /// # Errors
    /// Never for objects that were parsed.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }
}

impl Serialize for RawObject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.members.len()))?;
        for (key, value) in &self.members {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for RawObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = RawObject;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawObject, A::Error> {
                let mut object = RawObject::default();
                let mut seen = hashbrown::HashSet::new();
                while let Some((key, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    if !seen.insert(key.clone()) {
                        return Err(A::Error::custom(format!("the key {key:?} is given twice")));
                    }
                    object.members.push((key, value));
                }
                Ok(object)
            }
        }
        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::RawObject;

    #[test]
    fn what_is_not_changed_keeps_its_bytes() {
        let text = br#"{"b":1e400,"a":{"z": [ 1,2 ],"Invented":null},"created":"x"}"#;
        let mut object = RawObject::parse("a test", text).unwrap();
        object.set("created", "y").unwrap();
        object.set("new", &[1]).unwrap();
        let want = r#"{"b":1e400,"a":{"z": [ 1,2 ],"Invented":null},"created":"y","new":[1]}"#;
        assert_eq!(String::from_utf8(object.to_bytes().unwrap()).unwrap(), want);
    }

    #[test]
    fn repeated_keys_are_refused() {
        let error = RawObject::parse("a test", br#"{"a":1,"a":2}"#).unwrap_err();
        assert!(format!("{error:?}").contains("twice"), "{error:?}");
        assert!(RawObject::parse("a test", b"[]").is_err());
    }
}
