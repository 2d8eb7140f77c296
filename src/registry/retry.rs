//! When to try again, and how long to wait before.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ureq::http::{HeaderMap, StatusCode};

/// How often and how patiently to try again. The waits are the same each
/// time: `first_wait`, then twice as long each, up to `longest_wait`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often something is tried in all; 1 means never again.
    pub attempts: u32,
    /// The wait before the second attempt.
    pub first_wait: Duration,
    /// No wait is longer, except one that the registry asks for.
    pub longest_wait: Duration,
    /// The longest wait that a registry's `Retry-After` may ask for; beyond
    /// it the error is reported at once.
    pub longest_retry_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            attempts: 5,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(15),
            longest_retry_after: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    /// The wait after `failures` failed attempts; `None` when they are used up.
    pub(super) fn wait(&self, failures: u32) -> Option<Duration> {
        if failures >= self.attempts {
            return None;
        }
        let doubled = 2u32.saturating_pow(failures.saturating_sub(1));
        Some(
            self.first_wait
                .saturating_mul(doubled)
                .min(self.longest_wait),
        )
    }

    /// The wait after an answer; `None` when trying again is of no use.
    pub(super) fn wait_after(
        &self,
        failures: u32,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Option<Duration> {
        if !is_passing(status) {
            return None;
        }
        let own = self.wait(failures)?;
        match retry_after(headers) {
            Some(asked) if asked > self.longest_retry_after => None,
            Some(asked) => Some(asked.max(own)),
            None => Some(own),
        }
    }
}

/// Whether the same request may succeed later.
pub(super) fn is_passing(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// The `Retry-After` header: seconds, or a date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("retry-after")?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(Duration::from_secs(unix_time(text)?).saturating_sub(now))
}

/// Seconds since 1970 of a date such as `Sun, 06 Nov 1994 08:49:37 GMT`.
fn unix_time(text: &str) -> Option<u64> {
    let (_, date) = text.strip_suffix(" GMT")?.split_once(", ")?;
    let mut words = date.split([' ', ':']);
    let number = |word: Option<&str>, max: u64| -> Option<u64> {
        let value = word?.parse().ok()?;
        (value <= max).then_some(value)
    };
    let day = number(words.next(), 31)?;
    let name = words.next().filter(|name| name.len() == 3)?;
    let place = "JanFebMarAprMayJunJulAugSepOctNovDec".find(name)?;
    let month = (place / 3 + 1) as u64;
    let year = number(words.next(), 9999)?;
    let hour = number(words.next(), 23)?;
    let minute = number(words.next(), 59)?;
    let second = number(words.next(), 60)?;
    // Days of the civil calendar, counted from March so that leap days come last.
    let (y, m) = if month > 2 {
        (year, month - 3)
    } else {
        (year.checked_sub(1)?, month + 9)
    };
    let days = y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day;
    let days = days.checked_sub(719_469)?;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_end() {
        let policy = RetryPolicy::default();
        let waits: Vec<_> = (1..10).map_while(|n| policy.wait(n)).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000].map(Duration::from_millis));
        let eager = RetryPolicy {
            attempts: u32::MAX,
            ..policy
        };
        assert_eq!(eager.wait(4_000_000_000), Some(eager.longest_wait));
    }

    #[test]
    fn dates() {
        for (text, want) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Tue, 29 Feb 2028 12:00:00 GMT", Some(1_835_438_400)),
            ("Wed, 31 Dec 1969 00:00:00 GMT", None),
            ("06 Nov 1994 08:49:37", None),
            ("x, 99 Nov 1994 08:49:37 GMT", None),
            ("x, 06 anF 1994 08:49:37 GMT x", None),
            (",  GMT", None),
        ] {
            assert_eq!(unix_time(text), want, "{text}");
        }
    }

    #[test]
    fn the_registry_may_ask_for_more_time() {
        let policy = RetryPolicy::default();
        let after = |status, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", value.parse().unwrap());
            policy.wait_after(1, status, &headers)
        };
        let limit = StatusCode::TOO_MANY_REQUESTS;
        assert_eq!(after(limit, "3"), Some(Duration::from_secs(3)));
        assert_eq!(after(limit, "0"), Some(policy.first_wait));
        assert_eq!(after(limit, "3600"), None);
        assert_eq!(
            after(limit, "99999999999999999999999"),
            Some(policy.first_wait)
        );
        assert_eq!(after(StatusCode::NOT_FOUND, "3"), None);
        assert_eq!(after(StatusCode::UNAUTHORIZED, "3"), None);
    }
}
