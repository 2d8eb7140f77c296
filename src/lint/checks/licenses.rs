//! SPDX licence names.

/// Whether it is one licence of the SPDX list.
pub(super) fn is_license(text: &str) -> bool {
    spdx::license_id(text).is_some()
}

/// Whether it is an SPDX expression, such as `MIT OR Apache-2.0`.
pub(super) fn is_expression(text: &str) -> bool {
    spdx::Expression::parse(text).is_ok()
}
