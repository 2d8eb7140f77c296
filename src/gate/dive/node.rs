//! Values of a YAML file as viper sees them: numbers are text again.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use serde_saphyr::Spanned;

/// A value of the file.
pub(super) enum Node {
    Scalar(Scalar),
    Map(BTreeMap<String, Spanned<Node>>),
    List(()),
}

/// A scalar as dive sees it: text, or nothing.
pub(super) struct Scalar(pub(super) Option<String>);

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyNode;

        impl<'de> Visitor<'de> for AnyNode {
            type Value = Node;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or a table")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Node, E> {
                Ok(Node::Scalar(Scalar(Some(text.to_owned()))))
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Node, E> {
                self.visit_str(&value.to_string())
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Node, E> {
                self.visit_str(&value.to_string())
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Node, E> {
                self.visit_str(&value.to_string())
            }

            fn visit_i128<E: de::Error>(self, value: i128) -> Result<Node, E> {
                self.visit_str(&value.to_string())
            }

            fn visit_u128<E: de::Error>(self, value: u128) -> Result<Node, E> {
                self.visit_str(&value.to_string())
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Node, E> {
                // Without an exponent, as viper prints it.
                self.visit_str(&value.to_string())
            }

            fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
                Ok(Node::Scalar(Scalar(None)))
            }

            fn visit_none<E: de::Error>(self) -> Result<Node, E> {
                self.visit_unit()
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
                while items.next_element::<de::IgnoredAny>()?.is_some() {}
                Ok(Node::List(()))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
                let mut map = BTreeMap::new();
                while let Some((key, value)) = entries.next_entry()? {
                    map.insert(key, value);
                }
                Ok(Node::Map(map))
            }
        }
        deserializer.deserialize_any(AnyNode)
    }
}
