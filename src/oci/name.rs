//! Names of images, as people type them.

/// The tag of `name`, `1.0` in `host:5000/app:1.0`; `None` without one.
pub fn tag(name: &str) -> Option<&str> {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.split_once(':').map(|(_, tag)| tag)
}

#[cfg(test)]
mod tests {
    use super::tag;

    #[test]
    fn a_port_is_no_tag() {
        assert_eq!(tag("localhost:5000/app"), None);
        assert_eq!(tag("localhost:5000/app:1.0"), Some("1.0"));
        assert_eq!(tag("app"), None);
    }
}
